"""The LSTM, with a hand-written gradient for training on CPUs.

At time step t an LSTM reads the input ``x_t`` [batch, features], its previous output ``h_{t-1}`` and its
previous cell state ``c_{t-1}``, [batch, units] each. Every gate has a kernel ``W`` [features, units], a
recurrent kernel ``U`` [units, units] and a bias ``b`` [units]; ``*`` is the element-wise product. The forward
equations, with all results [batch, units]:

    i_t = sigmoid(x_t W_i + h_{t-1} U_i + b_i)      (1) input gate: how much of the candidate is written
    f_t = sigmoid(x_t W_f + h_{t-1} U_f + b_f)      (2) forget gate: how much of the old cell state is kept
    g_t = tanh   (x_t W_g + h_{t-1} U_g + b_g)      (3) candidate: what may be written to the cell state
    o_t = sigmoid(x_t W_o + h_{t-1} U_o + b_o)      (4) output gate: how much of the cell state is output
    c_t = f_t * c_{t-1} + i_t * g_t                 (5) cell state
    h_t = o_t * tanh(c_t)                           (6) output

The cell state, the input gate and the output gate come from Hochreiter and Schmidhuber (1997, "Long
Short-Term Memory", section 4), where ``f_t`` is 1; the forget gate comes from Gers, Schmidhuber and Cummins
(2000, "Learning to Forget", section 3). The sum in (5) is why an LSTM remembers: the derivative of ``c_t``
with respect to ``c_{t-1}`` is just ``f_t``, so an error travels back through any number of time steps without
vanishing as long as the forget gate is open. A plain recurrent network multiplies it by a matrix every time.

Backpropagation through time visits the time steps in reverse (Greff et al. 2017, "LSTM: A Search Space
Odyssey", section II-B, without peepholes). ``da`` is the gradient of the loss with respect to ``a``, and
``z`` is the argument of a gate's sigmoid or tanh. At time step t, ``dh_t`` and ``dc_t`` [batch, units] arrive
from the layer above and from time step t+1. The backward equations:

    dc_t    += dh_t * o_t * (1 - tanh(c_t)^2)       (7) through (6)
    dz_i     = dc_t * g_t     * i_t * (1 - i_t)     (8) through (5) and (1)
    dz_f     = dc_t * c_{t-1} * f_t * (1 - f_t)     (9) through (5) and (2)
    dz_g     = dc_t * i_t     * (1 - g_t^2)         (10) through (5) and (3)
    dz_o     = dh_t * tanh(c_t) * o_t * (1 - o_t)   (11) through (6) and (4)
    dc_{t-1} = dc_t * f_t                           (12) through (5)
    dh_{t-1} = sum over gates of dz U^T             (13) the only matrix products inside the loop

    dU       = sum over t of h_{t-1}^T dz_t         (14) [units, units]; one product per gate, after the loop
    dW       = sum over t of x_t^T dz_t             (15) [features, units]; likewise
    dx_t     = sum over gates of dz_t W^T           (16) [batch, features]; likewise, for all t at once

(1) to (14) are written out below. The products ``x_t W + b`` of all time steps are computed before the loop,
and TensorFlow derives (15) and (16) from them. The four gates keep separate matrices instead of sharing one
wide matrix: their products run in parallel on several cores, and nothing has to be sliced or concatenated.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import tensorflow as tf

_cudnn_allowed = contextvars.ContextVar("cudnn_allowed", default=True)

# One tensor per gate, in the order i, f, g, o of Keras's kernels.
PerGate = tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]


class Gates(NamedTuple):
    """The activations of an LSTM: [batch, units] of one time step or [batch, time, units] of a sequence.

    Attributes:
        input_gate: float in 0 to 1; ``i``, how much of the candidate is written.
        forget_gate: float in 0 to 1; ``f``, how much of the previous cell state is kept.
        candidate: float in -1 to 1; ``g``, what may be written to the cell state.
        output_gate: float in 0 to 1; ``o``, how much of the cell state is output.
        cell: float; the cell state ``c``.
        cell_tanh: float in -1 to 1; ``tanh(c)``.
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
    """Makes LSTM layers use the equations above on a GPU too; a graph with cuDNN's kernel needs a GPU."""
    token = _cudnn_allowed.set(False)
    try:
        yield
    finally:
        _cudnn_allowed.reset(token)


