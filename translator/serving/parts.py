"""Cuts long lines into parts inside a graph, on pieces: at sentence ends, at commas, at spaces."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from translator.corpus.tokenizer import Tokenizer

_NO_SPACE, _SENTENCE_ENDS, _COMMAS = "。！？", ".!?…", ",;:"


class Parts(NamedTuple):
    """The parts of some lines, in order.

    Attributes:
        ids: ragged int32 [parts, pieces].
        lines: int32 [parts]; the line that each part comes from. A line without text has none.
    """

    ids: tf.RaggedTensor
    lines: tf.Tensor


class Cutter:
    """Cuts rows of pieces so that none is longer than any that training has seen.

    Args:
        tokenizer: the tokenizer of the rows.
        longest: the most pieces that a part may have.
    """

    def __init__(self, tokenizer: Tokenizer, longest: int) -> None:
        pieces = tokenizer.pieces(range(tokenizer.vocabulary_size))
        self._begins_word = np.array([piece.startswith("▁") for piece in pieces])
        self._rank_of_end = np.array([_rank(piece) for piece in pieces], np.int32)
        self._longest = longest

    def __call__(self, ids: tf.RaggedTensor) -> Parts:
        """Cuts each row after its best place within reach: the last of the highest kind.

        Args:
            ids: ragged int32 [lines, pieces].
        """
        ranks = self._ranks(ids.values)
        row_ends = tf.cast(ids.row_limits(), tf.int32)
        starts = tf.cast(ids.row_starts(), tf.int32)
        starts = tf.boolean_mask(starts, starts < row_ends)
        ends = tf.boolean_mask(row_ends, tf.cast(ids.row_lengths(), tf.int32) > 0)
        reach = tf.range(1, self._longest + 1)

        def cut(cuts: tf.Tensor, starts: tf.Tensor, ends: tf.Tensor) -> tuple[tf.Tensor, ...]:
            is_long = ends - starts > self._longest
            starts, ends = tf.boolean_mask(starts, is_long), tf.boolean_mask(ends, is_long)
            within = tf.gather(ranks, starts[:, None] + reach[None] - 1)
            best = tf.argmax(within * (self._longest + 1) + reach, axis=1, output_type=tf.int32)
            starts += best + 1
            return tf.concat([cuts, starts], axis=0), starts, ends

        cuts, _, _ = tf.while_loop(
            lambda _, starts, ends: tf.reduce_any(ends - starts > self._longest),
            cut,
            (starts, starts, ends),
            shape_invariants=(tf.TensorShape([None]),) * 3,
        )
        part_starts = tf.sort(cuts)
        # from_row_starts wants no start beyond the values, and nothing at all where there are no values.
        rows = tf.RaggedTensor.from_row_starts(ids.values, part_starts, validate=False)
        lines = tf.gather(tf.cast(ids.value_rowids(), tf.int32), part_starts)
        return Parts(rows, lines)

    def _ranks(self, values: tf.Tensor) -> tf.Tensor:
        """How good a place after each piece is: int32; 0 within a word, 1 before a space, 2 after a comma
        before a space, 3 after the end of a sentence."""
        begins_word: npt.NDArray[np.bool_] = self._begins_word
        before_word = tf.concat([tf.gather(begins_word, values[1:]), [True]], axis=0)[: tf.size(values)]
        rank = tf.gather(self._rank_of_end, values)
        return tf.where(before_word, tf.clip_by_value(rank, 1, 3), tf.where(rank == 4, 3, 0))


def _rank(piece: str) -> int:
    """What a piece ends with: 4 a sentence that no space need follow, 3 a sentence, 2 a comma, 0 else."""
    is_byte = piece.startswith("<0x")  # of a character too rare for a piece of its own
    last = chr(int(piece[1:-1], 16)) if is_byte else piece[-1:]
    kinds = ((_NO_SPACE, 4), (_SENTENCE_ENDS, 3), (_COMMAS, 2))
    return next((rank for marks, rank in kinds if last and last in marks), 0)
