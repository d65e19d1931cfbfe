"""The page that compares two models on a test set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from translator.evaluation.comparison import ComparedScore, Comparison, DifferingSentence
from translator.reports.page import Page, Section, check_drawing_packages, write_html
from translator.reports.tables import Markup, signature, table, with_differences
from translator.wording import counted

if TYPE_CHECKING:
    from altair import TopLevelMixin

_WIDTH, _HEIGHT = 700, 220  # of a chart, in pixels
_BIN_WIDTH = 5  # of the histogram, in chrF points


def write_comparison_page(path: Path, comparison: Comparison) -> None:
    """Writes the page of a comparison.

    Raises:
        ConfigError: if the packages that draw charts are not installed.
        ModelError: if the file cannot be written.
    """
    check_drawing_packages()
    first, second = comparison.first, comparison.second
    sections = [_scores(comparison)]
    if comparison.num_different:
        sections.append(_differences(comparison))
    for better, sentences in ((second, comparison.second_better), (first, comparison.first_better)):
        if sentences:
            sections.append(_sentences(better, sentences, comparison))
    write_html(Page(f"{first} and {second}", sections, comparison.verdict), path)


def _scores(comparison: Comparison) -> Section:
    """The section of the scores and their significance."""
    rows = [_score_row(score) for score in (comparison.bleu, comparison.chrf)]
    columns = ["metric", comparison.first, comparison.second, "difference", "p", "", "signature"]
    return Section(
        "Scores",
        "± is half the 95 % confidence interval of a score, estimated by resampling the sentences. p is the "
        "probability of a difference at least this large if the models were equally good; a difference with "
        "p below 0.05 is called significant.",
        table(columns, rows),
    )


def _score_row(score: ComparedScore) -> tuple[str | Markup, ...]:
    """One metric as a row of the table."""
    return (
        score.name,
        f"{score.first:.2f}\u00a0±\u00a0{score.first_interval:.2f}",
        f"{score.second:.2f}\u00a0±\u00a0{score.second_interval:.2f}",
        f"{score.difference:+.2f}",
        f"{score.p_value:.3f}",
        "significant" if score.significant else "not significant",
        signature(score.signature),
    )


def _differences(comparison: Comparison) -> Section:
    """The section of the histogram over the sentences."""
    return Section(
        "Differences between sentences",
        f"Translated differently: {comparison.num_different:,} of "
        f"{counted(comparison.num_sentences, 'sentence')}. "
        "The height of a bar is the number of sentences whose chrF differs by that much; to the right of 0, "
        f"{comparison.second} is better.",
        _histogram(comparison),
    )


def _histogram(comparison: Comparison) -> TopLevelMixin:
    """Draws how many sentences differ by how much chrF; equal ones are left out."""
    import altair as alt

    bins: dict[float, int] = {}
    for difference in filter(None, comparison.chrf_differences):
        start = difference // _BIN_WIDTH * _BIN_WIDTH
        bins[start] = bins.get(start, 0) + 1
    better = {False: comparison.first, True: comparison.second}
    rows = [
        {"from": start, "to": start + _BIN_WIDTH, "sentences": count, "better": better[start >= 0]}
        for start, count in sorted(bins.items())
    ]
    chart: TopLevelMixin = (
        alt.Chart({"values": rows})
        .mark_bar()
        .encode(
            x=alt.X("from:Q", bin="binned", title="difference in chrF"),
            x2="to:Q",
            y=alt.Y("sentences:Q", title="sentences"),
            color=alt.Color(
                "better:N",
                title="better",
                scale=alt.Scale(domain=list(better.values())),
                legend=alt.Legend(orient="top", direction="vertical", labelLimit=0),
            ),
            tooltip=["from:Q", "to:Q", "sentences:Q", "better:N"],
        )
        .properties(width=_WIDTH, height=_HEIGHT)
    )
    return chart


def _sentences(better: str, sentences: Sequence[DifferingSentence], comparison: Comparison) -> Section:
    """The section of the sentences that one model, ``better``, translates better than the other."""
    rows = [
        (
            sentence.line,
            f"{sentence.difference:+.1f}",
            sentence.source,
            sentence.reference,
            with_differences(sentence.first, sentence.second),
            with_differences(sentence.second, sentence.first),
        )
        for sentence in sentences
    ]
    columns = ["line", "difference", "source", "reference", comparison.first, comparison.second]
    return Section(
        f"Where {better} is better",
        "These sentences have the largest difference in chrF. Words in bold are missing from the other "
        "translation or stand elsewhere in it.",
        table(columns, rows),
    )
