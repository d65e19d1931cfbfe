"""``translator inspect``: draws what happens inside one translation, on an HTML page."""

from __future__ import annotations

from typing import Any

import click

from translator.cli.json_output import echo_json
from translator.cli.search import beam_options

_EPILOG = """\b
Examples:
  translator inspect models/en-de "A dog runs."
  translator inspect models/en-de "A dog runs." --output dog.html --png pictures
  translator inspect models/en-de "A dog runs." --json > dog.json
"""


@click.command(short_help="Show attention, beam and LSTM gates of one translation.", epilog=_EPILOG)
@click.argument("model")
@click.argument("text")
@click.option(
    "--output", default="sentence.html", show_default=True, metavar="FILE", help="HTML page to write."
)
@click.option(
    "--png", metavar="FOLDER", help="Also write each picture to this folder, in a light and a dark version."
)
@click.option("--json", "as_json", is_flag=True, help="Also print all numbers as JSON.")
@beam_options
def command(
    model: str, text: str, output: str, png: str | None, as_json: bool, search: dict[str, Any]
) -> None:
    """Translate TEXT with the MODEL folder and draw on an HTML page what happened inside.

    The page shows the attention over words and tokens, the probability of each token and of its
    runners-up, the beam as a tree, and the gates and cell state of every LSTM layer. Two sentences explain
    how to read each picture. The page is one file and needs no network.
    """
    from translator.api import inspect, load

    inspection = inspect(load(model), text, output, png=png, **search)
    if as_json:
        echo_json(inspection.to_dict())
    click.echo(f"written to {output}{f' and {png}' if png else ''}; open it in a browser", err=True)
