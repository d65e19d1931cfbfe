"""Ctrl-C and a request to terminate, noticed between two steps, when counters and weights agree."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class StoppedError(KeyboardInterrupt):
    """A training was stopped between two steps, and everything is saved."""


class Interruption:
    """Whether the end of the training has been requested.

    Attributes:
        requested: whether a signal came.
    """

    requested = False

    def _handle_signal(self, number: int, frame: FrameType | None) -> None:
        if self.requested:  # the second request is to stop at once
            raise KeyboardInterrupt
        self.requested = True


@contextlib.contextmanager
def interruption() -> Iterator[Interruption]:
    """Handles the signals inside a ``with`` block; only the main thread of a program receives any."""
    request = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    handler = request._handle_signal
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, earlier_handler in before.items():
            signal.signal(number, earlier_handler)
