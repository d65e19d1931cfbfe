"""Drops sentence pairs that would harm training, and counts the reasons.

The filter takes blocks of several thousand pairs, because NumPy checks a whole block much faster than Python
checks single pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from translator.corpus.normalization import is_visible
from translator.corpus.readers import Pair
from translator.corpus.scripts import count_unspaced
from translator.wording import counted

Flags = npt.NDArray[np.bool_]

_SHORT = 5  # words; in pairs up to this length any ratio is normal ("Thanks!" - "Vielen Dank auch dafür!")

_PAIRS_PER_BLOCK = 10_000

# Bytes of UTF-8.
_LINE_FEED, _SPACE = 0x0A, 0x20
_FIRST_OF_TWO_BYTE_SPACES = 0xC2  # followed by 0x85 (next line) or 0xA0 (no-break space), the only two
_FIRST_OF_THREE_BYTES = 0xE0  # from U+0800 on


@dataclass
class FilterReport:
    """How many pairs were read, how many were kept, and how many were dropped for each reason."""

    num_read: int = 0
    num_kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        dropped = ", ".join(f"{count:,} {reason}" for reason, count in self.dropped.items())
        kept = f"{self.num_kept:,} of {counted(self.num_read, 'pair')} kept"
        return kept + (f"; dropped: {dropped}" if dropped else "")


class PairBlock(NamedTuple):
    """Several thousand pairs, stored side by side so that each side can be processed at once.

    Attributes:
        sources: the source sentences.
        targets: the target sentences, in the same order.
    """

    sources: Sequence[str]
    targets: Sequence[str]

    def select(self, indices: npt.NDArray[np.int64]) -> PairBlock:
        """Returns the pairs with these indices, which are ascending and distinct."""
        if len(indices) == len(self.sources):
            return self
        kept = indices.tolist()
        return PairBlock([self.sources[index] for index in kept], [self.targets[index] for index in kept])

    def pair(self, index: int) -> Pair:
        """Returns the pair with this index."""
        return Pair(self.sources[index], self.targets[index])

    def pairs(self) -> Iterator[Pair]:
        """Returns the pairs one by one."""
        return map(Pair, self.sources, self.targets)


def split_into_blocks(pairs: Iterable[tuple[str, str]]) -> Iterator[PairBlock]:
    """Yields the pairs in blocks, with the spaces around each sentence removed."""
    remaining = iter(pairs)
    while chunk := list(islice(remaining, _PAIRS_PER_BLOCK)):
        yield PairBlock(*(list(map(str.strip, side)) for side in zip(*chunk, strict=True)))


def length_in_words(text: str) -> int:
    """Returns the length in words; in scripts without spaces, two letters count as one word."""
    num_words = len(text.split())
    return num_words if text.isascii() else max(num_words, count_unspaced(text) // 2)


def lengths_in_words(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Returns the length of each text in words, int64 [texts].

    Counts the words of all texts at once, in their UTF-8 bytes. Only texts with bytes that may belong to a
    space other than " ", or to a script without spaces, are counted one by one.
    """
    joined = "\n".join([*texts, ""])
    content = np.frombuffer(joined.encode(errors="surrogatepass"), np.uint8)
    ends = np.flatnonzero(content == _LINE_FEED)
    if len(ends) != len(texts):  # a text contains a line feed
        return np.fromiter(map(length_in_words, texts), np.int64, len(texts))
    visible = content > _SPACE
    word_starts = visible.copy()
    word_starts[1:] &= ~visible[:-1]
    lengths = np.diff(np.concatenate([[0], np.cumsum(word_starts)[ends]]))
    special = (content >= _FIRST_OF_THREE_BYTES) | ((content < _SPACE) & (content != _LINE_FEED))
    is_second_byte = (content[1:] == 0x85) | (content[1:] == 0xA0)
    special[1:] |= (content[:-1] == _FIRST_OF_TWO_BYTE_SPACES) & is_second_byte
    for index in np.unique(np.searchsorted(ends, np.flatnonzero(special))).tolist():
        lengths[index] = length_in_words(texts[index])
    return lengths


