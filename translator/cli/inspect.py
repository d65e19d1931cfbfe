"""``translator inspect``: what happens inside one translation, as a page of pictures."""

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


@click.command(short_help="Look inside one translation: gates, attention, beam.", epilog=_EPILOG)
@click.argument("model")
@click.argument("text")
@click.option(
    "--output", default="sentence.html", show_default=True, metavar="FILE", help="The page to write."
)
@click.option("--png", metavar="FOLDER", help="Also write each picture there, light and dark.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON with all numbers.")
@beam_options
def command(
    model: str, text: str, output: str, png: str | None, as_json: bool, search: dict[str, Any]
) -> None:
    """Translate TEXT with the MODEL folder, and show on a page what happened inside.

    The page shows the attention over words and pieces, the probability of each piece with the runners-up,
    the beam as a tree, and the gates and the cell state of every LSTM layer, each with two sentences that
    say how to read it. It is one file, which needs no network.
    """
    from translator.api import inspect, load

    inspection = inspect(load(model), text, output, png=png, **search)
    if as_json:
        echo_json(inspection.to_dict())
    click.echo(f"written to {output}{f' and {png}' if png else ''}; open it in a browser", err=True)
