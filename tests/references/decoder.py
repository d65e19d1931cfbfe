"""The decoder for one sentence without padding, one step after the other."""

import numpy as np

from references.attention import attend
from references.encoder import lstm_weights, norm_at
from references.lstm import lstm_step


def initial_states(weights, memory, num_layers):
    """From the memory [source steps, units] a pair (hidden, cell), [units] each, for every layer.

    Beside them stands the past of attention, which is empty.
    """
    z = memory.mean(axis=0) @ weights["decoder/initial/kernel"] + weights["decoder/initial/bias"]
    parts = np.split(np.tanh(z), 2 * num_layers)
    return [(parts[2 * i], parts[2 * i + 1]) for i in range(num_layers)], []


def decoder_step(weights, x, states, memory, words, num_heads):
    """One step.

    Args:
        weights: all weights of the network by their path.
        x: [units], the embedded piece before.
        states: a pair (hidden, cell) for every layer, and the past of attention.
        memory: [source steps, units].
        words: [source steps, units], the embedded source pieces; with a dictionary, beside them what it says.
        num_heads: number of attention heads.

    Returns:
        The readout [units], the new states and the attention weights [heads, source steps].
    """
    pairs, past = states
    new_pairs = []

    def lstm(i, vector):
        hidden, cell = pairs[i]
        output, new_cell, _ = lstm_step(
            vector[None], hidden[None], cell[None], *lstm_weights(weights, f"decoder/lstm_{i}")
        )
        new_pairs.append((output[0], new_cell[0]))
        return output[0]

    h = norm_at(weights, "decoder/norm_0", lstm(0, x))
    path = "decoder/attention/"
    of_attention = {name.removeprefix(path): one for name, one in weights.items() if name.startswith(path)}
    context, attention, past = attend(h, memory, of_attention, num_heads, past)
    for i in range(1, len(pairs)):
        h = norm_at(weights, f"decoder/norm_{i}", h + lstm(i, np.concatenate([h, context])))
    top = np.concatenate([h, context])
    z = top @ weights["decoder/readout/kernel"] + weights["decoder/readout/bias"]
    found, said = np.split(attention.mean(axis=0) @ words, [len(x)])
    f = np.tanh(found)
    kernel, bias = (weights[f"decoder/lexical/hidden/{name}"] for name in ("kernel", "bias"))
    readout = np.tanh(z) + f + np.tanh(f @ kernel + bias)
    if len(said):
        trust = 8 / (1 + np.exp(-(top @ weights["decoder/trust/kernel"] + weights["decoder/trust/bias"])))
        readout = readout + trust * said
    return readout, (new_pairs, past), attention
