"""Lines longer than anything in training are translated in parts: where to cut, and how to put together.

A part goes as far as it may: to the last sentence end within reach; if there is none to the last comma, then
to the last space, then to anywhere. The rule works on pieces, so that an exported graph can follow it too
(``serving.line_parts``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from translator.corpus.tokenizer import Tokenizer

_ENDS_WITHOUT_SPACE, _SENTENCE_ENDS, _COMMAS = "。！？", ".!?…", ",;:"

# Kana, Chinese characters and their marks; ``re`` and RE2, which graphs have, both read it.
NO_SPACE_BESIDE = "[\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff9f\U00020000-\U0003ffff]"
_BREAK_BESIDE = re.compile(f"(?<={NO_SPACE_BESIDE})\n|\n(?={NO_SPACE_BESIDE})")


class Cut(IntEnum):
    """How good a place after a piece is to cut a line."""

    IN_CHARACTER = 0
    IN_WORD = 1
    AT_SPACE = 2
    AT_COMMA = 3
    AT_SENTENCE_END = 4


class TokenCuts(NamedTuple):
    """What matters about each piece of a vocabulary.

    Attributes:
        ends: int32 [vocabulary]; the best cut after the piece, where a space follows.
        ends_sentence: bool [vocabulary]; whether it ends a sentence that no space need follow.
        begins: int32 [vocabulary]; the best cut before the piece, of the first three.
    """

    ends: npt.NDArray[np.int32]
    ends_sentence: npt.NDArray[np.bool_]
    begins: npt.NDArray[np.int32]

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> TokenCuts:
        """Those of a tokenizer."""
        pieces = tokenizer.tokens(range(tokenizer.vocabulary_size))
        last = [_last_character(piece) for piece in pieces]
        return cls(
            np.array([_end(character) for character in last], np.int32),
            np.array([character in _ENDS_WITHOUT_SPACE for character in last]),
            np.array([_beginning(piece) for piece in pieces], np.int32),
        )


def _last_character(piece: str) -> str:
    """What a piece ends with; a byte, which spells a character too rare for a piece of its own, is read."""
    return chr(int(piece[1:-1], 16)) if piece.startswith("<0x") else piece[-1]


def _end(character: str) -> Cut:
    if character in _SENTENCE_ENDS or character in _ENDS_WITHOUT_SPACE:
        return Cut.AT_SENTENCE_END
    return Cut.AT_COMMA if character in _COMMAS else Cut.AT_SPACE


def _beginning(piece: str) -> Cut:
    if piece.startswith("▁"):
        return Cut.AT_SPACE
    is_inside = piece.startswith("<0x") and 0x80 <= int(piece[1:-1], 16) < 0xC0  # not the first byte of UTF-8
    return Cut.IN_CHARACTER if is_inside else Cut.IN_WORD


class LongLines:
    """Cuts rows of pieces so that none is longer than any that training has seen.

    Args:
        tokenizer: the tokenizer of the rows.
        longest: the most pieces that a part may have.
    """

    def __init__(self, tokenizer: Tokenizer, longest: int) -> None:
        self._kinds, self.longest = TokenCuts.of(tokenizer), longest

    def parts_of(self, ids: Sequence[int]) -> list[list[int]]:
        """The parts of a line, in order; no part for a line without pieces.

        Args:
            ids: the pieces of the line, without the end.
        """
        parts, rest = [], list(ids)
        while len(rest) > self.longest:
            places = range(1, self.longest + 1)
            end = max(places, key=lambda end: (self._cut(rest[end - 1], rest[end]), end))
            parts.append(rest[:end])
            rest = rest[end:]
        return [*parts, rest] if rest else parts

    def are_glued(self, parts: Sequence[Sequence[int]]) -> list[bool]:
        """For each part of a line, whether no space is between it and the part before."""
        begins = self._kinds.begins
        return [i > 0 and bool(begins[part[0]] != Cut.AT_SPACE) for i, part in enumerate(parts)]

    def _cut(self, before: int, after: int) -> int:
        """How good a place between two pieces is."""
        kinds = self._kinds
        if kinds.begins[after] == Cut.AT_SPACE:
            return int(kinds.ends[before])
        return Cut.AT_SENTENCE_END if kinds.ends_sentence[before] else int(kinds.begins[after])


def join_parts(texts: Sequence[str]) -> str:
    """The translation of a line from those of its parts; a space is between, but not in Chinese or Japanese.

    Args:
        texts: the translations, each without a line break.
    """
    return _BREAK_BESIDE.sub("", "\n".join(filter(None, texts))).replace("\n", " ")
