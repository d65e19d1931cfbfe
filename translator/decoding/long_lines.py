"""Lines longer than anything in training are translated in parts: where to cut them, and how to join them.

A part ends at a sentence end within reach; if there is none, at a comma, then at a space, then anywhere. Of
equally good positions, the one counts that makes the parts of a line about the same length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from translator.corpus.tokenizer import Tokenizer, token_bytes
from translator.decoding.sentence_ends import CLAUSE_MARK, MARKS, NO_MARK, SENTENCE_MARK, mark_ends

# Kana, Chinese characters and their punctuation; the syntax is common to ``re`` and RE2, which graphs use.
NO_SPACE_BESIDE = "[\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff9f\U00020000-\U0003ffff]"
_BREAK_BESIDE = re.compile(f"(?<={NO_SPACE_BESIDE})\n|\n(?={NO_SPACE_BESIDE})")


class Cut(IntEnum):
    """How good a position between two tokens is to cut a line."""

    IN_CHARACTER = 0
    IN_WORD = 1
    AT_SPACE = 2
    AT_COMMA = 3
    AT_SENTENCE_END = 4


# For each byte of a text with marks: how good a position before it is, and whether it is none of the marks.
_CUT_BEFORE_BYTE = np.full(256, Cut.IN_WORD, np.int32)
_CUT_BEFORE_BYTE[0x80:0xC0] = Cut.IN_CHARACTER  # all but the first byte of a character in UTF-8
_CUT_BEFORE_BYTE[ord(" ")] = Cut.AT_SPACE
_CUT_BEFORE_BYTE[ord(NO_MARK)] = Cut.IN_CHARACTER
_CUT_BEFORE_BYTE[ord(CLAUSE_MARK)] = Cut.AT_COMMA
_CUT_BEFORE_BYTE[ord(SENTENCE_MARK)] = Cut.AT_SENTENCE_END
_IS_TEXT = np.array([chr(byte) not in MARKS for byte in range(256)], np.int32)


class Parts(NamedTuple):
    """The parts of some lines, in order.

    Attributes:
        ids: ragged int32 [parts, tokens].
        lines: int32 [parts]; the line that each part comes from. A line without tokens has none.
    """

    ids: tf.RaggedTensor
    lines: tf.Tensor


class LongLines:
    """Cuts lines so that no part is longer than the longest sentence of training.

    Args:
        tokenizer: the tokenizer of the lines.
        longest: the most tokens that a part may have.
    """

    def __init__(self, tokenizer: Tokenizer, longest: int) -> None:
        self.longest = longest
        self._token_bytes = [*map(token_bytes, tokenizer.tokens(range(tokenizer.vocabulary_size)))]
        self._cut_in_graph = tf.function(
            self.cut, [tf.RaggedTensorSpec([None, None], tf.int32, ragged_rank=1)], autograph=False
        )

    def parts_of(self, lines: Sequence[Sequence[int]]) -> list[list[list[int]]]:
        """The parts of each line, in order; a line without tokens has none.

        Args:
            lines: the tokens of each line, without the end.
        """
        parts_by_line = [[list(ids)] if ids else [] for ids in lines]
        if long := [i for i, ids in enumerate(lines) if len(ids) > self.longest]:
            parts = self._cut_in_graph(tf.ragged.constant([list(lines[i]) for i in long], tf.int32))
            for i in long:
                parts_by_line[i] = []
            for ids, line in zip(parts.ids.to_list(), parts.lines.numpy(), strict=True):
                parts_by_line[long[line]].append(ids)
        return parts_by_line

    def continues_word(self, parts: Sequence[Sequence[int]]) -> list[bool]:
        """For each part of a line, whether it goes on without a space after the part before."""
        return [i > 0 and not self._token_bytes[part[0]].startswith(b" ") for i, part in enumerate(parts)]

    def cut(self, ids: tf.RaggedTensor) -> Parts:
        """Cuts lines inside a graph.

        Args:
            ids: ragged int32 [lines, tokens].
        """
        longest, reach = self.longest, tf.range(1, self.longest + 1)
        cuts_after = self._cuts_after(ids)
        row_ends = tf.cast(ids.row_limits(), tf.int32)
        starts = tf.cast(ids.row_starts(), tf.int32)
        has_tokens = starts < row_ends
        starts, ends = tf.boolean_mask(starts, has_tokens), tf.boolean_mask(row_ends, has_tokens)

        def add_cut(all_starts: tf.Tensor, starts: tf.Tensor, ends: tf.Tensor) -> tuple[tf.Tensor, ...]:
            is_long = ends - starts > longest
            starts, ends = tf.boolean_mask(starts, is_long), tf.boolean_mask(ends, is_long)
            rest = (ends - starts)[:, None]
            num_parts = (rest + longest - 1) // longest
            balanced = (rest + num_parts - 1) // num_parts
            # The best kind of cut counts first, then the distance to a balanced length, then the longer part.
            ranks = tf.gather(cuts_after, starts[:, None] + reach[None] - 1) * (2 * longest + 2)
            ranks += tf.cast(reach >= balanced, tf.int32) - 2 * tf.abs(reach - balanced)
            starts += 1 + tf.argmax(ranks, axis=1, output_type=tf.int32)
            return tf.concat([all_starts, starts], axis=0), starts, ends

        all_starts, _, _ = tf.while_loop(
            lambda _, starts, ends: tf.reduce_any(ends - starts > longest),
            add_cut,
            (starts, starts, ends),
            shape_invariants=(tf.TensorShape([None]),) * 3,
        )
        all_starts = tf.sort(all_starts)
        parts = tf.RaggedTensor.from_row_starts(ids.values, all_starts, validate=False)
        return Parts(parts, tf.gather(tf.cast(ids.value_rowids(), tf.int32), all_starts))

    def _cuts_after(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Returns the rank of a cut after each token, int32 as ``Cut``; that of the very last is undefined.

        Args:
            ids: ragged int32 [lines, tokens].
        """
        tokens = tf.gather(self._token_bytes, ids.values)
        texts = mark_ends(tf.strings.reduce_join(ids.with_values(tokens), axis=1))
        text_bytes = tf.cast(tf.io.decode_raw(tf.strings.reduce_join(texts), tf.uint8), tf.int32)
        # The position of each byte in the text without marks; a mark shares it with the byte that follows.
        positions = tf.cumsum(tf.gather(_IS_TEXT, text_bytes), exclusive=True)
        cuts_before = tf.math.segment_max(tf.gather(_CUT_BEFORE_BYTE, text_bytes), positions)
        token_ends = tf.cumsum(tf.strings.length(tokens))
        return tf.gather(tf.concat([cuts_before, [int(Cut.IN_WORD)]], axis=0), token_ends)


def join_parts(texts: Sequence[str]) -> str:
    """Joins the translations of parts with spaces, except in Chinese and Japanese.

    Args:
        texts: the translations of the parts, without line breaks.
    """
    return _BREAK_BESIDE.sub("", "\n".join(filter(None, texts))).replace("\n", " ")
