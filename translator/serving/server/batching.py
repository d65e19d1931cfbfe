"""Batches of lines from many callers.

A batch of 30 lines takes hardly longer than one of 3, so all lines that arrive while a batch is computed
become the next batch.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence

from translator.serving.server.models import Hypothesis, RequestOptions, ServedModel

MAX_BATCH_SIZE = 64  # lines
_GATHERING_SECONDS = 0.003  # how long the first line of a batch waits for others


class ServerBusyError(Exception):
    """Too many lines wait; the server accepts no more at the moment."""


class _Request:
    """The lines of one caller, with the hypotheses found so far.

    Args:
        lines: one sentence each.
        options: what the caller wants.
    """

    def __init__(self, lines: Sequence[str], options: RequestOptions) -> None:
        self.lines, self.options = lines, options
        self._hypotheses: list[list[Hypothesis]] = [[] for _ in lines]
        self._num_missing = len(lines)
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[list[list[Hypothesis]]] = self._loop.create_future()

    def add(self, results: dict[int, list[Hypothesis]]) -> None:
        """Adds the hypotheses of some lines, by their index. Called from the batcher's thread."""
        for index, hypotheses in results.items():
            self._hypotheses[index] = hypotheses if self.options.n_best else hypotheses[:1]
        self._num_missing -= len(results)
        if not self._num_missing:
            self._loop.call_soon_threadsafe(self._finish, None)

    def fail(self, error: Exception) -> None:
        """Ends the request with an error. Called from the batcher's thread."""
        self._loop.call_soon_threadsafe(self._finish, error)

    def _finish(self, error: Exception | None) -> None:
        if self.future.done():  # cancelled, or another of its batches failed
            return
        if error:
            self.future.set_exception(error)
        else:
            self.future.set_result(self._hypotheses)


class Batcher:
    """A thread that translates the lines of all callers of one model in batches.

    Args:
        model: the model.
        max_waiting: once this many lines wait, further requests are refused.
    """

    def __init__(self, model: ServedModel, max_waiting: int) -> None:
        self._model, self._max_waiting = model, max_waiting
        self._waiting: deque[tuple[_Request, int]] = deque()
        self._changed, self._closing = threading.Condition(), True
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread."""
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="batcher", daemon=True)
        self._thread.start()

    async def translate(self, lines: Sequence[str], options: RequestOptions) -> list[list[Hypothesis]]:
        """Translates lines in batches with those of other callers.

        Args:
            lines: one sentence each, none empty.
            options: what the caller wants.

        Returns:
            The hypotheses of each line, best first.

        Raises:
            ServerBusyError: if too many lines wait already, or the batcher is closed.
        """
        if not lines:
            return []
        request = _Request(lines, options)
        with self._changed:
            if self._closing or len(self._waiting) >= self._max_waiting:
                raise ServerBusyError
            self._waiting.extend((request, index) for index in range(len(lines)))
            self._changed.notify()
        return await request.future

    def close(self) -> None:
        """Translates the lines that wait and ends the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            by_request: dict[_Request, list[int]] = {}
            for request, index in batch:
                by_request.setdefault(request, []).append(index)
            try:
                lines = [request.lines[index] for request, index in batch]
                found = iter(self._model.translate(lines, [request.options for request, _ in batch]))
                results = {
                    request: {index: next(found) for index in indices}
                    for request, indices in by_request.items()
                }
            except Exception as error:  # its callers get the error, and the thread goes on
                for request in by_request:
                    request.fail(error)
                continue
            for request, hypotheses in results.items():
                request.add(hypotheses)

    def _next_batch(self) -> list[tuple[_Request, int]]:
        """Waits for lines and returns those of the next batch; none when the batcher is closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return []
                deadline = time.monotonic() + _GATHERING_SECONDS
                while len(self._waiting) < MAX_BATCH_SIZE and not self._closing:
                    if not self._changed.wait(deadline - time.monotonic()):
                        break
                if batch := self._take_waiting():
                    return batch

    def _take_waiting(self) -> list[tuple[_Request, int]]:
        """Removes and returns the lines that have waited longest, at most one batch."""
        batch: list[tuple[_Request, int]] = []
        while self._waiting and len(batch) < MAX_BATCH_SIZE:
            line = self._waiting.popleft()
            if not line[0].future.done():  # otherwise its caller no longer waits
                batch.append(line)
        return batch
