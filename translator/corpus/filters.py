"""Drops the pairs that would only harm a training, and counts why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from translator.corpus.normalization import is_visible
from translator.corpus.readers import Pair

Flags = npt.NDArray[np.bool_]

_SHORT = 5  # words; below it, a large ratio of the lengths is normal ("Thanks!" - "Vielen Dank auch dafür!")

# Thai to Myanmar, Khmer, New Tai Lue, Tai Tham, and all from the CJK radicals on
UNSPACED_SCRIPTS = re.compile("[\u0e00-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u2e80-\U0010ffff]")

_PAIRS_A_BLOCK = 10_000

# Bytes of UTF-8
_LINE_FEED, _SPACE = 0x0A, 0x20
_BEFORE_WIDE_SPACES = 0xC2  # with 0x85 next line, with 0xA0 no-break space: the only spaces of two bytes
_FIRST_OF_THREE_BYTES = 0xE0  # from U+0800 on


@dataclass
class FilterReport:
    """How many pairs were read and kept, and how many were dropped for which reason."""

    num_read: int = 0
    num_kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        dropped = ", ".join(f"{count:,} {reason}" for reason, count in self.dropped.items())
        return f"{self.num_kept:,} of {self.num_read:,} pairs kept" + (
            f"; dropped: {dropped}" if dropped else ""
        )


class PairBlock(NamedTuple):
    """Some thousand pairs, each side by itself: what is done to all at once takes a fraction of the time.

    Attributes:
        sources: the source sides.
        targets: the target sides; each under the number of its source.
    """

    sources: Sequence[str]
    targets: Sequence[str]

    def select(self, rows: npt.NDArray[np.int64]) -> PairBlock:
        """The pairs with these numbers."""
        if len(rows) == len(self.sources):
            return self
        numbers = rows.tolist()
        return PairBlock([self.sources[row] for row in numbers], [self.targets[row] for row in numbers])

    def pair(self, row: int) -> Pair:
        """The pair with this number."""
        return Pair(self.sources[row], self.targets[row])

    def pairs(self) -> Iterator[Pair]:
        """The pairs one by one."""
        return map(Pair, self.sources, self.targets)


def split_into_blocks(pairs: Iterable[tuple[str, str]]) -> Iterator[PairBlock]:
    """Yields some thousand pairs at a time, without the spaces around their sides."""
    remaining = iter(pairs)
    while rows := list(islice(remaining, _PAIRS_A_BLOCK)):
        yield PairBlock(*(list(map(str.strip, side)) for side in zip(*rows, strict=True)))


def length_in_words(text: str) -> int:
    """Length in words; text in a script without spaces counts two characters as a word."""
    words = len(text.split())
    return words if text.isascii() else max(words, len(UNSPACED_SCRIPTS.findall(text)) // 2)


def lengths_in_words(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """The length of each text in words, int64 [texts].

    All at once, in their bytes; only where one of these may belong to another space than " ", or to a script
    without spaces, a text is looked at by itself.
    """
    joined = "\n".join([*texts, ""])
    lines = np.frombuffer(joined.encode(errors="surrogatepass"), np.uint8)
    ends = np.flatnonzero(lines == _LINE_FEED)
    if len(ends) != len(texts):  # one holds a line feed
        return np.fromiter(map(length_in_words, texts), np.int64, len(texts))
    visible = lines > _SPACE
    begins = visible.copy()
    begins[1:] &= ~visible[:-1]
    lengths = np.diff(np.concatenate([[0], np.cumsum(begins)[ends]]))
    odd = (lines >= _FIRST_OF_THREE_BYTES) | ((lines < _SPACE) & (lines != _LINE_FEED))
    odd[1:] |= (lines[:-1] == _BEFORE_WIDE_SPACES) & ((lines[1:] == 0x85) | (lines[1:] == 0xA0))
    for row in np.unique(np.searchsorted(ends, np.flatnonzero(odd))).tolist():
        lengths[row] = length_in_words(texts[row])
    return lengths


FLAWS = ("empty", "too_long", "lengths_apart")


def find_flaws(block: PairBlock, max_words: int, max_ratio: float) -> npt.NDArray[np.int8]:
    """Says why pairs by themselves would only harm.

    Args:
        block: the pairs.
        max_words: the longest side that is kept, in words.
        max_ratio: the largest factor between the lengths of the two sides that is kept, in words.

    Returns:
        For each pair the number of its flaw in ``FLAWS``, the first of several; -1 where nothing is wrong.
    """
    lengths = [lengths_in_words(side) for side in block]
    shorter, longer = np.minimum(*lengths), np.maximum(*lengths)
    flaws = np.full(len(longer), -1, np.int8)
    flaws[(longer > _SHORT) & (longer > max_ratio * shorter)] = FLAWS.index("lengths_apart")
    flaws[longer > max_words] = FLAWS.index("too_long")
    for side in block:
        flaws[[row for row, text in enumerate(side) if not is_visible(text)]] = FLAWS.index("empty")
    return flaws


def describe_flaws(max_words: int, max_ratio: float) -> dict[str, str]:
    """What each flaw is, to be read behind a number of pairs."""
    return {
        "empty": "with an empty side",
        "too_long": f"longer than {max_words} words",
        "lengths_apart": f"with lengths more than {max_ratio:g} times apart",
    }


class _Seen:
    """Which pairs there have been, as ascending runs of hashes, each more than twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[npt.NDArray[np.int64]] = []

    def are_new(self, block: PairBlock) -> Flags:
        """Whether each pair stands there for the first time; from now on all of them have been there."""
        hashes = np.fromiter(map(hash, zip(*block, strict=True)), np.int64, len(block.sources))
        # In ascending order, places near each other in a run are looked at one after the other.
        ascending, first = np.unique(hashes, return_index=True)
        fresh = np.ones(len(ascending), np.bool_)
        for run in self._runs:
            fresh &= run[np.minimum(np.searchsorted(run, ascending), len(run) - 1)] != ascending
        new = np.zeros(len(hashes), np.bool_)
        new[first[fresh]] = True
        added = ascending[fresh]
        while self._runs and len(self._runs[-1]) <= 2 * len(added):
            added = np.sort(np.concatenate([self._runs.pop(), added]), kind="stable")
        if len(added):
            self._runs.append(added)
        return new


