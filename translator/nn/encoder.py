"""The encoder: source embeddings to the memory that the decoder attends to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from translator.nn.dropout import variational_dropout
from translator.nn.lstm import LSTM, Gates


@keras.saving.register_keras_serializable(package="translator")
class BidirectionalLSTM(keras.layers.Layer):
    """A forward and a backward LSTM with concatenated outputs.

    The backward LSTM reads each sentence from its own last token (``tf.reverse_sequence``). Padding, which is
    always on the right, is never read before text, so no mask is needed.

    Args:
        units: width of the output; each direction gives half of it.
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
        """Float [batch, time, features] and int32 lengths [batch] to float [batch, time, units]."""
        backward = self.backward(_reversed(inputs, lengths))
        return tf.concat([self.forward(inputs), _reversed(backward, lengths)], axis=-1)

    def gates(self, inputs: tf.Tensor, lengths: tf.Tensor) -> dict[str, Gates]:
        """Returns the activations of both directions at each token; arguments as for ``call``."""
        backward = self.backward.gates(_reversed(inputs, lengths))
        return {
            "forward": self.forward.gates(inputs),
            "backward": Gates(*(_reversed(values, lengths) for values in backward)),
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def _reversed(sequences: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Reverses each sequence within its own length; the padding stays in place."""
    return tf.reverse_sequence(sequences, lengths, seq_axis=1)


@keras.saving.register_keras_serializable(package="translator")
class Encoder(keras.layers.Layer):
    """A bidirectional LSTM below a stack of LSTMs with residual connections.

        x_1 = norm(BiLSTM(source embeddings))
        x_l = norm(x_{l-1} + LSTM_l(x_{l-1})),   l = 2 ... num_layers
        memory = the output of the last layer

    Variational dropout is applied to the input of every LSTM.

    Args:
        units: width of the input, of each layer and of the memory.
        num_layers: number of layers, including the bidirectional one.
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
            inputs: float [batch, source_length, units], padded on the right.
            source_mask: bool [batch, source_length], true at tokens.
            training: whether dropout is on.

        Returns:
            The memory, float [batch, source_length, units]. Values at padding positions are undefined.
        """
        return self._run(lambda layer, *arguments: layer(*arguments), inputs, source_mask, training)

    def gates(self, inputs: tf.Tensor, source_mask: tf.Tensor) -> dict[str, Gates]:
        """Returns the activations of each LSTM at each token, by layer name; arguments as for ``call``."""
        gates_by_layer: dict[str, Gates] = {}

        def run(layer: Any, *arguments: Any) -> tf.Tensor:
            gates = layer.gates(*arguments)
            gates_by_layer.update(gates if isinstance(gates, dict) else {layer.name: gates})
            return layer(*arguments)

        self._run(run, inputs, source_mask, training=False)
        return gates_by_layer

    def _run(
        self, run: Callable[..., tf.Tensor], inputs: tf.Tensor, source_mask: tf.Tensor, training: bool
    ) -> tf.Tensor:
        """Computes the encoder; ``run`` applies an LSTM layer to its arguments."""
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
