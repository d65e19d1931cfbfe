"""The page that shows how a training went, with a caption for each chart and table."""

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
from translator.wording import counted

if TYPE_CHECKING:
    from altair import TopLevelMixin

_WIDTH, _HEIGHT = 470, 190  # of a chart, in pixels
# Curves over the training steps: field, title, what it means, number format, whether the axis begins at 0.
_CURVES = (
    ("dev_score", "dev score (greedy search)", "quality on unseen sentences; higher is better", "~r", True),
    ("loss", "training loss per target token", "surprise at the right token; lower is better", "~r", False),
    ("learning_rate", "learning rate", "how far one step moves the weights", "~e", True),
    ("tokens_per_second", "target tokens per second", "speed of training", ",d", True),
)


def write_training_page(path: Path, report: TrainingReport) -> None:
    """Writes the page of a training.

    Raises:
        ConfigError: if the packages that draw charts are not installed.
        ModelError: if the file cannot be written.
    """
    check_drawing_packages()
    sections = [_curves(report.evaluations)] if report.evaluations else []
    sections += _dev_sections(report.dev) if report.dev is not None else []
    sections += [_corpora(report.corpora)] if report.corpora else []
    sections.append(_settings(report))
    title = f"Training: {report.source_language} to {report.target_language}"
    write_html(Page(title, sections, _lead(report)), path)


def _lead(report: TrainingReport) -> str:
    """The outcome of the training in a few sentences."""
    spent = timedelta(seconds=round(report.seconds))
    ending = "Finished" if report.finished else "Stopped"
    epochs, steps = counted(report.epochs, "epoch"), counted(report.steps, "step")
    sentences = [f"{ending} after {epochs} ({steps}, {spent})."]
    if report.best_dev_score is None:
        sentences.append("The model has not been evaluated yet, so there are no weights to translate with.")
    else:
        sentences.append(
            f"Best dev {report.dev_metric} with greedy search: {report.best_dev_score:.2f} at step "
            f"{report.best_step:,}."
        )
    if report.dev is not None:
        bleu = report.dev.scores.bleu
        sentences.append(f"Dev {bleu.name} with the model's default search: {bleu.score:.2f}.")
    return " ".join(sentences)


def _curves(evaluations: Sequence[Evaluation]) -> Section:
    """The section of dev score, loss, learning rate and speed over the training steps."""
    import altair as alt

    values = [
        asdict(evaluation) | {"minutes": round(evaluation.seconds / 60, 1)} for evaluation in evaluations
    ]
    tooltip = [
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("step:Q", format=","),
        alt.Tooltip("minutes:Q", format=","),
        *(
            alt.Tooltip(f"{field}:Q", title=title, format=number_format)
            for field, title, _, number_format, _ in _CURVES
        ),
        alt.Tooltip("perplexity:Q", format=",.2f"),
    ]
    best_step = max(evaluations, key=lambda evaluation: evaluation.dev_score).step
    charts = []
    for field, title, meaning, number_format, from_zero in _CURVES:
        axis = alt.Axis(format=number_format, tickCount=5)
        base = alt.Chart({"values": values}, title=alt.Title(title, subtitle=meaning)).encode(
            x=alt.X("step:Q", title="step", axis=alt.Axis(format=",d", tickCount=6)),
            y=alt.Y(f"{field}:Q", title=None, axis=axis, scale=alt.Scale(zero=from_zero)),
            tooltip=tooltip,
        )
        chart = base.mark_line() + base.mark_point(filled=True, size=25)
        if field == "dev_score":
            chart += base.mark_point(style="strong", size=130).transform_filter(f"datum.step == {best_step}")
        charts.append(chart.properties(width=_WIDTH, height=_HEIGHT))
    return Section(
        "Training curves",
        "Each point is one evaluation; hover over it for its numbers, the epoch and the minutes so far. The "
        "circle marks the best dev score, whose weights are in the model folder. If the loss still falls "
        "while the dev score no longer rises, the model overfits: it memorizes the training text.",
        alt.concat(*charts, columns=2, bounds="flush", spacing={"row": 84, "column": 64}),
    )