def lstm_step(z: PerGate, previous_cell: tf.Tensor) -> Gates:
    """Computes one time step, given the arguments of sigmoid and tanh in (1) to (4).

    Args:
        z: ``x_t W + h_{t-1} U + b`` of each gate, float [batch, units].
        previous_cell: float [batch, units], ``c_{t-1}``.
    """
    z_i, z_f, z_g, z_o = z
    input_gate = tf.sigmoid(z_i)  # (1)
    forget_gate = tf.sigmoid(z_f)  # (2)
    candidate = tf.tanh(z_g)  # (3)
    output_gate = tf.sigmoid(z_o)  # (4)
    cell = forget_gate * previous_cell + input_gate * candidate  # (5)
    cell_tanh = tf.tanh(cell)
    output = output_gate * cell_tanh  # (6)
    return Gates(input_gate, forget_gate, candidate, output_gate, cell, cell_tanh, output)


def lstm_step_gradient(
    gates: Gates, previous_cell: tf.Tensor, d_output: tf.Tensor, d_cell: tf.Tensor
) -> tuple[PerGate, tf.Tensor]:
    """Goes back through one time step: (7) to (12).

    Args:
        gates: the activations of the time step; ``output`` is not used.
        previous_cell: float [batch, units], ``c_{t-1}``.
        d_output: float [batch, units], ``dh_t``.
        d_cell: float [batch, units], ``dc_t`` as it arrives from time step t+1.

    Returns:
        ``dz`` of the four gates and ``dc_{t-1}``, float [batch, units] each.
    """
    d_cell += _tanh_gradient(gates.cell_tanh, d_output * gates.output_gate)  # (7)
    d_z = (
        _sigmoid_gradient(gates.input_gate, d_cell * gates.candidate),  # (8)
        _sigmoid_gradient(gates.forget_gate, d_cell * previous_cell),  # (9)
        _tanh_gradient(gates.candidate, d_cell * gates.input_gate),  # (10)
        _sigmoid_gradient(gates.output_gate, d_output * gates.cell_tanh),  # (11)
    )
    return d_z, d_cell * gates.forget_gate  # (12)


def _sigmoid_gradient(y: tf.Tensor, d_y: tf.Tensor) -> tf.Tensor:
    """``dz`` for ``y = sigmoid(z)``: ``dy * y * (1 - y)``, as one kernel."""
    return tf.raw_ops.SigmoidGrad(y=y, dy=d_y)


def _tanh_gradient(y: tf.Tensor, d_y: tf.Tensor) -> tf.Tensor:
    """``dz`` for ``y = tanh(z)``: ``dy * (1 - y^2)``, as one kernel."""
    return tf.raw_ops.TanhGrad(y=y, dy=d_y)


def _forward_loop(
    projected_inputs: PerGate, recurrent_kernels: PerGate, hidden: tf.Tensor, cell: tf.Tensor
) -> Gates:
    """Runs all time steps; each field of the result is a ``TensorArray`` with one entry per time step."""
    num_steps = tf.shape(projected_inputs[0])[0]
    # They are read twice: stacked as results, and step by step in the backward loop.
    arrays = tuple(tf.TensorArray(cell.dtype, size=num_steps, clear_after_read=False) for _ in Gates._fields)

    def body(t: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor, arrays: Any) -> Any:
        z = tuple(
            projected[t] + tf.matmul(hidden, recurrent_kernel)
            for projected, recurrent_kernel in zip(projected_inputs, recurrent_kernels, strict=True)
        )
        gates = lstm_step(z, cell)
        arrays = tuple(array.write(t, value) for array, value in zip(arrays, gates, strict=True))
        return t + 1, gates.output, gates.cell, arrays

    *_, arrays = tf.while_loop(lambda t, *_: t < num_steps, body, (0, hidden, cell, arrays))
    return Gates(*arrays)


