"""Search in plain Python over sequences of tokens: brute force, greedy and with a beam.

``log_probs_after(prefix)`` gives the log-probability of each next token, [vocabulary]. A sequence is a
tuple of tokens that ends with the end token; at the maximum length, only the end may follow.
"""

from collections.abc import Callable
from itertools import product
from math import log
from typing import NamedTuple

LEAST = -1e8  # what is less probable is impossible


class Found(NamedTuple):
    """A sequence, its end included, with its log-probability and its score."""

    ids: tuple
    log_prob: float
    score: float


class Rules(NamedTuple):
    """What a sequence must be like and how it is scored; the defaults ask for nothing.

    Attributes:
        normalization: what a log-probability is divided by, ``gnmt`` or ``average``.
        coverage_penalty: what ``coverage_of`` counts in the score.
        attention_after: ``attention_after(prefix)`` gives the attention to each source token in the step
            that chooses the token after the prefix, [source_length].
        min_length: fewest tokens, the end included; the maximum length takes precedence.
        no_repeat_ngram: no so many words in a row may appear twice; 0: off.
        word_starts: the tokens that begin a word; None: each token is one.
        prefix: what it starts with, whatever the other rules say; the maximum length takes precedence.
        phrases: what it must contain, each phrase contiguous; ``brute_force`` alone heeds it.
    """

    normalization: str = "gnmt"
    coverage_penalty: float = 0.0
    attention_after: Callable | None = None
    min_length: int = 0
    no_repeat_ngram: int = 0
    word_starts: tuple | None = None
    prefix: tuple = ()
    phrases: tuple = ()


NO_RULES = Rules()


def score_of(log_prob, length, alpha, normalization="gnmt"):
    """Log-probability over the length penalty of Wu et al. (2016, arXiv 1609.08144, equation 14).

    With ``average``, over ``length ** alpha``.
    """
    penalty = length**alpha if normalization == "average" else ((5 + length) / 6) ** alpha
    return log_prob / penalty


def coverage_of(ids, attention_after):
    """The sum over source tokens of log(min(attention in all steps, 1)) (Wu et al. 2016, equation 15)."""
    attention = [attention_after(ids[:i]) for i in range(len(ids))]
    return sum(log(min(max(float(sum(weights)), 1e-6), 1.0)) for weights in zip(*attention, strict=True))


def found(log_probs_after, ids, alpha, rules=NO_RULES):
    """A given sequence with its log-probability and score."""
    log_prob = sum(float(log_probs_after(ids[:i])[token]) for i, token in enumerate(ids))
    score = score_of(log_prob, len(ids), alpha, rules.normalization)
    if rules.coverage_penalty:
        score += rules.coverage_penalty * coverage_of(ids, rules.attention_after)
    return Found(ids, log_prob, score)


def ngrams(ids, size):
    """All runs of ``size`` tokens, in order."""
    return [ids[i : i + size] for i in range(len(ids) - size + 1)]


def contains(ids, phrase):
    """Whether the phrase stands in the sequence, in a row."""
    return phrase in ngrams(ids, len(phrase))


def repeats(ids, token, size, word_starts):
    """Whether the token begins the last of ``size`` words in ``ids``, or, within a word, ends
    ``size`` tokens in that word."""
    if word_starts is None:
        return (*ids, token)[-size:] in ngrams(ids, size)
    words = [()]
    for one in ids:
        if one in word_starts:
            words.append(())
        words[-1] += (one,)
    if token not in word_starts:
        return (*words[-1], token)[-size:] in ngrams(words[-1], size)
    words = words[1:]  # what stands before the first beginning is no word
    before = words[len(words) - size + 1 :] if size <= len(words) + 1 else None
    return any(
        words[i][0] == token and words[i - size + 1 : i] == before for i in range(size - 1, len(words))
    )


def may_follow(ids, token, end_id, max_length, rules):
    """Whether the rules let a token follow unfinished tokens."""
    length, size = len(ids) + 1, rules.no_repeat_ngram
    if length >= max_length:
        return token == end_id
    if length <= len(rules.prefix):
        return token == rules.prefix[length - 1]
    if token == end_id and length < rules.min_length:
        return False
    return not size or not repeats(ids, token, size, rules.word_starts)


def brute_force(log_probs_after, tokens, end_id, max_length, alpha, rules=NO_RULES):
    """All sequences of at most ``max_length`` tokens, the end included, that obey the rules, best first.

    Args:
        log_probs_after: see above.
        tokens: the tokens that may come before the end.
        end_id: the end.
        max_length: most tokens.
        alpha: exponent of the length penalty.
        rules: what sequences must be like.
    """
    every = [(*body, end_id) for length in range(max_length) for body in product(tokens, repeat=length)]
    obedient = [
        found(log_probs_after, ids, alpha, rules)
        for ids in every
        if all(may_follow(ids[:i], token, end_id, max_length, rules) for i, token in enumerate(ids))
        and all(contains(ids, phrase) for phrase in rules.phrases)
    ]
    return sorted(obedient, key=lambda one: -one.score)


def greedy(log_probs_after, end_id, max_length, alpha):
    """Takes the most probable token until that is the end."""
    ids = ()
    while len(ids) < max_length - 1:
        log_probs = log_probs_after(ids)
        ids = (*ids, int(log_probs.argmax()))
        if ids[-1] == end_id:
            break
    else:
        ids = (*ids, end_id)
    return found(log_probs_after, ids, alpha)


def beam_search(log_probs_after, end_id, max_length, alpha, beam_size, rules=NO_RULES):
    """Keeps the best continuations, as many as there are free beam slots; what ends keeps its slot for good.

    Nothing is stopped early. Returns all finished sequences, best first.
    """
    unfinished, finished = [((), 0.0)], []
    for _ in range(max_length):
        candidates = []
        for ids, log_prob in unfinished:
            for token, more in enumerate(log_probs_after(ids)):
                if more > LEAST and may_follow(ids, token, end_id, max_length, rules):
                    candidates.append(((*ids, token), log_prob + float(more)))
        candidates.sort(key=lambda candidate: -candidate[1])
        kept = candidates[: beam_size - len(finished)]
        finished += [found(log_probs_after, ids, alpha, rules) for ids, _ in kept if ids[-1] == end_id]
        unfinished = [candidate for candidate in kept if candidate[0][-1] != end_id]
    return sorted(finished, key=lambda one: -one.score)
