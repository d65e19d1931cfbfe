"""Scaled dot-product attention, one query and one head after the other."""

import numpy as np


def softmax(scores):
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


def look(query, memory, query_kernel, key_value_kernel, num_heads, told=0.0):
    """One query over the memory of one sentence.

    Args:
        query: [units].
        memory: [source steps, units], without padding.
        query_kernel: [units, units].
        key_value_kernel: [units, 2 * units].
        num_heads: number of heads, each with its own equal share of the columns.
        told: what is added to the scores, [source steps].

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
        weights.append(softmax(np.array(scores) + told))
        contexts.append(
            sum(weight * value for weight, value in zip(weights[-1], values[:, columns], strict=True))
        )
    return np.concatenate(contexts), np.stack(weights)


def told_of(past, coverage, location):
    """What the past adds to the scores, [source steps].

    Args:
        past: the first looks of all steps before, [source steps] each, the last one at the end.
        coverage: factor of their sum.
        location: factors of the last one, by how far ahead of it a position is, from -3 to 3.
    """
    if not past:
        return 0.0
    told = coverage * sum(past)
    for position in range(len(told)):
        for factor, ahead in zip(location, range(-3, 4), strict=True):
            if 0 <= position - ahead < len(told):
                told[position] += factor * past[-1][position - ahead]
    return 4 * told


def attend(query, memory, weights, num_heads, past):
    """The first look and the second, which knows of the first looks before.

    Args:
        query: [units].
        memory: [source steps, units], without padding.
        weights: those of the layer by name.
        num_heads: number of heads.
        past: see ``told_of``.

    Returns:
        The context [units], the weights [heads, source steps] and the past for the next step.
    """
    of_look = query, memory, weights["query/kernel"], weights["key_value/kernel"], num_heads
    _, first = look(*of_look)
    context, second = look(*of_look, told_of(past, weights["coverage"], weights["location"]))
    return context, second, [*past, first.mean(axis=0)]
