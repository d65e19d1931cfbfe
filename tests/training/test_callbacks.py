"""When the results of a step are asked for, what the progress bar shows, and in which order things happen."""

import io
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from tqdm import tqdm

import translator.training.progress as module
from translator.config import TrainingConfig
from translator.model_folder import checkpoint_path, log_path
from translator.training.callbacks import Checkpoints, EvaluationLog
from translator.training.checkpoint import TrainingState, read_state
from translator.training.interruption import Interruption, StoppedError
from translator.training.progress import ProgressBar, StepCounter
from translator.training.run import DevScore, DivergenceError, TrainingRun


def run_from(state=None, folder=Path(), **settings):
    return TrainingRun(TrainingConfig(**settings), folder, state or TrainingState())


class Number:
    """A number on a device, and whether somebody waited for it."""

    def __init__(self, value):
        self.value, self.asked_for = value, False

    def __float__(self):
        self.asked_for = True
        return float(self.value)


def run_steps(losses, *callbacks):
    """Runs steps; returns their losses as numbers on a device."""
    numbers = [Number(loss) for loss in losses]
    for loss in numbers:
        logs = dict.fromkeys(("negative_log_prob", "num_tokens"), Number(2))
        for callback in callbacks:
            callback.on_train_batch_end(0, {"loss": loss} | logs)
    return numbers


def test_no_step_waits_for_the_results_of_the_last_ones():
    run = run_from()
    counter = StepCounter(run, max_pending=2)
    numbers = run_steps([1.0, 2.0, 3.0, 4.0, 5.0], counter)
    assert [number.asked_for for number in numbers] == [True, True, True, False, False]
    assert (run.state.step, run.state.batch, run.state.loss, run.state.tokens) == (5, 5, 12.0, 6.0)
    counter.wait_for_pending_steps()
    assert all(number.asked_for for number in numbers)
    assert (run.state.step, run.state.loss, run.state.tokens) == (5, 30.0, 10.0)


@pytest.mark.parametrize(("max_pending", "steps"), [(0, 2), (2, 4)])
def test_a_loss_that_is_not_a_number_names_its_step_whenever_it_is_seen(max_pending, steps):
    run = run_from()
    counter = StepCounter(run, max_pending)
    with pytest.raises(DivergenceError) as caught:
        run_steps([1.0, float("nan"), 1.0, 1.0, 1.0], counter)
    assert (caught.value.step, run.state.step) == (2, steps)
    counter.wait_for_pending_steps()  # the steps after it are not counted
    assert run.state.tokens == 2.0


class Bar(tqdm):
    """A progress bar that is shown although standard error is not a terminal."""

    def __init__(self, disable, **kinds):
        super().__init__(disable=False, file=io.StringIO(), **kinds)


@pytest.mark.parametrize("max_pending", [0, 2])
def test_the_bar_of_an_epoch_that_was_stopped_resumes_where_it_stood(monkeypatch, max_pending):
    monkeypatch.setattr(module, "tqdm", Bar)
    run = run_from(TrainingState(batch=30))
    counter = StepCounter(run, max_pending)
    progress = ProgressBar(run, counter)
    progress.set_params({"steps": 10})
    progress.on_epoch_begin(0)
    assert (progress._bar.n, progress._bar.total) == (30, 40)
    run_steps([1.0, 1.0, 2.5, 2.5], counter, progress)
    assert progress._bar.n == 34 - max_pending
    assert progress._bar.postfix.startswith(f"loss {1.0 if max_pending else 2.5:.3f}, ")
    counter.on_epoch_end(0)
    progress.on_epoch_end(0)


class Model:
    """As much of a model as a checkpoint needs."""

    def __init__(self):
        self.variables = [keras.Variable(np.ones(2), name="weight")]
        self.network = self.optimizer = self

    @property
    def trainable_variables(self):
        return self.variables


def checkpoints_of(run, interruption=None):
    lines = []
    callback = Checkpoints(run, StepCounter(run), interruption or Interruption(), lines.append)
    callback.set_model(Model())
    return callback, lines


def test_checkpoints_follow_so_many_steps_and_every_evaluation(tmp_path):
    run = run_from(folder=tmp_path, checkpoint_steps=5)
    checkpoints, _ = checkpoints_of(run)
    saved = []
    for step in range(1, 12):
        run.state, run.dev_score = TrainingState(step=step), DevScore(1.0, True) if step == 7 else None
        checkpoints.on_train_batch_end(0)
        saved.append(read_state(checkpoint_path(tmp_path)).step if checkpoint_path(tmp_path).exists() else 0)
    assert saved == [0, 0, 0, 0, 5, 5, 7, 7, 7, 10, 10]
    checkpoints.on_epoch_end(0)
    assert read_state(checkpoint_path(tmp_path)).step == 10
    run.dev_score = DevScore(1.0, False)
    checkpoints.on_epoch_end(0)
    assert read_state(checkpoint_path(tmp_path)).step == 11


def test_a_requested_stop_saves_the_step_first(tmp_path):
    run, interruption = run_from(TrainingState(step=3), tmp_path), Interruption()
    checkpoints, lines = checkpoints_of(run, interruption)
    checkpoints.on_train_batch_end(0)
    interruption.requested = True
    with pytest.raises(StoppedError):
        checkpoints.on_train_batch_end(0)
    assert read_state(checkpoint_path(tmp_path)).step == 3
    assert lines == ["stopped at step 3 and saved; the same command resumes from there"]


def test_no_checkpoint_of_weights_that_are_not_numbers(tmp_path):
    run = run_from(TrainingState(step=3), tmp_path)
    checkpoints, _ = checkpoints_of(run)
    checkpoints.model.variables[0].assign([1.0, np.nan])
    with pytest.raises(DivergenceError) as caught:
        checkpoints.save()
    assert caught.value.step == 3
    assert not checkpoint_path(tmp_path).exists()


@pytest.mark.parametrize(
    ("metric", "name"), [("bleu-13a", "BLEU"), ("bleu-zh", "BLEU (zh)"), ("chrf", "chrF")]
)
def test_an_evaluation_is_logged_once_and_starts_new_sums(tmp_path, metric, name):
    sums = {"loss": 30.0, "negative_log_prob": 20.0, "tokens": 10.0, "token_seconds": 5.0}
    state = TrainingState(epoch=1, batch=4, step=1204, seconds=3661.2, rate_factor=0.7, **sums)
    settings = {"learning_rate": 0.01, "warmup_steps": 0, "dev_metric": metric}
    run, lines = run_from(state, tmp_path, **settings), []
    log = EvaluationLog(run, lines.append)
    log.on_train_batch_end(0)
    assert lines == []
    run.dev_score = DevScore(12.345, True)
    log.on_train_batch_end(0)
    assert lines == [
        f"epoch 2, step 1,204: loss 3.000, perplexity 7.4, dev {name} 12.35 (best), 2 tokens/s, 1:01:01"
    ]
    assert json.loads(log_path(tmp_path).read_text(encoding="utf-8")) == {
        "epoch": 2,
        "step": 1204,
        "loss": 3.0,
        "perplexity": 7.39,
        "dev_score": 12.35,
        "best": True,
        "learning_rate": 0.007,
        "tokens_per_second": 2,
        "seconds": 3661,
    }
    sums_now = run.state.loss, run.state.negative_log_prob, run.state.tokens, run.state.token_seconds
    assert sums_now == (0.0, 0.0, 0.0, 0.0)
    assert run.state.seconds == 3661.2
