"""The LSTM: a memory cell that three gates write, keep and read.

The input of one step is ``x_t`` [batch, features]; ``h_{t-1}`` and ``c_{t-1}`` [batch, units] are the
output and the cell state of the step before. Each gate has its own kernel ``W`` [features, units],
recurrent kernel ``R`` [units, units] and bias ``b`` [units]; ``*`` is element by element. The forward
equations, every result [batch, units]:

    i_t = sigmoid(x_t W_i + h_{t-1} R_i + b_i)      (1) input gate: how much of the candidate is written
    f_t = sigmoid(x_t W_f + h_{t-1} R_f + b_f)      (2) forget gate: how much of the old cell state stays
    g_t = tanh   (x_t W_g + h_{t-1} R_g + b_g)      (3) candidate: what would be written
    o_t = sigmoid(x_t W_o + h_{t-1} R_o + b_o)      (4) output gate: how much of the cell state is shown
    c_t = f_t * c_{t-1} + i_t * g_t                 (5) cell state
    h_t = o_t * tanh(c_t)                           (6) output

Cell state, input gate and output gate are those of Hochreiter and Schmidhuber (1997, "Long Short-Term
Memory", section 4), where ``f_t`` is 1. Gers, Schmidhuber and Cummins (2000, "Learning to Forget",
section 3) added the forget gate. The sum in (5) is why an LSTM remembers: the derivative of ``c_t`` with
respect to ``c_{t-1}`` is just ``f_t``, so while a forget gate is open an error travels back through any
number of steps without vanishing, where a plain recurrent network multiplies it by a matrix each time.

Backpropagation through time runs the steps in reverse (Greff et al. 2017, "LSTM: A Search Space
Odyssey", section II-B, without peepholes). ``d`` before a name is the gradient of the loss with respect
to it; ``z`` is the sum inside a gate. What reaches step t is ``dh_t`` and ``dc_t``, [batch, units] each,
from the layer above and from step t+1. Then, every result [batch, units] again:

    dc_t    += dh_t * o_t * (1 - tanh(c_t)^2)       (7) through (6)
    dz_i     = dc_t * g_t     * i_t * (1 - i_t)     (8) through (5) and (1)
    dz_f     = dc_t * c_{t-1} * f_t * (1 - f_t)     (9) through (5) and (2)
    dz_g     = dc_t * i_t     * (1 - g_t^2)         (10) through (5) and (3)
    dz_o     = dh_t * tanh(c_t) * o_t * (1 - o_t)   (11) through (6) and (4)
    dc_{t-1} = dc_t * f_t                           (12) through (5)
    dh_{t-1} = sum over gates of dz R^T             (13) the only products inside the loop

    dR       = sum over t of h_{t-1}^T dz_t         (14) [units, units], one product a gate, after the loop
    dW       = sum over t of x_t^T dz_t             (15) [features, units], likewise
    dx_t     = sum over gates of dz_t W^T           (16) [batch, features], likewise for all steps at once

The four gates are kept apart all the way instead of side by side in one matrix: their products run at the
same time on several cores, and nothing has to be cut out of a wide matrix or glued into one.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import tensorflow as tf

_for_any_device = contextvars.ContextVar("without_cudnn", default=False)

# A tensor for each of the gates i, f, g, o, in the order of Keras's kernels.
FourGates = tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]


class Gates(NamedTuple):
    """What happens inside an LSTM: of one step [batch, units], of a sentence [batch, steps, units].

    Attributes:
        input_gate: float in 0 to 1; how much of the candidate is written, ``i``.
        forget_gate: float in 0 to 1; how much of the cell state before is kept, ``f``.
        candidate: float in -1 to 1; what would be written, ``g``.
        output_gate: float in 0 to 1; how much of the cell state is shown, ``o``.
        cell: float; the cell state, ``c = f * c_before + i * g``.
        cell_tanh: float in -1 to 1; what the output gate lets out, ``tanh(c)``.
        output: float in -1 to 1; ``h = o * tanh(c)``.
    """

    input_gate: tf.Tensor
    forget_gate: tf.Tensor
    candidate: tf.Tensor
    output_gate: tf.Tensor
    cell: tf.Tensor
    cell_tanh: tf.Tensor
    output: tf.Tensor


@contextlib.contextmanager
def without_cudnn() -> Iterator[None]:
    """Within it layers compute by the equations on a GPU too; a graph with cuDNN's kernel runs only there."""
    token = _for_any_device.set(True)
    try:
        yield
    finally:
        _for_any_device.reset(token)


