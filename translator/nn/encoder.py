"""The encoder: source embeddings to a memory that the decoder attends to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from translator.nn.dropout import variational_dropout
from translator.nn.lstm import LSTM, Gates


@keras.saving.register_keras_serializable(package="translator")
class BidirectionalLSTM(keras.layers.Layer):
    """Two LSTMs, one from left to right and one from right to left, side by side.

    The backward one reads each sentence from its own last piece (``tf.reverse_sequence``), so that
    padding, always on the right, is never read before text and no mask is needed.

    Args:
        units: width of the output; each direction has half of it.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.forward = LSTM(units // 2, return_sequences=True, name="forward")
        self.backward = LSTM(units // 2, return_sequences=True, name="backward")

    def build(self, input_shape: Any) -> None:
        self.forward.build(input_shape)
        self.backward.build(input_shape)
        self.built = True

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Float [batch, steps, features] and int32 lengths [batch] to float [batch, steps, units]."""
        backward = self.backward(_reversed(inputs, lengths))
        return tf.concat([self.forward(inputs), _reversed(backward, lengths)], axis=-1)

    def gates(self, inputs: tf.Tensor, lengths: tf.Tensor) -> dict[str, Gates]:
        """What both directions do at each piece of the sentence; arguments as for ``call``."""
        backward = self.backward.gates(_reversed(inputs, lengths))
        return {
            "forward": self.forward.gates(inputs),
            "backward": Gates(*(_reversed(part, lengths) for part in backward)),
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def _reversed(sequences: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Each sequence from its own last step to its first; the padding stays where it is."""
    return tf.reverse_sequence(sequences, lengths, seq_axis=1)


@keras.saving.register_keras_serializable(package="translator")
class Encoder(keras.layers.Layer):
    """A bidirectional LSTM and a stack of LSTMs above it, with residual connections.

    Every layer: variational dropout, LSTM, sum with its input (but for the first), layer normalization.

    Args:
        units: width of the input, of each layer and of the memory.
        num_layers: number of layers, the bidirectional one included.
        dropout: rate of the variational dropout.
    """

    def __init__(self, units: int, num_layers: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.num_layers, self.dropout = units, num_layers, dropout
        self.bidirectional = BidirectionalLSTM(units, name="bidirectional")
        self.layers = [LSTM(units, return_sequences=True, name=f"lstm_{i}") for i in range(1, num_layers)]
        self.dropouts = [variational_dropout(dropout, f"dropout_{i}") for i in range(num_layers)]
        self.norms = [keras.layers.LayerNormalization(name=f"norm_{i}") for i in range(num_layers)]

    def build(self, input_shape: Any) -> None:
        for layer in [self.bidirectional, *self.layers, *self.norms]:
            layer.build((None, None, self.units))
        self.built = True

    def call(self, inputs: tf.Tensor, source_mask: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Encodes embedded sentences.

        Args:
            inputs: float [batch, source steps, units], padded on the right.
            source_mask: bool [batch, source steps], true at pieces.
            training: whether dropout is on.

        Returns:
            The memory, float [batch, source steps, units]; what stands at padding has no meaning.
        """
        return self._run(lambda layer, *arguments: layer(*arguments), inputs, source_mask, training)

    def gates(self, inputs: tf.Tensor, source_mask: tf.Tensor) -> dict[str, Gates]:
        """What each LSTM does at each piece, by the name of the layer; arguments as for ``call``."""
        found: dict[str, Gates] = {}

        def run(layer: Any, *arguments: Any) -> tf.Tensor:
            inside = layer.gates(*arguments)
            found.update(inside if isinstance(inside, dict) else {layer.name: inside})
            return layer(*arguments)

        self._run(run, inputs, source_mask, training=False)
        return found

    def _run(
        self, run: Callable[..., tf.Tensor], inputs: tf.Tensor, source_mask: tf.Tensor, training: bool
    ) -> tf.Tensor:
        """The encoder around its LSTMs; ``run`` applies one of those to its arguments."""
        lengths = tf.reduce_sum(tf.cast(source_mask, tf.int32), axis=1)
        x = self.dropouts[0](inputs, training=training)
        x = self.norms[0](run(self.bidirectional, x, lengths))
        for layer, dropout, norm in zip(self.layers, self.dropouts[1:], self.norms[1:], strict=True):
            x = norm(x + run(layer, dropout(x, training=training)))
        return x

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "num_layers": self.num_layers,
            "dropout": self.dropout,
        }
