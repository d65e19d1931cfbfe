"""Each middleware alone, in front of an application that answers every request with status 200."""

import asyncio
import json

import pytest

from translator.serving.server import middleware as middleware_module
from translator.serving.server.limits import Limits
from translator.serving.server.middleware import (
    BodyLimitMiddleware,
    DisconnectMiddleware,
    FailureMiddleware,
    HostNameMiddleware,
    OriginMiddleware,
    RateLimitMiddleware,
    SecurityHeadersMiddleware,
)

BODY = {"type": "http.request", "body": b"ab", "more_body": False}
DISCONNECT = {"type": "http.disconnect"}


class Application:
    """Reads one message and answers with status 200.

    Attributes:
        received: the messages of all calls.
        scopes: the scopes of all calls.
    """

    def __init__(self):
        self.received, self.scopes = [], []

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        if scope["type"] == "http":
            self.received.append(await receive())
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})


@pytest.fixture
def application():
    return Application()


def call(middleware, messages=(BODY,), method="POST", client=("1.2.3.4", 5), **headers):
    """Sends one request, whose messages never end: status, headers and JSON of the answer."""
    scope = {"type": "http", "method": method, "client": client}
    scope["headers"] = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    remaining, sent = list(messages), []

    async def receive():
        if not remaining:
            await asyncio.get_running_loop().create_future()
        return remaining.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(asyncio.wait_for(middleware(scope, receive, send), timeout=30))
    if not sent:
        return None
    start, body = sent
    answered = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], answered, json.loads(body["body"])


@pytest.mark.parametrize(
    ("middleware", "arguments"),
    [
        (SecurityHeadersMiddleware, []),
        (FailureMiddleware, []),
        (HostNameMiddleware, [["localhost"]]),
        (OriginMiddleware, []),
        (RateLimitMiddleware, [1]),
        (BodyLimitMiddleware, [Limits()]),
        (DisconnectMiddleware, []),
    ],
)
def test_what_is_no_request_is_passed_on_untouched(application, middleware, arguments):
    async def nothing(*_):
        raise AssertionError("neither receives nor sends")

    scope = {"type": "lifespan"}
    asyncio.run(middleware(application, *arguments)(scope, nothing, nothing))
    assert application.scopes == [scope]


def test_security_headers_are_set_and_nothing_else_changes(application):
    status, headers, body = call(SecurityHeadersMiddleware(application))
    assert (status, body) == (200, {})
    assert set(headers) == {
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "cache-control",
    }
    assert application.received == [BODY]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_known_host_names_get_through(application, method):
    middleware = HostNameMiddleware(application, ["localhost", "[::1]"])
    for host in ("localhost", "LOCALHOST:5000", "[::1]", "[::1]:5000"):
        assert call(middleware, method=method, host=host)[0] == 200
    message = "this server is not called by this name; call it by the name localhost, or see --allow-host"
    for host in ("evil.example", "evil.example:5000", "::1", ""):
        status, _, body = call(middleware, method=method, host=host)
        assert (status, body) == (403, {"error": message})
    assert call(middleware, method=method)[0] == 403  # no Host header
    assert len(application.scopes) == 4


def test_without_host_names_every_host_gets_through(application):
    assert call(HostNameMiddleware(application), host="evil.example")[0] == 200


def test_posts_from_pages_of_other_sites_are_refused(application):
    middleware = OriginMiddleware(application, ["https://friend.example"])
    foreign = {"host": "localhost:5000", "origin": "https://other.example"}
    status, _, body = call(middleware, **foreign)
    assert (status, body) == (
        403,
        {"error": "pages of other sites may not use this server; see --allow-origin"},
    )
    assert call(middleware, sec_fetch_site="cross-site", **foreign)[0] == 403
    assert call(middleware, sec_fetch_site="same-site", **foreign)[0] == 403
    assert application.scopes == []
    assert call(middleware, method="GET", **foreign)[0] == 200
    assert call(middleware, **foreign | {"origin": "https://friend.example"})[0] == 200
    assert call(middleware, **foreign | {"origin": "http://localhost:5000"})[0] == 200
    assert call(middleware, host="localhost:5000")[0] == 200
    assert call(OriginMiddleware(application, ["*"]), **foreign)[0] == 200


