"""``translator serve``: a web page and the calls of LibreTranslate."""

from __future__ import annotations

import importlib.util

import click

from translator.distribution import install_command
from translator.errors import ConfigError

_EPILOG = """\b
Examples:
  translator serve models/en-de
  translator serve models/en-de exported/de-en --port 8000
  translator serve models/first=en:pt-BR models/second=pt-BR:en --host 0.0.0.0
  curl -d q="A dog runs." -d source=en -d target=de http://localhost:5000/translate
"""
_NEEDED = ("fastapi", "python_multipart", "uvicorn")


@click.command(short_help="Serve models: a web page, and the calls of LibreTranslate.", epilog=_EPILOG)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0: all.")
@click.option("--port", default=5000, show_default=True, type=click.IntRange(0, 65535), help="0: a free one.")
@click.option(
    "--max-characters",
    default=5000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Longest text of a request. A body may have 12 bytes for each, and 16 KiB.",
)
@click.option(
    "--rate",
    type=click.IntRange(min=0),
    help="Requests a minute from one address; 0: any number. [default: 600; 0 on the local host]",
)
@click.option(
    "--max-waiting",
    default=1000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Lines that may wait for a model; then requests are answered with 429.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Another site whose pages may use the server; * for all. May be repeated.",
)
def command(
    models: tuple[str, ...],
    host: str,
    port: int,
    max_characters: int,
    rate: int | None,
    max_waiting: int,
    origins: tuple[str, ...],
) -> None:
    """Serve each MODEL, a model folder or an exported model, at http://localhost:5000.

    There is a page to type in, LibreTranslate's calls for programs, and a description of all of them at
    /openapi.json. One model for each direction; its languages are those that it was trained with, or
    those of MODEL=FROM:TO. Ctrl-C stops when the requests that have begun are answered.
    """
    if any(importlib.util.find_spec(name) is None for name in _NEEDED):
        raise ConfigError(
            f"serving needs fastapi, python-multipart and uvicorn; run: {install_command('serve')}"
        )
    from translator.runtime import use_one_thread_per_operation
    from translator.serving.server.limits import Limits
    from translator.serving.server.run import serve

    use_one_thread_per_operation()
    serve(
        models,
        host=host,
        port=port,
        limits=Limits(max_characters=max_characters, max_waiting=max_waiting),
        requests_per_minute=rate,
        origins=origins,
        report=lambda line: click.echo(line, err=True),
    )
