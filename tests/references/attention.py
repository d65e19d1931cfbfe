"""Scaled dot-product attention, one query and one head after the other."""

import numpy as np


def softmax(scores):
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


def attend(query, memory, query_kernel, key_value_kernel, num_heads):
    """One query over the memory of one sentence.

    Args:
        query: [units].
        memory: [source steps, units], without padding.
        query_kernel: [units, units].
        key_value_kernel: [units, 2 * units].
        num_heads: number of heads, each with its own equal share of the columns.

    Returns:
        The context [units] and the weights [heads, source steps].
    """
    units = len(query)
    width = units // num_heads
    projected = query @ query_kernel  # [units]
    keys, values = (memory @ key_value_kernel)[:, :units], (memory @ key_value_kernel)[:, units:]
    contexts, weights = [], []
    for head in range(num_heads):
        columns = slice(head * width, (head + 1) * width)
        scores = [projected[columns] @ key / np.sqrt(width) for key in keys[:, columns]]
        weights.append(softmax(np.array(scores)))
        contexts.append(
            sum(weight * value for weight, value in zip(weights[-1], values[:, columns], strict=True))
        )
    return np.concatenate(contexts), np.stack(weights)
