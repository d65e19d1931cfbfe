"""The whole command in its own process: it serves, and it finishes requests in progress when it stops."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from translator.errors import ConfigError
from translator.serving.server.run import _listener, serve

BODY = json.dumps({"q": "ada bob\ncid dee", "source": "auto", "target": "en", "alternatives": 1}).encode()
HEAD = b"POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HEAD += b"Content-Length: %d\r\n\r\n"


@pytest.fixture
def started():
    """Starts the command with some arguments; returns the process and its port once it serves."""
    processes = []

    def start(*arguments):
        command = [sys.executable, "-m", "translator", "serve", *map(str, arguments), "--port", "0"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        for line in process.stderr:
            if line.startswith("serving at http://127.0.0.1:"):
                return process, int(line.split(":")[2].split(";")[0])
        raise AssertionError("the server did not start")

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def is_listening(port):
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(("form", "number"), [("folder", signal.SIGINT), ("exported", signal.SIGTERM)])
def test_a_stop_finishes_requests_in_progress(started, model_folder, exported_folder, number, form):
    process, port = started(model_folder if form == "folder" else exported_folder)
    with socket.create_connection(("127.0.0.1", port)) as begun:
        begun.sendall(HEAD % len(BODY) + BODY[:10])
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()  # the server has seen the first one
        process.send_signal(number)
        while is_listening(port):
            assert process.poll() is None
        begun.sendall(BODY[10:])
        with begun.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert json.loads(body)["translatedText"].count("\n") == 1
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == "stopped\n"


def test_two_models_of_one_language_pair_are_refused(model_folder, exported_folder):
    with pytest.raises(
        ConfigError, match=r"both translate from de to en; serve one of them, or say .* FOLDER=FROM:TO"
    ):
        serve([str(model_folder), str(exported_folder)], report=print)


def test_a_port_in_use_is_reported(model_folder):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"cannot listen on 127.0.0.1, port {port} \(Address already in use\)"
        ):
            serve([str(model_folder)], port=port, report=print)


def test_a_server_takes_its_port_before_it_loads_models():
    first = _listener("127.0.0.1", 0)
    port = first.getsockname()[1]
    with pytest.raises(ConfigError, match=rf"port {port} \(Address already in use\)"):
        _listener("127.0.0.1", port)
    first.close()


@pytest.mark.parametrize("host", ["a" * 70, "a..b"])
def test_an_invalid_host_name_is_reported(model_folder, host):
    with pytest.raises(
        ConfigError, match=r"cannot listen on a.*, port 0 \(.+\); give another --host or --port"
    ):
        serve([str(model_folder)], host=host, port=0, report=print)


def test_an_address_of_another_machine_is_reported(model_folder):
    with pytest.raises(
        ConfigError, match=r"cannot listen on 192.0.2.1, port 0 \(.*\); give another --host or --port"
    ):
        serve([str(model_folder)], host="192.0.2.1", port=0, report=print)


@pytest.mark.parametrize(
    ("host", "rate", "expected_rate", "is_local"),
    [
        ("127.0.0.1", None, 0, True),
        ("localhost", 7, 7, True),
        ("0.0.0.0", None, 600, False),
        ("0.0.0.0", 0, 0, False),
    ],
)
def test_the_host_decides_the_default_limits(monkeypatch, model_folder, host, rate, expected_rate, is_local):
    from translator.serving.server import run

    class Seen(Exception):  # noqa: N818
        pass

    def create_app(models, limits, host_names, origins):
        assert list(models) == [("de", "en")]
        raise Seen(limits.requests_per_minute, "localhost" in host_names)

    monkeypatch.setattr(run, "create_app", create_app)
    with pytest.raises(Seen) as seen:
        serve([str(model_folder)], host=host, port=0, requests_per_minute=rate, report=print)
    assert seen.value.args == (expected_rate, is_local)