def lstm_step(sums: FourGates, cell_before: tf.Tensor) -> Gates:
    """One step: the equations (1) to (6) after their products.

    Args:
        sums: what stands in the brackets of (1) to (4), float [batch, units] each.
        cell_before: float [batch, units], ``c_{t-1}``.
    """
    z_input, z_forget, z_candidate, z_output = sums
    input_gate = tf.sigmoid(z_input)
    forget_gate = tf.sigmoid(z_forget)
    candidate = tf.tanh(z_candidate)
    output_gate = tf.sigmoid(z_output)
    cell = forget_gate * cell_before + input_gate * candidate
    cell_tanh = tf.tanh(cell)
    return Gates(input_gate, forget_gate, candidate, output_gate, cell, cell_tanh, output_gate * cell_tanh)


def lstm_step_gradient(
    gates: Gates, cell_before: tf.Tensor, d_output: tf.Tensor, d_cell: tf.Tensor
) -> tuple[FourGates, tf.Tensor]:
    """One step backwards: the equations (7) to (12).

    Args:
        gates: of this step; its output is not used.
        cell_before: float [batch, units], ``c_{t-1}``.
        d_output: float [batch, units], ``dh_t``.
        d_cell: float [batch, units], ``dc_t`` as it comes from step t+1.

    Returns:
        ``dz`` of the four gates and ``dc_{t-1}``, float [batch, units] each.
    """
    d_cell += _tanh_gradient(gates.cell_tanh, d_output * gates.output_gate)
    d_sums = (
        _sigmoid_gradient(gates.input_gate, d_cell * gates.candidate),
        _sigmoid_gradient(gates.forget_gate, d_cell * cell_before),
        _tanh_gradient(gates.candidate, d_cell * gates.input_gate),
        _sigmoid_gradient(gates.output_gate, d_output * gates.cell_tanh),
    )
    return d_sums, d_cell * gates.forget_gate


def _sigmoid_gradient(y: tf.Tensor, d_y: tf.Tensor) -> tf.Tensor:
    """``dz`` for ``y = sigmoid(z)``: ``dy * y * (1 - y)``, as one kernel."""
    return tf.raw_ops.SigmoidGrad(y=y, dy=d_y)


def _tanh_gradient(y: tf.Tensor, d_y: tf.Tensor) -> tf.Tensor:
    """``dz`` for ``y = tanh(z)``: ``dy * (1 - y^2)``, as one kernel."""
    return tf.raw_ops.TanhGrad(y=y, dy=d_y)


def _all_steps(
    projected: FourGates, recurrent_kernels: FourGates, hidden: tf.Tensor, cell: tf.Tensor
) -> Gates:
    """Runs all steps; returns what happened in each, as ``TensorArray`` in the fields of ``Gates``."""
    steps = tf.shape(projected[0])[0]
    # They are read twice: stacked as results, and step by step on the way back.
    arrays = tuple(tf.TensorArray(cell.dtype, size=steps, clear_after_read=False) for _ in Gates._fields)

    def body(step: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor, arrays: Any) -> Any:
        sums = tuple(
            of_input[step] + tf.matmul(hidden, recurrent_kernel)
            for of_input, recurrent_kernel in zip(projected, recurrent_kernels, strict=True)
        )
        gates = lstm_step(sums, cell)
        arrays = tuple(array.write(step, value) for array, value in zip(arrays, gates, strict=True))
        return step + 1, gates.output, gates.cell, arrays

    *_, arrays = tf.while_loop(lambda step, *_: step < steps, body, (0, hidden, cell, arrays))
    return Gates(*arrays)


