"""Stores rows of different lengths in one flat array, so that NumPy handles all of them at once.

A corpus has millions of short rows, which a flat array regroups many times faster than lists of lists.
``tf.RaggedTensor`` would do the same, but TensorFlow takes seconds to import and NumPy is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


class RaggedArray(NamedTuple):
    """Rows of numbers.

    Attributes:
        values: the values of all rows, row after row; [values].
        lengths: the length of each row; int64 [rows].
    """

    values: npt.NDArray[Any]
    lengths: Integers

    @classmethod
    def from_lists(cls, rows: Sequence[Sequence[int]], dtype: Any) -> RaggedArray:
        """Converts a list of rows; the values get the given dtype."""
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(np.fromiter(chain.from_iterable(rows), dtype, int(lengths.sum())), lengths)

    def select(self, indices: Integers) -> RaggedArray:
        """Returns the rows with these indices, in this order; an index may occur more than once."""
        lengths = self.lengths[indices]
        # How far each row moves: from its start in this array to its start in the result.
        offsets = start_offsets(self.lengths)[indices] - start_offsets(lengths)
        return RaggedArray(self.values[np.arange(lengths.sum()) + np.repeat(offsets, lengths)], lengths)

    def concatenate(self, other: RaggedArray) -> RaggedArray:
        """Returns the rows of this array followed by those of another."""
        return RaggedArray(
            np.concatenate([self.values, other.values]), np.concatenate([self.lengths, other.lengths])
        )

    def to_lists(self) -> list[list[int]]:
        """Returns each row as a list."""
        values, first = self.values.tolist(), start_offsets(self.lengths)
        ends = first + self.lengths
        return [values[start:end] for start, end in zip(first.tolist(), ends.tolist(), strict=True)]


def start_offsets(lengths: npt.NDArray[Any]) -> Integers:
    """Returns the offset of the first value of each row, given the lengths of the rows; int64 [rows]."""
    ends = np.cumsum(lengths, dtype=np.int64)
    ends -= lengths
    return ends
