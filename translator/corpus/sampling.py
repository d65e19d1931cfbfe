"""A fair sample of rows that come one after the other, however many they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

Row = TypeVar("Row")


class ReservoirSample(Generic[Row]):
    """Keeps some of the rows that it is given, each with the same probability, and the same each time.

    ReservoirSample sampling (Vitter 1985, "Random Sampling with a ReservoirSample", algorithm R).

    Attributes:
        rows: all rows so far, in order, or of more than ``most`` just so many.

    Args:
        most: rows that are kept at most.
    """

    def __init__(self, most: int) -> None:
        self.rows: list[Row] = []
        self._most, self._given, self._choice = most, 0, np.random.default_rng(1)

    def add(self, number: int, row: Callable[[int], Row]) -> None:
        """Takes the next rows, some perhaps in place of others.

        Args:
            number: how many there are.
            row: gives each of them that is kept by its number, from 0.
        """
        first = min(number, self._most - len(self.rows))
        self.rows.extend(map(row, range(first)))
        # The row before which there were n takes the place of a kept one with probability most / (n + 1).
        places = self._choice.integers(self._given + np.arange(first, number) + 1)
        for new in np.flatnonzero(places < self._most).tolist():
            self.rows[places[new]] = row(first + new)
        self._given += number


def sample_evenly(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """All rows, or of more than ``most`` just so many: one of each of ``most`` equal stretches.

    Which one is left to chance, always the same: every second line of two languages in turn would be of one.
    """
    if len(rows) <= most:
        return rows
    borders = np.arange(most + 1) * len(rows) // most
    return [rows[i] for i in np.random.default_rng(1).integers(borders[:-1], borders[1:])]