FLAWS = ("empty", "too_long", "lengths_apart")


def find_flaws(block: PairBlock, max_words: int, max_ratio: float) -> npt.NDArray[np.int8]:
    """Finds pairs that would harm training.

    Args:
        block: the pairs.
        max_words: the most words per side.
        max_ratio: the largest allowed ratio of the longer to the shorter side, in words.

    Returns:
        For each pair the index of its flaw in ``FLAWS``, the first if there are several; -1 if it has none.
    """
    lengths = [lengths_in_words(side) for side in block]
    shorter, longer = np.minimum(*lengths), np.maximum(*lengths)
    flaws = np.full(len(longer), -1, np.int8)
    flaws[(longer > _SHORT) & (longer > max_ratio * shorter)] = FLAWS.index("lengths_apart")
    flaws[longer > max_words] = FLAWS.index("too_long")
    for side in block:
        flaws[[index for index, text in enumerate(side) if not is_visible(text)]] = FLAWS.index("empty")
    return flaws


def describe_flaws(max_words: int, max_ratio: float) -> dict[str, str]:
    """Returns a phrase for each flaw, to follow a number of pairs, as in "3 with an empty side"."""
    return {
        "empty": "with an empty side",
        "too_long": f"longer than {counted(max_words, 'word')}",
        "lengths_apart": f"with lengths more than {max_ratio:g} times apart",
    }


class _SeenPairs:
    """The pairs seen so far, as sorted runs of hashes, each run more than twice as long as the next.

    Eight bytes per pair are far less than a set of Python objects takes.
    """

    def __init__(self) -> None:
        self._runs: list[npt.NDArray[np.int64]] = []

    def add(self, block: PairBlock) -> Flags:
        """Adds the pairs of a block; returns for each whether it was new, bool [pairs]."""
        hashes = np.fromiter(map(hash, zip(*block, strict=True)), np.int64, len(block.sources))
        # Sorted, the hashes are looked up at neighbouring positions of a run, which is kinder to the cache.
        ascending, first = np.unique(hashes, return_index=True)
        is_new = np.ones(len(ascending), np.bool_)
        for run in self._runs:
            is_new &= run[np.minimum(np.searchsorted(run, ascending), len(run) - 1)] != ascending
        new = np.zeros(len(hashes), np.bool_)
        new[first[is_new]] = True
        added = ascending[is_new]
        while self._runs and len(self._runs[-1]) <= 2 * len(added):
            added = np.sort(np.concatenate([self._runs.pop(), added]), kind="stable")
        if len(added):
            self._runs.append(added)
        return new


class PairFilter:
    """Drops pairs with an empty side, overlong pairs, pairs of very different lengths, and exact duplicates.

    Attributes:
        report: the counts so far.

    Args:
        max_words: the most words per side.
        max_ratio: the largest allowed ratio of the longer to the shorter side, in words.
    """

    def __init__(self, max_words: int, max_ratio: float) -> None:
        self._max_words, self._max_ratio = max_words, max_ratio
        self._reasons = describe_flaws(max_words, max_ratio)
        self._seen = _SeenPairs()
        self.report = FilterReport()

    def mask(self, block: PairBlock) -> Flags:
        """Decides which of the next pairs of the corpus are kept.

        Args:
            block: as ``split_into_blocks`` yields them.

        Returns:
            Whether each pair is kept, bool [pairs]. Of identical pairs only the first in the corpus is.
        """
        flaws = find_flaws(block, self._max_words, self._max_ratio)
        good = np.flatnonzero(flaws < 0)
        new = self._seen.add(block.select(good))
        for index, flaw in enumerate(FLAWS):
            self._count(self._reasons[flaw], int((flaws == index).sum()))
        self._count("repeated", int((~new).sum()))
        self.report.num_read += len(flaws)
        self.report.num_kept += int(new.sum())
        kept = flaws < 0
        kept[good] = new
        return kept

    def _count(self, reason: str, num_pairs: int) -> None:
        if num_pairs:
            self.report.dropped[reason] = self.report.dropped.get(reason, 0) + num_pairs
