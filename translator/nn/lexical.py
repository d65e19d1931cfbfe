"""The lexical model: what the source words mean by themselves, without their sentence."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from translator.nn.dropout import variational_dropout


@keras.saving.register_keras_serializable(package="translator")
class LexicalModel(keras.layers.Layer):
    """A short way from the embeddings of the source to the next piece.

    With the attention weights ``w_ts`` and the source embeddings ``e_s`` (Nguyen and Chiang 2018, arXiv
    1710.01329, section 4):

        f_t = tanh(sum_s w_ts e_s)
        h_t = f_t + tanh(W f_t + b)

    and ``h_t`` is added to the readout, which is compared with the embedding of each piece. A rare word,
    whose memory the LSTMs have hardly learned to use, is translated by this way from few examples, or copied:
    source and target share one embedding.

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

    def call(self, words: tf.Tensor, training: bool = False) -> tf.Tensor:
        """``sum_s w_ts e_s`` to ``h_t``, float [batch, target steps, units] both."""
        x = self.drop(tf.tanh(words), training=training)
        return x + self.hidden(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "dropout": self.dropout}