def _all_steps_backwards(
    arrays: Gates, recurrent_kernels: FourGates, cell: tf.Tensor, d_outputs: tf.Tensor, d_cells: tf.Tensor
) -> tuple[FourGates, tf.Tensor, tf.Tensor]:
    """The backward loop: equation (13) around those of one step.

    Args:
        arrays: what ``_all_steps`` wrote.
        recurrent_kernels: float [units, units] each.
        cell: float [batch, units], the cell state before the first step.
        d_outputs: float [steps, batch, units], the gradient that each output receives from above.
        d_cells: likewise of each cell state.

    Returns:
        ``dz`` of the four gates [steps, batch, units], ``dh_0`` and ``dc_0`` [batch, units].
    """
    # Transposed once: a product that transposes in every step takes longer on a CPU.
    transposed_kernels = [tf.transpose(recurrent_kernel) for recurrent_kernel in recurrent_kernels]

    def body(step: tf.Tensor, d_hidden: tf.Tensor, d_cell: tf.Tensor, d_arrays: Any) -> Any:
        gates = Gates(*(array.read(step) for array in arrays))
        cell_before = tf.cond(step > 0, lambda: arrays.cell.read(step - 1), lambda: cell)
        d_sums, d_cell = lstm_step_gradient(
            gates, cell_before, d_outputs[step] + d_hidden, d_cells[step] + d_cell
        )
        d_hidden = tf.add_n(
            [tf.matmul(d, kernel) for d, kernel in zip(d_sums, transposed_kernels, strict=True)]
        )
        d_arrays = tuple(array.write(step, d) for array, d in zip(d_arrays, d_sums, strict=True))
        return step - 1, d_hidden, d_cell, d_arrays

    steps, nothing = tf.shape(d_outputs)[0], tf.zeros_like(cell)
    d_arrays = tuple(tf.TensorArray(cell.dtype, size=steps) for _ in recurrent_kernels)
    _, d_hidden, d_cell, d_arrays = tf.while_loop(
        lambda step, *_: step >= 0, body, (steps - 1, nothing, nothing, d_arrays)
    )
    return tuple(array.stack() for array in d_arrays), d_hidden, d_cell


@tf.custom_gradient  # type: ignore[untyped-decorator]
def lstm_recurrence(
    projected: FourGates, recurrent_kernel: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor
) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable[..., Any]]:
    """All steps of an LSTM over inputs that are already multiplied by the kernel.

    Args:
        projected: ``x_t W + b`` of all steps, float [steps, batch, units] for each gate i, f, g, o.
        recurrent_kernel: float [units, 4 * units], the four recurrent kernels side by side.
        hidden: float [batch, units], the output before the first step.
        cell: float [batch, units], the cell state before the first step.

    Returns:
        The outputs and the cell states of all steps, float [steps, batch, units] each.
    """
    recurrent_kernels = tf.split(recurrent_kernel, 4, axis=1)
    arrays = _all_steps(projected, recurrent_kernels, hidden, cell)
    outputs, cells = _stacked(arrays.output, cell), _stacked(arrays.cell, cell)

    def gradient(d_outputs: tf.Tensor, d_cells: tf.Tensor) -> tuple[Any, ...]:
        d_sums, d_hidden, d_cell = _all_steps_backwards(arrays, recurrent_kernels, cell, d_outputs, d_cells)
        outputs_before = _rows(tf.concat([hidden[None], outputs[:-1]], axis=0))
        d_kernels = [tf.matmul(outputs_before, _rows(d_sum), transpose_a=True) for d_sum in d_sums]  # (14)
        return *d_sums, tf.concat(d_kernels, axis=1), d_hidden, d_cell

    return (outputs, cells), gradient


def _stacked(array: tf.TensorArray, like: tf.Tensor) -> tf.Tensor:
    """The values of all steps, [steps, batch, units], where ``like`` has the shape of one."""
    stacked = array.stack()
    stacked.set_shape([None, *like.shape])
    return stacked


def _rows(vectors: tf.Tensor) -> tf.Tensor:
    """[steps, batch, features] to [steps * batch, features]: all steps of a product at once."""
    return tf.reshape(vectors, [-1, vectors.shape[-1]])


