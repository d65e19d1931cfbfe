"""The log of a training: each evaluation as a line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from translator.files import atomic_write, write_error
from translator.model_folder import log_path


@dataclass(frozen=True)
class Evaluation:
    """What was seen in one evaluation, and since the one before.

    Attributes:
        epoch: the epoch, from 1.
        step: the step, from 1.
        loss: mean loss of a target piece.
        perplexity: of the target pieces of the training text.
        dev_bleu: BLEU of the dev set, by greedy search.
        best: whether it was the best so far.
        learning_rate: of the next step.
        tokens_per_second: target pieces that were learned from in a second.
        seconds: time spent on the training in all.
    """

    epoch: int
    step: int
    loss: float
    perplexity: float
    dev_bleu: float
    best: bool
    learning_rate: float
    tokens_per_second: int
    seconds: int


def append_to_log(folder: Path, evaluation: Evaluation) -> None:
    """Adds a line to the log of a model folder.

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
    """Takes out of the log what happened after a step, where a training goes on from there."""
    path = log_path(folder)
    if not path.exists():
        return
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if 0 <= _step_of(line) <= step]
    if len(kept) < len(lines):
        with atomic_write(path) as temporary:
            temporary.write_bytes(b"".join(kept))


def read_log(folder: Path) -> list[Evaluation]:
    """The evaluations of the training in a model folder, over all its pauses; none where there is no log.

    A training that began anew in the folder has lines behind those of the one before, which are left out: its
    steps begin again. So are lines that were cut or damaged.
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
    names = [field.name for field in fields(Evaluation)]
    return Evaluation(**{name: record[name] for name in names}) if record.keys() >= set(names) else None


def _step_of(line: bytes) -> int:
    """The step of a line of the log; -1 if the line was cut or damaged."""
    try:
        return int(json.loads(line)["step"]) if line.endswith(b"\n") else -1
    except (ValueError, LookupError, TypeError):
        return -1
