"""Lines of many callers, translated together.

A batch of 30 lines takes hardly longer than 3 do, so the lines that wait while a batch is computed become
the next one.
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
    """So many lines wait that no more are taken."""


class _Request:
    """The lines of one caller, and what has been found for them so far.

    Args:
        lines: the lines.
        wish: what is wanted.
    """

    def __init__(self, lines: Sequence[str], wish: RequestOptions) -> None:
        self.lines, self.wish = lines, wish
        self.found: list[list[Hypothesis]] = [[] for _ in lines]
        self._missing = len(lines)
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[list[list[Hypothesis]]] = self._loop.create_future()

    def put(self, results: dict[int, list[Hypothesis]]) -> None:
        """Takes the results of some lines. For the thread of the batches."""
        for number, result in results.items():
            self.found[number] = result if self.wish.n_best else result[:1]
        self._missing -= len(results)
        if not self._missing:
            self._loop.call_soon_threadsafe(self._finish, None)

    def fail(self, error: Exception) -> None:
        """Ends the request. For the thread of the batches."""
        self._loop.call_soon_threadsafe(self._finish, error)

    def _finish(self, error: Exception | None) -> None:
        if self.future.done():  # cancelled, or failed by another of its batches
            return
        if error:
            self.future.set_exception(error)
        else:
            self.future.set_result(self.found)


class Batcher:
    """A thread that translates the lines of all callers of one model in batches, while it is started.

    Args:
        model: the model.
        most_waiting: with so many lines waiting, no more requests are taken.
    """

    def __init__(self, model: ServedModel, most_waiting: int) -> None:
        self._model, self._most_waiting = model, most_waiting
        self._waiting: deque[tuple[_Request, int]] = deque()
        self._changed, self._closing = threading.Condition(), True
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread."""
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    async def translate(self, lines: Sequence[str], wish: RequestOptions) -> list[list[Hypothesis]]:
        """Translates lines, together with those of other callers.

        Args:
            lines: one sentence each, none empty.
            wish: what is wanted.

        Returns:
            The hypotheses of each line, best first.

        Raises:
            ServerBusyError: if too many lines wait already, or the batcher is closed.
        """
        if not lines:
            return []
        request = _Request(lines, wish)
        with self._changed:
            if self._closing or len(self._waiting) >= self._most_waiting:
                raise ServerBusyError
            self._waiting.extend((request, number) for number in range(len(lines)))
            self._changed.notify()
        return await request.future

    def close(self) -> None:
        """Finishes what waits and ends the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            by_request: dict[_Request, list[int]] = {}
            for request, number in batch:
                by_request.setdefault(request, []).append(number)
            try:
                lines, wishes = zip(*((one.lines[i], one.wish) for one, i in batch), strict=True)
                found = iter(self._model.translate(lines, wishes))
                results = {
                    request: {number: next(found) for number in numbers}
                    for request, numbers in by_request.items()
                }
            except Exception as error:  # whatever it is, it is the caller's to see and the thread goes on
                for request in by_request:
                    request.fail(error)
                continue
            for request, result in results.items():
                request.put(result)

    def _next_batch(self) -> list[tuple[_Request, int]]:
        """Waits for lines and takes those that can be translated together; none when it is time to end."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return []
                until = time.monotonic() + _GATHERING_SECONDS
                while len(self._waiting) < MAX_BATCH_SIZE and not self._closing:
                    if not self._changed.wait(until - time.monotonic()):
                        break
                if batch := self._taken():
                    return batch

    def _taken(self) -> list[tuple[_Request, int]]:
        """Takes the lines that waited longest."""
        batch: list[tuple[_Request, int]] = []
        while self._waiting and len(batch) < MAX_BATCH_SIZE:
            line = self._waiting.popleft()
            if not line[0].future.done():  # else nobody waits for it any more
                batch.append(line)
        return batch
