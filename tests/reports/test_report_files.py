"""Every training leaves a report, and a failing report never fails the training."""

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
from translator.reports.training_report import build_dev_report
from translator.training.checkpoint import TrainingState
from translator.training.corpus_files import CorpusFiles, ParallelText
from translator.training.job import TrainingJob
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
    return prepare(TrainingJob(CorpusFiles(texts[:1], texts[1]), folder / "model", settings))


@pytest.fixture
def write_files(prepared_once, tmp_path, monkeypatch):
    """Writes the report of a training, as if its weights were in the folder; returns the logged lines."""
    weights_path(tmp_path).write_bytes(b"")
    monkeypatch.setattr(report_files.Translator, "load", lambda folder: LookupTranslator(prepared_once.dev))

    def call(state=STATE):
        lines = []
        job = TrainingJob(CorpusFiles([]), tmp_path, report=lines.append)
        write_report_files(job, prepared_once, state)
        return lines

    return call


def report_in(folder):
    return json.loads(report_path(folder).read_text(encoding="utf-8"))


def test_data_and_page_are_written_and_logged(write_files, tmp_path):
    assert write_files() == [
        "translating the 12 dev sentences for the report; Ctrl-C skips the report",
        f"report: {tmp_path / 'report.html'}",
    ]
    assert report_in(tmp_path)["dev"]["scores"]["bleu"]["score"] == pytest.approx(100)
    assert "<!DOCTYPE html>" in report_page_path(tmp_path).read_text(encoding="utf-8")


def test_without_weights_nothing_is_translated(write_files, tmp_path):
    weights_path(tmp_path).unlink()
    assert write_files(TrainingState(step=3)) == [f"report: {tmp_path / 'report.html'}"]
    report = report_in(tmp_path)
    assert (report["dev"], report["best_dev_score"], report["steps"]) == (None, None, 3)


def test_the_history_covers_resumes_but_no_earlier_training(write_files, tmp_path):
    history = [replace(ONE, step=step) for step in (5, 10, 15)]
    for evaluation in (replace(ONE, step=40), replace(ONE, step=80), *history):
        append_to_log(tmp_path, evaluation)
    with log_path(tmp_path).open("a", encoding="utf-8") as log:
        log.write('{"epoch": 2, "st')  # killed while it was written
    write_files()
    assert [one["step"] for one in report_in(tmp_path)["evaluations"]] == [5, 10, 15]


@pytest.mark.parametrize("package", ["altair", "vl_convert"])
def test_without_the_drawing_packages_the_data_is_written_and_the_remedy_logged(
    write_files, tmp_path, monkeypatch, package
):
    monkeypatch.setitem(sys.modules, package, None)
    line = write_files()[-1]
    assert line.startswith(
        f"report: {tmp_path / 'report.json'}; report.html could not be written (charts cannot be drawn"
    )
    assert f"{package} is not installed; run: pip install 'altair>=6.0' 'vl-convert-python>=1.9'" in line
    assert line.endswith("); then run the same command again")
    assert report_in(tmp_path)["version"] == 2
    assert not report_page_path(tmp_path).exists()


def test_a_page_that_cannot_be_drawn_fails_nothing(write_files, tmp_path, monkeypatch):
    def fail(path, report):
        raise RuntimeError("no ink\nat all")

    monkeypatch.setattr(report_files, "write_training_page", fail)
    assert "; report.html could not be written (no ink); then run" in write_files()[-1]
    assert report_in(tmp_path)["version"] == 2


def test_a_report_that_cannot_be_written_fails_nothing(write_files, tmp_path):
    report_path(tmp_path).mkdir()
    line = write_files()[-1]
    assert line.startswith("warning: the report could not be written (")
    assert "report.json: cannot be written (Is a directory)" in line


@pytest.mark.parametrize(
    ("error", "reason"), [(MemoryError(), "MemoryError"), (ModelError("damaged"), "damaged")]
)
def test_translations_that_fail_do_not_fail_the_training(write_files, monkeypatch, error, reason):
    def fail(translator, dev):
        raise error

    monkeypatch.setattr(report_files, "build_dev_report", fail)
    assert (
        write_files()[-1] == f"warning: the report could not be written ({reason}); the model is not affected"
    )


def test_ctrl_c_skips_the_report(write_files, tmp_path, monkeypatch):
    def stop(translator, dev):
        build_dev_report(translator, dev)
        raise KeyboardInterrupt

    write_files()
    before = report_path(tmp_path).read_bytes()
    monkeypatch.setattr(report_files, "build_dev_report", stop)
    write_files(replace(STATE, step=30))
    assert report_path(tmp_path).read_bytes() == before
