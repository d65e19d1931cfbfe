"""``translator corpus``: reports the problems of a parallel corpus and can write a cleaned copy."""

from __future__ import annotations

from pathlib import Path

import click

from translator.cli.json_output import echo_json
from translator.cli.parallel_text import parallel_text_options, paths_of_text

_EPILOG = """\b
Examples:
  translator corpus --source train.en --target train.de
  translator corpus --source train.en --target train.de --test-source dev.en --test-target dev.de
  translator corpus --pairs memory.tmx --from en --to de --clean cleaned
"""


@click.command(short_help="Check a parallel corpus for problems before training.", epilog=_EPILOG)
@parallel_text_options
@click.option(
    "--test-source",
    "test_sources",
    multiple=True,
    metavar="FILE",
    help="Source side of a dev or test set, to look for in the corpus; may be repeated.",
)
@click.option(
    "--test-target",
    "test_targets",
    multiple=True,
    metavar="FILE",
    help="Target side of that dev or test set; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--clean",
    metavar="FOLDER",
    help="Write the corpus without its problems to this folder, and the dropped pairs with their reasons.",
)
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
    """Report the sizes of a parallel corpus and the problems that would harm training.

    It finds repeated pairs, empty and overlong lines, untranslated copies, text in the wrong script, language
    or encoding, runs of lines that are shifted against each other, and sentences of dev or test sets, each
    with line numbers. Your files are never changed; --clean writes new ones.
    """
    from translator.corpus.formats.pair_files import PairFiles
    from translator.corpus.quality.cleaning import CleanFiles, write_clean
    from translator.corpus.quality.inspection import inspect_pairs
    from translator.corpus.quality.leaks import TestSet
    from translator.errors import ConfigError

    source_path, target_path = paths_of_text(source, target, pairs)
    if len(test_sources) != len(test_targets):
        raise ConfigError(
            "a test set has two sides: give --test-source and --test-target the same number of times"
        )
    clean_files = CleanFiles.in_folder(Path(clean), source_language, target_language) if clean else None
    test_paths = zip(test_sources, test_targets, strict=True)
    test_sets = [
        TestSet.read(Path(test_source), Path(test_target)) for test_source, test_target in test_paths
    ]
    corpus = PairFiles(source_path, target_path, source_language, target_language)
    inspection = inspect_pairs(corpus, test_sets)
    report = inspection.report
    if as_json:
        echo_json(report.to_dict(), indent=2)
    else:
        click.echo(str(report))
    if clean_files:
        cleaning = write_clean(corpus, inspection, clean_files, test_sets)
        click.echo(f"{cleaning}\nwritten to {clean}", err=True)