def _backward_loop(
    arrays: Gates,
    recurrent_kernels: PerGate,
    initial_cell: tf.Tensor,
    d_outputs: tf.Tensor,
    d_cells: tf.Tensor,
) -> tuple[PerGate, tf.Tensor, tf.Tensor]:
    """Goes back through all time steps: (7) to (13).

    Args:
        arrays: the result of ``_forward_loop``.
        recurrent_kernels: float [units, units] each.
        initial_cell: float [batch, units], the cell state before the first time step.
        d_outputs: float [time, batch, units], the gradient that each output receives from the layer above.
        d_cells: likewise for each cell state.

    Returns:
        ``dz`` of the four gates [time, batch, units], and the gradients of the initial output and of the
        initial cell state [batch, units].
    """
    # Transposed once: a product that transposes in every time step takes longer on a CPU.
    transposed_kernels = [tf.transpose(recurrent_kernel) for recurrent_kernel in recurrent_kernels]

    def body(t: tf.Tensor, d_hidden: tf.Tensor, d_cell: tf.Tensor, d_arrays: Any) -> Any:
        gates = Gates(*(array.read(t) for array in arrays))
        previous_cell = tf.cond(t > 0, lambda: arrays.cell.read(t - 1), lambda: initial_cell)
        d_z, d_cell = lstm_step_gradient(gates, previous_cell, d_outputs[t] + d_hidden, d_cells[t] + d_cell)
        d_hidden = tf.add_n(  # (13)
            [tf.matmul(d, kernel) for d, kernel in zip(d_z, transposed_kernels, strict=True)]
        )
        d_arrays = tuple(array.write(t, d) for array, d in zip(d_arrays, d_z, strict=True))
        return t - 1, d_hidden, d_cell, d_arrays

    num_steps, zeros = tf.shape(d_outputs)[0], tf.zeros_like(initial_cell)
    d_arrays = tuple(tf.TensorArray(initial_cell.dtype, size=num_steps) for _ in recurrent_kernels)
    _, d_hidden, d_cell, d_arrays = tf.while_loop(
        lambda t, *_: t >= 0, body, (num_steps - 1, zeros, zeros, d_arrays)
    )
    return tuple(array.stack() for array in d_arrays), d_hidden, d_cell


@tf.custom_gradient  # type: ignore[untyped-decorator]
def lstm_recurrence(
    projected_inputs: PerGate, recurrent_kernel: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor
) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable[..., Any]]:
    """Runs an LSTM over inputs that are already multiplied by the kernel.

    Args:
        projected_inputs: ``x_t W + b`` for each gate i, f, g, o, float [time, batch, units].
        recurrent_kernel: float [units, 4 * units], the ``U`` of the four gates side by side.
        hidden: float [batch, units], the output before the first time step.
        cell: float [batch, units], the cell state before the first time step.

    Returns:
        The outputs and the cell states, float [time, batch, units] each.
    """
    recurrent_kernels = tf.split(recurrent_kernel, 4, axis=1)
    arrays = _forward_loop(projected_inputs, recurrent_kernels, hidden, cell)
    outputs, cells = _stack(arrays.output, cell), _stack(arrays.cell, cell)

    def gradient(d_outputs: tf.Tensor, d_cells: tf.Tensor) -> tuple[Any, ...]:
        d_z, d_hidden, d_cell = _backward_loop(arrays, recurrent_kernels, cell, d_outputs, d_cells)
        previous_outputs = _merge_time_and_batch(tf.concat([hidden[None], outputs[:-1]], axis=0))
        d_kernels = [  # (14)
            tf.matmul(previous_outputs, _merge_time_and_batch(d), transpose_a=True) for d in d_z
        ]
        return *d_z, tf.concat(d_kernels, axis=1), d_hidden, d_cell

    return (outputs, cells), gradient


def _stack(array: tf.TensorArray, like: tf.Tensor) -> tf.Tensor:
    """Stacks an array to [time, batch, units]; ``like`` has the static shape of one entry."""
    stacked = array.stack()
    stacked.set_shape([None, *like.shape])
    return stacked


def _merge_time_and_batch(vectors: tf.Tensor) -> tf.Tensor:
    """Reshapes [time, batch, features] to [time * batch, features], for one product over all time steps."""
    return tf.reshape(vectors, [-1, vectors.shape[-1]])


