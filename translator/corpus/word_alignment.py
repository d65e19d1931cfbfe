"""Learns word alignments from a parallel corpus: which source token each target token translates.

The model is that of Dyer, Chahuneau and Smith (2013, "A Simple, Fast, and Effective Reparameterization of
IBM Model 2", section 2). Target position j of n is unaligned with probability ``p0``; otherwise it is aligned
to source position i of m with a probability proportional to ``exp(-lambda |i/m - j/n|)``. The target token
then depends on the source token alone, through a table of translation probabilities that expectation
maximization learns (Brown et al. 1993, "The Mathematics of Statistical Machine Translation", section 4.2).
Here positions are measured to the middle of a token, and the probability of an unaligned token is its
relative frequency.

Two such models, one per direction, are multiplied, so that only links that both find probable remain (Liang,
Taskar and Klein 2006, "Alignment by Agreement", section 3.2).

The code is our own because fast_align and similar tools are C++ programs that users would have to build.
NumPy is fast enough here because the links of many pairs are processed in one array.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from translator.corpus.ragged import Integers, RaggedArray, start_offsets

Ids = npt.NDArray[np.int32]
_Floats = npt.NDArray[np.float64]
_Sentences = Sequence[Sequence[int]]

UNALIGNED = -1  # the source position of a target token that is aligned to no source token

MAX_TRAINING_PAIRS = 100_000  # more would not improve the probabilities of frequent tokens
_MAX_TRAINING_LINKS = 10_000_000  # the same, where lines are long

_NUM_ITERATIONS = 5
_DIAGONAL_TENSION = 4.0  # lambda: how strongly tokens at similar relative positions are preferred
_UNALIGNED_PROB = 0.08  # p0
_MIN_AGREEMENT = 0.1  # links are dropped where the product of the two probabilities is lower
_MAX_LINKS_PER_CALL = 100_000  # bounds the memory of each thread to about 10 MB; more is no faster
_UNSEEN_PROB = 1e-7  # probability of a translation that is not in the table


class _Links(NamedTuple):
    """All links of some pairs: every source position with every target position, target by target.

    Attributes:
        source, target: int32 [links]; the tokens.
        source_position, target_position: int32 [links]; positions, counted through all pairs.
        position_weight: float64 [links]; the factor of the probability that depends on the positions alone,
            not normalized.
    """

    source: Ids
    target: Ids
    source_position: Ids
    target_position: Ids
    position_weight: _Floats

    def reversed(self) -> _Links:
        """Returns the same links for the opposite direction."""
        return _Links(
            self.target, self.source, self.target_position, self.source_position, self.position_weight
        )


def _make_links(sources: _Sentences, targets: _Sentences) -> _Links:
    source, target = (RaggedArray.from_lists(sentences, np.int32) for sentences in (sources, targets))
    num_links = np.repeat(source.lengths, target.lengths)  # of each target position: one per source position
    target_position = np.repeat(np.arange(len(target.values), dtype=np.int32), num_links)
    first = np.repeat(start_offsets(source.lengths), target.lengths)  # source position of each pair
    source_position = np.repeat((first - start_offsets(num_links)).astype(np.int32), num_links)
    source_position += np.arange(len(source_position), dtype=np.int32)
    distance = _relative_positions(source)[source_position]
    distance -= _relative_positions(target)[target_position]
    position_weight = np.exp(-_DIAGONAL_TENSION * np.abs(distance, out=distance))
    return _Links(
        source.values[source_position],
        target.values[target_position],
        source_position,
        target_position,
        position_weight,
    )


def _relative_positions(sentences: RaggedArray) -> _Floats:
    """Returns where the middle of each token is in its sentence, from 0 (start) to 1 (end)."""
    starts = np.repeat(start_offsets(sentences.lengths), sentences.lengths)
    positions = np.arange(len(sentences.values)) - starts
    relative: _Floats = (positions + 0.5) / np.repeat(sentences.lengths, sentences.lengths)
    return relative


def _keys(links: _Links, vocabulary_size: int) -> Integers:
    """Returns for each link one number that stands for its two tokens; see ``TranslationTable``."""
    keys = links.source.astype(np.int64)
    keys *= vocabulary_size
    keys += links.target
    return keys


def _table_entries(links: _Links, vocabulary_size: int) -> tuple[Integers, Ids]:
    """Returns the different keys of all links, ascending, and for each link the index of its key."""
    keys, entry = np.unique(_keys(links, vocabulary_size), return_inverse=True)
    return keys, entry.astype(np.int32)


def top_translations(
    keys: Integers, values: npt.NDArray[Any], vocabulary_size: int, size: int
) -> tuple[Integers, Integers, Integers, npt.NDArray[Any]]:
    """Finds the target tokens with the largest values for each source token.

    Args:
        keys: int64 [entries], ascending; as in ``TranslationTable``.
        values: [entries]; the value of each key.
        vocabulary_size: number of tokens in the vocabulary.
        size: the most target tokens per source token.

    Returns:
        For each entry found: its source token, its rank among the entries of this token from 0, its target
        token and its value.
    """
    source, target = np.divmod(keys, vocabulary_size)
    order = np.lexsort((-values, source))
    source, target, values = source[order], target[order], values[order]
    rank = np.arange(len(order)) - np.searchsorted(source, source)
    top = rank < size
    return source[top], rank[top], target[top], values[top]


class TranslationTable:
    """Probabilities of target tokens given the source token that they are aligned to.

    Args:
        keys: int64 [entries], ascending; ``source token * vocabulary size + target token``.
        probs: float64 [entries]; the probability of each entry.
        frequencies: float64 [vocabulary]; relative frequency of each token in the target sentences.
    """

    def __init__(self, keys: Integers, probs: _Floats, frequencies: _Floats) -> None:
        self.keys, self.probs, self.frequencies = keys, probs, frequencies

    @classmethod
    def learn(cls, sources: _Sentences, targets: _Sentences, vocabulary_size: int) -> TranslationTable:
        """Learns a table by expectation maximization.

        Args:
            sources: token ids of each source sentence.
            targets: token ids of each target sentence.
            vocabulary_size: number of tokens in the vocabulary.
        """
        links = _make_links(sources, targets)
        return cls._learn(links, *_table_entries(links, vocabulary_size), targets, vocabulary_size)

    @classmethod
    def learn_both_directions(
        cls, sources: _Sentences, targets: _Sentences, vocabulary_size: int
    ) -> tuple[TranslationTable, TranslationTable]:
        """Learns the table of ``learn`` and that of the opposite direction; the arguments are the same."""
        links = _make_links(sources, targets)
        keys, entry = _table_entries(links, vocabulary_size)
        forward = cls._learn(links, keys, entry, targets, vocabulary_size)
        # The same entries, sorted by target token. Sorting all links again would take as long as learning.
        source, target = np.divmod(keys, vocabulary_size)
        keys = target * vocabulary_size + source
        order = np.argsort(keys)
        new_entry = np.empty(len(order), np.int32)
        new_entry[order] = np.arange(len(order), dtype=np.int32)
        backward = cls._learn(links.reversed(), keys[order], new_entry[entry], sources, vocabulary_size)
        return forward, backward

    @classmethod
    def _learn(
        cls, links: _Links, keys: Integers, entry: Ids, targets: _Sentences, vocabulary_size: int
    ) -> TranslationTable:
        """Learns from links; ``entry`` holds the index of each link's key in ``keys``."""
        counts = np.bincount([token for target in targets for token in target], minlength=vocabulary_size)
        source_of_key = keys // vocabulary_size
        table = cls(keys, np.full(len(keys), 1.0 / vocabulary_size), counts / max(counts.sum(), 1))
        for _ in range(_NUM_ITERATIONS):
            link_probs = table._link_probs(links, table.probs[entry])
            expected_counts = np.bincount(entry, link_probs, minlength=len(keys))
            totals = np.bincount(source_of_key, expected_counts, minlength=vocabulary_size)
            table.probs = expected_counts / totals[source_of_key]
        return table

    def link_probs(self, links: _Links) -> _Floats:
        """Returns the posterior probability of each link, given the two sentences."""
        if not len(self.keys):
            return np.zeros(len(links.source))
        keys = _keys(links, len(self.frequencies))
        entry = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return self._link_probs(links, np.where(self.keys[entry] == keys, self.probs[entry], _UNSEEN_PROB))

    def _link_probs(self, links: _Links, translation_probs: _Floats) -> _Floats:
        position = links.target_position
        joint: _Floats = links.position_weight / np.bincount(position, links.position_weight)[position]
        joint *= 1 - _UNALIGNED_PROB  # in place from here on, because there may be millions of links
        joint *= translation_probs
        total: _Floats = _UNALIGNED_PROB * self.frequencies[links.target]
        total += np.bincount(position, joint)[position]
        joint /= total
        return joint


