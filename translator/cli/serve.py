"""``translator serve``: serves models over HTTP, with a web page and LibreTranslate's API."""

from __future__ import annotations

import importlib.util
from typing import Any

import click

from translator.cli.search import (
    backward_option,
    ensemble_option,
    glossary_option,
    right_to_left_option,
    serving_options,
)
from translator.distribution import install_command
from translator.errors import ConfigError

_EPILOG = """\b
Examples:
  translator serve models/en-de
  translator serve models/en-de exported/de-en --port 8000
  translator serve models/first=en:pt-BR models/second=pt-BR:en --host 0.0.0.0
  translator serve models/en-de --glossary terms.tsv --beam-size 8
  translator serve models/en-de --allow-host translate.example --trust-proxy 127.0.0.1
  curl -d q="A dog runs." -d source=en -d target=de http://localhost:5000/translate
"""
_NEEDED_PACKAGES = ("fastapi", "python_multipart", "uvicorn")


@click.command(short_help="Serve models over HTTP: a web page and LibreTranslate's API.", epilog=_EPILOG)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on; 0.0.0.0 is all addresses of this machine.",
)
@click.option(
    "--port",
    default=5000,
    show_default=True,
    type=click.IntRange(0, 65535),
    metavar="INTEGER",
    help="Port to listen on; 0 takes any free port.",
)
@click.option(
    "--max-characters",
    default=5000,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="INTEGER",
    help="Longest text of a request, in characters. Its body may have 12 bytes per character plus 16 KiB.",
)
@click.option(
    "--rate",
    type=click.IntRange(min=0),
    metavar="INTEGER",
    help="Requests allowed per minute and address; 0: no limit. [default: 600; 0 on localhost]",
)
@click.option(
    "--max-waiting",
    default=100_000,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="INTEGER",
    help="Characters that may wait for a model; beyond them, requests are refused with status 429. A line "
    "counts as 20 characters at least.",
)
@click.option(
    "--timeout",
    default=60,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="Time for the translation of a request; after that, it is given up with status 503.",
)
@click.option(
    "--allow-host",
    "host_names",
    multiple=True,
    metavar="NAME",
    help="A name by which the server may be called, besides those of this machine, or * for any; may be "
    "repeated. For a proxy that passes on the name that it was called by. [default: any, if other machines "
    "can call the server]",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Another site whose pages may call the server, or * for all sites; may be repeated.",
)
@click.option(
    "--trust-proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy, or a network of proxies such as 10.0.0.0/8, whose X-Forwarded-For says which address "
    "called; may be repeated.",
)
@ensemble_option
@backward_option
@right_to_left_option
@glossary_option
@serving_options
def command(
    models: tuple[str, ...],
    host: str,
    port: int,
    max_characters: int,
    rate: int | None,
    max_waiting: int,
    timeout: int,
    host_names: tuple[str, ...],
    origins: tuple[str, ...],
    proxies: tuple[str, ...],
    ensemble: tuple[str, ...],
    backward: str | None,
    right_to_left: str | None,
    glossary_file: str | None,
    search: dict[str, Any],
) -> None:
    """Serve each MODEL, a model folder or an exported model, at http://localhost:5000.

    The server has a web page to type in, LibreTranslate's API for programs, and a description of the API
    at /openapi.json. Give one model per language pair and direction. Its languages are those that it was
    trained with; MODEL=FROM:TO overrides them. Ctrl-C stops the server once it has answered the requests
    in progress, after 30 seconds at most; a second Ctrl-C stops it at once.

    The options of search, from --ensemble on, are those of "translator translate", for model folders.
    """
    if any(importlib.util.find_spec(name) is None for name in _NEEDED_PACKAGES):
        raise ConfigError(
            f"serving needs fastapi, python-multipart and uvicorn; run: {install_command('serve')}"
        )
    from translator.runtime import set_threads_per_operation
    from translator.serving.server.limits import Limits
    from translator.serving.server.models import FolderOptions
    from translator.serving.server.run import serve

    set_threads_per_operation()
    serve(
        models,
        host=host,
        port=port,
        limits=Limits(max_characters=max_characters, max_waiting=max_waiting, timeout=timeout),
        requests_per_minute=rate,
        host_names=host_names,
        origins=origins,
        proxies=proxies,
        options=FolderOptions(ensemble, backward, right_to_left, glossary_file, search),
        report=lambda line: click.echo(line, err=True),
    )
