"""One matrix with three uses: source embedding, target embedding and output projection."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import tensorflow as tf


class Projection(NamedTuple):
    """What makes logits of vectors, for some pieces of the vocabulary.

    Attributes:
        matrix: float [units, pieces].
        bias: float [pieces].
    """

    matrix: tf.Tensor
    bias: tf.Tensor


@keras.saving.register_keras_serializable(package="translator")
class TiedEmbedding(keras.layers.Layer):
    """Embeds piece ids, and scores every piece for a vector (Press and Wolf 2017, arXiv 1608.05859).

    With the row ``m_v`` and the bias ``b_v`` of piece ``v``, its embedding and its logit for a vector ``x``
    are

        e_v = sqrt(units) m_v
        l_v = x . r_v + b_v,   r_v = m_v,   or with an output_row_length   r_v = output_row_length m_v / |m_v|

    The root lets the layers above see inputs of about unit variance, and the rows stay short enough for
    logits near zero at the start. In training all rows grow. Where pairs are few, probabilities then soon are
    sharper than they should be, and it is better if only the direction of a row counts (Nguyen and Chiang
    2018, arXiv 1710.01329, section 3, who fix the length of ``x`` too).

    Args:
        vocabulary_size: number of pieces.
        units: numbers in a row.
        output_row_length: length of every row where it makes a logit; 0: as it is.
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
        """Int32 ids [...] to vectors [..., units]."""
        rows = tf.gather(tf.convert_to_tensor(self.matrix), ids)
        return tf.cast(rows * self.units**0.5, self.compute_dtype)

    def directions(self, ids: tf.Tensor) -> tf.Tensor:
        """Int32 ids [...] to rows of length 1, float32 [..., units]; no gradient goes back through them."""
        rows = tf.gather(tf.stop_gradient(tf.convert_to_tensor(self.matrix)), ids)
        return tf.math.l2_normalize(tf.cast(rows, tf.float32), axis=-1)

    def output_rows(self, ids: tf.Tensor | None = None) -> tf.Tensor:
        """What makes logits of some pieces, int32 ids [pieces], or of all: float32 [pieces, units]."""
        rows = tf.convert_to_tensor(self.matrix)
        rows = rows if ids is None else tf.gather(rows, ids)
        if not self.output_row_length:
            return rows
        return self.output_row_length * tf.math.l2_normalize(rows, axis=-1)

    def projection(self, ids: tf.Tensor | None = None) -> Projection:
        """What gives the logits of some pieces only, int32 ids [pieces]; None: of all."""
        rows, bias = self.output_rows(ids), tf.convert_to_tensor(self.bias)
        if ids is not None:
            bias = tf.gather(bias, ids)
        return Projection(tf.cast(tf.transpose(rows), self.compute_dtype), tf.cast(bias, self.compute_dtype))

    def logits(self, vectors: tf.Tensor, projection: Projection | None = None) -> tf.Tensor:
        """Vectors [n, units] to the logits of all pieces, or of some, [n, pieces], in the compute dtype."""
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
