"""Two models beside each other, as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from translator.evaluation.comparison import ComparedScore, Comparison, DifferingSentence
from translator.reports.page import Page, Section, check_drawing_packages, write_html
from translator.reports.tables import Markup, signature, table, with_differences

if TYPE_CHECKING:
    from altair import TopLevelMixin

_WIDTH, _HEIGHT = 700, 220  # of a chart, in pixels
_BIN = 5  # chrF


def write_comparison_page(path: Path, comparison: Comparison) -> None:
    """Writes the page of two models.

    Raises:
        ConfigError: if the packages that draw are not installed.
        ModelError: if the file cannot be written.
    """
    check_drawing_packages()
    first, second = comparison.first, comparison.second
    sections = [_scores(comparison)]
    if comparison.num_different:
        sections.append(_differences(comparison))
    for better, other, sentences in (
        (second, first, comparison.second_better),
        (first, second, comparison.first_better),
    ):
        if sentences:
            sections.append(_sentences(better, other, sentences, comparison))
    write_html(Page(f"{first} and {second}", sections, comparison.verdict), path)


def _scores(comparison: Comparison) -> Section:
    rows = [_score_row(score) for score in (comparison.bleu, comparison.chrf)]
    columns = ["metric", comparison.first, comparison.second, "difference", "p", "", "signature"]
    return Section(
        "Scores",
        "± is half the 95 % interval of a score, by resampling the sentences. p is how probable a difference "
        "so large is between models that are equally good; below 0.05 it is called significant.",
        table(columns, rows),
    )


def _score_row(score: ComparedScore) -> tuple[str | Markup, ...]:
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
    return Section(
        "How far the sentences are apart",
        f"{comparison.num_different:,} of {comparison.num_sentences:,} sentences are translated differently. "
        f"A bar is how many differ by so much chrF; to the right of 0, {comparison.second} is better.",
        _histogram(comparison),
    )


def _histogram(comparison: Comparison) -> TopLevelMixin:
    import altair as alt

    bins: dict[float, int] = {}
    for difference in filter(None, comparison.chrf_differences):
        start = difference // _BIN * _BIN
        bins[start] = bins.get(start, 0) + 1
    better = {False: comparison.first, True: comparison.second}
    rows = [
        {"from": start, "to": start + _BIN, "sentences": number, "better": better[start >= 0]}
        for start, number in sorted(bins.items())
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


def _sentences(
    better: str, other: str, sentences: Sequence[DifferingSentence], comparison: Comparison
) -> Section:
    rows = [
        (
            one.line,
            f"{one.difference:+.1f}",
            one.source,
            one.reference,
            with_differences(one.first, one.second),
            with_differences(one.second, one.first),
        )
        for one in sentences
    ]
    columns = ["line", "difference", "source", "reference", comparison.first, comparison.second]
    return Section(
        f"Where {better} is better",
        "The sentences with the largest difference in chrF. Words that the other translation has not, or has "
        "elsewhere, are bold.",
        table(columns, rows),
    )
