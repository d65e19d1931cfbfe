"""``translator corpus``: what a parallel corpus looks like, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import click

from translator.cli.json_output import echo_json

_EPILOG = """\b
Examples:
  translator corpus --source train.en --target train.de
  translator corpus --source train.en --target train.de --test-source dev.en --test-target dev.de
  translator corpus --pairs memory.tmx --from en --to de --clean cleaned
"""


@click.command(short_help="Look at a corpus before training: what is wrong with it?", epilog=_EPILOG)
@click.option("--source", metavar="FILE", help="Source side of the pairs.")
@click.option("--target", metavar="FILE", help="Target side: line n translates line n.")
@click.option("--pairs", metavar="FILE", help="Or both sides in one file: TSV, TMX, PO or XLIFF.")
@click.option("--from", "source_language", default="source", show_default=True, help="Source language.")
@click.option("--to", "target_language", default="target", show_default=True, help="Target language.")
@click.option(
    "--test-source", "test_sources", multiple=True, metavar="FILE", help="Source side of a dev or test set."
)
@click.option(
    "--test-target", "test_targets", multiple=True, metavar="FILE", help="Target side; may be given again."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--clean", metavar="FOLDER", help="Write kept pairs and dropped ones there, with reasons.")
def command(
    source: str | None,
    target: str | None,
    pairs: str | None,
    source_language: str,
    target_language: str,
    test_sources: tuple[str, ...],
    test_targets: tuple[str, ...],
    as_json: bool,
    clean: str | None,
) -> None:
    """Look for what would harm a training in a parallel corpus.

    Sizes, repeated pairs, empty and over-long sides, copies, text in the wrong script, language or encoding,
    stretches whose lines are shifted against each other, and sentences of the test sets, each with line
    numbers. Nothing is changed; --clean writes the pairs without mistakes to new files.
    """
    from translator.corpus.formats.pair_files import PairFiles
    from translator.corpus.quality.cleaning import CleanFiles, write_clean
    from translator.corpus.quality.inspect import inspect_pairs
    from translator.corpus.quality.leaks import TestSet
    from translator.errors import ConfigError

    if (source is None) != (target is None) or (source is None) == (pairs is None):
        raise click.UsageError("give --source and --target, or --pairs")
    if pairs == "-":
        raise click.UsageError("the text is read several times: save standard input to a file")
    if len(test_sources) != len(test_targets):
        raise ConfigError("a test set has two sides: give --test-source and --test-target equally often")
    files = CleanFiles.into(Path(clean), source_language, target_language) if clean else None
    test_files = zip(test_sources, test_targets, strict=True)
    test_sets = [
        TestSet.read(Path(test_source), Path(test_target)) for test_source, test_target in test_files
    ]
    first, second = Path(source or pairs or ""), None if target is None else Path(target)
    corpus = PairFiles(first, second, source_language, target_language)
    inspection = inspect_pairs(corpus, test_sets)
    report = inspection.report
    if as_json:
        echo_json(report.to_dict(), indent=2)
    else:
        click.echo(str(report))
    if files:
        click.echo(f"{write_clean(corpus, inspection, files, test_sets)}\nwritten to {clean}", err=True)
