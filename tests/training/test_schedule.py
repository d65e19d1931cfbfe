"""The learning rate of each step, and what follows from steps, epochs and dev scores, worked out by hand."""

import dataclasses
import random

import pytest

from translator.config import TrainingConfig
from translator.training.checkpoint import TrainingState
from translator.training.schedule import (
    after_epoch,
    after_evaluation,
    after_logging,
    after_results,
    after_step,
    is_checkpoint_due,
    is_evaluation_due_after_epoch,
    is_evaluation_due_after_step,
    is_finished,
    learning_rate,
    rate_factor_after_divergence,
)

START = TrainingState(corpus="abcd")


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


def test_steps_count_before_their_results_are_known():
    state = after_step(after_step(START))
    assert state == dataclasses.replace(START, step=2, batch=2)
    state = after_results(state, loss=2.0, negative_log_prob=7.0, num_tokens=4.0, seconds=0.5)
    state = after_results(state, loss=1.0, negative_log_prob=3.0, num_tokens=6.0, seconds=0.25)
    assert (state.loss, state.negative_log_prob, state.tokens) == (14.0, 10.0, 10.0)
    assert (state.token_seconds, state.step) == (0.75, 2)
    assert after_logging(state) == dataclasses.replace(START, step=2, batch=2)


def test_an_epoch_counts_unless_patience_ended_the_training_in_the_middle_of_it():
    state = dataclasses.replace(START, epoch=3, batch=7)
    assert after_epoch(state) == dataclasses.replace(START, epoch=4, batch=0)
    finished = dataclasses.replace(state, finished=True)
    assert after_epoch(finished) == finished


def evaluated(scores, **settings):
    """Returns the state after each of these dev scores, one every ten steps."""
    config, states = TrainingConfig(**settings), [START]
    for number, score in enumerate(scores, start=1):
        states.append(after_evaluation(dataclasses.replace(states[-1], step=10 * number), score, config))
    return states[1:]


def test_a_higher_score_is_the_best_and_an_equal_one_is_no_gain():
    states = evaluated([5.0, 7.0, 6.0, 7.0, 7.5])
    assert [(state.best_score, state.best_step) for state in states] == [
        (5.0, 10),
        (7.0, 20),
        (7.0, 20),
        (7.0, 20),
        (7.5, 50),
    ]
    assert [state.evaluations_without_gain for state in states] == [0, 0, 1, 2, 0]


def test_a_first_score_of_zero_is_the_best_so_far():
    assert evaluated([0.0])[0].best_score == 0.0


def test_the_rate_decays_after_every_so_many_evaluations_without_gain():
    states = evaluated([3.0, 2.0, 2.0, 4.0, 1.0, 1.0, 1.0, 1.0], rate_patience=2, rate_decay=0.5, patience=9)
    assert [state.rate_factor for state in states] == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]
    assert not any(state.finished for state in states)


def test_training_is_finished_after_so_many_evaluations_without_gain():
    assert [state.finished for state in evaluated([2, 1, 1, 3, 1, 1, 1], patience=3)] == [False] * 6 + [True]


def test_training_is_finished_after_the_last_epoch():
    config = TrainingConfig(max_epochs=2)
    assert not is_finished(config, dataclasses.replace(START, epoch=1))
    last = dataclasses.replace(START, epoch=2)
    assert is_finished(config, last)
    assert after_evaluation(last, 1.0, config).finished


def test_the_dev_set_is_scored_after_every_epoch_unless_by_steps():
    by_epochs, by_steps = TrainingConfig(), TrainingConfig(evaluate_steps=4, max_epochs=3)
    steps = [dataclasses.replace(START, step=step) for step in range(1, 10)]
    assert not any(is_evaluation_due_after_step(by_epochs, state) for state in steps)
    assert [state.step for state in steps if is_evaluation_due_after_step(by_steps, state)] == [4, 8]
    assert all(is_evaluation_due_after_epoch(by_epochs, state) for state in steps)
    assert not any(is_evaluation_due_after_epoch(by_steps, state) for state in steps)
    ends = [dataclasses.replace(state, epoch=3) for state in steps]
    assert [state.step for state in ends if is_evaluation_due_after_epoch(by_steps, state)] == [
        *(1, 2, 3),
        *(5, 6, 7),
        9,
    ]


def test_a_checkpoint_is_due_after_every_so_many_steps():
    config = TrainingConfig(checkpoint_steps=3)
    states = [dataclasses.replace(START, step=step) for step in range(1, 10)]
    assert [state.step for state in states if is_checkpoint_due(config, state)] == [3, 6, 9]


def test_after_divergence_the_rate_is_halved_until_it_is_too_low_to_learn():
    factors, factor = [], 1.0
    while factor is not None:
        factors.append(factor)
        factor = rate_factor_after_divergence(factor)
    assert factors == [1, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625]


def in_place(state, score, config):
    """The same conclusions from a score as they were once drawn, on a state that changes in place."""
    if score > state["best_score"]:
        state["best_score"], state["best_step"] = score, state["step"]
        state["evaluations_without_gain"] = 0
    else:
        state["evaluations_without_gain"] += 1
        if state["evaluations_without_gain"] % config.rate_patience == 0:
            state["rate_factor"] *= config.rate_decay
    state["finished"] = (
        state["evaluations_without_gain"] >= config.patience or state["epoch"] >= config.max_epochs
    )


def test_random_trainings_go_as_with_counters_that_change_in_place():
    choose = random.Random(1)
    for _ in range(200):
        config = TrainingConfig(
            patience=choose.randint(1, 6),
            rate_patience=choose.randint(1, 4),
            rate_decay=choose.uniform(0.3, 0.9),
            max_epochs=choose.randint(1, 30),
        )
        state, expected = START, dataclasses.asdict(START)
        while not state.finished:
            counts = {"step": state.step + choose.randint(1, 9), "epoch": state.epoch + choose.randint(0, 1)}
            score = choose.choice([0.0, 1.0, 2.0, choose.uniform(0, 50)])
            state = after_evaluation(dataclasses.replace(state, **counts), score, config)
            expected |= counts
            in_place(expected, score, config)
            assert dataclasses.asdict(state) == expected
