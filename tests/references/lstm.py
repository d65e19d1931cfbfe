"""The LSTM and its backpropagation through time, one time step at a time.

The columns of the kernels and of the bias hold the gates in the order i, f, g, o.
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(x, hidden, cell, kernel, recurrent_kernel, bias):
    """Computes one time step.

    Args:
        x: [batch, features].
        hidden: [batch, units], the previous output.
        cell: [batch, units], the previous cell state.
        kernel: [features, 4 * units].
        recurrent_kernel: [units, 4 * units].
        bias: [4 * units].

    Returns:
        The output and the cell state, [batch, units] each, and the gates i, f, g, o.
    """
    z_i, z_f, z_g, z_o = np.split(x @ kernel + hidden @ recurrent_kernel + bias, 4, axis=-1)
    i, f, g, o = sigmoid(z_i), sigmoid(z_f), np.tanh(z_g), sigmoid(z_o)
    new_cell = f * cell + i * g
    return o * np.tanh(new_cell), new_cell, (i, f, g, o)


def lstm_forward(inputs, kernel, recurrent_kernel, bias, hidden, cell):
    """Runs over inputs [batch, time, features].

    Returns:
        The outputs [batch, time, units], the last output and the last cell state [batch, units].
    """
    outputs = []
    for t in range(inputs.shape[1]):
        hidden, cell, _ = lstm_step(inputs[:, t], hidden, cell, kernel, recurrent_kernel, bias)
        outputs.append(hidden)
    return np.stack(outputs, axis=1), hidden, cell


def lstm_gates(inputs, kernel, recurrent_kernel, bias, hidden, cell):
    """The activations at every time step, by name: [batch, time, units] each."""
    activations = {
        name: [] for name in ("input_gate", "forget_gate", "candidate", "output_gate", "cell", "output")
    }
    for t in range(inputs.shape[1]):
        hidden, cell, gates = lstm_step(inputs[:, t], hidden, cell, kernel, recurrent_kernel, bias)
        for values, value in zip(activations.values(), (*gates, cell, hidden), strict=True):
            values.append(value)
    return {name: np.stack(values, axis=1) for name, values in activations.items()}


def lstm_backward(
    inputs, kernel, recurrent_kernel, bias, hidden, cell, d_outputs, d_last_output, d_last_cell
):
    """The gradient of sum(outputs * d_outputs) + sum(last output * ...) + sum(last cell state * ...).

    Each line is the chain rule for one line of ``lstm_step``.

    Returns:
        The gradients of inputs, kernel, recurrent kernel, bias, initial output and initial cell state.
    """
    steps, trace = inputs.shape[1], []
    for t in range(steps):
        new_hidden, new_cell, gates = lstm_step(inputs[:, t], hidden, cell, kernel, recurrent_kernel, bias)
        trace.append((hidden, cell, new_cell, gates))
        hidden, cell = new_hidden, new_cell
    d_inputs, d_kernel = np.zeros_like(inputs), np.zeros_like(kernel)
    d_recurrent_kernel, d_bias = np.zeros_like(recurrent_kernel), np.zeros_like(bias)
    d_hidden, d_cell = d_last_output, d_last_cell
    for t in reversed(range(steps)):
        previous_hidden, previous_cell, cell, (i, f, g, o) = trace[t]
        d_hidden = d_hidden + d_outputs[:, t]
        d_o = d_hidden * np.tanh(cell)
        d_cell = d_cell + d_hidden * o * (1 - np.tanh(cell) ** 2)
        d_i, d_f, d_g = d_cell * g, d_cell * previous_cell, d_cell * i
        d_z = np.concatenate(
            [d_i * i * (1 - i), d_f * f * (1 - f), d_g * (1 - g**2), d_o * o * (1 - o)], axis=-1
        )
        d_inputs[:, t] = d_z @ kernel.T
        d_kernel += inputs[:, t].T @ d_z
        d_recurrent_kernel += previous_hidden.T @ d_z
        d_bias += d_z.sum(axis=0)
        d_hidden = d_z @ recurrent_kernel.T
        d_cell = d_cell * f
    return d_inputs, d_kernel, d_recurrent_kernel, d_bias, d_hidden, d_cell
