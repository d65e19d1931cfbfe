"""The decoder: the memory and the previous target tokens to a vector for the next token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from translator.nn.attention import Attention, AttentionHistory, AttentionMemory, AttentionOutput
from translator.nn.dropout import variational_dropout
from translator.nn.lexical import LexicalModel
from translator.nn.lstm import LSTM, Gates


class DecoderState(NamedTuple):
    """Everything that the decoder carries from one target position to the next.

    Attributes:
        lstms: output and cell state of each LSTM, float [batch, units] each.
        attention_history: what the coverage and location features of attention are computed from.
    """

    lstms: tuple[tuple[tf.Tensor, tf.Tensor], ...]
    attention_history: AttentionHistory


class DecoderOutput(NamedTuple):
    """The result of running the decoder.

    Attributes:
        readout: float [batch, target_length, units]; its dot product with an output row gives a logit.
        state: the state after the last target position.
        attention: attention weights, float32 [batch, heads, target_length, source_length].
    """

    readout: tf.Tensor
    state: DecoderState
    attention: tf.Tensor


_MAX_DICTIONARY_GATE = 8.0  # the most that the dictionary adds to the logit of a certain translation
_INITIAL_GATE_BIAS = -1.0  # the gate opens to about a quarter at first


@keras.saving.register_keras_serializable(package="translator")
class Decoder(keras.layers.Layer):
    """LSTMs with attention between the first and the second, and a readout.

        h_1     = norm(LSTM_1(embeddings of the previous target tokens))
        context = attention(h_1, memory)
        h_l     = norm(h_{l-1} + LSTM_l([h_{l-1} ; context])),   l = 2 ... num_layers
        readout = tanh(W [h_n ; context] + b) + lexical(lexical context),   n = num_layers

    Variational dropout is applied to the input of every LSTM and of ``W``. With a dictionary, the readout
    also gets the attended dictionary vectors, scaled by a learned gate:

        readout += 8 sigmoid(v [h_n ; context] + d) dictionary context

    There is no input feeding: attention is not part of a recurrence, and no layer needs its own output of the
    previous position except through its LSTM. In training, each layer therefore runs over the whole target at
    once.

    Args:
        units: width of the input, of the memory, of each layer and of the readout.
        num_layers: number of LSTMs, at least 1.
        num_heads: number of attention heads.
        dropout: rate of the variational dropout.
        dictionary: whether the lexical values of the memory contain dictionary vectors.
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
            self.dictionary_gate = keras.layers.Dense(
                1,
                activation="sigmoid",
                bias_initializer=keras.initializers.Constant(_INITIAL_GATE_BIAS),
                name="trust",  # the name in the weight files
            )

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
            self.dictionary_gate.build((None, None, 2 * self.units))
        self.built = True

    def initial_state(self, memory: tf.Tensor, source_mask: tf.Tensor) -> DecoderState:
        """Computes the state before the first target position from the mean of the memory.

        Args:
            memory: float [batch, source_length, units], the output of the encoder.
            source_mask: bool [batch, source_length], true at tokens.
        """
        weights = tf.cast(source_mask, memory.dtype)[..., None]
        mean = tf.reduce_sum(memory * weights, axis=1) / tf.maximum(tf.reduce_sum(weights, axis=1), 1)
        parts = tf.split(self.initial(mean), 2 * self.num_layers, axis=-1)
        zeros = tf.zeros_like(source_mask, tf.float32)
        return DecoderState(tuple(zip(parts[::2], parts[1::2], strict=True)), AttentionHistory(zeros, zeros))

    def call(
        self, inputs: tf.Tensor, state: DecoderState, memory: AttentionMemory, training: bool = False
    ) -> DecoderOutput:
        """Decodes consecutive target positions; each sees its own input and those before it.

        Args:
            inputs: float [batch, target_length, units], the embedded previous target tokens.
            state: the state before the first of these positions.
            memory: the result of ``attention.project_memory``.
            training: whether dropout is on.
        """

        def run(layer: LSTM, x: tf.Tensor, lstm_state: tuple[tf.Tensor, tf.Tensor]) -> Any:
            output, *new_lstm_state = layer(x, initial_state=list(lstm_state))
            return output, tuple(new_lstm_state)

        return self._run(run, self.attention, inputs, state, memory, training)

    def gates(self, inputs: tf.Tensor, state: DecoderState, memory: AttentionMemory) -> dict[str, Gates]:
        """Returns the activations of each LSTM at each token, by layer name; arguments as for ``call``."""
        gates_by_layer: dict[str, Gates] = {}

        def run(layer: LSTM, x: tf.Tensor, lstm_state: tuple[tf.Tensor, tf.Tensor]) -> Any:
            gates = gates_by_layer[layer.name] = layer.gates(x, lstm_state)
            return gates.output, (gates.output[:, -1], gates.cell[:, -1])

        self._run(run, self.attention, inputs, state, memory, training=False)
        return gates_by_layer

    def step_function(self) -> Callable[[tf.Tensor, DecoderState, AttentionMemory], DecoderOutput]:
        """Returns a function that decodes one position of several hypotheses per sentence.

        The hypotheses take the place of the target positions in ``call``, so they share one memory. See also
        ``LSTM.step_function``.

        Returns:
            ``step(inputs, state, memory)`` with the embedded previous tokens, float [batch, beam, units], the
            state, every tensor [batch, beam, ...], and the result of ``attention.project_memory``, one row
            per sentence.
        """
        step_functions = {layer.name: layer.step_function() for layer in self.layers}

        def run(layer: LSTM, x: tf.Tensor, lstm_state: tuple[tf.Tensor, tf.Tensor]) -> Any:
            rows = [tf.reshape(tensor, [-1, tensor.shape[-1]]) for tensor in (x, *lstm_state)]
            gates = step_functions[layer.name](*rows)
            shape = tf.shape(lstm_state[0])
            output, cell = (tf.reshape(values, shape) for values in (gates.output, gates.cell))
            return output, (output, cell)

        return lambda inputs, state, memory: self._run(
            run, self.attention.step, inputs, state, memory, training=False
        )

    def _run(
        self,
        run: Callable[[LSTM, tf.Tensor, tuple[tf.Tensor, tf.Tensor]], Any],
        attend: Callable[[tf.Tensor, AttentionMemory, AttentionHistory], AttentionOutput],
        inputs: tf.Tensor,
        state: DecoderState,
        memory: AttentionMemory,
        training: bool,
    ) -> DecoderOutput:
        """Computes the decoder; ``run`` applies an LSTM to its input and state, ``attend`` is attention."""
        h, context, lstm_states = inputs, None, []
        for i, (layer, norm, lstm_state) in enumerate(zip(self.layers, self.norms, state.lstms, strict=True)):
            layer_input = h if context is None else tf.concat([h, context], axis=-1)
            output, new_lstm_state = run(layer, self.dropouts[i](layer_input, training=training), lstm_state)
            h = norm(output if context is None else h + output)
            lstm_states.append(new_lstm_state)
            if context is None:
                context, lexical_context, weights, history = attend(h, memory, state.attention_history)
        top = self.dropouts[-1](tf.concat([h, context], axis=-1), training=training)
        attended_embeddings = lexical_context[..., : self.units]
        readout = self.readout(top) + self.lexical(attended_embeddings, training=training)
        if self.dictionary:
            gate = _MAX_DICTIONARY_GATE * self.dictionary_gate(top)
            readout += gate * lexical_context[..., self.units :]
        return DecoderOutput(readout, DecoderState(tuple(lstm_states), history), weights)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "dropout": self.dropout,
            "dictionary": self.dictionary,
        }
