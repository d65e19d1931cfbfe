"""How much work the server takes on, and a limit on the rate of requests per address."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_NUM_ADDRESSES = 10_000  # whose rate is remembered


@dataclass(frozen=True)
class Limits:
    """How much the server takes on.

    Attributes:
        max_characters: of all texts of a request together.
        requests_per_minute: that one address may send; 0: any number.
        max_waiting: characters that may wait for a model; with more, requests are refused.
        timeout: seconds after which a request is given up, with the lines of it that still wait.
    """

    max_characters: int = 5000
    requests_per_minute: int = 0
    max_waiting: int = 100_000
    timeout: float = 60.0

    @property
    def max_body(self) -> int:
        """Bytes of a body: at most 12 per character, in JSON as in a form, and 16 KiB for everything else."""
        return 12 * self.max_characters + 16_384


class RateLimit:
    """A token bucket per address: it holds the requests of one minute and refills evenly.

    Args:
        requests_per_minute: size of a bucket; 0: no limit.
        clock: gives seconds that only ever grow.
    """

    def __init__(self, requests_per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size, self._clock = requests_per_minute, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # requests left, time in seconds

    def seconds_to_wait(self, address: str) -> float:
        """Takes a request out of the bucket; returns 0 if there was one, else the seconds until there is."""
        if not self._size:
            return 0.0
        now, per_second = self._clock(), self._size / 60
        left, last_time = self._buckets.pop(address, (float(self._size), now))
        left = min(float(self._size), left + (now - last_time) * per_second)
        wait = max(0.0, (1 - left) / per_second)
        self._buckets[address] = (left if wait else left - 1, now)
        if len(self._buckets) > _NUM_ADDRESSES:  # forget the address that was quiet for longest
            self._buckets.popitem(last=False)
        return wait
