"""Attention: each decoder position looks at the source positions that matter to it."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import tensorflow as tf


class AttentionMemory(NamedTuple):
    """What attention needs of the source, computed once a sentence.

    Attributes:
        keys: float [batch, heads, source steps, units / heads].
        values: float [batch, heads, source steps, units / heads].
        words: float [batch, source steps, units]; the embeddings of the source pieces.
        bias: float [batch, 1, 1, source steps]; 0 at pieces, a large negative number at padding.
    """

    keys: tf.Tensor
    values: tf.Tensor
    words: tf.Tensor
    bias: tf.Tensor


class Attended(NamedTuple):
    """What attention found for each query.

    Attributes:
        context: float [batch, target steps, units], of all heads side by side.
        words: float [batch, target steps, units]; the embeddings, weighted with the mean of the heads.
        weights: float32 [batch, heads, target steps, source steps]; those of a row sum to one.
    """

    context: tf.Tensor
    words: tf.Tensor
    weights: tf.Tensor


@keras.saving.register_keras_serializable(package="translator")
class Attention(keras.layers.Layer):
    """Scaled dot-product attention with projections and heads (Vaswani et al. 2017, section 3.2).

    For one head, with query ``q``, keys ``k_s`` and values ``v_s`` of the source positions ``s``:

        weight_s = softmax_s(q . k_s / sqrt(units / heads))
        context  = sum_s weight_s v_s

    The weights, in the mean of the heads, also sum up the embeddings of the source, for ``LexicalModel``.

    The keys and values depend on the source alone: ``memory`` computes them once, and every decoder
    step reuses them.

    Args:
        units: width of the queries, the memory and the context.
        num_heads: number of heads; divides ``units``.
    """

    def __init__(self, units: int, num_heads: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if units % num_heads:
            raise ValueError(f"num_heads ({num_heads}) must divide units ({units})")
        self.units = units
        self.num_heads = num_heads
        self.query = keras.layers.Dense(units, use_bias=False, name="query")
        self.key_value = keras.layers.Dense(2 * units, use_bias=False, name="key_value")

    def build(self, _: Any = None) -> None:
        self.query.build((None, None, self.units))
        self.key_value.build((None, None, self.units))
        self.built = True

    def memory(self, memory: tf.Tensor, embedded: tf.Tensor, mask: tf.Tensor) -> AttentionMemory:
        """Prepares the encoder's output for attention.

        Args:
            memory: float [batch, source steps, units].
            embedded: float [batch, source steps, units]; what the encoder read.
            mask: bool [batch, source steps], true at pieces.
        """
        keys_values = self.key_value(memory)
        keys, values = (self._split_heads(part) for part in tf.split(keys_values, 2, axis=-1))
        bias = tf.where(mask[:, None, None, :], 0.0, -1e9)
        return AttentionMemory(keys, values, embedded, bias)

    def call(self, query: tf.Tensor, memory: AttentionMemory) -> Attended:
        """Attends from each query.

        Args:
            query: float [batch, target steps, units].
            memory: what ``self.memory`` returned.
        """
        queries = self._split_heads(self.query(query)) * (self.units // self.num_heads) ** -0.5
        scores = tf.matmul(queries, memory.keys, transpose_b=True)
        weights = tf.nn.softmax(tf.cast(scores, tf.float32) + tf.cast(memory.bias, tf.float32))
        context = tf.matmul(tf.cast(weights, memory.values.dtype), memory.values)
        context = tf.transpose(context, [0, 2, 1, 3])
        shape = tf.shape(context)
        context = tf.reshape(context, [shape[0], shape[1], self.units])
        words = tf.matmul(tf.cast(tf.reduce_mean(weights, axis=1), memory.words.dtype), memory.words)
        return Attended(context, words, weights)

    def _split_heads(self, vectors: tf.Tensor) -> tf.Tensor:
        """[batch, steps, units] to [batch, heads, steps, units / heads]."""
        if self.num_heads == 1:
            return vectors[:, None]
        shape = tf.shape(vectors)
        heads = tf.reshape(vectors, [shape[0], shape[1], self.num_heads, self.units // self.num_heads])
        return tf.transpose(heads, [0, 2, 1, 3])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "num_heads": self.num_heads}
