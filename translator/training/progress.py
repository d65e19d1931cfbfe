"""Counts the steps and the time of a training, and shows how far it has come."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from dataclasses import replace
from typing import Any

import keras
from tqdm import tqdm

from translator.training.run import DivergenceError, TrainingRun
from translator.training.schedule import after_epoch, after_results, after_step


class StepCounter(keras.callbacks.Callback):
    """Counts steps, epochs, target tokens and time.

    Attributes:
        last_loss: the mean loss of the last step whose results are known.

    Args:
        run: the training.
        max_pending: steps whose results need not be known yet. A GPU computes a step while this process
            prepares the next one; if its results were asked for at once, it would stand idle meanwhile.
    """

    last_loss = math.nan

    def __init__(self, run: TrainingRun, max_pending: int = 0) -> None:
        super().__init__()
        self._run, self._max_pending = run, max_pending
        self._pending: deque[tuple[int, dict[str, Any]]] = deque()  # steps with their results
        self._last_call = time.monotonic()

    @property
    def num_pending(self) -> int:
        """Steps whose results are not known yet."""
        return len(self._pending)

    def elapsed_since_last_call(self) -> float:
        """Returns the seconds since the last call, and adds them to the time of the training."""
        now = time.monotonic()
        seconds, self._last_call = now - self._last_call, now
        self._run.state = replace(self._run.state, seconds=self._run.state.seconds + seconds)
        return seconds

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._run.state = after_step(self._run.state)
        self._pending.append((self._run.state.step, logs or {}))
        self._wait_for_all_but(self._max_pending)

    def wait_for_pending_steps(self) -> None:
        """Waits for the results of all steps so far and counts them.

        Raises:
            DivergenceError: if the loss of a step is not a number.
        """
        self._wait_for_all_but(0)

    def _wait_for_all_but(self, max_pending: int) -> None:
        while len(self._pending) > max_pending:
            step, results = self._pending.popleft()
            loss, num_tokens = float(results["loss"]), float(results["num_tokens"])
            if not math.isfinite(loss):
                self._pending.clear()
                raise DivergenceError(step)
            self.last_loss, negative_log_prob = loss, float(results["negative_log_prob"])
            seconds = self.elapsed_since_last_call()
            self._run.state = after_results(self._run.state, loss, negative_log_prob, num_tokens, seconds)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.wait_for_pending_steps()
        self._run.state = after_epoch(self._run.state)


class ProgressBar(keras.callbacks.Callback):
    """Shows a progress bar for each epoch on standard error, if that is a terminal.

    Args:
        run: the training.
        counter: counts its steps.
    """

    def __init__(self, run: TrainingRun, counter: StepCounter) -> None:
        super().__init__()
        self._run, self._counter = run, counter
        self._bar: tqdm[Any] | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        batch = self._run.state.batch  # not 0 in an epoch that is resumed
        self._bar = tqdm(
            total=batch + self.params["steps"],
            initial=batch,
            desc=f"epoch {epoch + 1}/{self._run.config.max_epochs}",
            disable=None,  # if standard error is not a terminal
            leave=False,
            dynamic_ncols=True,
            bar_format="{desc} {percentage:3.0f}% |{bar}| {remaining} left{postfix}",
        )

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._bar is None:
            return
        state = self._run.state
        new_steps = state.batch - self._counter.num_pending - self._bar.n
        if new_steps > 0:
            rate = state.tokens / max(state.token_seconds, 1e-9)
            self._bar.set_postfix_str(
                f"loss {self._counter.last_loss:.3f}, {rate:,.0f} tokens/s", refresh=False
            )
            self._bar.update(new_steps)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self._bar is not None:
            self._bar.close()


def report_to_standard_error(line: str) -> None:
    """Prints a line above the progress bar, if there is one."""
    tqdm.write(line, file=sys.stderr)
