"""What the callbacks of a training share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from translator.config import TrainingConfig
from translator.training.checkpoint import TrainingState


class DevScore(NamedTuple):
    """The outcome of an evaluation.

    Attributes:
        score: the dev score, from 0 to 100.
        is_best: whether it is the best so far.
    """

    score: float
    is_best: bool


@dataclass
class TrainingRun:
    """A training that is running.

    Attributes:
        config: its settings.
        folder: its model folder.
        state: its counters; whoever counts replaces them as a whole.
        dev_score: the outcome of the evaluation after the last step or epoch; None: there was none.
    """

    config: TrainingConfig
    folder: Path
    state: TrainingState
    dev_score: DevScore | None = None


class DivergenceError(Exception):
    """The loss is no longer a number, so the weights are of no use.

    Args:
        step: the step that shows it.
    """

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step
