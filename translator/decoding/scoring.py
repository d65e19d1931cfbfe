"""What a finished hypothesis is worth (Wu et al. 2016, arXiv 1609.08144, equations 14 and 15).

    score = log_prob / penalty(length) + coverage_penalty * sum over source tokens of log(min(a, 1))

where ``a`` is the attention that a source token received, summed over all steps. The length penalty is
``((5 + length) / 6) ** alpha``, or ``length ** alpha`` for the plain average.
"""

from __future__ import annotations

import tensorflow as tf


def length_penalty(lengths: tf.Tensor, alpha: tf.Tensor, normalization: str = "gnmt") -> tf.Tensor:
    """What a log-probability is divided by: float32, of the shape of ``lengths``."""
    lengths = tf.cast(lengths, tf.float32)
    return tf.pow((5.0 + lengths) / 6.0 if normalization == "gnmt" else lengths, alpha)


def coverage(attention_sums: tf.Tensor, source_mask: tf.Tensor) -> tf.Tensor:
    """How much attention the source received (equation 15 without its factor).

    Args:
        attention_sums: float32 [batch, beam, source_length]; attention weights, summed over the steps.
        source_mask: bool [batch, source_length]; true at tokens.

    Returns:
        float32 [batch, beam]; at most 0, which is full coverage.
    """
    logarithms = tf.math.log(tf.clip_by_value(attention_sums, 1e-6, 1.0))
    return tf.reduce_sum(tf.where(source_mask[:, None], logarithms, 0.0), axis=-1)
