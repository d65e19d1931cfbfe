"""Cross-entropy with label smoothing, in as few passes over the [n, vocabulary] matrix as possible.

That matrix is by far the largest tensor of a training step. Neither the smoothed labels nor the gradient of
the logits is ever materialized: each is the sum of a product with the probabilities and a term that touches
single rows of the embedding.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from translator.nn.embedding import TiedEmbedding

_MIN_PROB = 1e-37  # nearly the smallest float32; keeps the logarithm of a probability of zero finite


@tf.custom_gradient  # type: ignore[untyped-decorator]
def negative_log_probs(
    vectors: tf.Tensor, matrix: tf.Tensor, bias: tf.Tensor, targets: tf.Tensor
) -> tuple[tf.Tensor, Any]:
    """``-log softmax(vectors matrix^T + bias)`` at the targets, with a hand-written gradient.

    Let ``x`` be the vectors, ``p`` the probabilities [n, vocabulary], ``y`` the one-hot targets and ``g`` the
    gradient that arrives [n]. The gradient of the logits is ``g (p - y)``, and therefore

        dx      = g (p matrix - matrix[targets])
        dmatrix = p^T (g x), minus g x in the rows of the targets
        dbias   = p^T g, minus g at the targets

    Args:
        vectors: float [n, units]; the products are computed in its dtype.
        matrix: float32 [vocabulary, units].
        bias: float32 [vocabulary].
        targets: int32 [n].

    Returns:
        float32 [n], in nats; at most 85, because smaller probabilities do not fit into float32.
    """
    rows = tf.cast(matrix, vectors.dtype)
    # On a CPU, transposing first is faster than a product that transposes.
    logits = tf.nn.bias_add(tf.matmul(vectors, tf.transpose(rows)), tf.cast(bias, vectors.dtype))
    probs = tf.nn.softmax(tf.cast(logits, tf.float32))
    losses = -tf.math.log(tf.maximum(tf.gather(probs, targets, batch_dims=1), _MIN_PROB))

    def gradient(d_losses: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, None]:
        weights = tf.cast(d_losses, vectors.dtype)[:, None]
        low_probs = tf.cast(probs, vectors.dtype)
        weighted = weights * vectors
        d_vectors = weights * (tf.matmul(low_probs, rows) - tf.gather(rows, targets))
        d_matrix = tf.matmul(low_probs, weighted, transpose_a=True)
        d_bias = tf.matmul(low_probs, weights, transpose_a=True)[:, 0]

        def minus_at_targets(total: tf.Tensor, parts: tf.Tensor) -> tf.Tensor:
            # A frequent token has hundreds of parts; in bfloat16 most of them would be rounded away.
            total, parts = (tf.cast(tensor, tf.float32) for tensor in (total, parts))
            return tf.tensor_scatter_nd_sub(total, targets[:, None], parts)

        return (
            d_vectors,
            minus_at_targets(d_matrix, weighted),
            minus_at_targets(d_bias, weights[:, 0]),
            None,
        )

    return losses, gradient


def smoothed_cross_entropy(
    embedding: TiedEmbedding, vectors: tf.Tensor, targets: tf.Tensor, smoothing: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Cross-entropy of each target token with smoothed labels, and without.

    Label smoothing is from Szegedy et al. (2016, arXiv 1512.00567, section 7).

    With logits ``l`` over ``V`` tokens, target ``t`` and smoothing ``e``, the smoothed cross-entropy is

        -(1 - e) log p_t - e/V sum_v log p_v  =  -log p_t + e (l_t - mean_v l_v)

    Because the logits are linear in the output rows, ``l_t`` and the mean need one row each.

    Args:
        embedding: the tied embedding that gives the logits of vectors.
        vectors: float [n, units], one per target token.
        targets: int32 [n].
        smoothing: probability that is taken from the target and shared equally by all tokens.

    Returns:
        The smoothed loss and the plain negative log-probability in nats, float32 [n] each.
    """
    matrix, bias = embedding.output_rows(), tf.convert_to_tensor(embedding.bias)
    plain = negative_log_probs(vectors, matrix, bias, targets)
    if not smoothing:
        return plain, plain
    wide = tf.cast(vectors, tf.float32)
    target_logits = tf.reduce_sum(wide * tf.gather(matrix, targets), axis=-1) + tf.gather(bias, targets)
    mean_logits = tf.reduce_sum(wide * tf.reduce_mean(matrix, axis=0), axis=-1) + tf.reduce_mean(bias)
    return plain + smoothing * (target_logits - mean_logits), plain


def alignment_loss(attention: tf.Tensor, alignments: tf.Tensor) -> tf.Tensor:
    """Cross-entropy between word alignments and attention, for guided alignment training.

    This is the alignment loss of Chen et al. (2016, arXiv 1607.01628, section 3.2).

    With ``s(t)`` the source position that target position ``t`` is aligned to, and ``a_ts`` the attention
    weight of source position ``s``, averaged over the heads:

        loss = - sum_t log a_{t s(t)},   over the positions whose alignment is known

    Args:
        attention: float32 [batch, heads, target_length, source_length].
        alignments: int32 [batch, target_length], ``s(t)``; negative where unknown.

    Returns:
        float32 [], in nats.
    """
    known = tf.where(alignments >= 0)
    aligned_positions = tf.cast(tf.gather_nd(alignments, known), tf.int64)[:, None]
    weights = tf.gather_nd(tf.reduce_mean(attention, axis=1), tf.concat([known, aligned_positions], axis=1))
    return -tf.reduce_sum(tf.math.log(tf.maximum(weights, _MIN_PROB)))
