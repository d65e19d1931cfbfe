"""How a training went, as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from translator.evaluation.scores import LengthScore
from translator.reports.page import Page, Section, check_drawing_packages, write_html
from translator.reports.tables import lines, signature, table
from translator.reports.training_report import CorpusUse, DevReport, ScoredSentence, TrainingReport
from translator.training.log import Evaluation

if TYPE_CHECKING:
    from altair import TopLevelMixin

_WIDTH, _HEIGHT = 470, 190  # of a chart, in pixels
# What is drawn over the steps: field, title, format, and whether the axis begins at 0.
_CURVES = (
    ("dev_bleu", "dev BLEU, greedy search", "~r", True),
    ("loss", "loss of a target piece", "~r", False),
    ("learning_rate", "learning rate", "~e", True),
    ("tokens_per_second", "target tokens a second", ",d", True),
)


def write_training_page(path: Path, report: TrainingReport) -> None:
    """Writes the page of a training.

    Raises:
        ConfigError: if the packages that draw are not installed.
        ModelError: if the file cannot be written.
    """
    check_drawing_packages()
    sections = [_course(report.evaluations)] if report.evaluations else []
    sections += _dev_sections(report.dev) if report.dev is not None else []
    sections += [_corpora(report.corpora)] if report.corpora else []
    sections.append(_settings(report))
    title = f"Training: {report.source_language} to {report.target_language}"
    write_html(Page(title, sections, _lead(report)), path)


def _lead(report: TrainingReport) -> str:
    """What came out, in some sentences."""
    spent = timedelta(seconds=round(report.seconds))
    ending = "Ended by itself" if report.finished else "Stopped"
    found = [f"{ending} after {report.epochs:,} epochs ({report.steps:,} steps, {spent})."]
    if report.best_dev_bleu is None:
        found.append("It has not been evaluated yet, so there are no weights to translate with.")
    else:
        found.append(
            f"Best dev BLEU by greedy search: {report.best_dev_bleu:.2f}, at step {report.best_step:,}."
        )
    if report.dev is not None:
        bleu = report.dev.scores.bleu
        found.append(f"With its default search, the model has {bleu.name} {bleu.score:.2f} on the dev set.")
    return " ".join(found)


def _course(evaluations: Sequence[Evaluation]) -> Section:
    import altair as alt

    data = {"values": [asdict(one) | {"minutes": round(one.seconds / 60, 1)} for one in evaluations]}
    tooltip = [
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("step:Q", format=","),
        alt.Tooltip("minutes:Q", format=","),
    ]
    tooltip += [alt.Tooltip(f"{field}:Q", title=title, format=form) for field, title, form, _ in _CURVES]
    tooltip.append(alt.Tooltip("perplexity:Q", format=",.2f"))
    charts = []
    for field, title, form, from_zero in _CURVES:
        axis = alt.Axis(format=form, tickCount=5)
        base = alt.Chart(data, title=title).encode(
            x=alt.X("step:Q", title="step", axis=alt.Axis(format=",d", tickCount=6)),
            y=alt.Y(f"{field}:Q", title=None, axis=axis, scale=alt.Scale(zero=from_zero)),
            tooltip=tooltip,
        )
        chart = base.mark_line() + base.mark_point(filled=True, size=25)
        if field == "dev_bleu":
            best = max(evaluations, key=lambda one: one.dev_bleu).step
            chart += base.mark_point(style="strong", size=130).transform_filter(f"datum.step == {best}")
        charts.append(chart.properties(width=_WIDTH, height=_HEIGHT))
    return Section(
        "Course of the training",
        "Each point is an evaluation; point at it for its numbers, the epoch and the minutes. The circle is "
        "the best dev BLEU, whose weights are in the model folder.",
        alt.concat(*charts, columns=2),
    )


def _dev_sections(dev: DevReport) -> list[Section]:
    scores = (dev.scores.bleu, dev.scores.chrf)
    number = f"{dev.scores.num_sentences:,}"
    how_to_read = "chrF says how many strings of letters a translation shares with the reference; 100 is all"
    return [
        Section(
            "Scores on the dev set",
            f"The {number} dev sentences were translated once, with the best weights and the model's default "
            "search. The signature says what sacreBLEU computed; compare only scores with the same one.",
            table(
                ["metric", "score", "signature"],
                [(one.name, one.score, signature(one.signature)) for one in scores],
            ),
        ),
        Section(
            "BLEU by sentence length",
            "Each bar is the BLEU of the sentences whose source has so many words, as of a set of its own. "
            "The number behind it is how many they are; with few of them BLEU says little.",
            _length_chart(dev.by_length),
        ),
        Section(
            "Worst sentences",
            f"{how_to_read}. A low one may also mean a free translation, or a wrong line in the dev set.",
            _sentences(dev.worst),
        ),
        Section(
            "Best sentences",
            f"{how_to_read}. These show what the model has learned well.",
            _sentences(dev.best),
        ),
    ]


def _length_chart(scores: Sequence[LengthScore]) -> TopLevelMixin:
    import altair as alt

    rows = [
        {"words": str(one), "bleu": round(one.bleu, 2), "label": f"{one.num_sentences:,} sentences"}
        for one in scores
    ]
    base = alt.Chart({"values": rows}).encode(
        x=alt.X("bleu:Q", title="BLEU"),
        y=alt.Y("words:N", title="words of the source", sort=None),
        tooltip=[alt.Tooltip("bleu:Q", title="BLEU", format=".2f"), alt.Tooltip("label:N", title="of")],
    )
    labels = base.mark_text(align="left", dx=6).encode(text="label:N")
    chart: TopLevelMixin = (base.mark_bar() + labels).properties(width=_WIDTH, height=alt.Step(26))
    return chart


def _sentences(sentences: Sequence[ScoredSentence]) -> str:
    rows = [(f"{one.chrf:.1f}", one.source, one.reference, one.translation) for one in sentences]
    return table(["chrF", "source", "reference", "translation"], rows)


def _corpora(corpora: Sequence[CorpusUse]) -> Section:
    rows = []
    for one in corpora:
        kept = one.read - sum(one.dropped.values())
        reasons = lines([f"{count:,} {reason}" for reason, count in one.dropped.items()] or ["none"])
        rows.append((one.name, one.read, reasons, kept, one.used))
    return Section(
        "Corpus",
        "Pairs that would only harm are dropped before the training. Of those kept, the ones held out for "
        "the dev set and those with too many pieces are not trained on.",
        table(["files", "pairs read", "dropped", "kept", "trained on"], rows),
    )


def _settings(report: TrainingReport) -> Section:
    rows = [(one.path, str(one.value), str(one.default), one.reason) for one in report.settings]
    return Section(
        "Settings",
        f"The recipe is that for {report.recipe}. The table has the settings that differ from the default, "
        "and why; config.json has all.",
        table(["setting", "value", "default", "reason"], rows)
        if rows
        else "<p>All settings are the default.</p>",
    )
