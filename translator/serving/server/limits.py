"""What the server refuses before it looks at a request, and the headers that it answers with."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BODY_SECONDS = 10.0  # a body that is not there by then is not waited for: it would hold up the stop
_ADDRESSES = 10_000  # whose rate is remembered
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
# The page consists of its own files alone; what a model writes can never become a script.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class Limits:
    """How much the server takes on.

    Attributes:
        max_characters: of all texts of a request together.
        requests_per_minute: that one address may send; 0: any number.
        max_waiting: lines that may wait for a model; with more, requests are refused.
    """

    max_characters: int = 5000
    requests_per_minute: int = 0
    max_waiting: int = 1000

    @property
    def max_body(self) -> int:
        """Bytes of a body: a character takes at most 12, in JSON and in a form, and a little for the rest."""
        return 12 * self.max_characters + 16_384


class RateLimit:
    """A bucket of tokens for each address: it holds a minute's worth and fills evenly.

    Args:
        requests_per_minute: tokens a minute; 0: no limit.
        clock: seconds that only ever grow.
    """

    def __init__(self, requests_per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size, self._clock = requests_per_minute, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, when

    def seconds_to_wait(self, address: str) -> float:
        """Takes a token; 0 if there is one, else how long to wait for it."""
        if not self._size:
            return 0.0
        now, a_second = self._clock(), self._size / 60
        tokens, before = self._buckets.pop(address, (float(self._size), now))
        tokens = min(float(self._size), tokens + (now - before) * a_second)
        wait = max(0.0, (1 - tokens) / a_second)
        self._buckets[address] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > _ADDRESSES:  # the one that was quiet for longest
            self._buckets.popitem(last=False)
        return wait


class Guard:
    """Refuses what no request may be, reads bodies up to a limit, and sets the headers of all answers.

    Args:
        app: what is behind it.
        limits: the limits.
        host_names: names that a request may call this server by; empty: any.
        origins: other sites whose pages may send requests.
        clock: see ``RateLimit``.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        host_names: Collection[str] = (),
        origins: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._limits = app, limits
        self._host_names, self._origins = host_names, origins
        self._rate = RateLimit(limits.requests_per_minute, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(scope)
        body: bytes | None = None
        if refusal is None:
            try:
                async with asyncio.timeout(_BODY_SECONDS):
                    body = await self._body(scope, receive)
            except TimeoutError:
                refusal = failure(408, f"the body was not there within {_BODY_SECONDS:g} seconds")
            else:
                if body is None:
                    refusal = failure(
                        413,
                        f"the body is larger than {self._limits.max_body:,} bytes, the most for a text of "
                        f"{self._limits.max_characters:,} characters",
                    )
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        given = False

        async def receive_body() -> Message:
            nonlocal given
            if given:  # what comes next is the end of the connection, which ends all
                await asyncio.get_running_loop().create_future()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await _unless_gone(self._app(scope, receive_body, send_with_headers), receive)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        """The answer to a request that is refused by its headers; None: it is not."""
        headers = Headers(scope=scope)
        # A web site may give its own name the address of this machine and let a visitor's browser read from
        # here; such requests carry that name.
        host = headers.get("host", "").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] if ":" in host else host
        if self._host_names and name not in self._host_names:
            return failure(403, "this server is for its own machine only; call it by the name localhost")
        if scope["method"] != "POST":
            return None
        # Pages of other sites could keep this machine busy with forms, even if they cannot read the answer.
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if site is None and origin is not None:  # browsers say the site only over https, or to this machine
            site = "same-origin" if _place_of(origin) == host else "cross-site"
        if site in ("cross-site", "same-site") and not {origin, "*"} & set(self._origins):
            return failure(403, "pages of other sites may not use this server; see --allow-origin")
        address = scope["client"][0] if scope.get("client") else ""
        if seconds := self._rate.seconds_to_wait(address):
            return failure(
                429,
                f"Slowdown: more than {self._limits.requests_per_minute:,} requests a minute",
                math.ceil(seconds),
            )
        return None

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None as soon as it is known to be too large."""
        told = Headers(scope=scope).get("content-length", "")
        if told.isdecimal() and (len(told) > 15 or int(told) > self._limits.max_body):
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


async def _unless_gone(answer: Awaitable[None], receive: Receive) -> None:
    """Answers; gives up where the caller hangs up, so that no model works for nobody."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    answering, going = asyncio.ensure_future(answer), asyncio.create_task(gone())
    try:
        await asyncio.wait((answering, going), return_when=asyncio.FIRST_COMPLETED)
    finally:
        going.cancel()
        answering.cancel()  # nothing happens to it if it is done
    await asyncio.wait((answering,))
    if not answering.cancelled():
        answering.result()  # raises what it raised


def failure(status: int, reason: str, retry_after: int | None = None) -> JSONResponse:
    """An answer in the form of LibreTranslate's errors.

    Args:
        status: of HTTP.
        reason: for people.
        retry_after: seconds after which to try again; None: trying again is no use.
    """
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse({"error": reason}, status, headers)


def _place_of(origin: str) -> str | None:
    """Host and port of an origin; None if it is no address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
