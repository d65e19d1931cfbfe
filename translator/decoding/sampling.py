"""Translations drawn at random from the model, instead of the most probable ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from translator.decoding.dynamic_options import DynamicOptions
from translator.decoding.rules import DecodingRules
from translator.decoding.scoring import length_penalty
from translator.decoding.states import (
    IMPOSSIBLE,
    DecodingContext,
    Hypotheses,
    Requirements,
    StepFunction,
    Vocabulary,
    last_tokens,
)
from translator.search_options import SearchOptions


class _SampleState(NamedTuple):
    """The state of the loop.

    Attributes:
        step: int32 []; how many tokens every unfinished sample has.
        ids: int32 [batch, number, max_length]; the samples.
        log_probs: float32 [batch, number]; nats.
        lengths: int32 [batch, number]; in tokens, the end included; 0 until the end.
        model_state: the state of the step function.
    """

    step: tf.Tensor
    ids: tf.Tensor
    log_probs: tf.Tensor
    lengths: tf.Tensor
    model_state: Any


def sample(
    step_function: StepFunction,
    model_state: Any,
    memory: Any,
    requirements: Requirements,
    vocabulary: Vocabulary,
    options: SearchOptions,
    numbers: DynamicOptions,
) -> Hypotheses:
    """Draws ``n_best`` translations of each sentence, independently of each other.

    Args:
        step_function: the step function.
        model_state: its state before the first step, every tensor [batch, number, ...].
        memory: its memory, every tensor [batch, ...].
        requirements: limits and prefix of each sentence.
        vocabulary: the special tokens, and where words begin and end.
        options: length normalization and n-grams.
        numbers: number of translations, temperature, top-k and top-p; the length penalty, for the scores
            alone; one seed per sentence. The same seed gives the same samples, whatever other sentences are
            in the batch.

    Returns:
        The translations, best score first. Their log-probabilities are the model's own, whatever the
        temperature.
    """
    batch, max_length = tf.shape(requirements.max_lengths)[0], tf.reduce_max(requirements.max_lengths)
    shape = [batch, numbers.n_best]
    rules = DecodingRules(vocabulary, options)
    no_progress, is_given_up = tf.zeros([*shape, 0], tf.int32), tf.zeros(shape, tf.bool)

    def advance(state: _SampleState) -> tuple[_SampleState]:
        previous = last_tokens(state.ids, state.step, vocabulary)
        output = step_function(previous, state.model_state, memory)
        context = DecodingContext(state.step, state.ids, no_progress, is_given_up, requirements)
        allowed = rules.ban(output.log_probs, context)
        drawn = _draw(allowed, numbers, _uniform(tf.shape(allowed)[1:], numbers.seeds, state.step))
        forced = rules.forced_tokens(allowed, context)
        is_open = state.lengths == 0
        tokens = tf.where(is_open, tf.where(forced >= 0, forced, drawn), vocabulary.padding)
        log_probs = tf.gather(output.log_probs, tokens, batch_dims=2)
        return (
            _SampleState(
                state.step + 1,
                tf.where(tf.range(max_length) == state.step, tokens[:, :, None], state.ids),
                state.log_probs + tf.where(is_open, log_probs, 0.0),
                tf.where(is_open & (tokens == vocabulary.end), state.step + 1, state.lengths),
                output.state,
            ),
        )

    start = _SampleState(
        tf.constant(0),
        tf.fill([*shape, max_length], vocabulary.padding),
        tf.zeros(shape),
        tf.zeros(shape, tf.int32),
        model_state,
    )
    (state,) = tf.while_loop(lambda state: tf.reduce_any(state.lengths == 0), advance, (start,))
    penalty = length_penalty(state.lengths, numbers.length_penalty, options.length_normalization)
    scores = state.log_probs / penalty
    samples = Hypotheses(state.ids, state.lengths, state.log_probs, scores, tf.zeros([*shape, 0], tf.bool))
    _, best = tf.math.top_k(scores, numbers.n_best)
    return Hypotheses(*(tf.gather(part, best, batch_dims=1) for part in samples))


def _draw(log_probs: tf.Tensor, numbers: DynamicOptions, uniform: tf.Tensor) -> tf.Tensor:
    """Draws a token from each distribution: int32 [batch, number].

    The token with the largest sum of log-probability and Gumbel noise is a draw (the Gumbel-max trick).

    Args:
        log_probs: float32 [batch, number, vocabulary].
        numbers: temperature, top-k and top-p.
        uniform: float32 [batch, number, vocabulary]; random numbers between 0 and 1.
    """
    kept = filter_tokens(log_probs / numbers.temperature, numbers.top_k, numbers.top_p)
    return tf.argmax(kept - tf.math.log(-tf.math.log(uniform)), axis=-1, output_type=tf.int32)


def _uniform(shape: tf.Tensor, seeds: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """Random numbers of a step between 0 and 1, float32 [batch, *shape]; each sentence has its own seed."""
    return tf.map_fn(
        lambda seed: tf.random.stateless_uniform(
            shape, tf.random.experimental.stateless_fold_in(seed, step), minval=1e-20
        ),
        seeds,
        fn_output_signature=tf.float32,
    )


def filter_tokens(log_probs: tf.Tensor, top_k: tf.Tensor, top_p: tf.Tensor) -> tf.Tensor:
    """Makes all but the most probable tokens impossible.

    Args:
        log_probs: float32 [batch, number, vocabulary]; need not be normalized.
        top_k: int32 []; how many tokens stay (Fan et al. 2018, arXiv 1805.04833, section 5.1); 0: all.
        top_p: float32 []; the least probability that the tokens which stay have together (Holtzman et al.
            2020, arXiv 1904.09751, section 3.1); 1: all.
    """

    def within_top_k() -> tf.Tensor:
        least = tf.math.top_k(log_probs, tf.minimum(top_k, tf.shape(log_probs)[-1]))[0][..., -1:]
        return tf.where(log_probs < least, IMPOSSIBLE, log_probs)

    among_top_k = tf.cond(top_k > 0, within_top_k, lambda: log_probs)

    def within_top_p() -> tf.Tensor:
        in_order = tf.sort(among_top_k, axis=-1, direction="DESCENDING")
        probs = tf.nn.softmax(in_order)
        # A token stays if those before it have not reached top_p yet; the most probable one always does.
        stays = tf.cumsum(probs, axis=-1, exclusive=True) < top_p
        least = tf.reduce_min(tf.where(stays, in_order, tf.float32.max), axis=-1, keepdims=True)
        return tf.where(among_top_k < least, IMPOSSIBLE, among_top_k)

    return tf.cond(top_p < 1, within_top_p, lambda: among_top_k)
