"""The decoder for one sentence without padding, one position at a time."""

import numpy as np

from references.attention import attend
from references.encoder import lstm_weights, norm_at
from references.lstm import lstm_step


def initial_state(weights, memory, num_layers):
    """The state before the first position, from the memory [source_length, units].

    It is a pair (hidden, cell), [units] each, for every layer, and the history of attention, which is empty.
    """
    z = memory.mean(axis=0) @ weights["decoder/initial/kernel"] + weights["decoder/initial/bias"]
    parts = np.split(np.tanh(z), 2 * num_layers)
    return [(parts[2 * i], parts[2 * i + 1]) for i in range(num_layers)], []


def decoder_step(weights, x, state, memory, lexical_values, num_heads):
    """Decodes one position.

    Args:
        weights: all weights of the network, by path.
        x: [units], the embedded previous token.
        state: a pair (hidden, cell) for every layer, and the history of attention.
        memory: [source_length, units].
        lexical_values: [source_length, units], the embedded source tokens; with a dictionary, [source_length,
            2 * units], the embeddings followed by the dictionary vectors.
        num_heads: number of attention heads.

    Returns:
        The readout [units], the new state and the attention weights [heads, source_length].
    """
    pairs, history = state
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
    attention_weights = {
        name.removeprefix(path): value for name, value in weights.items() if name.startswith(path)
    }
    context, attention, history = attend(h, memory, attention_weights, num_heads, history)
    for i in range(1, len(pairs)):
        h = norm_at(weights, f"decoder/norm_{i}", h + lstm(i, np.concatenate([h, context])))
    top = np.concatenate([h, context])
    z = top @ weights["decoder/readout/kernel"] + weights["decoder/readout/bias"]
    lexical_context = attention.mean(axis=0) @ lexical_values
    attended_embeddings, dictionary_context = np.split(lexical_context, [len(x)])
    f = np.tanh(attended_embeddings)
    kernel, bias = (weights[f"decoder/lexical/hidden/{name}"] for name in ("kernel", "bias"))
    readout = np.tanh(z) + f + np.tanh(f @ kernel + bias)
    if len(dictionary_context):
        gate = 8 / (1 + np.exp(-(top @ weights["decoder/trust/kernel"] + weights["decoder/trust/bias"])))
        readout = readout + gate * dictionary_context
    return readout, (new_pairs, history), attention
