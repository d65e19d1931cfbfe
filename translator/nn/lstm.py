"""The LSTM: a memory cell that three gates write, keep and read.

For the input vector ``x_t`` of one step, the output ``h_{t-1}`` and the cell state ``c_{t-1}`` of the
step before, with ``W`` the kernel, ``R`` the recurrent kernel and ``b`` the bias:

    i_t = sigmoid(W_i x_t + R_i h_{t-1} + b_i)      input gate: how much of the candidate is written
    f_t = sigmoid(W_f x_t + R_f h_{t-1} + b_f)      forget gate: how much of the old cell state is kept
    g_t = tanh   (W_g x_t + R_g h_{t-1} + b_g)      candidate: what would be written
    o_t = sigmoid(W_o x_t + R_o h_{t-1} + b_o)      output gate: how much of the cell state is shown
    c_t = f_t * c_{t-1} + i_t * g_t                 cell state
    h_t = o_t * tanh(c_t)                           output

The cell state and the input and output gates are those of Hochreiter and Schmidhuber (1997, "Long
Short-Term Memory", section 4); the forget gate was added by Gers, Schmidhuber and Cummins (2000,
"Learning to Forget", section 3). The sum in ``c_t`` is why an LSTM remembers: its derivative with
respect to ``c_{t-1}`` is just ``f_t``, so an error travels back through many steps without vanishing.

Backpropagation through time runs the steps in reverse. With ``dh_t`` the gradient that reaches the
output (from above and from step t+1) and ``dc_t`` the one that reaches the cell state:

    dc_t    = dc_t (from step t+1) + dh_t * o_t * (1 - tanh(c_t)^2)
    dz_i    = dc_t * g_t     * i_t * (1 - i_t)      (z: the sum inside each gate)
    dz_f    = dc_t * c_{t-1} * f_t * (1 - f_t)
    dz_g    = dc_t * i_t     * (1 - g_t^2)
    dz_o    = dh_t * tanh(c_t) * o_t * (1 - o_t)
    dc_{t-1} = dc_t * f_t
    dh_{t-1} = [dz_i dz_f dz_g dz_o] R^T            the only product inside the loop
    dR       = sum_t h_{t-1}^T dz_t                 one product, after the loop
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


def lstm_step(projected: tf.Tensor, cell: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """One step of the equations above, after the two products.

    Args:
        projected: float [batch, 4 * units], ``W x_t + R h_{t-1} + b`` in Keras's order i, f, g, o.
        cell: float [batch, units], ``c_{t-1}``.

    Returns:
        The output ``h_t`` and the cell state ``c_t``, float [batch, units] each, and the activated
        gates i, f, g, o, float [batch, 4 * units].
    """
    z_input, z_forget, z_candidate, z_output = tf.split(projected, 4, axis=-1)
    input_gate = tf.sigmoid(z_input)
    forget_gate = tf.sigmoid(z_forget)
    candidate = tf.tanh(z_candidate)
    output_gate = tf.sigmoid(z_output)
    new_cell = forget_gate * cell + input_gate * candidate
    output = output_gate * tf.tanh(new_cell)
    gates = tf.concat([input_gate, forget_gate, candidate, output_gate], axis=-1)
    return output, new_cell, gates


def _forward(
    projected: tf.Tensor, recurrent_kernel: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Runs all steps; returns outputs, cells [steps, batch, units] and gates [steps, batch, 4 * units]."""
    steps = tf.shape(projected)[0]
    arrays = tuple(tf.TensorArray(projected.dtype, size=steps) for _ in range(3))

    def body(step: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor, arrays: Any) -> Any:
        z = projected[step] + tf.matmul(hidden, recurrent_kernel)
        results = lstm_step(z, cell)
        arrays = tuple(array.write(step, value) for array, value in zip(arrays, results, strict=True))
        return step + 1, results[0], results[1], arrays

    *_, arrays = tf.while_loop(
        lambda step, *_: step < steps, body, (tf.constant(0), hidden, cell, arrays), maximum_iterations=steps
    )
    batch, units = hidden.shape
    outputs, cells, gates = (array.stack() for array in arrays)
    outputs.set_shape([None, batch, units])
    cells.set_shape([None, batch, units])
    gates.set_shape([None, batch, 4 * units])
    return outputs, cells, gates


