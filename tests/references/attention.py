"""Attention in two passes, one query and one head at a time; see translator/nn/attention.py."""

import numpy as np


def softmax(scores):
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


def dot_product_attention(query, memory, query_kernel, key_value_kernel, num_heads, features=0.0):
    """One query over the memory of one sentence.

    Args:
        query: [units].
        memory: [source_length, units], without padding.
        query_kernel: [units, units].
        key_value_kernel: [units, 2 * units].
        num_heads: number of heads, each with an equal share of the columns.
        features: added to the scores, [source_length].

    Returns:
        The context [units] and the weights [heads, source_length].
    """
    units = len(query)
    width = units // num_heads
    projected = query @ query_kernel  # [units]
    keys, values = (memory @ key_value_kernel)[:, :units], (memory @ key_value_kernel)[:, units:]
    contexts, weights = [], []
    for head in range(num_heads):
        columns = slice(head * width, (head + 1) * width)
        scores = [projected[columns] @ key / np.sqrt(width) for key in keys[:, columns]]
        weights.append(softmax(np.array(scores) + features))
        contexts.append(
            sum(weight * value for weight, value in zip(weights[-1], values[:, columns], strict=True))
        )
    return np.concatenate(contexts), np.stack(weights)


def history_features(first_passes, coverage_weight, location_weights):
    """The coverage and location features, [source_length].

    Args:
        first_passes: the first passes at all earlier target positions, [source_length] each, oldest first.
        coverage_weight: factor of their sum.
        location_weights: factors of the latest one, by how far ahead of it a position is, from -3 to 3.
    """
    if not first_passes:
        return 0.0
    features = coverage_weight * sum(first_passes)
    for position in range(len(features)):
        for factor, ahead in zip(location_weights, range(-3, 4), strict=True):
            if 0 <= position - ahead < len(features):
                features[position] += factor * first_passes[-1][position - ahead]
    return 4 * features


def attend(query, memory, weights, num_heads, first_passes):
    """Both passes.

    Args:
        query: [units].
        memory: [source_length, units], without padding.
        weights: the weights of the layer, by name.
        num_heads: number of heads.
        first_passes: see ``history_features``.

    Returns:
        The context [units], the weights [heads, source_length] and the first passes for the next position.
    """
    arguments = query, memory, weights["query/kernel"], weights["key_value/kernel"], num_heads
    _, first = dot_product_attention(*arguments)
    features = history_features(first_passes, weights["coverage"], weights["location"])
    context, second = dot_product_attention(*arguments, features)
    return context, second, [*first_passes, first.mean(axis=0)]
