"""The page of a comparison shows its numbers, its sentences, and text as text."""

import pytest
from references.pages import SeenPage

from translator.corpus.readers import Pair
from translator.evaluation.comparison import compare_translations
from translator.reports.comparison_page import write_comparison_page

EVIL = "</script><script>alert('ada')</script> & bob"
REFERENCES = [f"{i} ada bob cid dee" for i in range(60)]
FIRST = [line.replace("bob", EVIL) if i % 3 else line for i, line in enumerate(REFERENCES)]
SECOND = [line.replace("cid", "x") if i % 4 else line for i, line in enumerate(REFERENCES)]


@pytest.fixture
def written(tmp_path):
    """Writes the page of two lists of translations; returns the page and the comparison."""

    def call(first, second, names=("models/one", "models/two")):
        pairs = [Pair(EVIL, reference) for reference in REFERENCES]
        comparison = compare_translations(pairs, (names[0], first), (names[1], second))
        write_comparison_page(tmp_path / "page.html", comparison)
        return SeenPage((tmp_path / "page.html").read_text(encoding="utf-8")), comparison

    return call


def test_the_page_shows_the_numbers_and_the_verdict(written):
    page, comparison = written(FIRST, SECOND)
    assert page.headings == [
        *(
            "Scores",
            "Differences between sentences",
            "Where models/two is better",
            "Where models/one is better",
        )
    ]
    assert comparison.verdict in page.text
    for score in (comparison.bleu, comparison.chrf):
        one = f"{score.first:.2f}\u00a0±\u00a0{score.first_interval:.2f}"
        other = f"{score.second:.2f}\u00a0±\u00a0{score.second_interval:.2f}"
        numbers = [f"{score.difference:+.2f}", f"{score.p_value:.3f}"]
        assert [score.name, one, other, *numbers, "significant", score.signature] in page.cells
    for one in (*comparison.second_better, *comparison.first_better):
        row = [str(one.line), f"{one.difference:+.1f}", one.source, one.reference, one.first, one.second]
        assert row in page.cells


def test_the_histogram_counts_the_sentences_that_differ(written):
    page, comparison = written(FIRST, SECOND)
    (chart,) = page.charts
    (bars,) = chart["datasets"].values()
    differences = [one for one in comparison.chrf_differences if one]
    assert sum(bar["sentences"] for bar in bars) == len(differences)
    for bar in bars:
        inside = [one for one in differences if bar["from"] <= one < bar["to"]]
        assert bar["sentences"] == len(inside)
        better = {"models/two" if one > 0 else "models/one" for one in inside}
        assert better == {bar["better"]}


def test_markup_in_text_is_escaped(written):
    page, _ = written(FIRST, SECOND, names=(EVIL, f"{EVIL} 2"))
    assert page.text.count(EVIL) > 30
    assert page.tags.count("script") == 1 + 2  # a chart, and the two scripts of the page


def test_identical_translations_have_only_the_scores(written):
    page, _ = written(FIRST, FIRST)
    assert page.headings == ["Scores"]
    assert "There is no difference: all translations are the same." in page.text
