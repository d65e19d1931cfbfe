"""The page of a training has all of its sections, draws the data of the report, and escapes text."""

import json
import os

import pytest
from references.lookup_translator import LookupTranslator
from references.pages import SeenPage
from references.toy import toy_pairs

from translator.corpus.readers import Pair
from translator.reports.training_page import write_training_page
from translator.reports.training_report import CorpusUse, TrainingReport, build_dev_report, write_report_json
from translator.training.log import Evaluation
from translator.training.settings import ExplainedSetting

EVIL = "</script><script>alert('ada')</script> & bob"
HEADINGS = ["Training curves", "Scores on the dev set", "BLEU by sentence length", "Worst sentences"]
HEADINGS += ["Best sentences", "Corpus", "Settings"]


def evaluation(step, dev_score):
    return Evaluation(1, step, 5.5 - dev_score / 10, 90.25, dev_score, True, 0.001, 4000, 6 * step)


def report(**changes):
    dev = toy_pairs(30, seed=9, longest=12)
    values = {
        "version": 1,
        "source_language": "en",
        "target_language": "de",
        "finished": True,
        "epochs": 3,
        "steps": 1200,
        "seconds": 3725.4,
        "best_step": 800,
        "dev_metric": "BLEU",
        "best_dev_score": 12.345,
        "evaluations": [evaluation(400, 7.5), evaluation(800, 12.345), evaluation(1200, 11.0)],
        "corpora": [CorpusUse("a.en and a.de", 1000, {"repeated": 30, "with an empty side": 2}, 960)],
        "recipe": "a thousand pairs",
        "settings": [ExplainedSetting("model.dropout", 0.4, 0.3, "few pairs overfit soonest")],
        "dev": build_dev_report(LookupTranslator(dev, {dev[0].source: "other"}), dev),
    }
    return TrainingReport(**values | changes)


@pytest.fixture
def written(tmp_path):
    """Writes the page of a report and reads it back."""

    def call(**changes):
        write_training_page(tmp_path / "report.html", report(**changes))
        return SeenPage((tmp_path / "report.html").read_text(encoding="utf-8"))

    return call


def test_the_page_has_all_sections_in_order(written):
    page = written()
    assert page.headings == HEADINGS
    assert "Finished after 3 epochs (1,200 steps, 1:02:05)." in page.text
    assert "Best dev BLEU with greedy search: 12.35 at step 800." in page.text
    dropped = "30 repeated2 with an empty side"  # two lines
    assert ["a.en and a.de", "1,000", dropped, "968", "960"] in page.cells
    assert ["model.dropout", "0.4", "0.3", "few pairs overfit soonest"] in page.cells
    dev = report().dev
    for one in (*dev.worst, *dev.best):
        assert [f"{one.chrf:.1f}", one.source, one.reference, one.translation] in page.cells
    assert ["BLEU", f"{dev.scores.bleu.score:.2f}", dev.scores.bleu.signature] in page.cells


def test_the_curves_show_the_evaluations_of_the_log(written):
    curves, lengths = written().charts
    (values,) = curves["datasets"].values()
    assert [(row["step"], row["dev_score"], row["minutes"]) for row in values] == [
        *((400, 7.5, 40.0), (800, 12.345, 80.0), (1200, 11.0, 120.0))
    ]
    drawn = {layer["encoding"]["y"]["field"] for one in curves["concat"] for layer in one["layer"]}
    assert drawn == {"dev_score", "loss", "learning_rate", "tokens_per_second"}
    (marked,) = [layer for layer in curves["concat"][0]["layer"] if "transform" in layer]
    assert marked["transform"] == [{"filter": "datum.step == 800"}]
    (rows,) = lengths["datasets"].values()
    expected = report().dev.by_length
    assert [row["bleu"] for row in rows] == [round(one.bleu, 2) for one in expected]
    assert rows[0]["label"] == f"{expected[0].num_sentences} sentences"


def test_without_an_evaluation_there_are_no_curves(written):
    page = written(
        evaluations=[], best_dev_score=None, dev=None, finished=False, epochs=0, steps=3, seconds=1
    )
    assert page.headings == ["Corpus", "Settings"]
    assert "Stopped after 0 epochs (3 steps, 0:00:01)." in page.text
    assert "The model has not been evaluated yet, so there are no weights to translate with." in page.text


def test_empty_sections_are_left_out(written):
    page = written(corpora=[], settings=[])
    assert "Corpus" not in page.headings
    assert "All settings have their default values." in page.text
    assert ["a", "0", "none", "0", "0"] in written(corpora=[CorpusUse("a", 0, {}, 0)]).cells


def test_markup_in_text_is_escaped(written):
    dev = [Pair(EVIL, EVIL)]
    setting = ExplainedSetting(EVIL, EVIL, EVIL, EVIL)
    page = written(
        dev=build_dev_report(LookupTranslator(dev), dev),
        corpora=[CorpusUse(EVIL, 1, {EVIL: 1}, 0)],
        settings=[setting],
        recipe=EVIL,
        source_language=EVIL,
        target_language=EVIL,
    )
    assert page.text.count(EVIL) == 3 + 2 + 4 + 1 + 4  # sentences, corpus, setting, recipe, title twice
    assert page.tags.count("script") == 2 + 2  # two charts, and the two scripts of the page


def test_undecodable_file_names_are_shown_with_question_marks(written, tmp_path):
    name = os.fsdecode(b"caf\xe9.en")
    corpora = [CorpusUse(name, 10, {}, 10)]
    assert "caf?.en" in written(corpora=corpora).text
    write_report_json(tmp_path, report(corpora=corpora))
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert found["corpora"][0]["name"] == "caf?.en"
