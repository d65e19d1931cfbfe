"""Takes samples of long sequences: a reservoir sample of a stream, and an evenly spread sample of a list.

All samples are drawn with a fixed seed, so that the same corpus always gives the same sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

Item = TypeVar("Item")


class ReservoirSample(Generic[Item]):
    """A uniform random sample of a stream of unknown length.

    Reservoir sampling (Vitter 1985, "Random Sampling with a Reservoir", algorithm R).

    Attributes:
        items: the sample; all items so far, in order, while there are at most ``size``.

    Args:
        size: the most items that are kept.
    """

    def __init__(self, size: int) -> None:
        self.items: list[Item] = []
        self._size, self._num_seen, self._random = size, 0, np.random.default_rng(1)

    def add(self, number: int, item: Callable[[int], Item]) -> None:
        """Offers the next items of the stream.

        Args:
            number: how many there are.
            item: returns the item with this index, from 0; called only for items that are kept.
        """
        first = min(number, self._size - len(self.items))
        self.items.extend(map(item, range(first)))
        # The item after the first n replaces a kept one with probability size / (n + 1).
        slots = self._random.integers(self._num_seen + np.arange(first, number) + 1)
        for new in np.flatnonzero(slots < self._size).tolist():
            self.items[slots[new]] = item(first + new)
        self._num_seen += number


def sample_evenly(items: Sequence[Item], size: int) -> Sequence[Item]:
    """Returns a sample spread evenly over a sequence: one random item from each of ``size`` equal stretches.

    The choice within a stretch is random, because every second line of a list that alternates between two
    languages would be of one language.

    Args:
        items: the sequence; returned as it is if it has at most ``size`` items.
        size: the most items to return.
    """
    if len(items) <= size:
        return items
    borders = np.arange(size + 1) * len(items) // size
    return [items[i] for i in np.random.default_rng(1).integers(borders[:-1], borders[1:])]
