"""The alignment model of Dyer et al. (2013) in plain Python, pair by pair and position by position."""

import math
from collections import Counter, defaultdict


def position_weight(i, m, j, n, tension=4.0):
    """Returns the unnormalized weight of a link from position i of m to position j of n."""
    return math.exp(-tension * abs((i + 0.5) / m - (j + 0.5) / n))


def frequencies(targets):
    """Returns the relative frequency of each token in the target sentences."""
    counts = Counter(token for target in targets for token in target)
    return {token: count / counts.total() for token, count in counts.items()}


def link_probs(source, target, probs, unigram, unaligned_prob=0.08):
    """Returns the probability that target position j is aligned to source position i: a row for each j."""
    rows = []
    for j, target_token in enumerate(target):
        weights = [position_weight(i, len(source), j, len(target)) for i in range(len(source))]
        joint = [
            (1 - unaligned_prob) * weight / sum(weights) * probs[source_token, target_token]
            for weight, source_token in zip(weights, source, strict=True)
        ]
        total = sum(joint) + unaligned_prob * unigram.get(target_token, 0.0)
        rows.append([value / total for value in joint])
    return rows


def learn(sources, targets, vocabulary_size, iterations=5):
    """Returns (source token, target token) -> probability, learned by expectation maximization."""
    probs, unigram = defaultdict(lambda: 1 / vocabulary_size), frequencies(targets)
    for _ in range(iterations):
        counts, totals = defaultdict(float), defaultdict(float)
        for source, target in zip(sources, targets, strict=True):
            for target_token, row in zip(target, link_probs(source, target, probs, unigram), strict=True):
                for source_token, prob in zip(source, row, strict=True):
                    counts[source_token, target_token] += prob
                    totals[source_token] += prob
        probs = {pair: count / totals[pair[0]] for pair, count in counts.items()}
    return probs


def align(sources, targets, vocabulary_size, min_agreement=0.1):
    """Returns the source position of each target token on which both directions agree most, or -1."""
    forward, backward = learn(sources, targets, vocabulary_size), learn(targets, sources, vocabulary_size)
    found = []
    for source, target in zip(sources, targets, strict=True):
        rows = link_probs(source, target, forward, frequencies(targets))
        columns = link_probs(target, source, backward, frequencies(sources))
        agreement = [[rows[j][i] * columns[i][j] for i in range(len(source))] for j in range(len(target))]
        found.append([row.index(max(row)) if row and max(row) >= min_agreement else -1 for row in agreement])
    return found
