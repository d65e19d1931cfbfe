"""``translator evaluate``: scores a model on a test set with BLEU and chrF, or compares two models."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from translator.cli.json_output import echo_json
from translator.cli.search import (
    backward_option,
    ensemble_option,
    flag,
    right_to_left_option,
    search_options,
)
from translator.search_options import explain_unscored_hypotheses
from translator.wording import counted

if TYPE_CHECKING:
    from translator.evaluation.scores import Scores

_EPILOG = """\b
Examples:
  translator evaluate models/en-de --source test.en --reference test.de
  translator evaluate models/en-de --source test.en --reference test.de --json > scores.json
  translator evaluate models/en-de --compare models/en-de-2 --source test.en --reference test.de \\
      --output compare.html
"""


@click.command(short_help="Score a model on a test set with BLEU and chrF.", epilog=_EPILOG)
@click.argument("model")
@click.option("--source", required=True, metavar="FILE", help="Text to translate, one sentence per line.")
@click.option(
    "--reference",
    required=True,
    metavar="FILE",
    help="Reference translations; line n translates line n of --source.",
)
@click.option(
    "--tokenize",
    metavar="NAME",
    help="Tokenizer that sacreBLEU uses to compute BLEU. [default: the one the model was trained with]",
)
@click.option("--lowercase", is_flag=True, help="Ignore case.")
@click.option(
    "--compare",
    metavar="MODEL",
    help="Compare with this model: which one is better, and is the difference significant?",
)
@click.option(
    "--output",
    metavar="FILE",
    help="Also write the translations to this file, compressed if it ends in .gz, .bz2, .xz or .zst; with "
    "--compare, an HTML page that compares them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@ensemble_option
@backward_option
@right_to_left_option
@click.option("--each", is_flag=True, help="Also score every model of an ensemble by itself.")
@click.option(
    "--glossary",
    "glossary_file",
    metavar="FILE",
    help='Terms that must be translated as given, as for "translator translate".',
)
@click.option(
    "--minimum-bayes-risk",
    is_flag=True,
    help='Choose among the --n-best translations or samples, as for "translator translate".',
)
@search_options
def command(
    model: str,
    source: str,
    reference: str,
    tokenize: str | None,
    lowercase: bool,
    compare: str | None,
    output: str | None,
    as_json: bool,
    ensemble: tuple[str, ...],
    backward: str | None,
    right_to_left: str | None,
    each: bool,
    glossary_file: str | None,
    minimum_bayes_risk: bool,
    search: dict[str, Any],
) -> None:
    """Translate a test set with the MODEL folder and score it against reference translations.

    sacreBLEU computes BLEU and chrF; its signature, which is printed beside each score, says how. With
    --compare, paired bootstrap resampling with 1,000 samples tells whether the difference between two
    models is significant; --output then writes an HTML page with the sentences that differ most, side by
    side. There, --ensemble, --backward and --right-to-left belong to MODEL alone.
    """
    from translator.decoding.glossary import Glossary
    from translator.errors import ConfigError
    from translator.files import check_writable

    glossary = Glossary.read(glossary_file) if glossary_file else None
    options: dict[str, Any] = {"tokenize": tokenize, "lowercase": lowercase, "glossary": glossary}
    options |= {"minimum_bayes_risk": minimum_bayes_risk, **search}
    if fault := explain_unscored_hypotheses(search, minimum_bayes_risk, spelled=flag):
        raise click.UsageError(fault)
    if output:
        check_writable(Path(output))
    folders = (model, *ensemble)
    given = {"backward": backward, "right_to_left": right_to_left}
    rerankers = {name: folder for name, folder in given.items() if folder}
    if not compare:
        _evaluate(folders, rerankers, source, reference, output, each, as_json, options)
    elif each:
        raise ConfigError("--each and --compare do not go together; leave one out")
    else:
        _compare(folders, rerankers, compare, source, reference, output, as_json, options)


def _evaluate(
    given_folders: Sequence[str],
    rerankers: Mapping[str, str],
    source: str,
    reference: str,
    output: str | None,
    each: bool,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Scores a model or an ensemble, and with ``each`` every member of the ensemble by itself."""
    from translator.api import evaluate, load
    from translator.corpus.formats.compression import open_compressed
    from translator.errors import ConfigError
    from translator.files import atomic_write
    from translator.model_folder import model_folders

    loaded_rerankers = _load_rerankers(rerankers)

    def scores_of(*folders: Path, **more: Any) -> tuple[Scores, list[str]]:
        translator = load(folders[0], ensemble=folders[1:], **loaded_rerankers)
        return evaluate(translator, source, reference, **options, **more)

    folders = model_folders([Path(folder) for folder in given_folders])
    if each and len(folders) == 1:
        raise ConfigError(f"--each is for several models, and {given_folders[0]} is one")
    scores, translations = scores_of(*folders)
    # What there is to report of the test set has been reported once.
    member_scores = [scores_of(folder, report=lambda _: None)[0] for folder in folders] if each else []
    if output:
        with atomic_write(Path(output)) as path, open_compressed(path, output) as file:
            file.writelines(f"{line}\n".encode() for line in translations)
    _print_scores(scores, member_scores, as_json)


def _load_rerankers(folders: Mapping[str, str]) -> dict[str, Any]:
    """Loads the reranking models, whose folders are given by the names of the arguments of ``load``."""
    from translator.api import load

    return {name: load(folder) for name, folder in folders.items()}


def _print_scores(scores: Scores, member_scores: Sequence[Scores], as_json: bool) -> None:
    """Prints the scores of a model or an ensemble, and the statistics of its members, if any are given."""
    from translator.evaluation.scores import ScoreStatistics

    statistics = {}
    if member_scores:
        statistics["bleu"] = ScoreStatistics.of([member.bleu.score for member in member_scores])
        statistics["chrf"] = ScoreStatistics.of([member.chrf.score for member in member_scores])
    if as_json:
        result = scores.to_dict()
        if member_scores:
            result["each"] = {metric: dataclasses.asdict(value) for metric, value in statistics.items()}
            result["each"]["models"] = [member.to_dict() for member in member_scores]
        echo_json(result, indent=2)
    else:
        click.echo(f"{scores.bleu}\n{scores.chrf}\n{counted(scores.num_sentences, 'sentence')}")
        if member_scores:
            click.echo(f"each by itself: BLEU {statistics['bleu']}, chrF {statistics['chrf']}")


def _compare(
    first_folders: Sequence[str],
    rerankers: Mapping[str, str],
    second_folder: str,
    source: str,
    reference: str,
    output: str | None,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Compares a model, or an ensemble with rerankers, with a second model, which translates by itself."""
    from translator.api import compare, load
    from translator.reports.page import check_drawing_packages

    if output:
        check_drawing_packages()
    reranker_names = [f"{name.replace('_', ' ')} {folder}" for name, folder in rerankers.items()]
    names = " with ".join([*first_folders, *reranker_names]), second_folder
    first = load(first_folders[0], ensemble=first_folders[1:], **_load_rerankers(rerankers))
    second = load(second_folder)
    comparison = compare(first, second, source, reference, names=names, output=output, **options)
    if as_json:
        echo_json(comparison.to_dict(), indent=2)
    else:
        click.echo(str(comparison))
