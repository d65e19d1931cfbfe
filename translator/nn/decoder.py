"""The decoder: the memory and the target so far to a vector for the next piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from translator.nn.attention import Attended, Attention, AttentionMemory, AttentionPast
from translator.nn.dropout import variational_dropout
from translator.nn.lexical import LexicalModel
from translator.nn.lstm import LSTM, Gates


class DecoderState(NamedTuple):
    """What the decoder remembers from step to step.

    Attributes:
        lstms: of each LSTM, output and cell state, float [batch, units] each.
        past: where attention has looked.
    """

    lstms: tuple[tuple[tf.Tensor, tf.Tensor], ...]
    past: AttentionPast


class DecoderOutput(NamedTuple):
    """What one pass of the decoder gives.

    Attributes:
        readout: float [batch, target steps, units], to be compared with the embedding of each piece.
        state: that after the last step.
        attention: float32 [batch, heads, target steps, source steps].
    """

    readout: tf.Tensor
    state: DecoderState
    attention: tf.Tensor


_MOST_TRUST = 8.0  # in a dictionary: what it adds to the logit of a translation that it is sure of
_TRUST_AT_FIRST = -1.0  # before the sigmoid: a quarter of that


@keras.saving.register_keras_serializable(package="translator")
class Decoder(keras.layers.Layer):
    """An LSTM that asks attention, LSTMs that hear the answer, and a readout.

        h_1 = norm(LSTM_1(target embedding))
        context = attention(h_1, memory, where it looked before)
        h_2 = norm(h_1 + LSTM_2([h_1 ; context])), and so on upwards
        readout = tanh(W [h_n ; context]) + lexical(words)

    With a dictionary, ``trust * (what it says of the words)`` is added to the readout; ``trust``, between 0
    and 8, follows from ``h_n`` and the context.

    Attention stands beside the recurrence and not inside it: no layer needs its own output of the step
    before but through its LSTM, so in training each layer runs over the whole target at once.

    Args:
        units: width of the input, the memory, each layer and the readout.
        num_layers: number of LSTMs, at least 1.
        num_heads: number of attention heads.
        dropout: rate of the variational dropout.
        dictionary: whether the words that attention finds are embeddings and, beside them, what a dictionary
            says of each.
    """

    def __init__(
        self,
        units: int,
        num_layers: int,
        num_heads: int,
        dropout: float,
        dictionary: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.num_layers, self.num_heads, self.dropout = units, num_layers, num_heads, dropout
        self.layers = [
            LSTM(units, return_sequences=True, return_state=True, name=f"lstm_{i}") for i in range(num_layers)
        ]
        self.norms = [keras.layers.LayerNormalization(name=f"norm_{i}") for i in range(num_layers)]
        self.dropouts = [variational_dropout(dropout, f"dropout_{i}") for i in range(num_layers + 1)]
        self.attention = Attention(units, num_heads, name="attention")
        self.initial = keras.layers.Dense(2 * num_layers * units, activation="tanh", name="initial")
        self.readout = keras.layers.Dense(units, activation="tanh", name="readout")
        self.lexical = LexicalModel(units, dropout, name="lexical")
        self.dictionary = dictionary
        if dictionary:
            begin = keras.initializers.Constant(_TRUST_AT_FIRST)
            self.trust = keras.layers.Dense(1, activation="sigmoid", bias_initializer=begin, name="trust")

    def build(self, _: Any = None) -> None:
        for i, layer in enumerate(self.layers):
            layer.build((None, None, self.units if i == 0 else 2 * self.units))
        for norm in self.norms:
            norm.build((None, None, self.units))
        self.attention.build()
        self.lexical.build()
        self.initial.build((None, self.units))
        self.readout.build((None, None, 2 * self.units))
        if self.dictionary:
            self.trust.build((None, None, 2 * self.units))
        self.built = True

    def initial_states(self, memory: tf.Tensor, mask: tf.Tensor) -> DecoderState:
        """The states before the first step, from the mean of the memory.

        Args:
            memory: float [batch, source steps, units].
            mask: bool [batch, source steps], true at pieces.
        """
        weights = tf.cast(mask, memory.dtype)[..., None]
        mean = tf.reduce_sum(memory * weights, axis=1) / tf.maximum(tf.reduce_sum(weights, axis=1), 1)
        parts = tf.split(self.initial(mean), 2 * self.num_layers, axis=-1)
        nowhere = tf.zeros_like(mask, tf.float32)
        return DecoderState(tuple(zip(parts[::2], parts[1::2], strict=True)), AttentionPast(nowhere, nowhere))

    def call(
        self, inputs: tf.Tensor, states: DecoderState, memory: AttentionMemory, training: bool = False
    ) -> DecoderOutput:
        """Decodes embedded target pieces, each position from those up to and including it.

        Args:
            inputs: float [batch, target steps, units].
            states: the states before the first of these steps.
            memory: what ``attention.memory`` made of the encoder's output.
            training: whether dropout is on.
        """

        def run(layer: LSTM, x: tf.Tensor, state: tuple[tf.Tensor, tf.Tensor]) -> Any:
            output, *new_state = layer(x, initial_state=list(state))
            return output, tuple(new_state)

        return self._run(run, self.attention, inputs, states, memory, training)

    def gates(self, inputs: tf.Tensor, states: DecoderState, memory: AttentionMemory) -> dict[str, Gates]:
        """What each LSTM does at each piece, by the name of the layer; arguments as for ``call``."""
        found: dict[str, Gates] = {}

        def run(layer: LSTM, x: tf.Tensor, state: tuple[tf.Tensor, tf.Tensor]) -> Any:
            inside = found[layer.name] = layer.gates(x, state)
            return inside.output, (inside.output[:, -1], inside.cell[:, -1])

        self._run(run, self.attention, inputs, states, memory, training=False)
        return found

    def step_function(self) -> Callable[[tf.Tensor, DecoderState, AttentionMemory], DecoderOutput]:
        """A function that computes one step of several hypotheses a sentence; see ``LSTM.step_function``.

        The hypotheses stand where ``call`` has the target steps, so they share one memory.

        Returns:
            ``step(inputs, states, memory)`` with the embedded piece before, float [batch, beam, units],
            the states, every tensor [batch, beam, ...], and what ``attention.memory`` made of the encoder's
            output, a row a sentence.
        """
        step_functions = {layer.name: layer.step_function() for layer in self.layers}

        def run(layer: LSTM, x: tf.Tensor, state: tuple[tf.Tensor, tf.Tensor]) -> Any:
            flat = [tf.reshape(tensor, [-1, tensor.shape[-1]]) for tensor in (x, *state)]
            gates = step_functions[layer.name](*flat)
            output, cell = (tf.reshape(part, tf.shape(state[0])) for part in (gates.output, gates.cell))
            return output, (output, cell)

        return lambda inputs, states, memory: self._run(
            run, self.attention.step, inputs, states, memory, training=False
        )

    def _run(
        self,
        run: Callable[[LSTM, tf.Tensor, tuple[tf.Tensor, tf.Tensor]], Any],
        attend: Callable[[tf.Tensor, AttentionMemory, AttentionPast], Attended],
        inputs: tf.Tensor,
        states: DecoderState,
        memory: AttentionMemory,
        training: bool,
    ) -> DecoderOutput:
        """The decoder around its LSTMs and its attention; ``run`` applies an LSTM to its input and state."""
        x, new_states, context = inputs, [], None
        for i, (layer, norm, state) in enumerate(zip(self.layers, self.norms, states.lstms, strict=True)):
            layer_input = x if context is None else tf.concat([x, context], axis=-1)
            output, new_state = run(layer, self.dropouts[i](layer_input, training=training), state)
            x = norm(output if context is None else x + output)
            new_states.append(new_state)
            if context is None:
                context, words, weights, past = attend(x, memory, states.past)
        top = self.dropouts[-1](tf.concat([x, context], axis=-1), training=training)
        embedded = words[..., : self.units]
        readout = self.readout(top) + self.lexical(embedded, training=training)
        if self.dictionary:
            readout += _MOST_TRUST * self.trust(top) * words[..., self.units :]
        return DecoderOutput(readout, DecoderState(tuple(new_states), past), weights)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "dropout": self.dropout,
            "dictionary": self.dictionary,
        }
