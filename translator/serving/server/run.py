"""Runs the server until it is told to stop."""

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
from translator.serving.server.limits import Limits
from translator.serving.server.middleware import LOOPBACK_NAMES
from translator.serving.server.model_locations import ModelLocation, find_model
from translator.serving.server.models import RequestOptions, ServedModel

_STOP_SECONDS = 30  # for what has begun; a client that stopped reading does not hold up the stop for ever
_RATE_FOR_OTHERS = 600  # requests a minute from an address, where other machines can call


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
    """Serves models until SIGINT or SIGTERM; requests that have begun are finished first.

    Args:
        models: see ``model_locations.find_model``.
        host: the address to listen at.
        port: the port to listen at; 0: any that is free.
        limits: what the server takes on; None: the defaults.
        requests_per_minute: per address; None: no limit for this machine alone, 600 where others can call.
        origins: other sites whose pages may use it; ``*`` for all.
        report: takes each line for the user.

    Raises:
        ConfigError: if two models translate the same direction, or the address cannot be listened at.
        ModelError: if a model cannot be served.
    """
    places = _by_direction([find_model(argument) for argument in models])
    listener = _listener(host, port)
    with listener:
        is_local = _is_loopback(listener)
        if requests_per_minute is None:
            requests_per_minute = 0 if is_local else _RATE_FOR_OTHERS
        limits = replace(limits or Limits(), requests_per_minute=requests_per_minute)
        loaded = {}
        for (source, target), place in places.items():
            loaded[source, target] = place.load()
            _warm_up(loaded[source, target])
            report(f"{source} to {target}: {place.folder}")
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


def _by_direction(places: Sequence[ModelLocation]) -> dict[tuple[str, str], ModelLocation]:
    found: dict[tuple[str, str], ModelLocation] = {}
    for place in places:
        pair = place.source_language, place.target_language
        if pair in found:
            raise ConfigError(
                f"{found[pair].folder} and {place.folder} both translate from {pair[0]} to {pair[1]}; "
                "serve one of them, or say what languages they are for: FOLDER=FROM:TO"
            )
        found[pair] = place
    return found


def _listener(host: str, port: int) -> socket.socket:
    """A socket with the address taken, so that a wrong one is told before models are loaded."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()  # or else another server could take the same address while models are loaded
        except OSError:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:  # the latter of a name that none can be
        reason = getattr(error, "strerror", None) or first_line(error)
        raise ConfigError(
            f"cannot listen at {host}, port {port} ({reason}); give another --host or --port"
        ) from None
    return listener


def _is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _warm_up(model: ServedModel) -> None:
    """Translates in every way that callers may ask for, so that nobody waits for TensorFlow's tracing."""
    for wish in (RequestOptions(), RequestOptions(n_best=True), RequestOptions(attention=True)):
        model.translate(["A"], [wish])


class _Server(uvicorn.Server):
    """Uvicorn's server, which says where it is and ends with status 0 when it is told to stop.

    Args:
        config: its settings.
        address: where it listens.
        report: takes each line for the user.
    """

    def __init__(self, config: uvicorn.Config, address: str, report: Callable[[str], None]) -> None:
        super().__init__(config)
        self._address, self._report = address, report

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._report(f"serving at {self._address}; Ctrl-C stops")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Uvicorn would raise the signal again at its end, which is no failure here.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
