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

    Embeddings are scaled by ``sqrt(units)``: the rows stay short enough for logits near zero at the
    start, and the layers above see inputs of about unit variance.

    Args:
        vocabulary_size: number of pieces.
        units: length of a row.
    """

    def __init__(self, vocabulary_size: int, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.units = units

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

    def projection(self, ids: tf.Tensor | None = None) -> Projection:
        """What gives the logits of some pieces only, int32 ids [pieces]; None: of all."""
        rows, bias = tf.convert_to_tensor(self.matrix), tf.convert_to_tensor(self.bias)
        if ids is not None:
            rows, bias = tf.gather(rows, ids), tf.gather(bias, ids)
        return Projection(tf.cast(tf.transpose(rows), self.compute_dtype), tf.cast(bias, self.compute_dtype))

    def logits(self, vectors: tf.Tensor, projection: Projection | None = None) -> tf.Tensor:
        """Vectors [n, units] to the logits of all pieces, or of some, [n, pieces], in the compute dtype."""
        if projection is not None:
            return tf.nn.bias_add(tf.matmul(vectors, projection.matrix), projection.bias)
        matrix = tf.cast(self.matrix, vectors.dtype)
        return tf.nn.bias_add(tf.matmul(vectors, matrix, transpose_b=True), tf.cast(self.bias, vectors.dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size, "units": self.units}
