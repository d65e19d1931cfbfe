"""The lexical model: a path from the source words to the output that bypasses the LSTMs."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from translator.nn.dropout import variational_dropout


@keras.saving.register_keras_serializable(package="translator")
class LexicalModel(keras.layers.Layer):
    """Predicts the next target token from the attended source embeddings alone.

    With the attention weights ``a_ts`` and the source embeddings ``e_s`` (Nguyen and Chiang 2018, arXiv
    1710.01329, section 4):

        f_t = tanh(sum_s a_ts e_s)
        h_t = f_t + tanh(W f_t + b)

    The decoder adds ``h_t`` to its readout, whose dot product with the embedding of each token gives the
    logits. The LSTMs need many examples before they handle a rare word; this path translates it after few, or
    copies it, because source and target share one embedding.

    Args:
        units: width of the embeddings.
        dropout: rate of the variational dropout.
    """

    def __init__(self, units: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.dropout = units, dropout
        self.drop = variational_dropout(dropout, "dropout")
        self.hidden = keras.layers.Dense(units, activation="tanh", name="hidden")

    def build(self, _: Any = None) -> None:
        self.hidden.build((None, None, self.units))
        self.built = True

    def call(self, attended_embeddings: tf.Tensor, training: bool = False) -> tf.Tensor:
        """``sum_s a_ts e_s`` to ``h_t``, float [batch, target_length, units] both."""
        f = self.drop(tf.tanh(attended_embeddings), training=training)
        return f + self.hidden(f)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "dropout": self.dropout}
