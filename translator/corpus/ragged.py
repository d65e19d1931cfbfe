"""RaggedArray of different lengths in one array: what is done to all at once takes a fraction of the time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


class RaggedArray(NamedTuple):
    """RaggedArray of numbers.

    Attributes:
        values: those of all rows, one row after the other; [values].
        lengths: of each row; int64 [rows].
    """

    values: npt.NDArray[Any]
    lengths: Integers

    @classmethod
    def from_lists(cls, rows: Sequence[Sequence[int]], dtype: Any) -> RaggedArray:
        """These rows, as numbers of such a type."""
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(np.fromiter(chain.from_iterable(rows), dtype, int(lengths.sum())), lengths)

    def select(self, numbers: Integers) -> RaggedArray:
        """The rows with these numbers, in this order; a row may stand there more than once."""
        lengths = self.lengths[numbers]
        # How far a row moves: from where it begins here to where it begins among the chosen.
        moved = start_offsets(self.lengths)[numbers] - start_offsets(lengths)
        return RaggedArray(self.values[np.arange(lengths.sum()) + np.repeat(moved, lengths)], lengths)

    def concatenate(self, others: RaggedArray) -> RaggedArray:
        """These rows and after them others."""
        return RaggedArray(
            np.concatenate([self.values, others.values]), np.concatenate([self.lengths, others.lengths])
        )

    def to_lists(self) -> list[list[int]]:
        """Each row by itself."""
        values, first = self.values.tolist(), start_offsets(self.lengths)
        ends = first + self.lengths
        return [values[start:end] for start, end in zip(first.tolist(), ends.tolist(), strict=True)]


def start_offsets(lengths: npt.NDArray[Any]) -> Integers:
    """Where each of so many rows begins that stand one after the other; int64 [rows]."""
    ends = np.cumsum(lengths, dtype=np.int64)
    ends -= lengths
    return ends
