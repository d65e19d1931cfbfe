"""Drops the pairs that would only harm a training, and counts why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from translator.corpus.normalization import is_visible
from translator.corpus.readers import Pair

Row = TypeVar("Row")
Flags = npt.NDArray[np.bool_]

_SHORT = 5  # words; below it, a large ratio of the lengths is normal ("Thanks!" - "Vielen Dank auch dafür!")

# Thai to Myanmar, Khmer, New Tai Lue, Tai Tham, and all from the CJK radicals on
WITHOUT_SPACES = re.compile("[\u0e00-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u2e80-\U0010ffff]")

_PAIRS_A_BLOCK = 10_000


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


def blocks(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Yields some thousand pairs at a time, without the spaces around their sides."""
    stripped = (Pair(pair.source.strip(), pair.target.strip()) for pair in pairs)
    while block := list(islice(stripped, _PAIRS_A_BLOCK)):
        yield block


def length_in_words(text: str) -> int:
    """Length in words; text in a script without spaces counts two characters as a word."""
    words = len(text.split())
    return words if text.isascii() else max(words, len(WITHOUT_SPACES.findall(text)) // 2)


def flaw_of(pair: Pair, max_words: int, max_ratio: float) -> str | None:
    """Says why a pair by itself would only harm.

    Args:
        pair: the pair.
        max_words: the longest side that is kept, in words.
        max_ratio: the largest factor between the lengths of the two sides that is kept, in words.

    Returns:
        ``empty``, ``too_long``, ``lengths_apart``, or None where nothing is wrong.
    """
    if not is_visible(pair.source) or not is_visible(pair.target):
        return "empty"
    shorter, longer = sorted(map(length_in_words, pair))
    if longer > max_words:
        return "too_long"
    if longer > _SHORT and longer > max_ratio * shorter:
        return "lengths_apart"
    return None


def flaw_texts(max_words: int, max_ratio: float) -> dict[str, str]:
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

    def are_new(self, pairs: Sequence[Pair]) -> Flags:
        """Whether each pair stands there for the first time; from now on all of them have been there."""
        hashes = np.fromiter(map(hash, pairs), np.int64, len(pairs))
        new = np.zeros(len(pairs), np.bool_)
        new[np.unique(hashes, return_index=True)[1]] = True
        for run in self._runs:
            new &= run[np.minimum(np.searchsorted(run, hashes), len(run) - 1)] != hashes
        added = np.sort(hashes[new])
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
        self._texts = flaw_texts(max_words, max_ratio)
        self._seen = _Seen()
        self.report = FilterReport()

    def kept(self, pairs: Sequence[Pair]) -> Flags:
        """Decides on the next pairs of the corpus.

        Args:
            pairs: as ``blocks`` gives them.

        Returns:
            Whether each is kept, bool [pairs]. Of equal pairs the first one of the corpus is.
        """
        flaws = [flaw_of(pair, self._max_words, self._max_ratio) for pair in pairs]
        reasons = [None if flaw is None else self._texts[flaw] for flaw in flaws]
        good = [number for number, reason in enumerate(reasons) if reason is None]
        new = self._seen.are_new([pairs[number] for number in good])
        for number, is_new in zip(good, new.tolist(), strict=True):
            if not is_new:
                reasons[number] = "repeated"
        report = self.report
        for reason in filter(None, reasons):
            report.dropped[reason] = report.dropped.get(reason, 0) + 1
        report.num_read += len(pairs)
        report.num_kept += int(new.sum())
        return np.array([not reason for reason in reasons], np.bool_)


def evenly(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """All rows, or of more than ``most`` just so many: one of each of ``most`` equal stretches.

    Which one is left to chance, always the same: every second line of two languages in turn would be of one.
    """
    if len(rows) <= most:
        return rows
    borders = np.arange(most + 1) * len(rows) // most
    return [rows[i] for i in np.random.default_rng(1).integers(borders[:-1], borders[1:])]
