"""The state of a training on disk: all variables and counters, in one file that is written whole or not."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from translator.errors import ModelError
from translator.files import replaced_when_complete


@dataclass
class TrainingState:
    """The counters of a training.

    Attributes:
        corpus: fingerprint of the training pairs.
        epoch: epochs that are done.
        batch: batches of the next epoch that are done.
        step: steps in all.
        seconds: time spent in all.
        best_score: best dev BLEU so far; negative before the first evaluation.
        best_step: step of the best score.
        evaluations_without_gain: evaluations since the best one.
        rate_factor: product of all decays of the learning rate.
        finished: whether training ended by itself.
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


def save_checkpoint(path: Path, state: TrainingState, variables: Sequence[Any]) -> None:
    """Writes the state and all variables.

    Args:
        path: the file to write, ``.npz``.
        state: the counters.
        variables: the variables of the model and the optimizer, in a fixed order.

    Raises:
        ModelError: if the file cannot be written.
    """
    arrays = dict(zip(_names(variables), (variable.numpy() for variable in variables), strict=True))
    with replaced_when_complete(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays, state=np.array(json.dumps(asdict(state))))
        file.flush()
        os.fsync(file.fileno())


def read_state(path: Path) -> TrainingState | None:
    """Reads the counters alone, or returns None where there is no checkpoint.

    Raises:
        ModelError: if the file is damaged.
    """
    if not path.exists():
        return None
    with _opened(path) as arrays:
        return TrainingState(**json.loads(arrays["state"].item()))


def restore_checkpoint(path: Path, variables: Sequence[Any]) -> None:
    """Puts the saved values into the variables.

    Raises:
        ModelError: if the file is damaged or the variables are not those that were saved.
    """
    with _opened(path) as arrays:
        names = _names(variables)
        values = {name: arrays[name] for name in arrays.files if name != "state"}
        fits = sorted(values) == sorted(names) and all(
            values[name].shape == tuple(variable.shape)
            for name, variable in zip(names, variables, strict=True)
        )
        if not fits:
            raise ModelError(f"{path}: made by another version or configuration; train into a new folder")
        for name, variable in zip(names, variables, strict=True):
            variable.assign(values[name])


def _names(variables: Sequence[Any]) -> list[str]:
    """A name for each variable in the file.

    The paths that Keras gives are no help: they count the objects of a process.
    """
    return [f"{i:04d} {variable.name}" for i, variable in enumerate(variables)]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The arrays of a checkpoint; whatever is wrong with the file is a ModelError."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            yield arrays
    except ModelError:
        raise
    except Exception as error:  # a damaged archive fails in ways that no list could hold
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(
            f"{path}: damaged ({reason}); remove it to start this training from the beginning"
        ) from None
