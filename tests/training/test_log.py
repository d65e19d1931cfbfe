"""The log is read back whole, over pauses, and without what does not belong to the training."""

import json
from dataclasses import asdict, replace

import pytest
from references.evaluations import ONE

from translator.errors import ModelError
from translator.model_folder import log_path
from translator.training.log import append_to_log, cut_log, read_log


def at(*steps):
    return [replace(ONE, step=step) for step in steps]


def logged(folder, evaluations):
    for evaluation in evaluations:
        append_to_log(folder, evaluation)


def test_what_is_appended_is_read_back(tmp_path):
    assert read_log(tmp_path) == []
    logged(tmp_path, [ONE, replace(ONE, step=20, best=False)])
    assert read_log(tmp_path) == [ONE, replace(ONE, step=20, best=False)]


def test_a_line_is_json_with_the_names_in_order(tmp_path):
    logged(tmp_path, [ONE])
    record = json.loads(log_path(tmp_path).read_text(encoding="utf-8"))
    assert list(record.items()) == list(asdict(ONE).items())


def test_a_log_of_version_0_1_is_read(tmp_path):
    record = asdict(ONE)
    record["dev_bleu"] = record.pop("dev_score")
    log_path(tmp_path).parent.mkdir()
    log_path(tmp_path).write_text(json.dumps(record) + "\n", encoding="utf-8")
    assert read_log(tmp_path) == [ONE]


def test_after_a_training_started_over_only_its_own_lines_count(tmp_path):
    logged(tmp_path, at(10, 20, 30, 7, 14))
    assert read_log(tmp_path) == at(7, 14)
    logged(tmp_path, at(14))
    assert read_log(tmp_path) == at(14)


@pytest.mark.parametrize(
    "line", [b'{"epoch": 2, "st', b'{"step": 15}\n', b"[]\n", b"\n", b'{"step": "x"}\n', b"\xff\n"]
)
def test_lines_that_are_cut_or_of_another_form_are_left_out(tmp_path, line):
    logged(tmp_path, at(10, 20))
    with log_path(tmp_path).open("ab") as log:
        log.write(line)
    assert read_log(tmp_path) == at(10, 20)


def test_fields_that_a_later_version_adds_are_ignored(tmp_path):
    logged(tmp_path, [])
    log_path(tmp_path).parent.mkdir(parents=True)
    log_path(tmp_path).write_text(json.dumps(asdict(ONE) | {"mood": "good"}) + "\n", encoding="utf-8")
    assert read_log(tmp_path) == [ONE]


def test_lines_after_a_step_are_removed(tmp_path):
    cut_log(tmp_path, 20)  # no log: nothing to cut
    logged(tmp_path, at(10, 20, 30))
    cut_log(tmp_path, 20)
    assert read_log(tmp_path) == at(10, 20)


def test_a_log_that_cannot_be_written_is_reported(tmp_path):
    log_path(tmp_path).mkdir(parents=True)
    with pytest.raises(ModelError, match=r"log\.jsonl: cannot be written \(Is a directory\)"):
        append_to_log(tmp_path, ONE)
