"""``translator evaluate``: BLEU and chrF of a model on a test set."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from translator.cli.json_output import echo_json
from translator.cli.search import backward_option, ensemble_option, right_to_left_option, search_options

_EPILOG = """\b
Examples:
  translator evaluate models/en-de --source test.en --reference test.de
  translator evaluate models/en-de --source test.en --reference test.de --json > scores.json
  translator evaluate models/en-de --compare models/en-de-2 --source test.en --reference test.de \\
      --output compare.html
"""


@click.command(short_help="Score a model on a test set: BLEU and chrF.", epilog=_EPILOG)
@click.argument("model")
@click.option("--source", required=True, metavar="FILE", help="Text to translate.")
@click.option("--reference", required=True, metavar="FILE", help="What it should become: line n for line n.")
@click.option("--tokenize", metavar="NAME", help="sacreBLEU's tokenizer for BLEU. [default: 13a]")
@click.option("--lowercase", is_flag=True, help="Ignore case.")
@click.option(
    "--compare",
    metavar="MODEL",
    help="Say whether this model by itself is better, and how sure that is.",
)
@click.option(
    "--output", metavar="FILE", help="Also write the translations there; with --compare, a page of both."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@ensemble_option
@backward_option
@right_to_left_option
@click.option("--each", is_flag=True, help="Also score every model of an ensemble by itself.")
@click.option("--glossary", "glossary_file", metavar="FILE", help="Terms that must appear, as for translate.")
@click.option(
    "--minimum-bayes-risk", is_flag=True, help="Choose among the n best, or n samples, as for translate."
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
    others: tuple[str, ...],
    backward: str | None,
    right_to_left: str | None,
    each: bool,
    glossary_file: str | None,
    minimum_bayes_risk: bool,
    search: dict[str, Any],
) -> None:
    """Translate a test set with the MODEL folder and score it against the reference.

    BLEU and chrF are sacreBLEU's, each with the signature that says exactly what was computed. With
    --compare, paired bootstrap with 1,000 samples says whether the difference of two models may be
    chance; --output is then an HTML page with the sentences that differ most, side by side.
    """
    from translator.api import evaluate, load
    from translator.decoding.glossary import Glossary
    from translator.errors import ConfigError
    from translator.evaluation.scores import Scores, ScoreStatistics
    from translator.files import atomic_write, check_writable
    from translator.model_folder import model_folders
    from translator.runtime import use_one_thread_per_operation

    use_one_thread_per_operation()
    glossary = Glossary.read(glossary_file) if glossary_file else None
    options: dict[str, Any] = {"tokenize": tokenize, "lowercase": lowercase, "glossary": glossary}
    options |= {"minimum_bayes_risk": minimum_bayes_risk, **search}
    if search.get("n_best", 1) > 1 and not minimum_bayes_risk:
        raise click.UsageError(
            "only the best translation is scored: leave --n-best out, or choose among "
            "them with --minimum-bayes-risk"
        )
    if output:
        check_writable(Path(output))
    given = {"backward": backward, "right_to_left": right_to_left}
    judges = {how: judge for how, judge in given.items() if judge}
    if compare:
        if each:
            raise ConfigError("--each and --compare do not go together; leave one out")
        _compare((model, *others), judges, compare, source, reference, output, as_json, options)
        return

    loaded: dict[str, Any] = {how: load(judge) for how, judge in judges.items()}

    def scored(*folders: str | Path) -> tuple[Scores, list[str]]:
        return evaluate(load(*folders, **loaded), source, reference, **options)

    folders = model_folders([Path(folder) for folder in (model, *others)])
    if each and len(folders) == 1:
        raise ConfigError(f"--each is for several models, and {model} is one")
    scores, translations = scored(*folders)
    singles = [scored(folder)[0] for folder in folders] if each else []
    if output:
        with atomic_write(Path(output)) as path:
            path.write_text("".join(f"{line}\n" for line in translations), encoding="utf-8")
    spreads = {}
    if singles:
        spreads["bleu"] = ScoreStatistics.of([single.bleu.score for single in singles])
        spreads["chrf"] = ScoreStatistics.of([single.chrf.score for single in singles])
    if as_json:
        result = scores.to_dict()
        if singles:
            result["each"] = {metric: dataclasses.asdict(spread) for metric, spread in spreads.items()}
            result["each"]["models"] = [single.to_dict() for single in singles]
        echo_json(result, indent=2)
    else:
        click.echo(f"{scores.bleu}\n{scores.chrf}\n{scores.num_sentences:,} sentences")
        if singles:
            click.echo(f"each by itself: BLEU {spreads['bleu']}, chrF {spreads['chrf']}")


def _compare(
    first: tuple[str, ...],
    judges: Mapping[str, str],
    second: str,
    source: str,
    reference: str,
    output: str | None,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Compares a model, or several that translate together, with another, which translates by itself."""
    from translator.api import compare, load
    from translator.reports.page import check_drawing_packages

    if output:
        check_drawing_packages()
    named = [f"{how.replace('_', ' ')} {judge}" for how, judge in judges.items()]
    names = " with ".join([*first, *named]), second
    one, other = load(*first, **judges), load(second)
    comparison = compare(one, other, source, reference, names=names, output=output, **options)
    if as_json:
        echo_json(comparison.to_dict(), indent=2)
    else:
        click.echo(str(comparison))
