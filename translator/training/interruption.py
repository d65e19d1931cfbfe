"""Ctrl-C and a request to terminate, heard between two steps, where all counters and weights agree."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class StoppedError(KeyboardInterrupt):
    """A training was stopped between two steps, and all is saved."""


class Interruption:
    """Whether somebody asked for an end.

    Attributes:
        requested: whether a signal came.
    """

    requested = False

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self.requested:  # the second time it is meant at once
            raise KeyboardInterrupt
        self.requested = True


@contextlib.contextmanager
def interruption() -> Iterator[Interruption]:
    """Takes the signals for the time of a ``with`` block; only the main thread of a program gets any."""
    request = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request._heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
