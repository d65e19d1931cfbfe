"""Batches of lines from many callers.

A batch of 30 lines takes hardly longer than one of 3, so lines that arrive while a batch is computed are
translated together. A batch cannot be interrupted, so it holds a bounded amount of text. Short requests go
first; but every third batch begins with the request that has waited longest, so that long ones always get
on. All lines of a batch want the same, and what others want has its turn next: an n-best list makes search
longer for the whole batch, and attention fills memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Sequence

from translator.serving.server.models import Hypothesis, RequestOptions, ServedModel

MAX_BATCH_SIZE = 64  # lines
MAX_BATCH_CHARACTERS = 6400  # a longer line is a batch of its own
MIN_LINE_CHARACTERS = 20  # what a line counts at least, since a search has its price however short the line
SHORT_CHARACTERS = 1000  # the most of a request that shares its batches with short ones alone
OLDEST_EVERY = 3  # every third batch begins with the request that has waited longest
_GATHERING_SECONDS = 0.003  # how long the first line of a batch waits for others


class ServerBusyError(Exception):
    """Too much text waits, or the server is stopping; it accepts no more at the moment."""


class _Request:
    """The lines of one caller, with the hypotheses found so far.

    Attributes:
        options: what the caller wants.
        waiting: the indices of the lines that wait to be translated.
        characters: how much text waits; see ``cost``.

    Args:
        lines: one sentence each.
        options: what the caller wants.
    """

    def __init__(self, lines: Sequence[str], options: RequestOptions) -> None:
        self.lines, self.options = lines, options
        self.waiting = deque(range(len(lines)))
        self.characters = sum(map(cost, lines))
        self._hypotheses: list[list[Hypothesis]] = [[] for _ in lines]
        self._num_missing = len(lines)
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[list[list[Hypothesis]]] = self._loop.create_future()

    def take(self) -> int:
        """Removes the next line from those that wait and returns its index."""
        index = self.waiting.popleft()
        self.characters -= cost(self.lines[index])
        return index

    def add(self, results: dict[int, list[Hypothesis]]) -> None:
        """Adds the hypotheses of some lines, by their index. Called from the batcher's thread."""
        for index, hypotheses in results.items():
            self._hypotheses[index] = hypotheses if self.options.n_best else hypotheses[:1]
        self._num_missing -= len(results)
        if not self._num_missing:
            self._finish_soon(None)

    def fail(self, error: Exception) -> None:
        """Ends the request with an error. Called from any thread."""
        self._finish_soon(error)

    def _finish_soon(self, error: Exception | None) -> None:
        with contextlib.suppress(RuntimeError):  # the server has stopped, and its loop is closed
            self._loop.call_soon_threadsafe(self._finish, error)

    def _finish(self, error: Exception | None) -> None:
        if self.future.done():  # cancelled, or another of its batches failed
            return
        if error:
            self.future.set_exception(error)
        else:
            self.future.set_result(self._hypotheses)


def cost(line: str) -> int:
    """Returns how much work a line is, in characters."""
    return max(len(line), MIN_LINE_CHARACTERS)


class Batcher:
    """A thread that translates the lines of all callers of one model in batches.

    Args:
        model: the model.
        max_waiting: characters that may wait, see ``cost``; requests beyond them are refused.
    """

    def __init__(self, model: ServedModel, max_waiting: int) -> None:
        self._model, self._max_waiting = model, max_waiting
        self._waiting: list[_Request] = []  # those with lines that wait, in the order of their arrival
        self._num_batches = 0
        self._last_batch: dict[RequestOptions, int] = {}  # the number of the last batch with these options
        self._changed, self._closing = threading.Condition(), True
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread, once the one before it has ended."""
        if self._thread is not None:
            self._thread.join()
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
            ServerBusyError: if too much text waits already, or the batcher is closed.
        """
        if not lines:
            return []
        request = _Request(lines, options)
        with self._changed:
            self._forget_those_who_left()
            waiting = sum(other.characters for other in self._waiting)
            # The first one is accepted however long it is: it would be refused even by an idle server.
            if self._closing or (waiting and waiting + request.characters > self._max_waiting):
                raise ServerBusyError
            self._waiting.append(request)
            self._changed.notify()
        return await request.future

    def close(self) -> None:
        """Refuses the lines that wait; the thread ends after the batch in hand."""
        with self._changed:
            self._closing = True
            for request in self._waiting:
                request.fail(ServerBusyError())
            self._waiting.clear()
            self._changed.notify()

    def has_ended(self, seconds: float = 0.0) -> bool:
        """Returns whether the thread has ended, or ends within some seconds."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()

    def _work(self) -> None:
        while self._translate(self._next_batch()):
            pass

    def _translate(self, batch: list[tuple[_Request, int]]) -> bool:
        """Translates a batch for its callers; returns False if there is none. It keeps nothing in memory."""
        by_request: dict[_Request, list[int]] = {}
        for request, index in batch:
            by_request.setdefault(request, []).append(index)
        try:
            lines = [request.lines[index] for request, index in batch]
            found = iter(self._model.translate(lines, batch[0][0].options) if batch else [])
            results = {
                request: {index: next(found) for index in indices} for request, indices in by_request.items()
            }
        except Exception as error:  # its callers get the error, and the thread goes on
            for request in by_request:
                request.fail(error)
        else:
            for request, hypotheses in results.items():
                request.add(hypotheses)
        return bool(batch)

    def _next_batch(self) -> list[tuple[_Request, int]]:
        """Waits for lines and returns those of the next batch; none when the batcher is closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if self._closing:
                    return []
                deadline = time.monotonic() + _GATHERING_SECONDS
                while not self._has_full_batch() and not self._closing:
                    if not self._changed.wait(deadline - time.monotonic()):
                        break
                if batch := self._take_batch():
                    return batch

    def _has_full_batch(self) -> bool:
        lines = sum(len(request.waiting) for request in self._waiting)
        characters = sum(request.characters for request in self._waiting)
        return lines >= MAX_BATCH_SIZE or characters >= MAX_BATCH_CHARACTERS

    def _take_batch(self) -> list[tuple[_Request, int]]:
        """Removes and returns the lines of the next batch."""
        self._forget_those_who_left()
        if not self._waiting:
            return []
        requests = sorted(
            self._waiting, key=lambda request: (self._last_batch.get(request.options, 0), request.characters)
        )
        self._num_batches += 1
        if self._num_batches % OLDEST_EVERY == 0:
            requests = [self._waiting[0], *requests]
        options, batch, characters = requests[0].options, list[tuple[_Request, int]](), 0
        self._last_batch[options] = self._num_batches
        is_short = requests[0].characters <= SHORT_CHARACTERS
        for request in requests:
            if is_short and request.characters > SHORT_CHARACTERS:  # all would wait for its end
                continue
            while request.options == options and request.waiting and len(batch) < MAX_BATCH_SIZE:
                next_line = cost(request.lines[request.waiting[0]])
                if batch and characters + next_line > MAX_BATCH_CHARACTERS:
                    break
                characters += next_line
                batch.append((request, request.take()))
        self._waiting = [request for request in self._waiting if request.waiting]
        return batch

    def _forget_those_who_left(self) -> None:
        """Removes the requests whose callers no longer wait."""
        self._waiting = [request for request in self._waiting if not request.future.done()]
