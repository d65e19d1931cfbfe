"""``translator score``: prints the log-probability of given translations."""

from __future__ import annotations

from pathlib import Path

import click

from translator.cli.search import ensemble_option

_EPILOG = """\b
Example:
  translator score models/en-de --source test.en --target test.de > log-probabilities.txt
"""


@click.command(short_help="Print the log-probabilities of given translations.", epilog=_EPILOG)
@click.argument("model")
@click.option("--source", required=True, metavar="FILE", help="Source sentences, one per line.")
@click.option(
    "--target",
    required=True,
    metavar="FILE",
    help="Their translations; line n translates line n of --source.",
)
@ensemble_option
def command(model: str, source: str, target: str, ensemble: tuple[str, ...]) -> None:
    """Print the log-probability of each given translation, one per line.

    It is the natural logarithm of the probability that the MODEL folder gives to the whole translation,
    its end token included. It equals the log-probability of "translator translate --scores" if search
    produced the same tokens and did not split the line: here the text is tokenized again, and a long
    line is scored as a whole.
    """
    from translator.api import load
    from translator.corpus.readers import read_pairs

    pairs = read_pairs(Path(source), Path(target))
    translator = load(model, ensemble=ensemble)
    sources, targets = [pair.source for pair in pairs], [pair.target for pair in pairs]
    for log_probability in translator.log_probabilities(sources, targets):
        click.echo(f"{log_probability:.4f}")
