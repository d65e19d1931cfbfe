"""ASGI middlewares: what the server refuses before it looks at a request, and the headers of its answers.

Each class does one job and knows nothing of the others; ``app.create_app`` composes them.
"""

from __future__ import annotations

import abc
import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from translator.serving.server.limits import Limits, RateLimit
from translator.serving.server.messages import error_response

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_BODY_SECONDS = 10.0  # without this limit, a body that never arrives would keep the server from stopping
# The page consists of its own files alone; what a model writes can never become a script.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class SecurityHeadersMiddleware:
    """Sets the security headers of every answer.

    Args:
        app: the application behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request (ASGI)."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers)


class FailureMiddleware:
    """Answers with status 500 if the application fails, and with 503 if the server stops before it is done.

    Starlette would answer in front of all middlewares, and its answers would lack their headers. The error is
    raised again, so that the log of the server has it.

    Args:
        app: the application behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request (ASGI)."""
        has_begun = scope["type"] != "http"

        async def note_begin(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, note_begin)
        except asyncio.CancelledError:
            if has_begun:
                raise
            await error_response(503, "the server is stopping")(scope, receive, send)
        except Exception:
            if not has_begun:
                message = "Cannot translate text: the model failed; the log of the server says why"
                await error_response(500, message)(scope, receive, send)
            raise


class _Check(abc.ABC):
    """Answers a request itself if ``refusal`` gives an answer; otherwise passes it on.

    Args:
        app: the application behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request (ASGI)."""
        refusal = self.refusal(scope) if scope["type"] == "http" else None
        await (self._app if refusal is None else refusal)(scope, receive, send)

    @abc.abstractmethod
    def refusal(self, scope: Scope) -> JSONResponse | None:
        """The answer to a request that is refused because of its method, address or headers; else None."""


class HostNameMiddleware(_Check):
    """Refuses requests that call this server by a name that is not its own.

    This prevents DNS rebinding: a web site may point its own name at the address of this machine and let a
    visitor's browser read from here. Such requests carry the name of the site in their ``Host`` header.

    Args:
        app: the application behind it.
        host_names: names by which a request may call this server; empty: any.
    """

    def __init__(self, app: ASGIApp, host_names: Collection[str] = ()) -> None:
        super().__init__(app)
        self._host_names = host_names

    def refusal(self, scope: Scope) -> JSONResponse | None:
        """Status 403 if the ``Host`` header, without its port, has another name."""
        host = _host_of(scope)
        name = host if host.endswith("]") else host.rpartition(":")[0] if ":" in host else host
        if self._host_names and name not in self._host_names:
            return error_response(
                403,
                "this server is not called by this name; call it by the name localhost, or see --allow-host",
            )
        return None


class OriginMiddleware(_Check):
    """Refuses requests that pages of other sites send.

    Such pages could keep this machine busy with forms, even though they cannot read the answers. Programs
    other than browsers send neither ``Origin`` nor ``Sec-Fetch-Site`` and are served.

    Args:
        app: the application behind it.
        origins: other sites whose pages may send requests; ``*`` for all.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str] = ()) -> None:
        super().__init__(app)
        self._origins = origins

    def refusal(self, scope: Scope) -> JSONResponse | None:
        """Status 403 if a POST request comes from a page of another site that is not allowed."""
        if scope["method"] != "POST":
            return None
        headers = Headers(scope=scope)
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        # Browsers send the site only over https or to this machine.
        if site is None and origin is not None:
            site = "same-origin" if _network_location(origin) == _host_of(scope) else "cross-site"
        if site in ("cross-site", "same-site") and not {origin, "*"} & set(self._origins):
            return error_response(403, "pages of other sites may not use this server; see --allow-origin")
        return None


class RateLimitMiddleware(_Check):
    """Refuses requests from an address that sends too many; only POST requests, which make work, count.

    Args:
        app: the application behind it.
        requests_per_minute: per address; 0: no limit.
        clock: see ``RateLimit``.
    """

    def __init__(
        self, app: ASGIApp, requests_per_minute: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(app)
        self._requests_per_minute = requests_per_minute
        self._rate = RateLimit(requests_per_minute, clock)

    def refusal(self, scope: Scope) -> JSONResponse | None:
        """Status 429, with ``Retry-After`` in seconds, if the address has used up its requests."""
        if scope["method"] != "POST":
            return None
        address = scope["client"][0] if scope.get("client") else ""
        seconds = self._rate.seconds_to_wait(address)
        if not seconds:
            return None
        return error_response(
            429, f"Slowdown: more than {self._requests_per_minute:,} requests a minute", math.ceil(seconds)
        )


class BodyLimitMiddleware:
    """Reads the body of a request, up to a size and within a time, and passes it on as one message.

    Args:
        app: the application behind it.
        limits: the limits; ``max_body`` is the one that counts here.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request (ASGI): status 408 if its body is too slow, 413 if it is too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await self._body(scope, receive)
        except TimeoutError:
            refusal = error_response(408, f"the body was not there within {_BODY_SECONDS:g} seconds")
            await refusal(scope, receive, send)
            return
        if body is None:
            refusal = error_response(
                413,
                f"the body is larger than {self._limits.max_body:,} bytes, the most for a text of "
                f"{self._limits.max_characters:,} characters",
            )
            await refusal(scope, receive, send)
            return
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_body() -> Message:
            return messages.pop() if messages else await receive()

        await self._app(scope, receive_body, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None as soon as it is known to be too large."""
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and (len(announced) > 15 or int(announced) > self._limits.max_body):
            return None
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return b""
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self._limits.max_body:
                return None
            if not message.get("more_body"):
                return b"".join(chunks)


class DisconnectMiddleware:
    """Cancels the work on a request when its client hangs up, so that no model works for nobody.

    It belongs behind ``BodyLimitMiddleware``: the first message it receives must be the whole body, and the
    next one is the end of the connection.

    Args:
        app: the application behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        messages = [await receive()]

        async def receive_body() -> Message:
            if not messages:  # the disconnect, which would come next, cancels the application instead
                await asyncio.get_running_loop().create_future()
            return messages.pop()

        await _until_disconnect(self._app(scope, receive_body, send), receive)


async def _until_disconnect(work: Awaitable[None], receive: Receive) -> None:
    """Awaits the work, or cancels it when the client disconnects first."""

    async def disconnect() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    working, disconnecting = asyncio.ensure_future(work), asyncio.create_task(disconnect())
    try:
        await asyncio.wait((working, disconnecting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        disconnecting.cancel()
        working.cancel()  # does nothing if the work is done
    await asyncio.wait((working,))
    if not working.cancelled():
        working.result()  # raises the exception of the work, if any


def _host_of(scope: Scope) -> str:
    """The ``Host`` header in lower case, with its port if it has one."""
    return Headers(scope=scope).get("host", "").lower()


def _network_location(origin: str) -> str | None:
    """Host and port of an origin in lower case; None if it is not a valid address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
