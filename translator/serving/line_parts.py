"""Joins the translations of the parts of long lines inside a graph, as ``decoding.long_lines`` does."""

from __future__ import annotations

import tensorflow as tf

from translator.decoding.long_lines import NO_SPACE_BESIDE


def join_parts(texts: tf.Tensor) -> tf.Tensor:
    """Joins the translations of the parts of lines: with a space, but not beside Chinese or Japanese.

    Args:
        texts: string of any shape; the translations of the parts of a line, separated by line breaks.
    """
    for beside in (f"(^|{NO_SPACE_BESIDE})\n+", f"\n+({NO_SPACE_BESIDE}|$)"):
        texts = tf.strings.regex_replace(texts, beside, r"\1")
    return tf.strings.regex_replace(texts, "\n+", " ")
