"""Which sentences are translated together, and how many batches in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from translator.resources import num_cores

MAX_BATCH_TOKENS = 4096  # source tokens per batch times width of the beam; more gains no speed

Result = TypeVar("Result")


def num_parallel_batches() -> int:
    """How many batches are worth translating in parallel.

    A step is many small operations, which leave cores idle that another batch can use.
    """
    if tf.config.list_logical_devices("GPU"):
        return 2
    return num_cores()


def group_by_length(lengths: Sequence[int], width: int = 1, min_batches: int = 1) -> list[list[int]]:
    """Cuts sentences, longest first, into batches of similar length.

    Args:
        lengths: tokens of each sentence.
        width: hypotheses that are computed side by side for each.
        min_batches: about how many batches there should be, if there are so many sentences.

    Returns:
        The indices of the sentences of each batch; no batch is empty.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    budget = min(MAX_BATCH_TOKENS // width, -(-sum(length + 1 for length in lengths) // min_batches))
    batches = []
    while order:
        size = max(1, budget // (lengths[order[0]] + 1))
        batches.append(order[:size])
        order = order[size:]
    return batches


def for_each_batch(
    function: Callable[[list[int]], Result], batches: Sequence[list[int]]
) -> Iterator[tuple[list[int], Result]]:
    """Calls a function for several batches in parallel; yields each batch with its result, in order."""
    with ThreadPoolExecutor(num_parallel_batches()) as pool:
        yield from zip(batches, pool.map(function, batches), strict=True)


def padded(rows: Sequence[Sequence[int]], padding_id: int) -> npt.NDArray[np.int32]:
    """Token ids as one array, int32 [rows, longest], padded on the right."""
    array = np.full((len(rows), max(map(len, rows), default=0)), padding_id, np.int32)
    for row, ids in zip(array, rows, strict=True):
        row[: len(ids)] = ids
    return array