def _dev_sections(dev: DevReport) -> list[Section]:
    """The sections of the dev set: scores, BLEU by length, worst and best sentences."""
    scores = (dev.scores.bleu, dev.scores.chrf)
    return [
        Section(
            "Scores on the dev set",
            f"The {dev.scores.num_sentences:,} dev sentences were translated with the best weights and the "
            "model's default search. BLEU counts the words and phrases that translations share with their "
            "references, chrF the character sequences; both go from 0 to 100, and higher is better. Compare "
            "only scores with the same signature, which says exactly what sacreBLEU computed.",
            table(
                ["metric", "score", "signature"],
                [(score.name, score.score, signature(score.signature)) for score in scores],
            ),
        ),
        Section(
            "BLEU by sentence length",
            "Each bar is the BLEU of all sentences whose source has that many words; BLEU of only a few "
            "sentences says little. Bars that get shorter from top to bottom mean that the model translates "
            "long sentences worse than short ones.",
            _length_chart(dev.by_length),
        ),
        Section(
            "Worst sentences",
            "The dev sentences with the lowest chrF. A low chrF may also mean that the reference is a free "
            "translation, or a wrong one.",
            _sentences(dev.worst),
        ),
        Section(
            "Best sentences",
            "The dev sentences with the highest chrF. They show what the model has learned well.",
            _sentences(dev.best),
        ),
    ]


def _length_chart(scores: Sequence[LengthScore]) -> TopLevelMixin:
    """Draws BLEU by source length, with the number of sentences beside each bar."""
    import altair as alt

    rows = [
        {"words": str(score), "bleu": round(score.bleu, 2), "label": counted(score.num_sentences, "sentence")}
        for score in scores
    ]
    base = alt.Chart({"values": rows}).encode(
        x=alt.X("bleu:Q", title="BLEU"),
        y=alt.Y("words:N", title="words of the source", sort=None),
        tooltip=[alt.Tooltip("bleu:Q", title="BLEU", format=".2f"), alt.Tooltip("label:N", title="size")],
    )
    labels = base.mark_text(align="left", dx=6).encode(text="label:N")
    chart: TopLevelMixin = (base.mark_bar() + labels).properties(width=_WIDTH, height=alt.Step(26))
    return chart


def _sentences(sentences: Sequence[ScoredSentence]) -> str:
    """The sentences as a table."""
    rows = [
        (f"{sentence.chrf:.1f}", sentence.source, sentence.reference, sentence.translation)
        for sentence in sentences
    ]
    return table(["chrF", "source", "reference", "translation"], rows)


def _corpora(corpora: Sequence[CorpusUse]) -> Section:
    """The section that says which pairs were trained on."""
    rows = []
    for corpus in corpora:
        kept = corpus.read - sum(corpus.dropped.values())
        reasons = lines([f"{count:,} {reason}" for reason, count in corpus.dropped.items()] or ["none"])
        rows.append((corpus.name, corpus.read, reasons, kept, corpus.used))
    return Section(
        "Corpus",
        "Pairs that would harm the model, and those with a sentence of the dev set, were dropped before "
        "training. Of the pairs kept, those with too many tokens are not trained on.",
        table(["files", "pairs read", "dropped", "kept", "trained on"], rows),
    )


def _settings(report: TrainingReport) -> Section:
    """The section of the settings that differ from their defaults."""
    rows = [
        (setting.path, str(setting.value), str(setting.default), setting.reason)
        for setting in report.settings
    ]
    return Section(
        "Settings",
        f"The recipe is the one for {report.recipe}. The table lists the settings that differ from their "
        "defaults, and why; config.json lists all settings.",
        table(["setting", "value", "default", "reason"], rows)
        if rows
        else "<p>All settings have their default values.</p>",
    )
