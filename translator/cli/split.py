"""``translator split``: draws a dev and a test set from a parallel corpus."""

from __future__ import annotations

from pathlib import Path

import click

from translator.cli.parallel_text import parallel_text_options, paths_of_text

_EPILOG = """\b
Examples:
  translator split --source all.en --target all.de --from en --to de --output text
  translator split --source talks.en --target talks.de --documents --test-pairs 500 --output text
  translator split --pairs memory.tmx --from en --to de --dev-pairs 0 --output text
"""
_DEFAULT_SIZE = "1000, but at most one pair in 20"


@click.command(short_help="Split a parallel corpus into training text, dev set and test set.", epilog=_EPILOG)
@parallel_text_options
@click.option(
    "--output",
    required=True,
    metavar="FOLDER",
    help="Folder for the files: train, dev and test, each with the languages as endings.",
)
@click.option(
    "--dev-pairs",
    type=click.IntRange(min=0),
    metavar="INTEGER",
    help=f"Pairs in the dev set; 0: no dev set. [default: {_DEFAULT_SIZE}]",
)
@click.option(
    "--test-pairs",
    type=click.IntRange(min=0),
    metavar="INTEGER",
    help=f"Pairs in the test set; 0: no test set. [default: {_DEFAULT_SIZE}]",
)
@click.option(
    "--documents",
    is_flag=True,
    help="Draw whole documents, as many as fit; lines that are blank on both sides separate them.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, metavar="INTEGER", help="Seed of the random numbers."
)
def command(
    source: str | None,
    target: str | None,
    pairs: str | None,
    source_language: str,
    target_language: str,
    output: str,
    dev_pairs: int | None,
    test_pairs: int | None,
    documents: bool,
    seed: int,
) -> None:
    """Split a parallel corpus into training text, a dev set and a test set.

    Pairs are drawn by chance, or as whole documents. No sentence of the dev or test set is in the training
    text, not even with other case, spaces or punctuation: pairs that share such a sentence stay together. Of
    whole documents, the pairs that share a sentence with the test set are left out of the other files. Your
    files are never changed, and lines are copied as they are.
    """
    from translator.corpus.formats.pair_files import PairFiles
    from translator.corpus.splitting import LinePairs, SplitOptions, split_corpus

    languages = source_language, target_language
    source_path, target_path = paths_of_text(source, target, pairs)
    if target_path is None:
        corpus: LinePairs | PairFiles = PairFiles(source_path, None, *languages)
    else:
        corpus = LinePairs(source_path, target_path)
    options = SplitOptions(dev_pairs, test_pairs, documents, seed)
    split = split_corpus(corpus, Path(output), languages, options)
    click.echo(f"{split}\nwritten to {output}", err=True)
