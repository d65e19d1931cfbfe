"""The state of a training on disk: all variables and counters, in one file that is written atomically."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from translator.arrays import open_arrays, write_arrays
from translator.errors import ModelError
from translator.files import atomic_write


@dataclass(frozen=True)
class TrainingState:
    """The counters of a training.

    Attributes:
        corpus: fingerprint of the training pairs.
        epoch: complete epochs.
        batch: complete batches of the next epoch.
        step: total number of steps.
        seconds: total time.
        best_score: best dev score so far; negative before the first evaluation.
        best_step: step of the best score.
        evaluations_without_gain: evaluations since the best one.
        rate_factor: product of all decays of the learning rate.
        finished: whether the training ended by itself.
        loss, negative_log_prob, tokens, token_seconds: sums over the target tokens since the last evaluation,
            and the time they took.
        precision: the Keras dtype policy of the steps; empty in a checkpoint of an earlier version.
        device: the kind of device that computed them, ``CPU`` or ``GPU``; likewise.
    """

    corpus: str = ""
    epoch: int = 0
    batch: int = 0
    step: int = 0
    seconds: float = 0.0
    best_score: float = -1.0
    best_step: int = 0
    evaluations_without_gain: int = 0
    rate_factor: float = 1.0
    finished: bool = False
    loss: float = 0.0
    negative_log_prob: float = 0.0
    tokens: float = 0.0
    token_seconds: float = 0.0
    precision: str = ""
    device: str = ""


def save_checkpoint(path: Path, previous: Path, state: TrainingState, variables: Sequence[Any]) -> None:
    """Writes the state and all variables.

    Args:
        path: the file to write, ``.npz``.
        previous: where the checkpoint that is there now is moved to.
        state: the counters.
        variables: the variables of the model and the optimizer, in a fixed order.

    Raises:
        ModelError: if the file cannot be written.
    """
    arrays = dict(zip(_names(variables), (variable.numpy() for variable in variables), strict=True))
    with atomic_write(path) as temporary:
        write_arrays(temporary, arrays | {"state": json.dumps(asdict(state))})
        if path.exists():
            os.replace(path, previous)


def last_checkpoint(path: Path, previous: Path, report: Callable[[str], None]) -> Path | None:
    """Returns the path of the last intact checkpoint; None if there is no checkpoint.

    Args:
        path: the checkpoint that was written last.
        previous: the one before it.
        report: is called with a warning if the last one is damaged and the one before it is used.

    Raises:
        ModelError: if there are checkpoints and all of them are damaged.
    """
    faults = []
    for candidate in filter(Path.exists, (path, previous)):
        try:
            with _opened(candidate) as arrays:
                TrainingState(**json.loads(arrays["state"].item()))
                for name in arrays:
                    arrays[name]  # each array has a checksum, which is verified when it is read
        except ModelError as error:
            faults.append(error)
            continue
        if faults:
            report(f"warning: {faults[0].args[0].split('; ')[0]}; resuming from the checkpoint before it")
        return candidate
    if faults:
        raise faults[0]
    return None


def read_state(path: Path) -> TrainingState:
    """Reads only the counters.

    Raises:
        ModelError: if the file is damaged.
    """
    with _opened(path) as arrays:
        return TrainingState(**json.loads(arrays["state"].item()))


def restore_checkpoint(path: Path, variables: Sequence[Any]) -> None:
    """Assigns the saved values to the variables.

    Raises:
        ModelError: if the file is damaged or the variables are not the saved ones.
    """
    with _opened(path) as arrays:
        names = _names(variables)
        values = {name: arrays[name] for name in arrays if name != "state"}
        fits = sorted(values) == sorted(names) and all(
            values[name].shape == tuple(variable.shape)
            for name, variable in zip(names, variables, strict=True)
        )
        if not fits:
            raise ModelError(f"{path}: made by another version or configuration; train into a new folder")
    for name, variable in zip(names, variables, strict=True):
        variable.assign(values[name])


def _names(variables: Sequence[Any]) -> list[str]:
    """Returns the name of each variable in the file.

    The paths of Keras cannot be used, because they depend on how many objects the process has made.
    """
    return [f"{i:04d} {variable.name}" for i, variable in enumerate(variables)]


def _opened(path: Path) -> AbstractContextManager[Mapping[str, Any]]:
    """Opens the arrays of a checkpoint."""
    return open_arrays(
        path,
        lambda reason: ModelError(
            f"{path}: damaged ({reason}); remove it to start this training from the beginning"
        ),
    )
