"""Requests that the server refuses before it translates anything, and the headers of every answer."""

import asyncio

import pytest

from translator.serving.server import limits as limits_module
from translator.serving.server import middleware as middleware_module
from translator.serving.server.app import middlewares
from translator.serving.server.limits import Limits, RateLimit
from translator.serving.server.middleware import LOOPBACK_NAMES

REQUEST = {"q": "ein hund", "source": "de", "target": "en"}


class Clock:
    """A clock that stands still until a test moves it."""

    now = 0.0

    def __call__(self):
        return self.now


def test_a_minutes_worth_of_requests_may_come_at_once_and_then_evenly():
    clock = Clock()
    rate = RateLimit(30, clock)
    assert [rate.seconds_to_wait("a") for _ in range(30)] == [0] * 30
    assert rate.seconds_to_wait("a") == pytest.approx(2)
    clock.now = 1.5
    assert rate.seconds_to_wait("a") == pytest.approx(0.5)
    clock.now = 2
    assert [rate.seconds_to_wait("a") for _ in range(2)] == [0, pytest.approx(2)]
    clock.now = 1000  # at most one minute's requests are saved up
    assert [rate.seconds_to_wait("a") > 0 for _ in range(31)] == [False] * 30 + [True]


def test_each_address_has_its_own_bucket_and_old_ones_are_forgotten(monkeypatch):
    monkeypatch.setattr(limits_module, "_NUM_ADDRESSES", 2)
    rate = RateLimit(1, Clock())
    assert [rate.seconds_to_wait(address) > 0 for address in "aabb"] == [False, True, False, True]
    rate.seconds_to_wait("c")
    assert [rate.seconds_to_wait(address) > 0 for address in "cba"] == [True, True, False]


def test_a_rate_of_zero_is_no_limit():
    rate = RateLimit(0, Clock())
    assert not any(rate.seconds_to_wait("a") for _ in range(10_000))


def test_too_many_requests_are_refused_with_a_time_to_retry(connect, model):
    client = connect({("de", "en"): model}, Limits(requests_per_minute=2))
    statuses = [client.post("/translate", json=REQUEST).status_code for _ in range(2)]
    answer = client.post("/attention", json=REQUEST)
    assert [*statuses, answer.status_code] == [200, 200, 429]
    assert answer.json() == {"error": "Slowdown: more than 2 requests a minute"}
    assert 1 <= int(answer.headers["Retry-After"]) <= 30
    assert client.get("/health").status_code == 200  # only requests that cause work are counted
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("is_announced", [True, False], ids=["by its length", "while it arrives"])
def test_large_bodies_are_not_read_to_their_end(connect, model, is_announced):
    client = connect({("de", "en"): model}, Limits(max_characters=10))
    most = 12 * 10 + 16_384

    def chunks(size):
        for _ in range(size // 100):
            yield b"x" * 100

    headers = {"Content-Type": "application/json"} | ({"Content-Length": str(10**30)} if is_announced else {})
    answer = client.post("/translate", content=chunks(100 * most), headers=headers)
    assert answer.status_code == 413
    expected = "the body is larger than 16,504 bytes, the most for a text of 10 characters"
    assert answer.json() == {"error": expected}


def test_the_longest_text_fits_into_a_body(connect, model):
    """Twelve bytes per character: the JSON escapes of a character outside the basic plane, or its form."""
    client = connect({("de", "en"): model}, Limits(max_characters=20_000))
    text = REQUEST | {"q": "\U0001f600" * 20_000}
    assert client.post("/translate", data=text).status_code == 200
    assert client.post("/translate", json=text).status_code == 200


def sent_through(messages, scope):
    """Returns the status of the answer and how many messages of the body were read; no server is needed."""
    read, sent = [], []

    async def receive():
        if len(read) == len(messages):
            await asyncio.sleep(3600)
        read.append(messages[len(read)])
        return read[-1]

    async def send(message):
        sent.append(message)

    async def app(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    scope = {"type": "http", "method": "POST", "headers": [], "client": ("1.2.3.4", 5)} | scope
    for middleware in reversed(middlewares(Limits(max_characters=1))):
        app = middleware.cls(app, *middleware.args, **middleware.kwargs)
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], len(read)


def chunk(size, more=True):
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


def test_reading_stops_when_the_body_is_too_large():
    assert sent_through([chunk(10_000)] * 9, {}) == (413, 2)
    assert sent_through([chunk(10_000), chunk(6_000, more=False)], {}) == (200, 2)
    assert sent_through([chunk(1)], {"headers": [(b"content-length", b"99999")]}) == (
        413,
        0,
    )


def test_a_body_that_does_not_arrive_is_refused(monkeypatch):
    monkeypatch.setattr(middleware_module, "_BODY_SECONDS", 0.01)
    assert sent_through([chunk(10)], {}) == (408, 1)


def test_a_client_that_disconnects_is_not_an_error():
    assert sent_through([chunk(10), {"type": "http.disconnect"}], {}) == (200, 2)


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "[::1]:5000", "[::1]", "LOCALHOST"])
def test_the_names_of_this_machine_are_accepted(connect, model, host):
    client = connect({("de", "en"): model}, host_names=LOOPBACK_NAMES)
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example:5000", "evil.example", "", "localhost.evil.example", "::1"])
def test_another_name_for_this_machine_is_refused(connect, model, host):
    client = connect({("de", "en"): model}, host_names=LOOPBACK_NAMES)
    answer = client.get("/languages", headers={"Host": host})
    assert answer.status_code == 403
    assert "this server is not called by this name; call it by the name localhost" in answer.text


def test_pages_of_other_sites_are_refused_until_they_are_allowed(connect, model):
    models = {("de", "en"): model}
    foreign = {"Origin": "https://other.example", "Sec-Fetch-Site": "cross-site"}
    answer = connect(models).post("/translate", data=REQUEST, headers=foreign)
    assert answer.status_code == 403
    assert answer.json() == {"error": "pages of other sites may not use this server; see --allow-origin"}
    assert "access-control-allow-origin" not in answer.headers
    for origins in (["https://other.example"], ["*"]):
        answer = connect(models, origins=origins).post("/translate", data=REQUEST, headers=foreign)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] in origins
    strict = connect(models, origins=["https://third.example"])
    assert strict.post("/translate", data=REQUEST, headers=foreign).status_code == 403


def test_the_origin_decides_if_a_browser_sends_nothing_else(connect, model):
    models = {("de", "en"): model}
    for origin in ("http://other.example", "http://testserver:81", "null", "http://["):
        answer = connect(models).post("/translate", data=REQUEST, headers={"Origin": origin})
        assert answer.status_code == 403
        allowed = connect(models, origins=[origin])
        assert allowed.post("/translate", data=REQUEST, headers={"Origin": origin}).status_code == 200


def test_programs_and_the_pages_of_this_server_are_served(client):
    own = {"Origin": "http://testserver"}
    behind_a_proxy = {"Origin": "https://public.example", "Sec-Fetch-Site": "same-origin"}
    for headers in ({}, own, behind_a_proxy, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert client.post("/translate", data=REQUEST, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/page.js", "/languages", "/nothing", "/translate"])
def test_every_answer_has_the_security_headers(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy  # no other site
    assert headers["x-content-type-options"] == "nosniff"
