"""Cross-entropy with label smoothing, without ever writing out the smoothed labels."""

from __future__ import annotations

import tensorflow as tf

from translator.nn.embedding import TiedEmbedding


def smoothed_cross_entropy(
    embedding: TiedEmbedding, vectors: tf.Tensor, targets: tf.Tensor, smoothing: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """The loss of each target piece (label smoothing: Szegedy et al. 2016, arXiv 1512.00567, section 7).

    With logits ``l`` over ``V`` pieces, target ``t`` and smoothing ``e``, the smoothed cross-entropy is

        -(1 - e) log p_t - e/V sum_v log p_v  =  -log p_t + e (l_t - mean_v l_v)

    The logits are linear in the embedding, so ``l_t`` and the mean need one row each and not the
    [n, vocabulary] matrix; only the fused cross-entropy passes over that one.

    Args:
        embedding: the tied embedding that makes logits out of vectors.
        vectors: float [n, units], one for each target piece.
        targets: int32 [n].
        smoothing: probability that is taken from the target and shared by all pieces.

    Returns:
        The smoothed loss and the plain negative log-probability in nats, float32 [n] each.
    """
    logits = tf.cast(embedding.logits(vectors), tf.float32)
    negative_log_probs = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    if not smoothing:
        return negative_log_probs, negative_log_probs
    matrix, bias = tf.convert_to_tensor(embedding.matrix), tf.convert_to_tensor(embedding.bias)
    wide = tf.cast(vectors, tf.float32)
    target_logits = tf.reduce_sum(wide * tf.gather(matrix, targets), axis=-1) + tf.gather(bias, targets)
    mean_logits = tf.linalg.matvec(wide, tf.reduce_mean(matrix, axis=0)) + tf.reduce_mean(bias)
    return negative_log_probs + smoothing * (target_logits - mean_logits), negative_log_probs
