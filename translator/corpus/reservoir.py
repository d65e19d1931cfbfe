"""A fair sample of rows that come one after the other, however many they are."""

from __future__ import annotations

import random
from typing import Generic, TypeVar

Row = TypeVar("Row")


class Reservoir(Generic[Row]):
    """Keeps some of the rows that it is given, each with the same probability, and the same each time.

    Reservoir sampling (Vitter 1985, "Random Sampling with a Reservoir", algorithm R).

    Attributes:
        rows: all rows so far, in order, or of more than ``most`` just so many.

    Args:
        most: rows that are kept at most.
    """

    def __init__(self, most: int) -> None:
        self.rows: list[Row] = []
        self._most, self._given, self._choice = most, 0, random.Random(1)

    def add(self, row: Row) -> None:
        """Takes the next row, perhaps in place of another."""
        if self._given < self._most:
            self.rows.append(row)
        else:
            place = self._choice.randrange(self._given + 1)
            if place < self._most:
                self.rows[place] = row
        self._given += 1
