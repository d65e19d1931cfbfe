"""Cuts long lines into parts and joins their translations inside a graph, as ``decoding.long_lines`` does."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from translator.corpus.tokenizer import Tokenizer
from translator.decoding.long_lines import NO_SPACE_BESIDE, Cut, TokenCuts


class Parts(NamedTuple):
    """The parts of some lines, in order.

    Attributes:
        ids: ragged int32 [parts, tokens].
        lines: int32 [parts]; the line that each part comes from. A line without text has none.
    """

    ids: tf.RaggedTensor
    lines: tf.Tensor


class LineSplitter:
    """Cuts lines so that no part is longer than the longest source in training.

    Args:
        tokenizer: the tokenizer of the lines.
        longest: the most tokens that a part may have.
    """

    def __init__(self, tokenizer: Tokenizer, longest: int) -> None:
        self._kinds, self._longest = TokenCuts.of(tokenizer), longest

    def __call__(self, ids: tf.RaggedTensor) -> Parts:
        """Cuts each line where ``Cut`` ranks highest, as late as a part may end.

        Args:
            ids: ragged int32 [lines, tokens].
        """
        cuts_after = self._cuts(ids.values)
        row_ends = tf.cast(ids.row_limits(), tf.int32)
        starts = tf.cast(ids.row_starts(), tf.int32)
        has_tokens = starts < row_ends
        starts, ends = tf.boolean_mask(starts, has_tokens), tf.boolean_mask(row_ends, has_tokens)
        reach = tf.range(1, self._longest + 1)

        def cut(all_starts: tf.Tensor, starts: tf.Tensor, ends: tf.Tensor) -> tuple[tf.Tensor, ...]:
            is_long = ends - starts > self._longest
            starts, ends = tf.boolean_mask(starts, is_long), tf.boolean_mask(ends, is_long)
            within = tf.gather(cuts_after, starts[:, None] + reach[None] - 1)
            starts += 1 + tf.argmax(within * (self._longest + 1) + reach, axis=1, output_type=tf.int32)
            return tf.concat([all_starts, starts], axis=0), starts, ends

        all_starts, _, _ = tf.while_loop(
            lambda _, starts, ends: tf.reduce_any(ends - starts > self._longest),
            cut,
            (starts, starts, ends),
            shape_invariants=(tf.TensorShape([None]),) * 3,
        )
        all_starts = tf.sort(all_starts)
        parts = tf.RaggedTensor.from_row_starts(ids.values, all_starts, validate=False)
        return Parts(parts, tf.gather(tf.cast(ids.value_rowids(), tf.int32), all_starts))

    def _cuts(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the rank of a cut after each token, int32 as ``Cut``; that of the very last is unused."""
        kinds = self._kinds
        ends, begins = tf.gather(kinds.ends, values), tf.gather(kinds.begins, values)
        before_next = tf.concat([begins[1:], begins[:1]], axis=0)
        without_space = tf.where(
            tf.gather(kinds.ends_sentence, values), int(Cut.AT_SENTENCE_END), before_next
        )
        return tf.where(before_next == int(Cut.AT_SPACE), ends, without_space)


def join_parts(texts: tf.Tensor) -> tf.Tensor:
    """Joins the translations of the parts of lines: with a space, but not beside Chinese or Japanese.

    Args:
        texts: string of any shape; the translations of the parts of a line, separated by line breaks.
    """
    for beside in (f"(^|{NO_SPACE_BESIDE})\n+", f"\n+({NO_SPACE_BESIDE}|$)"):
        texts = tf.strings.regex_replace(texts, beside, r"\1")
    return tf.strings.regex_replace(texts, "\n+", " ")