def _backward(
    recurrent_kernel: tf.Tensor,
    cells_before: tf.Tensor,
    cells: tf.Tensor,
    gates: tf.Tensor,
    d_outputs: tf.Tensor,
    d_last_cell: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The backward loop; returns dz [steps, batch, 4 * units], dh_0 and dc_0 [batch, units]."""
    steps = tf.shape(cells)[0]
    # Transposed once: a product that transposes in every step takes more than twice as long on a CPU.
    transposed_kernel = tf.transpose(recurrent_kernel)

    def body(step: tf.Tensor, d_hidden: tf.Tensor, d_cell: tf.Tensor, d_array: Any) -> Any:
        input_gate, forget_gate, candidate, output_gate = tf.split(gates[step], 4, axis=-1)
        tanh_cell = tf.tanh(cells[step])
        d_output = d_outputs[step] + d_hidden
        d_cell = d_cell + d_output * output_gate * (1.0 - tf.square(tanh_cell))
        d_z = tf.concat(
            [
                d_cell * candidate * input_gate * (1.0 - input_gate),
                d_cell * cells_before[step] * forget_gate * (1.0 - forget_gate),
                d_cell * input_gate * (1.0 - tf.square(candidate)),
                d_output * tanh_cell * output_gate * (1.0 - output_gate),
            ],
            axis=-1,
        )
        d_hidden = tf.matmul(d_z, transposed_kernel)
        return step - 1, d_hidden, d_cell * forget_gate, d_array.write(step, d_z)

    d_array = tf.TensorArray(cells.dtype, size=steps)
    _, d_hidden, d_cell, d_array = tf.while_loop(
        lambda step, *_: step >= 0,
        body,
        (steps - 1, tf.zeros_like(d_last_cell), d_last_cell, d_array),
        maximum_iterations=steps,
    )
    return d_array.stack(), d_hidden, d_cell


@tf.custom_gradient  # type: ignore[untyped-decorator]
def lstm_recurrence(
    projected: tf.Tensor, recurrent_kernel: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor
) -> tuple[tuple[tf.Tensor, tf.Tensor], Any]:
    """All steps of an LSTM over inputs that are already multiplied by the kernel.

    Args:
        projected: float [steps, batch, 4 * units], ``W x_t + b`` of every step, in the order i, f, g, o.
        recurrent_kernel: float [units, 4 * units].
        hidden: float [batch, units], the output before the first step.
        cell: float [batch, units], the cell state before the first step.

    Returns:
        The outputs of all steps, float [steps, batch, units], and the last cell state [batch, units].
    """
    outputs, cells, gates = _forward(projected, recurrent_kernel, hidden, cell)

    def gradient(d_outputs: tf.Tensor, d_last_cell: tf.Tensor) -> tuple[tf.Tensor, ...]:
        cells_before = tf.concat([cell[None], cells[:-1]], axis=0)
        outputs_before = tf.concat([hidden[None], outputs[:-1]], axis=0)
        d_z, d_hidden, d_cell = _backward(
            recurrent_kernel, cells_before, cells, gates, d_outputs, d_last_cell
        )
        units = recurrent_kernel.shape[0]
        d_recurrent_kernel = tf.matmul(
            tf.reshape(outputs_before, [-1, units]), tf.reshape(d_z, [-1, 4 * units]), transpose_a=True
        )
        return d_z, d_recurrent_kernel, d_hidden, d_cell

    return (outputs, cells[-1]), gradient


@keras.saving.register_keras_serializable(package="translator")
class LSTM(keras.layers.LSTM):
    """``keras.layers.LSTM`` with its own backpropagation through time on a CPU.

    Weights, configuration, cell and results are those of ``keras.layers.LSTM``. On a GPU the fused
    cuDNN kernel of Keras runs; on a CPU the functions above do, which multiply the inputs of all steps
    at once and compute each weight gradient as one product. Sequences are padded on the right and no
    mask is passed: an output depends on earlier steps only.
    """

    def inner_loop(
        self, sequences: tf.Tensor, initial_state: list[tf.Tensor], mask: Any, training: bool = False
    ) -> Any:
        if mask is not None or not self._equations_apply() or tf.config.list_logical_devices("GPU"):
            return super().inner_loop(sequences, initial_state, mask, training)
        dtype = self.compute_dtype
        kernel = tf.cast(self.cell.kernel, dtype)
        recurrent_kernel = tf.cast(self.cell.recurrent_kernel, dtype)
        steps_first = tf.transpose(sequences, [1, 0, 2])
        shape = tf.shape(steps_first)
        projected = tf.matmul(tf.reshape(steps_first, [-1, sequences.shape[-1]]), kernel)
        if self.use_bias:
            projected = tf.nn.bias_add(projected, tf.cast(self.cell.bias, dtype))
        projected = tf.reshape(projected, [shape[0], shape[1], 4 * self.units])
        outputs, cell = lstm_recurrence(projected, recurrent_kernel, initial_state[0], initial_state[1])
        last_output = outputs[-1]
        return last_output, tf.transpose(outputs, [1, 0, 2]), [last_output, cell]

    def step(
        self, inputs: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor
    ) -> tuple[tf.Tensor, tuple[tf.Tensor, tf.Tensor]]:
        """One step for search, without a loop.

        Args:
            inputs: float [batch, features].
            hidden: float [batch, units], the output of the step before.
            cell: float [batch, units], the cell state of the step before.

        Returns:
            The output, and the output and the cell state for the next step.
        """
        output, (hidden, cell) = self.cell(inputs, [hidden, cell])
        return output, (hidden, cell)

    def _equations_apply(self) -> bool:
        """Whether this layer is configured as the textbook LSTM that the functions above compute."""
        return (
            keras.activations.serialize(self.activation) == "tanh"
            and keras.activations.serialize(self.recurrent_activation) == "sigmoid"
            and not (self.dropout or self.recurrent_dropout or self.go_backwards or self.unroll)
        )