class PairFilter:
    """Drops pairs with an empty side, over-long and wildly mismatched pairs, and exact repetitions.

    Attributes:
        report: the counts so far.

    Args:
        max_words: the longest side that is kept, in words.
        max_ratio: the largest factor between the lengths of the two sides that is kept, in words.
    """

    def __init__(self, max_words: int, max_ratio: float) -> None:
        self._max_words, self._max_ratio = max_words, max_ratio
        self._texts = describe_flaws(max_words, max_ratio)
        self._seen = _Seen()
        self.report = FilterReport()

    def mask(self, block: PairBlock) -> Flags:
        """Decides on the next pairs of the corpus.

        Args:
            block: as ``blocks`` gives them.

        Returns:
            Whether each is kept, bool [pairs]. Of equal pairs the first one of the corpus is.
        """
        flaws = find_flaws(block, self._max_words, self._max_ratio)
        good = np.flatnonzero(flaws < 0)
        new = self._seen.are_new(block.select(good))
        for number, name in enumerate(FLAWS):
            self._count(self._texts[name], int((flaws == number).sum()))
        self._count("repeated", int((~new).sum()))
        self.report.num_read += len(flaws)
        self.report.num_kept += int(new.sum())
        kept = flaws < 0
        kept[good] = new
        return kept

    def _count(self, reason: str, number: int) -> None:
        if number:
            self.report.dropped[reason] = self.report.dropped.get(reason, 0) + number