@keras.saving.register_keras_serializable(package="translator")
class LSTM(keras.layers.LSTM):
    """``keras.layers.LSTM`` with its own backpropagation through time on a CPU, and gates to look into.

    Weights, configuration, cell and results are those of ``keras.layers.LSTM``. On a GPU the fused
    cuDNN kernel of Keras runs; on a CPU the functions above do, which multiply the inputs of all steps
    at once and compute each weight gradient as one product after the loop.

    Sequences are padded on the right. Then no mask is needed: an output depends on earlier steps only.
    With a mask, outputs and states are those of Keras, by its own slower loop: a masked step repeats the
    output and the state of the step before, so that the last state is that of each sentence's own end.
    """

    def inner_loop(
        self, sequences: tf.Tensor, initial_state: list[tf.Tensor], mask: Any, training: bool = False
    ) -> Any:
        prefers_cudnn = tf.config.list_logical_devices("GPU") and not _for_any_device.get()
        if mask is not None or not self._equations_apply() or prefers_cudnn:
            return super().inner_loop(sequences, initial_state, mask, training)
        outputs, cells = lstm_recurrence(
            self._projected(sequences),
            tf.cast(self.cell.recurrent_kernel, self.compute_dtype),
            *initial_state,
        )
        return outputs[-1], tf.transpose(outputs, [1, 0, 2]), [outputs[-1], cells[-1]]

    def gates(self, sequences: tf.Tensor, initial_state: tuple[tf.Tensor, tf.Tensor] | None = None) -> Gates:
        """What the layer does at every step, to look into; its ``output`` is that of the layer.

        Args:
            sequences: float [batch, steps, features].
            initial_state: output and cell state before the first step, float [batch, units] each; None:
                zeros.

        Raises:
            ValueError: if the layer has other activations than those of the equations, its own dropout,
                or runs backwards or unrolled.
        """
        self._check_that_equations_apply()
        if initial_state is None:
            initial_state = self.get_initial_state(tf.shape(sequences)[0])
        sequences, hidden, cell = (
            tf.cast(tensor, self.compute_dtype) for tensor in (sequences, *initial_state)
        )
        recurrent_kernels = tf.split(tf.cast(self.cell.recurrent_kernel, self.compute_dtype), 4, axis=1)
        arrays = _all_steps(self._projected(sequences), recurrent_kernels, hidden, cell)
        return Gates(*(tf.transpose(array.stack(), [1, 0, 2]) for array in arrays))

    def step_function(self) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], Gates]:
        """A function that computes one step, for search, which asks for one step after the other.

        What all steps need is made here, before the loop: for each gate one kernel, ``W`` upon ``R``, so
        that a gate costs one product with ``[x_t ; h_{t-1}]``, to which TensorFlow fuses bias and sigmoid.

        Returns:
            ``step(inputs, hidden, cell)`` with float [batch, features], [batch, units] and [batch, units].

        Raises:
            ValueError: as ``gates`` does.
        """
        self._check_that_equations_apply()
        kernels = tf.split(
            tf.cast(tf.concat([self.cell.kernel, self.cell.recurrent_kernel], axis=0), self.compute_dtype),
            4,
            axis=1,
        )
        biases = tf.split(tf.cast(self.cell.bias, self.compute_dtype), 4) if self.use_bias else [None] * 4

        def step(inputs: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor) -> Gates:
            both = tf.concat([inputs, hidden], axis=1)
            sums = [tf.matmul(both, kernel) for kernel in kernels]
            if self.use_bias:
                sums = [tf.nn.bias_add(*pair) for pair in zip(sums, biases, strict=True)]
            return lstm_step(tuple(sums), cell)

        return step

    def _projected(self, sequences: tf.Tensor) -> FourGates:
        """``x_t W + b`` of all steps: [batch, steps, features] to [steps, batch, units] for each gate."""
        steps_first = tf.transpose(sequences, [1, 0, 2])
        kernels = tf.split(tf.cast(self.cell.kernel, self.compute_dtype), 4, axis=1)
        products = [tf.matmul(_rows(steps_first), kernel) for kernel in kernels]
        if self.use_bias:
            biases = tf.split(tf.cast(self.cell.bias, self.compute_dtype), 4)
            products = [tf.nn.bias_add(*pair) for pair in zip(products, biases, strict=True)]
        shape = [*tf.unstack(tf.shape(steps_first)[:2]), self.units]
        return tuple(tf.reshape(product, shape) for product in products)

    def _check_that_equations_apply(self) -> None:
        if not self._equations_apply():
            raise ValueError(
                f"{self.name}: not configured as the LSTM of the equations; it has no such gates"
            )

    def _equations_apply(self) -> bool:
        """Whether this layer is configured as the textbook LSTM that the functions above compute."""
        return (
            keras.activations.serialize(self.activation) == "tanh"
            and keras.activations.serialize(self.recurrent_activation) == "sigmoid"
            and not (self.dropout or self.recurrent_dropout or self.go_backwards or self.unroll)
        )
