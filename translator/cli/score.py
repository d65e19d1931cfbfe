"""``translator score``: how probable given translations are."""

from __future__ import annotations

from pathlib import Path

import click

from translator.cli.search import ensemble_option

_EPILOG = """\b
Example:
  translator score models/en-de --source test.en --target test.de > log-probabilities.txt
"""


@click.command(short_help="Log-probabilities of given translations.", epilog=_EPILOG)
@click.argument("model")
@click.option("--source", required=True, metavar="FILE", help="Sentences.")
@click.option("--target", required=True, metavar="FILE", help="A translation of each: line n for line n.")
@ensemble_option
def command(model: str, source: str, target: str, others: tuple[str, ...]) -> None:
    """Print the log-probability of each given translation, a line each.

    It is the natural logarithm of the probability that the MODEL gives to the translation, its end
    included. A translation is cut into pieces anew, and a long line is scored as a whole: the number
    is that of --scores where search wrote the same pieces, and did not cut the line into parts.
    """
    from translator.api import load
    from translator.corpus.readers import read_pairs

    pairs = read_pairs(Path(source), Path(target))
    translator = load(model, *others)
    scored = translator.log_probabilities([pair.source for pair in pairs], [pair.target for pair in pairs])
    for log_probability in scored:
        click.echo(f"{log_probability:.4f}")
