"""Runs the server until it receives a signal to stop."""

from __future__ import annotations

import ipaddress
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FrameType

import uvicorn

from translator.errors import ConfigError, first_line
from translator.serving.server.app import create_app
from translator.serving.server.connections import Connection
from translator.serving.server.language_pairs import LanguagePair
from translator.serving.server.limits import Limits
from translator.serving.server.middleware import LOOPBACK_NAMES
from translator.serving.server.model_locations import ModelLocation, find_model
from translator.serving.server.models import RequestOptions, ServedModel

_STOP_SECONDS = 30  # for requests in progress; a client that stopped reading must not block the stop forever
_RATE_FOR_OTHERS = 600  # requests per minute and address, where other machines can call


def serve(
    models: Sequence[str],
    *,
    host: str = "127.0.0.1",
    port: int = 5000,
    limits: Limits | None = None,
    requests_per_minute: int | None = None,
    origins: Sequence[str] = (),
    report: Callable[[str], None],
) -> None:
    """Serves models until SIGINT or SIGTERM; requests in progress are finished first.

    Args:
        models: see ``model_locations.find_model``.
        host: the address to listen on.
        port: the port to listen on; 0: a free one.
        limits: how much work the server takes on; None: the defaults.
        requests_per_minute: per address; None: no limit for this machine alone, 600 where others can call.
        origins: other sites whose pages may use the server; ``*`` for all.
        report: called with each message for the user.

    Raises:
        ConfigError: if two models have the same language pair, or the server cannot listen on the address.
        ModelError: if a model cannot be served.
    """
    locations = _by_language_pair([find_model(argument) for argument in models])
    listener = _listener(host, port)
    with listener:
        is_local = _is_loopback(listener)
        if requests_per_minute is None:
            requests_per_minute = 0 if is_local else _RATE_FOR_OTHERS
        limits = replace(limits or Limits(), requests_per_minute=requests_per_minute)
        loaded: dict[tuple[str, str], ServedModel] = {}
        for pair, location in locations.items():
            loaded[pair] = location.load()
            _warm_up(loaded[pair])
            report(f"{pair.source} to {pair.target}: {location.folder}")
        host_names = {*LOOPBACK_NAMES, host.lower(), f"[{host.lower()}]"} if is_local else ()
        app = create_app(loaded, limits, host_names, origins)
        config = uvicorn.Config(
            app,
            http=Connection,
            log_level="error",
            access_log=False,
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        _Server(config, _address(listener), report).run(sockets=[listener])
        report("stopped")


def _by_language_pair(locations: Sequence[ModelLocation]) -> dict[LanguagePair, ModelLocation]:
    found: dict[LanguagePair, ModelLocation] = {}
    for location in locations:
        pair = LanguagePair(location.source_language, location.target_language)
        if pair in found:
            raise ConfigError(
                f"{found[pair].folder} and {location.folder} both translate from {pair.source} to "
                f"{pair.target}; serve one of them, or say what languages they are for: FOLDER=FROM:TO"
            )
        found[pair] = location
    return found


def _listener(host: str, port: int) -> socket.socket:
    """Returns a socket that listens on the address; a wrong address fails before models are loaded."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()  # otherwise another server could take the address while models load
        except OSError:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:  # UnicodeError: the name cannot be a host name
        reason = getattr(error, "strerror", None) or first_line(error)
        raise ConfigError(
            f"cannot listen on {host}, port {port} ({reason}); give another --host or --port"
        ) from None
    return listener


def _is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _warm_up(model: ServedModel) -> None:
    """Translates with all options that callers may send, so that no caller waits for TensorFlow's tracing."""
    for options in (RequestOptions(), RequestOptions(n_best=True), RequestOptions(attention=True)):
        model.translate(["A"], [options])


class _Server(uvicorn.Server):
    """Uvicorn's server; it reports its address and ends with status 0 on SIGINT or SIGTERM.

    Args:
        config: its settings.
        address: its address, for the user.
        report: called with each message for the user.
    """

    def __init__(self, config: uvicorn.Config, address: str, report: Callable[[str], None]) -> None:
        super().__init__(config)
        self._address, self._report = address, report

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._report(f"serving at {self._address}; Ctrl-C stops")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Uvicorn's own method raises the signal again at the end, as if stopping were a failure.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
