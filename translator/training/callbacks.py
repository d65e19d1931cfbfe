"""What happens beside the steps: the learning rate, the progress bar, dev BLEU and its consequences."""

from __future__ import annotations

import importlib.util
import math
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from translator.config import TrainingConfig
from translator.distribution import install_command
from translator.errors import ConfigError
from translator.files import atomic_write
from translator.model_folder import (
    checkpoint_path,
    previous_checkpoint_path,
    save_weights,
    weights_path,
)
from translator.training.checkpoint import TrainingState, save_checkpoint
from translator.training.interruption import Interruption, StoppedError
from translator.training.log import Evaluation, append_to_log
from translator.training.step import TrainingModel


def learning_rate(config: TrainingConfig, step: int, rate_factor: float) -> float:
    """The rate of a step (from 0), with the decays so far as a factor.

    A linear warm-up, then falling with the inverse square root of the step (Vaswani et al. 2017, arXiv
    1706.03762, section 5.3, equation 3): with ``w`` warm-up steps and the highest rate ``r``, step ``t`` from
    1 has ``r min(t / w, sqrt(w / t))``. Without warm-up the rate is constant.
    """
    if not config.warmup_steps:
        return config.learning_rate * rate_factor
    progress = (step + 1) / config.warmup_steps
    return config.learning_rate * min(progress, 1 / math.sqrt(progress)) * rate_factor


def is_finished(config: TrainingConfig, state: TrainingState) -> bool:
    """Whether a training has come to its end: no better dev BLEU for long enough, or all its epochs."""
    return state.evaluations_without_gain >= config.patience or state.epoch >= config.max_epochs


class DivergenceError(Exception):
    """The loss is no longer a number; what led there is of no use.

    Args:
        step: the step that shows it.
    """

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step


class LearningRate(keras.callbacks.Callback):
    """Sets the learning rate before every step."""

    def __init__(self, config: TrainingConfig, state: TrainingState) -> None:
        super().__init__()
        self._config, self._state = config, state

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = learning_rate(
            self._config, self._state.step, self._state.rate_factor
        )


class Progress(keras.callbacks.Callback):
    """Counts steps and time, and shows a progress bar on standard error if that is a terminal.

    Args:
        config: for the number of epochs.
        state: the counters, changed in place.
        behind: so many steps later the numbers of a step are asked for. A GPU computes a step while this
            process makes the next one ready; asked at once, it would stand idle for that time.
    """

    def __init__(self, config: TrainingConfig, state: TrainingState, behind: int = 0) -> None:
        super().__init__()
        self._config, self._state, self._behind = config, state, behind
        self._waiting: deque[tuple[int, dict[str, Any]]] = deque()  # steps with their numbers
        self._bar: tqdm[Any] | None = None
        self._last_look = time.monotonic()

    def elapsed_since_last_call(self) -> float:
        """Adds the time since the last look to the training's time; returns it, in seconds."""
        now = time.monotonic()
        seconds, self._last_look = now - self._last_look, now
        self._state.seconds += seconds
        return seconds

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._bar = tqdm(
            total=self._state.batch + self.params["steps"],
            initial=self._state.batch,  # where a training that was stopped goes on
            desc=f"epoch {epoch + 1}/{self._config.max_epochs}",
            disable=None,  # where standard error is no terminal
            leave=False,
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}% |{bar}| {remaining} left{postfix}",
        )

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        state = self._state
        state.step += 1
        state.batch += 1
        self._waiting.append((state.step, logs or {}))
        self._wait_for_pending_steps(self._behind)

    def wait_for_pending_steps(self) -> None:
        """Waits for all steps so far and counts them.

        Raises:
            DivergenceError: if the loss of one is no number.
        """
        self._wait_for_pending_steps(0)

    def _wait_for_pending_steps(self, behind: int) -> None:
        """Counts all steps but for the last ones."""
        state = self._state
        while len(self._waiting) > behind:
            step, numbers = self._waiting.popleft()
            loss, num_tokens = float(numbers["loss"]), float(numbers["num_tokens"])
            if not math.isfinite(loss):
                self._waiting.clear()
                raise DivergenceError(step)
            state.loss += loss * num_tokens
            state.negative_log_prob += float(numbers["negative_log_prob"])
            state.tokens += num_tokens
            state.token_seconds += self.elapsed_since_last_call()
            if self._bar is not None:
                rate = state.tokens / max(state.token_seconds, 1e-9)
                self._bar.set_postfix_str(f"loss {loss:.3f}, {rate:,.0f} tokens/s", refresh=False)
                self._bar.update()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.wait_for_pending_steps()
        if self._bar is not None:
            self._bar.close()
        if not self._state.finished:  # which ends the epoch early
            self._state.epoch, self._state.batch = epoch + 1, 0


