"""The alignment model of Dyer et al. (2013), pair by pair and position by position."""

import math
from collections import Counter, defaultdict


def nearness(i, m, j, n, strength=4.0):
    """How near position i of m is to position j of n, counted to the middle of each."""
    return math.exp(-strength * abs((i + 0.5) / m - (j + 0.5) / n))


def frequencies(targets):
    """How often each piece stands in the target sentences, in sum 1."""
    counts = Counter(piece for target in targets for piece in target)
    return {piece: count / counts.total() for piece, count in counts.items()}


def beliefs(source, target, probs, unigram, from_nothing=0.08):
    """The probability that target position j comes from source position i: a list of rows, one for each j."""
    rows = []
    for j, piece in enumerate(target):
        near = [nearness(i, len(source), j, len(target)) for i in range(len(source))]
        joint = [(1 - from_nothing) * near[i] / sum(near) * probs[one, piece] for i, one in enumerate(source)]
        total = sum(joint) + from_nothing * unigram.get(piece, 0.0)
        rows.append([value / total for value in joint])
    return rows


def learn(sources, targets, vocabulary_size, iterations=5):
    """(source piece, target piece) -> probability, by expectation maximization."""
    probs, unigram = defaultdict(lambda: 1 / vocabulary_size), frequencies(targets)
    for _ in range(iterations):
        counts, totals = defaultdict(float), defaultdict(float)
        for source, target in zip(sources, targets, strict=True):
            for piece, row in zip(target, beliefs(source, target, probs, unigram), strict=True):
                for one, belief in zip(source, row, strict=True):
                    counts[one, piece] += belief
                    totals[one] += belief
        probs = {pair: count / totals[pair[0]] for pair, count in counts.items()}
    return probs


def align(sources, targets, vocabulary_size, least=0.1):
    """The source position of each target piece that both directions agree on most, or -1."""
    forward, back = learn(sources, targets, vocabulary_size), learn(targets, sources, vocabulary_size)
    found = []
    for source, target in zip(sources, targets, strict=True):
        rows = beliefs(source, target, forward, frequencies(targets))
        columns = beliefs(target, source, back, frequencies(sources))
        agreement = [[rows[j][i] * columns[i][j] for i in range(len(source))] for j in range(len(target))]
        found.append([row.index(max(row)) if row and max(row) >= least else -1 for row in agreement])
    return found
