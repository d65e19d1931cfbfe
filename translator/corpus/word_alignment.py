"""Which source piece each target piece comes from, learned from the corpus alone.

The model is that of Dyer, Chahuneau and Smith (2013, "A Simple, Fast, and Effective Reparameterization of
IBM Model 2", section 2): each target position, j of n, comes from nothing with probability ``p0``, else
from source position i of m with a probability in proportion to ``exp(-lambda |i/m - j/n|)``; what stands
there follows from the source piece alone, by a table of translation probabilities that expectation
maximization finds (Brown et al. 1993, "The Mathematics of Statistical Machine Translation", section 4.2).
Positions are counted to the middle of a piece; from nothing a piece comes as often as it occurs.

Two such models, one in each direction, are asked for the same link, and what both believe in is taken (Liang,
Taskar and Klein 2006, "Alignment by Agreement", section 3.2): a link is as likely as the product of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from translator.corpus.ragged import Integers, RaggedArray, start_offsets

Ids = npt.NDArray[np.int32]
_Floats = npt.NDArray[np.float64]

UNALIGNED = -1  # the source position of a target piece that comes from none

MAX_TRAINING_PAIRS = 100_000  # to learn from; probabilities of what is frequent gain nothing from more
_MAX_LINKS = 10_000_000  # likewise, where lines are long

_ITERATIONS = 5
_NEARNESS = 4.0  # lambda: how strongly pieces at like places are preferred
_FROM_NOTHING = 0.08  # p0
_LEAST_AGREEMENT = 0.1  # product of the two probabilities, below which a link is not believed
_LINKS_A_CALL = 2_000_000  # bounds the memory
_UNSEEN = 1e-7  # probability of a translation that was not learned


class _Links(NamedTuple):
    """Every source position beside every target position of its pair, target by target.

    Attributes:
        source, target: int32 [links]; the pieces.
        source_position, target_position: int32 [links]; numbers of the positions among those of all pairs.
        nearness: float64 [links]; the part of the probability that the places alone decide, before it is
            made to add up to one.
    """

    source: Ids
    target: Ids
    source_position: Ids
    target_position: Ids
    nearness: _Floats

    def turned(self) -> _Links:
        """The same for the other direction."""
        return _Links(self.target, self.source, self.target_position, self.source_position, self.nearness)


def _links(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> _Links:
    source, target = (RaggedArray.from_lists(rows, np.int32) for rows in (sources, targets))
    links_of = np.repeat(source.lengths, target.lengths)  # of each target position: one to each of its source
    target_position = np.repeat(np.arange(len(target.values), dtype=np.int32), links_of)
    first = np.repeat(start_offsets(source.lengths), target.lengths)  # source position
    source_position = np.repeat((first - start_offsets(links_of)).astype(np.int32), links_of)
    source_position += np.arange(len(source_position), dtype=np.int32)
    places = _places(source)[source_position]
    places -= _places(target)[target_position]
    nearness = np.exp(-_NEARNESS * np.abs(places, out=places))
    return _Links(
        source.values[source_position],
        target.values[target_position],
        source_position,
        target_position,
        nearness,
    )


def _places(rows: RaggedArray) -> _Floats:
    """Where the middle of each position is in its row: from 0, its beginning, to 1, its end."""
    positions = np.arange(len(rows.values)) - np.repeat(start_offsets(rows.lengths), rows.lengths)
    places: _Floats = (positions + 0.5) / np.repeat(rows.lengths, rows.lengths)
    return places


def _keys(links: _Links, vocabulary_size: int) -> Integers:
    """A number for each pair of pieces that are linked."""
    keys = links.source.astype(np.int64)
    keys *= vocabulary_size
    keys += links.target
    return keys


def _entries(links: _Links, vocabulary_size: int) -> tuple[Integers, Ids]:
    """The keys of all pieces that are linked, ascending, and for each link the number of its key."""
    keys, entry = np.unique(_keys(links, vocabulary_size), return_inverse=True)
    return keys, entry.astype(np.int32)


def top_translations(
    keys: Integers, values: npt.NDArray[Any], vocabulary_size: int, most: int
) -> tuple[Integers, Integers, Integers, npt.NDArray[Any]]:
    """The translations of each source piece that have the largest values, ``most`` of them at most.

    Args:
        keys: ascending; as in ``TranslationTable``.
        values: of each of them.
        vocabulary_size: number of pieces.
        most: see above.

    Returns:
        Of each: its source piece, its rank among those of that piece from 0, itself, and its value.
    """
    source_of, target_of = np.divmod(keys, vocabulary_size)
    order = np.lexsort((-values, source_of))
    source_of, target_of, values = source_of[order], target_of[order], values[order]
    rank = np.arange(len(order)) - np.searchsorted(source_of, source_of)
    kept = rank < most
    return source_of[kept], rank[kept], target_of[kept], values[kept]


class TranslationTable:
    """Probabilities of target pieces, given the source piece that they come from.

    Attributes:
        keys: int64 [entries], ascending; ``source piece * vocabulary + target piece``.
        probs: float64 [entries]; of each of them.
        frequencies: see below.

    Args:
        keys: see above.
        probs: see above.
        frequencies: float64 [vocabulary]; how often each piece stands in target sentences, in sum 1.
    """

    def __init__(self, keys: Integers, probs: _Floats, frequencies: _Floats) -> None:
        self.keys, self.probs, self.frequencies = keys, probs, frequencies

    @classmethod
    def learn(
        cls, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], vocabulary_size: int
    ) -> TranslationTable:
        """Learns the table by expectation maximization.

        Args:
            sources: piece ids of each source sentence.
            targets: of each target sentence.
            vocabulary_size: number of pieces.
        """
        links = _links(sources, targets)
        return cls._learned_from(links, *_entries(links, vocabulary_size), targets, vocabulary_size)

    @classmethod
    def learn_both_ways(
        cls, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], vocabulary_size: int
    ) -> tuple[TranslationTable, TranslationTable]:
        """The table of ``learn``, and that of the other direction; arguments as there."""
        links = _links(sources, targets)
        keys, entry = _entries(links, vocabulary_size)
        there = cls._learned_from(links, keys, entry, targets, vocabulary_size)
        # The same entries, sorted by the other piece: to sort all links again would take as long as to learn.
        source_of, target_of = np.divmod(keys, vocabulary_size)
        keys = target_of * vocabulary_size + source_of
        order = np.argsort(keys)
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        return there, cls._learned_from(links.turned(), keys[order], place[entry], sources, vocabulary_size)

    @classmethod
    def _learned_from(
        cls,
        links: _Links,
        keys: Integers,
        entry: Ids,
        targets: Sequence[Sequence[int]],
        vocabulary_size: int,
    ) -> TranslationTable:
        """Learns from links; ``entry`` says which of the table's ``keys`` each of them belongs to."""
        counts = np.bincount([piece for target in targets for piece in target], minlength=vocabulary_size)
        source_of_key = keys // vocabulary_size
        table = cls(keys, np.full(len(keys), 1.0 / vocabulary_size), counts / max(counts.sum(), 1))
        for _ in range(_ITERATIONS):
            expected = np.bincount(entry, table._beliefs(links, table.probs[entry]), minlength=len(keys))
            totals = np.bincount(source_of_key, expected, minlength=vocabulary_size)
            table.probs = expected / totals[source_of_key]
        return table

    def beliefs(self, links: _Links) -> _Floats:
        """The probability of each link: that this target position comes from this source position."""
        if not len(self.keys):
            return np.zeros(len(links.source))
        wanted = _keys(links, len(self.frequencies))
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return self._beliefs(links, np.where(self.keys[place] == wanted, self.probs[place], _UNSEEN))

    def _beliefs(self, links: _Links, translation: _Floats) -> _Floats:
        position = links.target_position
        joint: _Floats = links.nearness / np.bincount(position, links.nearness)[position]
        joint *= 1 - _FROM_NOTHING  # in place from here on: there may be millions of links
        joint *= translation
        either: _Floats = _FROM_NOTHING * self.frequencies[links.target]
        either += np.bincount(position, joint)[position]
        joint /= either
        return joint


