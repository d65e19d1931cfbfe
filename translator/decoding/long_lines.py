"""Lines longer than anything in training are translated in parts: where to cut them, and how to join them.

A part is as long as possible: it goes to the last sentence end within reach; if there is none, to the last
comma, then to the last space, then to anywhere. The rule works on tokens, so that an exported graph can
follow it too (``serving.line_parts``).
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

# Kana, Chinese characters and their punctuation; the syntax is common to ``re`` and RE2, which graphs use.
NO_SPACE_BESIDE = "[\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff9f\U00020000-\U0003ffff]"
_BREAK_BESIDE = re.compile(f"(?<={NO_SPACE_BESIDE})\n|\n(?={NO_SPACE_BESIDE})")


class Cut(IntEnum):
    """How good a position after a token is to cut a line."""

    IN_CHARACTER = 0
    IN_WORD = 1
    AT_SPACE = 2
    AT_COMMA = 3
    AT_SENTENCE_END = 4


class TokenCuts(NamedTuple):
    """Where each token of a vocabulary lets a line be cut, as ``Cut``.

    Attributes:
        ends: int32 [vocabulary]; the best cut after the token, if a space follows.
        ends_sentence: bool [vocabulary]; whether it ends a sentence even if no space follows.
        begins: int32 [vocabulary]; the best cut before the token; one of the first three.
    """

    ends: npt.NDArray[np.int32]
    ends_sentence: npt.NDArray[np.bool_]
    begins: npt.NDArray[np.int32]

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> TokenCuts:
        """Returns those of a tokenizer."""
        tokens = tokenizer.tokens(range(tokenizer.vocabulary_size))
        last = [_last_character(token) for token in tokens]
        return cls(
            np.array([_end(character) for character in last], np.int32),
            np.array([character in _ENDS_WITHOUT_SPACE for character in last]),
            np.array([_beginning(token) for token in tokens], np.int32),
        )


def _last_character(token: str) -> str:
    """The last character of a token; a byte token, such as ``<0x2E>``, is decoded."""
    return chr(int(token[1:-1], 16)) if token.startswith("<0x") else token[-1]


def _end(character: str) -> Cut:
    if character in _SENTENCE_ENDS or character in _ENDS_WITHOUT_SPACE:
        return Cut.AT_SENTENCE_END
    return Cut.AT_COMMA if character in _COMMAS else Cut.AT_SPACE


def _beginning(token: str) -> Cut:
    if token.startswith("▁"):
        return Cut.AT_SPACE
    is_inside = token.startswith("<0x") and 0x80 <= int(token[1:-1], 16) < 0xC0  # not the first byte of UTF-8
    return Cut.IN_CHARACTER if is_inside else Cut.IN_WORD


class LongLines:
    """Cuts lines so that no part is longer than the longest sentence of training.

    Args:
        tokenizer: the tokenizer of the lines.
        longest: the most tokens that a part may have.
    """

    def __init__(self, tokenizer: Tokenizer, longest: int) -> None:
        self._kinds, self.longest = TokenCuts.of(tokenizer), longest

    def parts_of(self, ids: Sequence[int]) -> list[list[int]]:
        """The parts of a line, in order; a line without tokens has none.

        Args:
            ids: the tokens of the line, without the end.
        """
        parts, rest = [], list(ids)
        while len(rest) > self.longest:
            positions = range(1, self.longest + 1)
            end = max(positions, key=lambda end: (self._cut(rest[end - 1], rest[end]), end))
            parts.append(rest[:end])
            rest = rest[end:]
        return [*parts, rest] if rest else parts

    def continues_word(self, parts: Sequence[Sequence[int]]) -> list[bool]:
        """For each part of a line, whether it goes on without a space after the part before."""
        begins = self._kinds.begins
        return [i > 0 and bool(begins[part[0]] != Cut.AT_SPACE) for i, part in enumerate(parts)]

    def _cut(self, before: int, after: int) -> int:
        """How good a position between two tokens is."""
        kinds = self._kinds
        if kinds.begins[after] == Cut.AT_SPACE:
            return int(kinds.ends[before])
        return Cut.AT_SENTENCE_END if kinds.ends_sentence[before] else int(kinds.begins[after])


def join_parts(texts: Sequence[str]) -> str:
    """Joins the translations of parts with spaces, except in Chinese and Japanese.

    Args:
        texts: the translations of the parts, without line breaks.
    """
    return _BREAK_BESIDE.sub("", "\n".join(filter(None, texts))).replace("\n", " ")
