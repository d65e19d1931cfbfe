"""Search over sequences as lists: all of them, the best piece at a time, and with a beam.

``log_probs_after(prefix)`` gives the log-probability of each next piece, [vocabulary]. A sequence is a
tuple of pieces that ends with the end piece; at the maximum length, only the end may follow.
"""

from itertools import product
from typing import NamedTuple


class Found(NamedTuple):
    """A sequence, its end included, with its log-probability and its score."""

    ids: tuple
    log_prob: float
    score: float


def score_of(log_prob, length, alpha):
    """Log-probability over the length penalty of Wu et al. (2016, arXiv 1609.08144, equation 14)."""
    return log_prob / ((5 + length) / 6) ** alpha


def found(log_probs_after, ids, alpha):
    """A given sequence with its log-probability and score."""
    log_prob = sum(float(log_probs_after(ids[:i])[piece]) for i, piece in enumerate(ids))
    return Found(ids, log_prob, score_of(log_prob, len(ids), alpha))


def brute_force(log_probs_after, pieces, end_id, max_length, alpha):
    """All sequences of at most ``max_length`` pieces, the end included, best first.

    Args:
        log_probs_after: see above.
        pieces: what may stand before the end.
        end_id: what stands at the end.
        max_length: pieces at most.
        alpha: exponent of the length penalty.
    """
    every = [
        found(log_probs_after, (*body, end_id), alpha)
        for length in range(max_length)
        for body in product(pieces, repeat=length)
    ]
    return sorted(every, key=lambda one: -one.score)


def greedy(log_probs_after, end_id, max_length, alpha):
    """Takes the most probable piece until that is the end."""
    ids = ()
    while len(ids) < max_length - 1:
        log_probs = log_probs_after(ids)
        ids = (*ids, int(log_probs.argmax()))
        if ids[-1] == end_id:
            break
    else:
        ids = (*ids, end_id)
    return found(log_probs_after, ids, alpha)


def beam_search(log_probs_after, end_id, max_length, alpha, beam_size):
    """Keeps the best continuations, as many as there are places; what ends keeps its place for good.

    Nothing is stopped early. Returns all finished sequences, best first.
    """
    unfinished, finished = [((), 0.0)], []
    for length in range(1, max_length + 1):
        candidates = []
        for ids, log_prob in unfinished:
            log_probs = log_probs_after(ids)
            allowed = range(len(log_probs)) if length < max_length else [end_id]
            candidates += [((*ids, piece), log_prob + float(log_probs[piece])) for piece in allowed]
        candidates.sort(key=lambda candidate: -candidate[1])
        kept = candidates[: beam_size - len(finished)]
        finished += [
            Found(ids, log_prob, score_of(log_prob, length, alpha))
            for ids, log_prob in kept
            if ids[-1] == end_id
        ]
        unfinished = [candidate for candidate in kept if candidate[0][-1] != end_id]
    return sorted(finished, key=lambda one: -one.score)
