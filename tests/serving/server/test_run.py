"""The whole command in its own process: it serves, and it finishes requests in progress when it stops."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from references.scripted_model import ScriptedModel
from starlette.testclient import TestClient

from translator.errors import ConfigError
from translator.serving.server.middleware import RateLimitMiddleware
from translator.serving.server.models import FolderOptions
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


def served_config(monkeypatch, **options):
    """Returns the settings that ``serve`` gives to uvicorn; the application serves a scripted model."""
    from translator.serving.server import run

    class Location:
        folder, source_language, target_language = "model", "de", "en"

        def load(self, options):
            return ScriptedModel()

    configs = []

    class Server:
        def __init__(self, config, address, report):
            config.load()
            configs.append(config)

        def run(self, sockets):
            pass

    monkeypatch.setattr(run, "find_model", lambda argument: Location())
    monkeypatch.setattr(run, "_Server", Server)
    run.serve(["model"], port=0, report=lambda line: None, **options)
    return configs[0]


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


@pytest.mark.parametrize(
    ("host", "allowed", "accepted", "refused"),
    [
        ("127.0.0.1", [], ["localhost:5000", "127.0.0.1"], ["translate.example", "192.0.2.1"]),
        ("127.0.0.1", ["Translate.Example"], ["translate.example", "localhost"], ["evil.example"]),
        ("127.0.0.1", ["*"], ["evil.example"], []),
        ("0.0.0.0", [], ["translate.example", "192.0.2.1"], []),
        ("0.0.0.0", ["https://translate.example/"], ["translate.example:80", "localhost"], ["evil.example"]),
        ("0.0.0.0", ["*"], ["evil.example"], []),
    ],
)
def test_the_server_is_called_by_the_names_that_the_user_allows(
    monkeypatch, host, allowed, accepted, refused
):
    app = served_config(monkeypatch, host=host, host_names=allowed).loaded_app
    client = TestClient(app)
    assert [client.get("/health", headers={"Host": name}).status_code for name in accepted] == [200] * len(
        accepted
    )
    assert [client.get("/health", headers={"Host": name}).status_code for name in refused] == [403] * len(
        refused
    )


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [([], [200, 429, 429]), (["127.0.0.1"], [200, 200, 429]), (["10.0.0.0/8"], [200, 429, 429])],
)
def test_only_proxies_that_the_user_names_say_who_calls(monkeypatch, proxies, expected):
    app = served_config(monkeypatch, requests_per_minute=1, proxies=proxies).loaded_app
    request = {"q": "ein hund", "source": "de", "target": "en"}
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 5)) as client:
        statuses = [
            client.post("/translate", json=request, headers={"X-Forwarded-For": address}).status_code
            for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1")
        ]
    assert statuses == expected


@pytest.mark.parametrize("options", [{"proxies": ["127.0.0.1"]}, {"host_names": ["translate.example"]}])
def test_other_machines_have_a_rate_behind_a_proxy_on_this_machine_too(monkeypatch, options):
    middlewares = served_config(monkeypatch, **options).app.user_middleware
    assert [one.args for one in middlewares if one.cls is RateLimitMiddleware] == [(600,)]


def test_an_allowed_origin_may_be_written_with_a_slash(monkeypatch):
    app = served_config(monkeypatch, origins=["https://Other.example/"]).loaded_app
    foreign = {"Origin": "https://other.example", "Sec-Fetch-Site": "cross-site"}
    request = {"q": "ein hund", "source": "de", "target": "en"}
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.post("/translate", data=request, headers=foreign)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://other.example"


def test_options_of_one_model_are_refused_for_several(model_folder, exported_folder):
    models = [str(model_folder), f"{exported_folder}=en:de"]
    options = [
        FolderOptions(glossary="terms.tsv"),
        FolderOptions(ensemble=("x",)),
        FolderOptions(backward="x"),
        FolderOptions(right_to_left="x"),
    ]
    for given in options:
        with pytest.raises(ConfigError, match="belong to one model; serve each MODEL by itself"):
            serve(models, port=0, options=given, report=print)


def test_the_options_of_search_reach_the_model(monkeypatch):
    from translator.cli.main import command
    from translator.serving.server import run

    seen = {}
    monkeypatch.setattr(run, "serve", lambda models, **options: seen.update(options))
    arguments = "serve x --beam-size 8 --shortlist --ensemble y --backward z --glossary terms.tsv"
    command.main(arguments.split(), standalone_mode=False)
    search = {"beam_size": 8, "shortlist": True}
    assert seen["options"] == FolderOptions(("y",), "z", None, "terms.tsv", search)


# A model that computes for ten minutes in a thread that Python would wait for.
SLOW_SERVER = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from translator.serving.server import run
from translator.serving.server.models import Hypothesis


class Model:
    def translate(self, lines, options):
        if lines != ["A"]:  # not the warm-up
            print("computing", flush=True)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(time.sleep, 600).result()
        return [[Hypothesis(line, 0.0)] for line in lines]


class Location:
    folder, source_language, target_language = "model", "de", "en"

    def load(self, options):
        return Model()


run.find_model = lambda argument: Location()
run._STOP_SECONDS = int(sys.argv[1])
run.serve(["model"], port=0, report=lambda line: print(line, flush=True))
"""


@pytest.fixture
def computing():
    """Starts a server with some seconds to stop, and sends it a request that takes ten minutes.

    Returns the process, its port, and the connection of the request.
    """
    with contextlib.ExitStack() as stack:

        def start(seconds):
            command = [sys.executable, "-c", SLOW_SERVER, str(seconds)]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            address = next(line for line in process.stdout if line.startswith("serving at "))
            port = int(address.split(":")[2].split(";")[0])
            caller = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            caller.sendall(HEAD % len(BODY) + BODY)
            assert process.stdout.readline() == "computing\n"
            return process, port, caller

        yield start


def test_a_stop_does_not_wait_for_a_batch_longer_than_promised(computing):
    process, _, caller = computing(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0
    assert process.stdout.read() == "stopped\n"
    with caller.makefile("rb") as answer:
        head, _, body = answer.read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503")
    assert json.loads(body) == {"error": "the server is stopping"}


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_a_second_interrupt_ends_the_server_at_once(computing, first):
    process, port, _ = computing(600)
    process.send_signal(first)
    while is_listening(port):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == -signal.SIGINT
