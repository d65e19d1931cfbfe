"""The learning rate of each step, and when its numbers are asked for."""

import io

import pytest
from tqdm import tqdm

import translator.training.callbacks as module
from translator.config import TrainingConfig
from translator.training.callbacks import DivergenceError, Progress, learning_rate
from translator.training.checkpoint import TrainingState


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.0005), (1, 0.001), (2, 0.0015), (3, 0.002), (15, 0.001), (35, 0.002 / 3), (9999, 0.00004)],
)
def test_the_rate_rises_in_equal_steps_and_falls_with_the_root_of_the_step(step, rate):
    config = TrainingConfig(learning_rate=0.002, warmup_steps=4)
    assert learning_rate(config, step, 1.0) == pytest.approx(rate)
    assert learning_rate(config, step, 0.25) == pytest.approx(0.25 * rate)


@pytest.mark.parametrize("step", [0, 1, 10_000])
def test_without_warmup_the_rate_is_constant(step):
    assert learning_rate(TrainingConfig(learning_rate=0.002, warmup_steps=0), step, 1.0) == 0.002
    assert learning_rate(TrainingConfig(learning_rate=0.002, warmup_steps=0), step, 0.5) == 0.001


class Number:
    """A number on a device, and whether somebody waited for it."""

    def __init__(self, value):
        self.value, self.asked_for = value, False

    def __float__(self):
        self.asked_for = True
        return float(self.value)


def steps_of(progress, losses):
    """Runs steps; returns their losses as numbers on a device."""
    numbers = [Number(loss) for loss in losses]
    for loss in numbers:
        logs = dict.fromkeys(("negative_log_prob", "num_tokens"), Number(2))
        progress.on_train_batch_end(0, {"loss": loss} | logs)
    return numbers


def test_no_step_waits_for_the_numbers_of_the_last_ones():
    state = TrainingState()
    progress = Progress(TrainingConfig(), state, behind=2)
    numbers = steps_of(progress, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert [number.asked_for for number in numbers] == [True, True, True, False, False]
    assert (state.step, state.batch, state.loss, state.tokens) == (5, 5, 12.0, 6.0)
    progress.wait_for_pending_steps()
    assert all(number.asked_for for number in numbers)
    assert (state.step, state.loss, state.tokens) == (5, 30.0, 10.0)


@pytest.mark.parametrize(("behind", "steps"), [(0, 2), (2, 4)])
def test_a_loss_that_is_no_number_names_its_step_whenever_it_is_seen(behind, steps):
    state = TrainingState()
    progress = Progress(TrainingConfig(), state, behind=behind)
    with pytest.raises(DivergenceError) as caught:
        steps_of(progress, [1.0, float("nan"), 1.0, 1.0, 1.0])
    assert (caught.value.step, state.step) == (2, steps)
    progress.wait_for_pending_steps()  # the steps after it count for nothing
    assert state.tokens == 2.0


class Bar(tqdm):
    """Shown although nobody looks at it."""

    def __init__(self, disable, **kinds):
        super().__init__(disable=False, file=io.StringIO(), **kinds)


def test_the_bar_of_an_epoch_that_was_stopped_goes_on_where_it_stood(monkeypatch):
    monkeypatch.setattr(module, "tqdm", Bar)
    progress = Progress(TrainingConfig(), TrainingState(batch=30))
    progress.set_params({"steps": 10})
    progress.on_epoch_begin(0)
    assert (progress._bar.n, progress._bar.total) == (30, 40)
    steps_of(progress, [1.0] * 4)
    assert progress._bar.n == 34
    progress.on_epoch_end(0)