class WordAligner:
    """Finds the source position of every target piece of a pair.

    Attributes:
        table: the translation table from source to target.

    Args:
        sources: piece ids of each source sentence, to learn from.
        targets: of each target sentence.
        vocabulary_size: number of pieces.
    """

    def __init__(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], vocabulary_size: int
    ) -> None:
        num_links = sum(len(source) * len(target) for source, target in zip(sources, targets, strict=True))
        step = max(1, -(-num_links // _MAX_LINKS))
        sources, targets = sources[::step], targets[::step]
        self.table, self._back = TranslationTable.learn_both_ways(sources, targets, vocabulary_size)

    def align(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[Ids]:
        """The source position of each target token, from 0, or ``UNALIGNED``; int32 [target tokens]."""
        return [row for part in _parts(sources, targets) for row in self._align(*part)]

    def _align(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[Ids]:
        links = _links(sources, targets)
        agreement = self.table.beliefs(links) * self._back.beliefs(links.turned())
        # The links of one target position follow each other: as many as its source has pieces.
        lengths = np.array([len(source) for source in sources])
        num_links = np.repeat(lengths, [len(target) for target in targets])
        found = np.full(len(num_links), UNALIGNED, np.int32)
        first = start_offsets(num_links)
        some = num_links > 0
        if some.any():
            best = np.maximum.reduceat(agreement, first[some])
            is_best = agreement == np.repeat(best, num_links[some])
            link, position = np.flatnonzero(is_best), links.target_position[is_best]
            position, earliest = np.unique(position, return_index=True)
            found[position] = link[earliest] - first[position]
            found[np.flatnonzero(some)[best < _LEAST_AGREEMENT]] = UNALIGNED
        ends = np.cumsum([len(target) for target in targets])
        return np.split(found, ends[:-1]) if len(targets) else []


def _parts(
    sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> Iterator[tuple[Sequence[Sequence[int]], Sequence[Sequence[int]]]]:
    """The pairs in runs of not too many links."""
    start, num_links = 0, 0
    for end, (source, target) in enumerate(zip(sources, targets, strict=True)):
        if end > start and num_links + len(source) * len(target) > _LINKS_A_CALL:
            yield sources[start:end], targets[start:end]
            start, num_links = end, 0
        num_links += len(source) * len(target)
    if start < len(sources):
        yield sources[start:], targets[start:]
