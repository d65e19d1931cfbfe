"""One matrix with three uses: source embedding, target embedding and output projection."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import tensorflow as tf


class Projection(NamedTuple):
    """The output projection from vectors to the logits of some or all tokens.

    Attributes:
        matrix: float [units, tokens].
        bias: float [tokens].
    """

    matrix: tf.Tensor
    bias: tf.Tensor


@keras.saving.register_keras_serializable(package="translator")
class TiedEmbedding(keras.layers.Layer):
    """Embeds token ids, and gives the logits of all tokens with the same matrix.

    The weights are tied as in Press and Wolf (2017, arXiv 1608.05859). With the row ``m_v`` and the bias
    ``b_v`` of token ``v``, its embedding and its logit for a vector ``x`` are

        e_v = sqrt(units) m_v
        l_v = x . r_v + b_v

    where the output row ``r_v`` is ``m_v``, or ``output_row_length m_v / |m_v|`` if a length is set.

    The square root gives the layers above inputs of about unit variance, while the rows stay short enough for
    logits near zero at the start. All rows grow in training. With few pairs this soon makes the probabilities
    too sharp, and it is better to use only the direction of a row (Nguyen and Chiang 2018, arXiv 1710.01329,
    section 3, who fix the length of ``x`` as well).

    Args:
        vocabulary_size: number of tokens.
        units: width of the embedding.
        output_row_length: length of every output row; 0: rows keep their own lengths.
    """

    def __init__(
        self, vocabulary_size: int, units: int, output_row_length: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.units = units
        self.output_row_length = output_row_length

    def build(self, _: Any = None) -> None:
        self.matrix = self.add_weight(
            name="matrix",
            shape=(self.vocabulary_size, self.units),
            initializer=keras.initializers.RandomNormal(stddev=self.units**-0.5),
        )
        self.bias = self.add_weight(name="bias", shape=(self.vocabulary_size,), initializer="zeros")
        self.built = True

    def call(self, ids: tf.Tensor) -> tf.Tensor:
        """Embeds int32 ids [...]; returns [..., units]."""
        rows = tf.gather(tf.convert_to_tensor(self.matrix), ids)
        return tf.cast(rows * self.units**0.5, self.compute_dtype)

    def unit_rows(self, ids: tf.Tensor) -> tf.Tensor:
        """Rows of int32 ids [...], scaled to length 1: float32 [..., units], without a gradient."""
        rows = tf.gather(tf.stop_gradient(tf.convert_to_tensor(self.matrix)), ids)
        return tf.math.l2_normalize(tf.cast(rows, tf.float32), axis=-1)

    def output_rows(self, ids: tf.Tensor | None = None) -> tf.Tensor:
        """The output rows of some tokens, int32 ids [tokens], or of all: float32 [tokens, units]."""
        rows = tf.convert_to_tensor(self.matrix)
        rows = rows if ids is None else tf.gather(rows, ids)
        if not self.output_row_length:
            return rows
        return self.output_row_length * tf.math.l2_normalize(rows, axis=-1)

    def projection(self, ids: tf.Tensor | None = None) -> Projection:
        """The projection to the logits of some tokens, int32 ids [tokens], or of all."""
        rows, bias = self.output_rows(ids), tf.convert_to_tensor(self.bias)
        if ids is not None:
            bias = tf.gather(bias, ids)
        return Projection(tf.cast(tf.transpose(rows), self.compute_dtype), tf.cast(bias, self.compute_dtype))

    def logits(self, vectors: tf.Tensor, projection: Projection | None = None) -> tf.Tensor:
        """Logits of vectors [n, units] for all tokens or those of a projection: [n, tokens], same dtype."""
        if projection is not None:
            return tf.nn.bias_add(tf.matmul(vectors, projection.matrix), projection.bias)
        matrix = tf.cast(self.output_rows(), vectors.dtype)
        return tf.nn.bias_add(tf.matmul(vectors, matrix, transpose_b=True), tf.cast(self.bias, vectors.dtype))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "units": self.units,
            "output_row_length": self.output_row_length,
        }
