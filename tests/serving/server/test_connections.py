"""Clients that are slow, silent or disconnected, over real sockets."""

import socket
import time
from urllib.parse import urlsplit

import pytest

from translator.serving.server import connections
from translator.serving.server.app import create_app

BODY = b"q=some+text&source=de&target=en"
HEAD = (
    b"POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)


@pytest.fixture
def address(running, model):
    with running(create_app({("de", "en"): model})) as url:
        yield urlsplit(url).hostname, urlsplit(url).port


def answer(connection):
    """Receives up to the end of the JSON."""
    connection.settimeout(30)
    found = b""
    while not found.endswith(b"}"):
        found += connection.recv(10_000)
    return found


def is_closed(connection):
    """Returns whether the server closes the connection within a few seconds."""
    connection.settimeout(5)
    return connection.recv(1000) == b""


@pytest.mark.parametrize("sent", [b"", HEAD[:30]], ids=["silent", "slow"])
def test_a_connection_without_a_request_is_closed(address, monkeypatch, sent):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    with socket.create_connection(address) as connection:
        connection.sendall(sent)
        assert is_closed(connection)


def test_a_connection_is_closed_when_a_second_request_stops_in_its_head(address, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    with socket.create_connection(address) as connection:
        connection.sendall(HEAD + BODY)
        assert answer(connection).startswith(b"HTTP/1.1 200")
        connection.sendall(HEAD[:30])
        assert is_closed(connection)


def test_an_answer_may_take_longer_than_a_head(address, model, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    model.may_go_on.clear()
    with socket.create_connection(address) as connection:
        connection.sendall(HEAD + BODY)
        time.sleep(0.5)
        model.may_go_on.set()
        assert b"TEXT SOME" in answer(connection)


def test_a_text_is_not_translated_after_its_client_has_disconnected(address, model):
    model.may_go_on.clear()
    with socket.create_connection(address) as first:
        first.sendall(HEAD + BODY)
        while not model.batches:
            time.sleep(0.01)
        for _ in range(3):
            with socket.create_connection(address) as gone:
                gone.sendall(HEAD + BODY.replace(b"some", b"lost"))
                time.sleep(0.1)
        with socket.create_connection(address) as last:
            last.sendall(HEAD + BODY.replace(b"some", b"last"))
            time.sleep(0.5)
            model.may_go_on.set()
            assert b"TEXT LAST" in answer(last)
        assert b"TEXT SOME" in answer(first)
    assert [lines for lines, _ in model.batches] == [["some text"], ["last text"]]
