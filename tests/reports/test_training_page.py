"""The page of a training has all of its parts, draws what the data says, and shows text as text."""

import json
import os

import pytest
from references.lookup_translator import LookupTranslator
from references.pages import SeenPage
from references.toy import toy_pairs

from translator.corpus.readers import Pair
from translator.reports.training_page import write_training_page
from translator.reports.training_report import CorpusUse, TrainingReport, report_on_dev, write_report
from translator.training.log import Evaluation
from translator.training.settings import ExplainedSetting

EVIL = "</script><script>alert('ada')</script> & bob"
HEADINGS = ["Course of the training", "Scores on the dev set", "BLEU by sentence length", "Worst sentences"]
HEADINGS += ["Best sentences", "Corpus", "Settings"]


def evaluation(step, dev_bleu):
    return Evaluation(1, step, 5.5 - dev_bleu / 10, 90.25, dev_bleu, True, 0.001, 4000, 6 * step)


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
        "best_dev_bleu": 12.345,
        "evaluations": [evaluation(400, 7.5), evaluation(800, 12.345), evaluation(1200, 11.0)],
        "corpora": [CorpusUse("a.en and a.de", 1000, {"repeated": 30, "with an empty side": 2}, 960)],
        "recipe": "a thousand pairs",
        "settings": [ExplainedSetting("model.dropout", 0.4, 0.3, "few pairs overfit soonest")],
        "dev": report_on_dev(LookupTranslator(dev, {dev[0].source: "other"}), dev),
    }
    return TrainingReport(**values | changes)


@pytest.fixture
def written(tmp_path):
    """Writes the page of a report and reads it back."""

    def call(**changes):
        write_training_page(tmp_path / "report.html", report(**changes))
        return SeenPage((tmp_path / "report.html").read_text(encoding="utf-8"))

    return call


def test_all_parts_are_there_in_order(written):
    page = written()
    assert page.headings == HEADINGS
    assert "Ended by itself after 3 epochs (1,200 steps, 1:02:05)." in page.text
    assert "Best dev BLEU by greedy search: 12.35, at step 800." in page.text
    dropped = "30 repeated2 with an empty side"  # with the end of a line between them
    assert ["a.en and a.de", "1,000", dropped, "968", "960"] in page.cells
    assert ["model.dropout", "0.4", "0.3", "few pairs overfit soonest"] in page.cells
    dev = report().dev
    for one in (*dev.worst, *dev.best):
        assert [f"{one.chrf:.1f}", one.source, one.reference, one.translation] in page.cells
    assert ["BLEU", f"{dev.scores.bleu.score:.2f}", dev.scores.bleu.signature] in page.cells


def test_the_curves_are_those_of_the_log(written):
    course, lengths = written().charts
    (values,) = course["datasets"].values()
    assert [(row["step"], row["dev_bleu"], row["minutes"]) for row in values] == [
        *((400, 7.5, 40.0), (800, 12.345, 80.0), (1200, 11.0, 120.0))
    ]
    drawn = {layer["encoding"]["y"]["field"] for one in course["concat"] for layer in one["layer"]}
    assert drawn == {"dev_bleu", "loss", "learning_rate", "tokens_per_second"}
    (marked,) = [layer for layer in course["concat"][0]["layer"] if "transform" in layer]
    assert marked["transform"] == [{"filter": "datum.step == 800"}]
    (rows,) = lengths["datasets"].values()
    expected = report().dev.by_length
    assert [row["bleu"] for row in rows] == [round(one.bleu, 2) for one in expected]
    assert rows[0]["label"] == f"{expected[0].num_sentences} sentences"


def test_before_the_first_evaluation(written):
    page = written(evaluations=[], best_dev_bleu=None, dev=None, finished=False, epochs=0, steps=3, seconds=1)
    assert page.headings == ["Corpus", "Settings"]
    assert "Stopped after 0 epochs (3 steps, 0:00:01)." in page.text
    assert "It has not been evaluated yet, so there are no weights to translate with." in page.text


def test_what_there_is_nothing_to_say_of(written):
    page = written(corpora=[], settings=[])
    assert "Corpus" not in page.headings
    assert "All settings are the default." in page.text
    assert ["a", "0", "none", "0", "0"] in written(corpora=[CorpusUse("a", 0, {}, 0)]).cells


def test_text_of_any_kind_is_shown_as_text(written):
    dev = [Pair(EVIL, EVIL)]
    setting = ExplainedSetting(EVIL, EVIL, EVIL, EVIL)
    page = written(
        dev=report_on_dev(LookupTranslator(dev), dev),
        corpora=[CorpusUse(EVIL, 1, {EVIL: 1}, 0)],
        settings=[setting],
        recipe=EVIL,
        source_language=EVIL,
        target_language=EVIL,
    )
    assert page.text.count(EVIL) == 3 + 2 + 4 + 1 + 4  # sentence, corpus, setting, recipe, twice the title
    assert page.tags.count("script") == 2 + 2  # two charts, and the program


def test_a_file_whose_name_is_no_text(written, tmp_path):
    name = os.fsdecode(b"caf\xe9.en")
    corpora = [CorpusUse(name, 10, {}, 10)]
    assert "caf?.en" in written(corpora=corpora).text
    write_report(tmp_path, report(corpora=corpora))
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert found["corpora"][0]["name"] == "caf?.en"
