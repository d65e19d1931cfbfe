"""Drops the pairs that would only harm a training, and counts why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from translator.corpus.normalization import is_visible
from translator.corpus.readers import Pair

Row = TypeVar("Row")

_SHORT = 5  # words; below it, a large ratio of the lengths is normal ("Thanks!" - "Vielen Dank auch dafür!")

# Thai to Myanmar, Khmer, New Tai Lue, Tai Tham, and all from the CJK radicals on
WITHOUT_SPACES = re.compile("[\u0e00-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u2e80-\U0010ffff]")


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


def length_in_words(text: str) -> int:
    """Length in words; text in a script without spaces counts two characters as a word."""
    return max(len(text.split()), len(WITHOUT_SPACES.findall(text)) // 2)


def flaw_of(pair: Pair, max_words: int, max_ratio: float) -> str | None:
    """Says why a pair by itself would only harm.

    Args:
        pair: the pair.
        max_words: the longest side that is kept, in words.
        max_ratio: the largest factor between the lengths of the two sides that is kept, in words.

    Returns:
        ``empty``, ``too_long``, ``lengths_apart``, or None where nothing is wrong.
    """
    lengths = sorted(map(length_in_words, pair))
    if not is_visible(pair.source) or not is_visible(pair.target):
        return "empty"
    if lengths[1] > max_words:
        return "too_long"
    if lengths[1] > _SHORT and lengths[1] > max_ratio * lengths[0]:
        return "lengths_apart"
    return None


def flaw_texts(max_words: int, max_ratio: float) -> dict[str, str]:
    """What each flaw is, to be read behind a number of pairs."""
    return {
        "empty": "with an empty side",
        "too_long": f"longer than {max_words} words",
        "lengths_apart": f"with lengths more than {max_ratio:g} times apart",
    }


def filter_pairs(pairs: Iterable[Pair], max_words: int, max_ratio: float) -> tuple[list[Pair], FilterReport]:
    """Drops pairs with an empty side, over-long and wildly mismatched pairs, and exact repetitions.

    Args:
        pairs: the pairs as read.
        max_words: the longest side that is kept, in words.
        max_ratio: the largest factor between the lengths of the two sides that is kept, in words.

    Returns:
        The kept pairs, in order and without leading and trailing space, and the counts.
    """
    report = FilterReport()
    texts = flaw_texts(max_words, max_ratio)
    kept: list[Pair] = []
    seen: set[Pair] = set()
    for pair in pairs:
        report.num_read += 1
        pair = Pair(pair.source.strip(), pair.target.strip())
        flaw = flaw_of(pair, max_words, max_ratio)
        if flaw is None and pair not in seen:
            seen.add(pair)
            kept.append(pair)
            continue
        reason = texts[flaw] if flaw else "repeated"
        report.dropped[reason] = report.dropped.get(reason, 0) + 1
    report.num_kept = len(kept)
    return kept, report


def evenly(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """All rows, or of more than ``most`` just so many: one of each of ``most`` equal stretches.

    Which one is left to chance, always the same: every second line of two languages in turn would be of one.
    """
    if len(rows) <= most:
        return rows
    borders = np.arange(most + 1) * len(rows) // most
    return [rows[i] for i in np.random.default_rng(1).integers(borders[:-1], borders[1:])]