@keras.saving.register_keras_serializable(package="translator")
class LSTM(keras.layers.LSTM):
    """``keras.layers.LSTM`` that trains faster on a CPU and can show its gates.

    Weights, configuration, cell and results are those of ``keras.layers.LSTM``. On a GPU, Keras's fused cuDNN
    kernel runs. On a CPU, the functions above run: they multiply the inputs of all time steps by the kernel
    at once, and compute each weight gradient as one product after the loop.

    Sequences are padded on the right and need no mask, because an output depends on earlier time steps only.
    With a mask, Keras's own slower loop runs: a masked time step repeats the previous output and state, so
    the last state of each sequence is the one at its own end.
    """

    def inner_loop(
        self, sequences: tf.Tensor, initial_state: list[tf.Tensor], mask: Any, training: bool = False
    ) -> Any:
        uses_cudnn = tf.config.list_logical_devices("GPU") and _cudnn_allowed.get()
        if mask is not None or not self._is_standard() or uses_cudnn:
            return super().inner_loop(sequences, initial_state, mask, training)
        outputs, cells = lstm_recurrence(
            self._project_inputs(sequences),
            tf.cast(self.cell.recurrent_kernel, self.compute_dtype),
            *initial_state,
        )
        return outputs[-1], tf.transpose(outputs, [1, 0, 2]), [outputs[-1], cells[-1]]

    def gates(self, sequences: tf.Tensor, initial_state: tuple[tf.Tensor, tf.Tensor] | None = None) -> Gates:
        """Returns all activations of the layer, for inspection; ``output`` is the output of the layer.

        Args:
            sequences: float [batch, time, features].
            initial_state: output and cell state before the first time step, float [batch, units] each;
                None: zeros.

        Raises:
            ValueError: if the layer is not a standard LSTM: it has other activations than (1) to (6) or its
                own dropout, or runs backwards or unrolled.
        """
        self._check_standard()
        if initial_state is None:
            initial_state = self.get_initial_state(tf.shape(sequences)[0])
        sequences, hidden, cell = (
            tf.cast(tensor, self.compute_dtype) for tensor in (sequences, *initial_state)
        )
        recurrent_kernels = tf.split(tf.cast(self.cell.recurrent_kernel, self.compute_dtype), 4, axis=1)
        arrays = _forward_loop(self._project_inputs(sequences), recurrent_kernels, hidden, cell)
        return Gates(*(tf.transpose(array.stack(), [1, 0, 2]) for array in arrays))

    def step_function(self) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], Gates]:
        """Returns a function that computes one time step, for search, which runs one step at a time.

        Whatever all steps share is computed here, before the loop: one kernel per gate, ``W`` above ``U``, so
        that a gate costs one product with ``[x_t ; h_{t-1}]``, into which TensorFlow fuses bias and sigmoid.

        Returns:
            ``step(inputs, hidden, cell)`` with float [batch, features], [batch, units] and [batch, units].

        Raises:
            ValueError: as for ``gates``.
        """
        self._check_standard()
        kernels = tf.split(
            tf.cast(tf.concat([self.cell.kernel, self.cell.recurrent_kernel], axis=0), self.compute_dtype),
            4,
            axis=1,
        )
        biases = tf.split(tf.cast(self.cell.bias, self.compute_dtype), 4) if self.use_bias else None

        def step(inputs: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor) -> Gates:
            inputs_and_hidden = tf.concat([inputs, hidden], axis=1)
            z = [tf.matmul(inputs_and_hidden, kernel) for kernel in kernels]
            if biases is not None:
                z = [tf.nn.bias_add(*pair) for pair in zip(z, biases, strict=True)]
            return lstm_step(tuple(z), cell)

        return step

    def _project_inputs(self, sequences: tf.Tensor) -> PerGate:
        """``x_t W + b`` at all time steps: [batch, time, features] to [time, batch, units] for each gate."""
        time_major = tf.transpose(sequences, [1, 0, 2])
        kernels = tf.split(tf.cast(self.cell.kernel, self.compute_dtype), 4, axis=1)
        products = [tf.matmul(_merge_time_and_batch(time_major), kernel) for kernel in kernels]
        if self.use_bias:
            biases = tf.split(tf.cast(self.cell.bias, self.compute_dtype), 4)
            products = [tf.nn.bias_add(*pair) for pair in zip(products, biases, strict=True)]
        shape = [*tf.unstack(tf.shape(time_major)[:2]), self.units]
        return tuple(tf.reshape(product, shape) for product in products)

    def _check_standard(self) -> None:
        if not self._is_standard():
            raise ValueError(
                f"{self.name}: not a standard LSTM (tanh, sigmoid, no dropout, forward, not unrolled), so "
                "its gates cannot be computed"
            )

    def _is_standard(self) -> bool:
        """Whether this layer is configured as the LSTM of (1) to (6)."""
        return (
            keras.activations.serialize(self.activation) == "tanh"
            and keras.activations.serialize(self.recurrent_activation) == "sigmoid"
            and not (self.dropout or self.recurrent_dropout or self.go_backwards or self.unroll)
        )
