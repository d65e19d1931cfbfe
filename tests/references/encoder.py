"""The encoder for one sentence without padding."""

import numpy as np

from references.lstm import lstm_forward


def layer_norm(x, gamma, beta, epsilon=1e-3):
    """Normalizes each vector [..., features] to mean 0 and variance 1, then scales and shifts it."""
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta


def norm_at(weights, path, x):
    """Applies the layer normalization whose weights are under ``path``."""
    return layer_norm(x, weights[f"{path}/gamma"], weights[f"{path}/beta"])


def lstm_weights(weights, path):
    """Kernel, recurrent kernel and bias of the LSTM under ``path``."""
    return tuple(weights[f"{path}/lstm_cell/{name}"] for name in ("kernel", "recurrent_kernel", "bias"))


def run_lstm(weights, path, inputs):
    """Runs the LSTM under ``path`` from a zero state: [time, features] to [time, units]."""
    kernel, recurrent_kernel, bias = lstm_weights(weights, path)
    zero = np.zeros([1, len(recurrent_kernel)])
    return lstm_forward(inputs[None], kernel, recurrent_kernel, bias, zero, zero)[0][0]


def encode(weights, embedded, num_layers):
    """Encodes embedded tokens [source_length, units] to the memory [source_length, units]."""
    forward = run_lstm(weights, "encoder/bidirectional/forward", embedded)
    backward = run_lstm(weights, "encoder/bidirectional/backward", embedded[::-1])[::-1]
    x = norm_at(weights, "encoder/norm_0", np.concatenate([forward, backward], axis=-1))
    for i in range(1, num_layers):
        x = norm_at(weights, f"encoder/norm_{i}", x + run_lstm(weights, f"encoder/lstm_{i}", x))
    return x
