"""The log of a training: one line of JSON per evaluation."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from translator.files import atomic_write, write_error
from translator.model_folder import log_path


@dataclass(frozen=True)
class Evaluation:
    """The outcome of an evaluation, and of the steps since the one before.

    Attributes:
        epoch: the epoch, from 1.
        step: the step, from 1.
        loss: mean loss per target token.
        perplexity: per target token of the training text.
        dev_score: score of the dev set, translated by greedy search.
        best: whether it was the best so far.
        learning_rate: that of the next step.
        tokens_per_second: target tokens trained on per second.
        seconds: total time of the training.
    """

    epoch: int
    step: int
    loss: float
    perplexity: float
    dev_score: float
    best: bool
    learning_rate: float
    tokens_per_second: int
    seconds: int


def append_to_log(folder: Path, evaluation: Evaluation) -> None:
    """Appends a line to the log of a model folder.

    Raises:
        ModelError: if it cannot be written.
    """
    path = log_path(folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(asdict(evaluation)) + "\n")
    except OSError as error:
        raise write_error(path, error) from None


def cut_log(folder: Path, step: int) -> None:
    """Removes from the log what happened after the step that a training resumes from."""
    path = log_path(folder)
    if not path.exists():
        return
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if 0 <= _step_of(line) <= step]
    if len(kept) < len(lines):
        with atomic_write(path) as temporary:
            temporary.write_bytes(b"".join(kept))


def read_log(folder: Path) -> list[Evaluation]:
    """Returns the evaluations of the training in a model folder, over all its pauses; none without a log.

    If a training in the folder was started over, the steps in the log start over, too, and only the lines of
    the last training count. Lines that were cut or damaged are left out.
    """
    path = log_path(folder)
    evaluations: list[Evaluation] = []
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else ():
        evaluation = _evaluation_of(line)
        if evaluation is None:
            continue
        if evaluations and evaluation.step <= evaluations[-1].step:
            evaluations.clear()
        evaluations.append(evaluation)
    return evaluations


def _evaluation_of(line: bytes) -> Evaluation | None:
    if _step_of(line) < 0:
        return None
    record = json.loads(line)
    if "dev_bleu" in record:  # its name in version 0.1
        record["dev_score"] = record["dev_bleu"]
    names = [field.name for field in fields(Evaluation)]
    return Evaluation(**{name: record[name] for name in names}) if record.keys() >= set(names) else None


def _step_of(line: bytes) -> int:
    """Returns the step of a line of the log; -1 if the line was cut or damaged."""
    try:
        return int(json.loads(line)["step"]) if line.endswith(b"\n") else -1
    except (ValueError, LookupError, TypeError):
        return -1