class WordAligner:
    """Finds the source position that each target token of a pair is aligned to.

    Attributes:
        table: the translation table from source to target.

    Args:
        sources: token ids of each source sentence to learn from.
        targets: token ids of each target sentence.
        vocabulary_size: number of tokens in the vocabulary.
    """

    def __init__(self, sources: _Sentences, targets: _Sentences, vocabulary_size: int) -> None:
        num_links = sum(len(source) * len(target) for source, target in zip(sources, targets, strict=True))
        step = max(1, -(-num_links // _MAX_TRAINING_LINKS))
        sources, targets = sources[::step], targets[::step]
        self.table, self._backward_table = TranslationTable.learn_both_directions(
            sources, targets, vocabulary_size
        )

    def align(self, sources: _Sentences, targets: _Sentences) -> list[Ids]:
        """Returns for each pair the source position of each target token, from 0, or ``UNALIGNED``.

        Each array is int32 [target_length].
        """
        return [row for part in _split(sources, targets) for row in self._align(*part)]

    def _align(self, sources: _Sentences, targets: _Sentences) -> list[Ids]:
        links = _make_links(sources, targets)
        agreement = self.table.link_probs(links) * self._backward_table.link_probs(links.reversed())
        # The links of a target position are consecutive, one per source position.
        source_lengths = np.array([len(source) for source in sources])
        num_links = np.repeat(source_lengths, [len(target) for target in targets])
        aligned_to = np.full(len(num_links), UNALIGNED, np.int32)
        first_links = start_offsets(num_links)
        has_links = num_links > 0
        if has_links.any():
            best = np.maximum.reduceat(agreement, first_links[has_links])
            is_best = agreement == np.repeat(best, num_links[has_links])
            link, position = np.flatnonzero(is_best), links.target_position[is_best]
            position, earliest = np.unique(position, return_index=True)  # of equally good links the first
            aligned_to[position] = link[earliest] - first_links[position]
            aligned_to[np.flatnonzero(has_links)[best < _MIN_AGREEMENT]] = UNALIGNED
        ends = np.cumsum([len(target) for target in targets])
        return np.split(aligned_to, ends[:-1]) if len(targets) else []


def _split(sources: _Sentences, targets: _Sentences) -> Iterator[tuple[_Sentences, _Sentences]]:
    """Splits the pairs into runs with a limited number of links."""
    start, num_links = 0, 0
    for end, (source, target) in enumerate(zip(sources, targets, strict=True)):
        if end > start and num_links + len(source) * len(target) > _MAX_LINKS_PER_CALL:
            yield sources[start:end], targets[start:end]
            start, num_links = end, 0
        num_links += len(source) * len(target)
    if start < len(sources):
        yield sources[start:], targets[start:]