class DevEvaluation(keras.callbacks.Callback):
    """Scores the averaged weights on the dev set, keeps the best ones, and draws the consequences.

    When the score has not risen for ``rate_patience`` evaluations, the learning rate falls; after
    ``patience`` evaluations, training ends. Each evaluation ends with a checkpoint; more are written in
    between, so that a training that is killed has lost no more than ``checkpoint_steps`` steps.

    Args:
        config: patience and decay.
        state: the counters, changed in place.
        progress: where the sums since the last evaluation are.
        score: translates the dev set with the network as it is and returns its BLEU.
        folder: the model folder.
        report: takes each line for the user.
        request: whether training is to end now.
    """

    def __init__(
        self,
        config: TrainingConfig,
        state: TrainingState,
        progress: Progress,
        score: Callable[[], float],
        folder: Path,
        report: Callable[[str], None],
        request: Interruption,
    ) -> None:
        super().__init__()
        self._config, self._state, self._progress = config, state, progress
        self._score, self._folder, self._report, self._request = score, folder, report, request

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Evaluates or saves, if it is time.

        Raises:
            DivergenceError: if the loss or a weight is no longer a number.
            StoppedError: if the end of the training was asked for; all is saved then.
        """
        step = self._state.step
        if self._config.evaluate_steps and step % self._config.evaluate_steps == 0:
            self._evaluate()
        elif step % self._config.checkpoint_steps == 0 or self._request.requested:
            self.save()
        if self._request.requested:
            self._report(f"stopped at step {step:,}, and saved; the same command goes on from there")
            raise StoppedError

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        every = self._config.evaluate_steps
        last = self._state.epoch >= self._config.max_epochs
        if not every or (last and self._state.step % every):
            self._evaluate()

    def before_training(self) -> None:
        """Scores the weights that training begins with; they count as the best until others are better."""
        score, _ = self._score_and_keep()
        self._report(f"before training: dev BLEU {score:.2f}")

    def _score_and_keep(self) -> tuple[float, bool]:
        """Scores the averaged weights and writes them if they are the best; returns whether they are."""
        state = self._state
        model: TrainingModel = self.model
        with model.averaged_weights():
            score = self._score()
            better = score > state.best_score
            if better:
                with atomic_write(weights_path(self._folder)) as path:
                    save_weights(model.network, path)
                state.best_score, state.best_step, state.evaluations_without_gain = score, state.step, 0
        return score, better

    def _evaluate(self) -> None:
        self._progress.wait_for_pending_steps()
        state = self._state
        model: TrainingModel = self.model
        score, better = self._score_and_keep()
        if not better:
            state.evaluations_without_gain += 1
            if state.evaluations_without_gain % self._config.rate_patience == 0:
                state.rate_factor *= self._config.rate_decay
        state.finished = is_finished(self._config, state)
        if state.finished:
            model.stop_training = True
        self._progress.elapsed_since_last_call()
        self._log_evaluation(score, better)
        self.save()

    def save(self) -> None:
        """Writes a checkpoint.

        Raises:
            DivergenceError: if a loss or a weight is no number; the checkpoint that is there stays.
        """
        self._progress.wait_for_pending_steps()
        if not all(np.isfinite(weight.numpy()).all() for weight in self.model.network.trainable_variables):
            raise DivergenceError(self._state.step)
        paths = checkpoint_path(self._folder), previous_checkpoint_path(self._folder)
        save_checkpoint(*paths, self._state, training_variables(self.model))

    def _log_evaluation(self, score: float, better: bool) -> None:
        """One line for the user and one JSON line for the log."""
        state = self._state
        tokens = max(state.tokens, 1.0)
        evaluation = Evaluation(
            epoch=state.epoch + (1 if state.batch else 0),
            step=state.step,
            loss=round(state.loss / tokens, 4),
            perplexity=round(math.exp(min(state.negative_log_prob / tokens, 50)), 2),
            dev_bleu=round(score, 2),
            best=better,
            learning_rate=float(f"{learning_rate(self._config, state.step, state.rate_factor):.3g}"),
            tokens_per_second=round(state.tokens / max(state.token_seconds, 1e-9)),
            seconds=round(state.seconds),
        )
        state.loss = state.negative_log_prob = state.tokens = state.token_seconds = 0.0
        self._report(
            f"epoch {evaluation.epoch}, step {state.step:,}: loss {evaluation.loss:.3f}, "
            f"perplexity {evaluation.perplexity:.1f}, dev BLEU {score:.2f}{' (best)' if better else ''}, "
            f"{evaluation.tokens_per_second:,} tokens/s, {timedelta(seconds=round(state.seconds))}"
        )
        append_to_log(self._folder, evaluation)


def training_variables(model: TrainingModel) -> list[Any]:
    """All that a training changes: weights, averages, dropout seeds and the optimizer's variables."""
    return [*model.variables, *model.optimizer.variables]


def tensorboard_callbacks(folder: str | Path | None) -> list[Any]:
    """The Keras callback that writes TensorBoard logs into a folder; none if no folder is given.

    Raises:
        ConfigError: if TensorBoard is not installed.
    """
    if folder is None:
        return []
    if importlib.util.find_spec("tensorboard") is None:
        raise ConfigError(f"TensorBoard is not installed; run: {install_command('tensorboard')}")
    return [keras.callbacks.TensorBoard(log_dir=str(folder), update_freq="epoch", write_graph=False)]
