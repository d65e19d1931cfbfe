"""Connections that are not waited for without end."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0


class Connection(H11Protocol):
    """A connection that is closed where the head of a request does not come.

    Uvicorn waits for it without end, and a few thousand silent callers take all that a process may open.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for the first request."""
        super().connection_made(transport)
        self._head = self._wait()

    def data_received(self, data: bytes) -> None:
        """Waits no more where a request has come, and anew where the next one has begun to."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._head.cancel()
        elif self._head.cancelled():
            self._head = self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no more."""
        self._head.cancel()
        super().connection_lost(exc)

    def _wait(self) -> asyncio.TimerHandle:
        return self.loop.call_later(HEAD_SECONDS, self.transport.close)
