"""What happens between the steps, one callback per task: learning rate, evaluation, log, checkpoints.

The trainer calls them in the order in which they stand here, after those of ``progress.py``.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import keras
import numpy as np

from translator.distribution import install_command
from translator.errors import ConfigError
from translator.files import atomic_write
from translator.model_folder import (
    checkpoint_path,
    previous_checkpoint_path,
    save_weights,
    weights_path,
)
from translator.training.checkpoint import save_checkpoint
from translator.training.interruption import Interruption, StoppedError
from translator.training.log import Evaluation, append_to_log
from translator.training.progress import StepCounter
from translator.training.run import DevScore, DivergenceError, TrainingRun
from translator.training.schedule import (
    after_evaluation,
    after_logging,
    is_checkpoint_due,
    is_evaluation_due_after_epoch,
    is_evaluation_due_after_step,
    learning_rate,
)
from translator.training.step import TrainingModel


class LearningRate(keras.callbacks.Callback):
    """Sets the learning rate before every step.

    Args:
        run: the training.
    """

    def __init__(self, run: TrainingRun) -> None:
        super().__init__()
        self._run = run

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        state = self._run.state
        self.model.optimizer.learning_rate = learning_rate(self._run.config, state.step, state.rate_factor)


class DevEvaluation(keras.callbacks.Callback):
    """Scores the averaged weights on the dev set, keeps the best ones, and ends the training.

    Args:
        run: the training.
        counter: counts its steps.
        score: translates the dev set with the network as it is and returns its score.
        report: is called with each line for the user.
    """

    def __init__(
        self,
        run: TrainingRun,
        counter: StepCounter,
        score: Callable[[], float],
        report: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._run, self._counter, self._score, self._report = run, counter, score, report

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._evaluate_if(is_evaluation_due_after_step(self._run.config, self._run.state))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._evaluate_if(is_evaluation_due_after_epoch(self._run.config, self._run.state))

    def before_training(self) -> None:
        """Scores the weights that training starts from; they are the best until others are better."""
        score = self._score_and_keep_best()
        self._report(f"before training: dev {self._run.config.dev_metric_name} {score.score:.2f}")

    def _evaluate_if(self, is_due: bool) -> None:
        self._run.dev_score = None
        if is_due:
            self._counter.wait_for_pending_steps()
            self._run.dev_score = self._score_and_keep_best()
            self._counter.elapsed_since_last_call()
            if self._run.state.finished:
                self.model.stop_training = True

    def _score_and_keep_best(self) -> DevScore:
        """Scores the averaged weights, and writes them into the folder if they are the best so far."""
        run, model = self._run, self.model
        with model.averaged_weights():
            score = self._score()
            is_best = score > run.state.best_score
            if is_best:
                with atomic_write(weights_path(run.folder)) as path:
                    save_weights(model.network, path)
        run.state = after_evaluation(run.state, score, run.config)
        return DevScore(score, is_best)


class EvaluationLog(keras.callbacks.Callback):
    """Writes each evaluation as one line for the user and one JSON line in the log.

    Args:
        run: the training.
        report: is called with each line for the user.
    """

    def __init__(self, run: TrainingRun, report: Callable[[str], None]) -> None:
        super().__init__()
        self._run, self._report = run, report

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._run.dev_score is not None:
            self._log_evaluation(self._run.dev_score)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self._run.dev_score is not None:
            self._log_evaluation(self._run.dev_score)

    def _log_evaluation(self, score: DevScore) -> None:
        config, state = self._run.config, self._run.state
        tokens = max(state.tokens, 1.0)
        evaluation = Evaluation(
            epoch=state.epoch + (1 if state.batch else 0),
            step=state.step,
            loss=round(state.loss / tokens, 4),
            perplexity=round(math.exp(min(state.negative_log_prob / tokens, 50)), 2),
            dev_score=round(score.score, 2),
            best=score.is_best,
            learning_rate=float(f"{learning_rate(config, state.step, state.rate_factor):.3g}"),
            tokens_per_second=round(state.tokens / max(state.token_seconds, 1e-9)),
            seconds=round(state.seconds),
        )
        self._run.state = after_logging(state)
        self._report(
            f"epoch {evaluation.epoch}, step {state.step:,}: loss {evaluation.loss:.3f}, "
            f"perplexity {evaluation.perplexity:.1f}, dev {config.dev_metric_name} {score.score:.2f}"
            f"{' (best)' if score.is_best else ''}, {evaluation.tokens_per_second:,} tokens/s, "
            f"{timedelta(seconds=round(state.seconds))}"
        )
        append_to_log(self._run.folder, evaluation)


class Checkpoints(keras.callbacks.Callback):
    """Writes checkpoints, and ends the training after one when that is requested.

    Each evaluation is followed by a checkpoint. There are more in between, so that a training that is killed
    loses at most ``checkpoint_steps`` steps.

    Args:
        run: the training.
        counter: counts its steps.
        interruption: whether the end of the training has been requested.
        report: is called with each line for the user.
    """

    def __init__(
        self,
        run: TrainingRun,
        counter: StepCounter,
        interruption: Interruption,
        report: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._run, self._counter, self._interruption, self._report = run, counter, interruption, report

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Saves if it is time.

        Raises:
            DivergenceError: as ``save``.
            StoppedError: if the end of the training was requested; all is saved then.
        """
        run, is_requested = self._run, self._interruption.requested
        if is_requested or run.dev_score is not None or is_checkpoint_due(run.config, run.state):
            self.save()
        if is_requested:
            self._report(f"stopped at step {run.state.step:,} and saved; the same command resumes from there")
            raise StoppedError

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self._run.dev_score is not None:
            self.save()

    def save(self) -> None:
        """Writes a checkpoint.

        Raises:
            DivergenceError: if a loss or a weight is not a number; the last checkpoint stays as it is.
        """
        self._counter.wait_for_pending_steps()
        if not all(np.isfinite(weight.numpy()).all() for weight in self.model.network.trainable_variables):
            raise DivergenceError(self._run.state.step)
        paths = checkpoint_path(self._run.folder), previous_checkpoint_path(self._run.folder)
        save_checkpoint(*paths, self._run.state, training_variables(self.model))


def training_variables(model: TrainingModel) -> list[Any]:
    """Returns all that training changes: weights, averages, dropout seeds and the optimizer's variables."""
    return [*model.variables, *model.optimizer.variables]


def tensorboard_callbacks(folder: Path | None) -> list[Any]:
    """Returns the Keras callback that writes TensorBoard logs into a folder; none if no folder is given.

    Raises:
        ConfigError: if TensorBoard is not installed.
    """
    if folder is None:
        return []
    if importlib.util.find_spec("tensorboard") is None:
        raise ConfigError(f"TensorBoard is not installed; run: {install_command('tensorboard')}")
    return [keras.callbacks.TensorBoard(log_dir=str(folder), update_freq="epoch", write_graph=False)]
