"""The schedule of a training: its learning rate, and what follows from each step, epoch and dev score.

All functions are pure: they take the counters of a training and return new ones, or a decision.
"""

from __future__ import annotations

import math
from dataclasses import replace

from translator.config import TrainingConfig
from translator.training.checkpoint import TrainingState

DIVERGENCE_DECAY = 0.5  # factor on the learning rate after the loss was not a number
_MIN_RATE_FACTOR = 0.01  # with a learning rate this much lower than the recipe's, a model no longer learns


def learning_rate(config: TrainingConfig, step: int, rate_factor: float) -> float:
    """Returns the learning rate of a step (from 0), times the product of all decays so far.

    A linear warm-up, then falling with the inverse square root of the step (Vaswani et al. 2017, arXiv
    1706.03762, section 5.3, equation 3): with ``w`` warm-up steps and the highest rate ``r``, step ``t`` from
    1 has ``r min(t / w, sqrt(w / t))``. Without warm-up the rate is constant.
    """
    if not config.warmup_steps:
        return config.learning_rate * rate_factor
    progress = (step + 1) / config.warmup_steps
    return config.learning_rate * min(progress, 1 / math.sqrt(progress)) * rate_factor


def is_finished(config: TrainingConfig, state: TrainingState) -> bool:
    """Returns whether a training has ended: the dev score stopped rising, or all epochs are done."""
    return state.evaluations_without_gain >= config.patience or state.epoch >= config.max_epochs


def is_checkpoint_due(config: TrainingConfig, state: TrainingState) -> bool:
    """Returns whether a checkpoint is due after the last step."""
    return state.step % config.checkpoint_steps == 0


def is_evaluation_due_after_step(config: TrainingConfig, state: TrainingState) -> bool:
    """Returns whether the dev set is to be scored after the last step."""
    return config.evaluate_steps > 0 and state.step % config.evaluate_steps == 0


def is_evaluation_due_after_epoch(config: TrainingConfig, state: TrainingState) -> bool:
    """Returns whether the dev set is to be scored after an epoch; ``state`` counts that epoch already.

    If evaluations go by steps, only the end of the training has one, unless its last step had one.
    """
    if not config.evaluate_steps:
        return True
    return state.epoch >= config.max_epochs and state.step % config.evaluate_steps != 0


def after_step(state: TrainingState) -> TrainingState:
    """Counts a step, whose results may not be known yet."""
    return replace(state, step=state.step + 1, batch=state.batch + 1)


def after_results(
    state: TrainingState, loss: float, negative_log_prob: float, num_tokens: float, seconds: float
) -> TrainingState:
    """Adds the results of a step to the sums since the last evaluation.

    Args:
        state: the counters.
        loss: the mean loss per target token.
        negative_log_prob: summed over the target tokens, in nats.
        num_tokens: the number of target tokens.
        seconds: the time that the step took.
    """
    return replace(
        state,
        loss=state.loss + loss * num_tokens,
        negative_log_prob=state.negative_log_prob + negative_log_prob,
        tokens=state.tokens + num_tokens,
        token_seconds=state.token_seconds + seconds,
    )


def after_epoch(state: TrainingState) -> TrainingState:
    """Counts an epoch, unless the training finished in the middle of it."""
    return state if state.finished else replace(state, epoch=state.epoch + 1, batch=0)


def after_evaluation(state: TrainingState, score: float, config: TrainingConfig) -> TrainingState:
    """Draws the conclusions from a dev score.

    A score above the best one becomes the best. Otherwise the learning rate decays after every
    ``rate_patience`` evaluations without gain, and the training is finished after ``patience`` of them.
    """
    if score > state.best_score:
        state = replace(state, best_score=score, best_step=state.step, evaluations_without_gain=0)
    else:
        without_gain = state.evaluations_without_gain + 1
        decay = config.rate_decay if without_gain % config.rate_patience == 0 else 1.0
        rate_factor = state.rate_factor * decay
        state = replace(state, evaluations_without_gain=without_gain, rate_factor=rate_factor)
    return replace(state, finished=is_finished(config, state))


def after_logging(state: TrainingState) -> TrainingState:
    """Starts the sums for the next evaluation."""
    return replace(state, loss=0.0, negative_log_prob=0.0, tokens=0.0, token_seconds=0.0)


def rate_factor_after_divergence(rate_factor: float) -> float | None:
    """Returns a lower factor on the learning rate; None if it has been lowered often enough."""
    lower = rate_factor * DIVERGENCE_DECAY
    return None if lower < _MIN_RATE_FACTOR else lower
