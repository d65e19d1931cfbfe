"""A report is left in the folder whatever happens, and costs no training anything."""

import json
import sys
from dataclasses import replace

import pytest
from references.evaluations import ONE
from references.lookup_translator import LookupTranslator
from references.toy import toy_pairs

from translator.errors import ModelError
from translator.model_folder import log_path, report_page_path, report_path, weights_path
from translator.reports import report_files
from translator.reports.report_files import write_report_files
from translator.reports.training_report import report_on_dev
from translator.training.checkpoint import TrainingState
from translator.training.corpus_files import CorpusFiles, ParallelText
from translator.training.log import append_to_log
from translator.training.preparation import prepare

STATE = TrainingState(epoch=2, step=20, seconds=24.5, best_score=1.5, best_step=10)


@pytest.fixture(scope="module")
def prepared_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    texts = []
    for name, number in (("train", 60), ("dev", 12)):
        paths = folder / f"{name}.en", folder / f"{name}.de"
        for side, path in enumerate(paths):
            lines = [pair[side] for pair in toy_pairs(number, seed=number)]
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        texts.append(ParallelText(*paths))
    settings = {"tokenizer.vocabulary_size": 300, "training.guided_alignment": 0.0}
    return prepare(CorpusFiles(texts[:1], texts[1]), settings, None, folder / "model", lambda line: None)


@pytest.fixture
def leave(prepared_once, tmp_path, monkeypatch):
    """Leaves the report of a training, as if its weights were in the folder; returns the lines told."""
    weights_path(tmp_path).write_bytes(b"")
    monkeypatch.setattr(report_files.Translator, "load", lambda folder: LookupTranslator(prepared_once.dev))

    def call(state=STATE):
        lines = []
        write_report_files(tmp_path, prepared_once, state, None, lines.append)
        return lines

    return call


def report_in(folder):
    return json.loads(report_path(folder).read_text(encoding="utf-8"))


def test_data_and_page_are_left_and_told(leave, tmp_path):
    assert leave() == [
        "translating the 12 dev sentences for the report; Ctrl-C leaves it out",
        f"report: {tmp_path / 'report.html'}",
    ]
    assert report_in(tmp_path)["dev"]["scores"]["bleu"]["score"] == pytest.approx(100)
    assert "<!DOCTYPE html>" in report_page_path(tmp_path).read_text(encoding="utf-8")


def test_without_weights_nothing_is_translated(leave, tmp_path):
    weights_path(tmp_path).unlink()
    assert leave(TrainingState(step=3)) == [f"report: {tmp_path / 'report.html'}"]
    report = report_in(tmp_path)
    assert (report["dev"], report["best_dev_bleu"], report["steps"]) == (None, None, 3)


def test_the_history_is_whole_after_pauses_and_without_an_earlier_training(leave, tmp_path):
    history = [replace(ONE, step=step) for step in (5, 10, 15)]
    for evaluation in (replace(ONE, step=40), replace(ONE, step=80), *history):
        append_to_log(tmp_path, evaluation)
    with log_path(tmp_path).open("a", encoding="utf-8") as log:
        log.write('{"epoch": 2, "st')  # killed while it was written
    leave()
    assert [one["step"] for one in report_in(tmp_path)["evaluations"]] == [5, 10, 15]


@pytest.mark.parametrize("package", ["altair", "vl_convert"])
def test_without_the_packages_that_draw_the_data_is_there_and_the_way_to_the_page(
    leave, tmp_path, monkeypatch, package
):
    monkeypatch.setitem(sys.modules, package, None)
    line = leave()[-1]
    assert line.startswith(
        f"report: {tmp_path / 'report.json'}; for report.html too (pictures are drawn with"
    )
    assert f"{package} is not installed; run: pip install 'altair>=6.0' 'vl-convert-python>=1.9'" in line
    assert line.endswith("), then give the same command again")
    assert report_in(tmp_path)["version"] == 1
    assert not report_page_path(tmp_path).exists()


def test_a_page_that_cannot_be_drawn_costs_nothing(leave, tmp_path, monkeypatch):
    def fail(path, report):
        raise RuntimeError("no ink\nat all")

    monkeypatch.setattr(report_files, "write_training_page", fail)
    assert "; for report.html too (no ink), then give" in leave()[-1]
    assert report_in(tmp_path)["version"] == 1


def test_a_report_that_cannot_be_written_costs_nothing(leave, tmp_path):
    report_path(tmp_path).mkdir()
    line = leave()[-1]
    assert line.startswith("warning: no report was written, the model is as it should be (")
    assert "report.json: cannot be written (Is a directory)" in line


@pytest.mark.parametrize(
    ("error", "reason"), [(MemoryError(), "MemoryError"), (ModelError("damaged"), "damaged")]
)
def test_translations_that_fail_cost_nothing(leave, monkeypatch, error, reason):
    def fail(translator, dev):
        raise error

    monkeypatch.setattr(report_files, "report_on_dev", fail)
    assert leave()[-1] == f"warning: no report was written, the model is as it should be ({reason})"


def test_ctrl_c_leaves_the_report_out(leave, tmp_path, monkeypatch):
    def stop(translator, dev):
        report_on_dev(translator, dev)
        raise KeyboardInterrupt

    leave()
    before = report_path(tmp_path).read_bytes()
    monkeypatch.setattr(report_files, "report_on_dev", stop)
    leave(replace(STATE, step=30))
    assert report_path(tmp_path).read_bytes() == before
