"""Which sentences are translated together, and how many batches at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_TOKENS = 4096  # source pieces a batch times places of the beam; more gains no speed
_AT_A_TIME = 2  # the small operations of a step leave cores idle, which another batch can use

Result = TypeVar("Result")


def batches_of(lengths: Sequence[int], places: int = 1) -> list[list[int]]:
    """Cuts sentences, longest first, into batches of similar length.

    Args:
        lengths: pieces of each sentence.
        places: hypotheses that are computed at once for each.

    Returns:
        The indices of the sentences of each batch, which holds at least one.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    budget, batches = max(1, _TOKENS // places), []
    while order:
        size = max(1, budget // (lengths[order[0]] + 1))
        batches.append(order[:size])
        order = order[size:]
    return batches


def for_each_batch(
    function: Callable[[list[int]], Result], batches: Sequence[list[int]]
) -> Iterator[tuple[list[int], Result]]:
    """Calls a function for every batch, two at a time; yields each batch with its result, in order."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        yield from zip(batches, pool.map(function, batches), strict=True)
