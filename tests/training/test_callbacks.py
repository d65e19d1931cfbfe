"""The learning rate of each step."""

import pytest

from translator.config import TrainingConfig
from translator.training.callbacks import learning_rate


@pytest.mark.parametrize(
    ("step", "rate"), [(0, 0.0005), (1, 0.001), (2, 0.0015), (3, 0.002), (4, 0.002), (10_000, 0.002)]
)
def test_the_rate_rises_in_equal_steps_and_stays(step, rate):
    config = TrainingConfig(learning_rate=0.002, warmup_steps=4)
    assert learning_rate(config, step, 1.0) == pytest.approx(rate)
    assert learning_rate(config, step, 0.25) == pytest.approx(0.25 * rate)


def test_without_warmup_the_rate_is_there_at_once():
    assert learning_rate(TrainingConfig(learning_rate=0.002, warmup_steps=0), 0, 1.0) == 0.002
