"""The learning rate of each step."""

import pytest

from translator.config import TrainingConfig
from translator.training.callbacks import learning_rate


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