def test_posts_over_the_rate_are_refused_per_address(application):
    now = 0.0
    middleware = RateLimitMiddleware(application, 2, lambda: now)
    assert [call(middleware)[0] for _ in range(2)] == [200, 200]
    status, headers, body = call(middleware)
    assert (status, headers["retry-after"]) == (429, "30")
    assert body == {"error": "Slowdown: more than 2 requests a minute"}
    assert call(middleware, method="GET")[0] == 200
    assert call(middleware, client=("5.6.7.8", 9))[0] == 200
    assert call(middleware, client=None)[0] == 200
    now = 30.0
    assert [call(middleware)[0] for _ in range(2)] == [200, 429]


def test_a_body_is_passed_on_as_one_message(application):
    chunks = [
        {"type": "http.request", "body": part, "more_body": part != b"c"} for part in (b"a", b"b", b"c")
    ]
    assert call(BodyLimitMiddleware(application, Limits()), chunks)[0] == 200
    assert application.received == [{"type": "http.request", "body": b"abc", "more_body": False}]


def test_after_the_body_comes_what_the_connection_brings(application):
    async def read_twice(scope, receive, send):
        application.received += [await receive(), await receive()]

    assert call(BodyLimitMiddleware(read_twice, Limits()), [BODY, DISCONNECT]) is None
    assert application.received == [BODY, DISCONNECT]


@pytest.mark.parametrize("headers", [{}, {"content_length": "16397"}], ids=["read", "announced"])
def test_a_large_body_is_refused(application, headers):
    middleware = BodyLimitMiddleware(application, Limits(max_characters=1))
    fits = {"type": "http.request", "body": b"x" * 16_396}
    assert call(middleware, [fits])[0] == 200
    status, _, body = call(middleware, [fits | {"body": b"x" * 16_397}], **headers)
    message = "the body is larger than 16,396 bytes, the most for a text of 1 characters"
    assert (status, body) == (413, {"error": message})
    assert len(application.scopes) == 1


def test_a_slow_body_is_refused(application, monkeypatch):
    monkeypatch.setattr(middleware_module, "_BODY_SECONDS", 0.01)
    status, _, body = call(BodyLimitMiddleware(application, Limits()), [BODY | {"more_body": True}])
    assert (status, body) == (408, {"error": "the body was not there within 0.01 seconds"})
    assert application.scopes == []


def test_a_connected_client_gets_its_answer(application):
    assert call(DisconnectMiddleware(application))[0] == 200
    assert application.received == [BODY]


def test_a_disconnect_cancels_the_work():
    cancelled = []

    async def works_for_ever(scope, receive, send):
        await receive()
        try:
            await receive()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    assert call(DisconnectMiddleware(works_for_ever), [BODY, DISCONNECT]) is None
    assert cancelled == [True]


def test_an_error_of_the_application_is_raised():
    async def fails(scope, receive, send):
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        call(DisconnectMiddleware(fails))


def test_a_failure_is_answered_behind_the_middlewares_and_raised_again():
    async def fails(scope, receive, send):
        raise RuntimeError("out of memory")

    sent = []

    async def send(message):
        sent.append(message)

    with pytest.raises(RuntimeError, match="out of memory"):
        asyncio.run(SecurityHeadersMiddleware(FailureMiddleware(fails))({"type": "http"}, None, send))
    assert sent[0]["status"] == 500
    assert b"content-security-policy" in dict(sent[0]["headers"])


def test_a_request_that_the_stop_of_the_server_cancels_is_answered():
    async def waits(scope, receive, send):
        await asyncio.get_running_loop().create_future()

    sent = []

    async def send(message):
        sent.append(message)

    async def stopped():
        task = asyncio.create_task(FailureMiddleware(waits)({"type": "http"}, None, send))
        await asyncio.sleep(0)
        task.cancel()
        await task

    asyncio.run(stopped())
    assert sent[0]["status"] == 503
    assert json.loads(sent[1]["body"]) == {"error": "the server is stopping"}


def test_an_answer_that_has_begun_is_not_answered_again():
    async def fails(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("out of memory")

    sent = []

    async def send(message):
        sent.append(message)

    with pytest.raises(RuntimeError, match="out of memory"):
        asyncio.run(FailureMiddleware(fails)({"type": "http"}, None, send))
    assert [message["type"] for message in sent] == ["http.response.start"]
