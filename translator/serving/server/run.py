"""Runs the server until it receives a signal to stop."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FrameType

import uvicorn
from fastapi import FastAPI

from translator.errors import ConfigError, first_line
from translator.serving.server.app import create_app
from translator.serving.server.connections import Connection
from translator.serving.server.language_pairs import LanguagePair
from translator.serving.server.limits import Limits
from translator.serving.server.middleware import LOOPBACK_NAMES
from translator.serving.server.model_locations import ModelLocation, find_model
from translator.serving.server.models import FolderOptions, RequestOptions, ServedModel
from translator.serving.server.names import host_name, origin, proxy

_STOP_SECONDS = 28  # for requests in progress; with what comes after, the stop takes 30 seconds at most
_RATE_FOR_OTHERS = 600  # requests per minute and address, where other machines can call


def serve(
    models: Sequence[str],
    *,
    host: str = "127.0.0.1",
    port: int = 5000,
    limits: Limits | None = None,
    requests_per_minute: int | None = None,
    host_names: Sequence[str] = (),
    origins: Sequence[str] = (),
    proxies: Sequence[str] = (),
    options: FolderOptions | None = None,
    report: Callable[[str], None],
) -> None:
    """Serves models until SIGINT or SIGTERM; requests in progress are finished first.

    After 30 seconds, or at a second SIGINT, the process ends whatever is in progress.

    Args:
        models: see ``model_locations.find_model``.
        host: the address to listen on.
        port: the port to listen on; 0: a free one.
        limits: how much work the server takes on; None: the defaults.
        requests_per_minute: per address; None: no limit for this machine alone, 600 where others can call.
        host_names: names by which the server may be called; ``*`` for any. Empty: the names of this machine,
            or any if other machines can call.
        origins: other sites whose pages may use the server; ``*`` for all.
        proxies: addresses and networks whose ``X-Forwarded-For`` is believed.
        options: how model folders translate; None: as their settings say.
        report: called with each message for the user.

    Raises:
        ConfigError: if two models have the same language pair, a name, address or option is not valid, or
            the server cannot listen on the address.
        ModelError: if a model cannot be served.
    """
    names, origins = [*map(host_name, host_names)], [*map(origin, origins)]
    proxies = [*map(proxy, proxies)]
    locations = _by_language_pair([find_model(argument) for argument in models])
    options = options or FolderOptions()
    if len(locations) > 1 and options != FolderOptions(search=options.search):
        raise ConfigError(
            "--ensemble, --backward, --right-to-left and --glossary belong to one model; serve each MODEL "
            "by itself, with its own --port"
        )
    listener = _listener(host, port)
    with listener:
        is_local = _is_loopback(listener)
        if requests_per_minute is None:
            requests_per_minute = 0 if is_local and not names and not proxies else _RATE_FOR_OTHERS
        limits = replace(limits or Limits(), requests_per_minute=requests_per_minute)
        loaded: dict[tuple[str, str], ServedModel] = {}
        for pair, location in locations.items():
            loaded[pair] = location.load(options)
            _warm_up(loaded[pair])
            report(f"{pair.source} to {pair.target}: {location.folder}")
        if "*" in names or not (is_local or names):
            names = []  # any
        else:
            names += [*LOOPBACK_NAMES, host.lower(), f"[{host.lower()}]"]
        app = create_app(loaded, limits, names, origins)
        _Server(_config(app, proxies), _address(listener), report).run(sockets=[listener])
        report("stopped")
        if not app.state.language_pairs.have_ended():
            # A batch is computed for nobody. Python would wait for the end of its threads.
            sys.stderr.flush()
            os._exit(0)


def _config(app: FastAPI, proxies: Sequence[str]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        log_level="error",
        access_log=False,
        server_header=False,
        lifespan="on",
        proxy_headers=bool(proxies),  # by default, uvicorn believes every program on this machine
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=_STOP_SECONDS,
    )


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
        model.translate(["A"], options)


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
        self.should_exit = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the next one ends the process at once
