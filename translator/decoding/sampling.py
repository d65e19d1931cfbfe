"""Translations drawn at random from the model, instead of the likeliest ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from translator.decoding.rules import (
    IMPOSSIBLE,
    Requirements,
    Vocabulary,
    forced_pieces,
    length_penalty,
    repeating_pieces,
    without,
)
from translator.decoding.search import Hypotheses, Step
from translator.search_options import SearchOptions


class _Loop(NamedTuple):
    """The state of the loop: int32 ids [batch, number, max steps], float32 log-probabilities [batch,
    number], int32 lengths [batch, number] (0 until the end), and the state of the step function.
    """

    step: tf.Tensor
    ids: tf.Tensor
    log_probs: tf.Tensor
    lengths: tf.Tensor
    state: Any


def sample(
    step: Step,
    state: Any,
    memory: Any,
    rules: Requirements,
    pieces: Vocabulary,
    options: SearchOptions,
    alpha: tf.Tensor | float,
    seeds: tf.Tensor,
) -> Hypotheses:
    """Draws ``n_best`` translations of each sentence, each on its own.

    Args:
        step: the step function.
        state: its state before the first step, every tensor [batch, number, ...].
        memory: its memory, every tensor [batch, ...].
        rules: what translations must and must not be.
        pieces: the ids that are no text.
        options: number of translations, temperature, the choice of pieces, n-grams.
        alpha: exponent of the length penalty, for the scores alone.
        seeds: int32 [batch, 2]; of each sentence. It draws the same with the same seed, whatever other
            sentences there are.

    Returns:
        The translations, best score first. Their log-probabilities are the model's own, whatever the
        temperature.
    """
    batch, max_steps = tf.shape(rules.max_lengths)[0], tf.reduce_max(rules.max_lengths)
    shape = [batch, options.n_best]
    loop = _Loop(
        tf.constant(0),
        tf.fill([*shape, max_steps], pieces.padding),
        tf.zeros(shape),
        tf.zeros(shape, tf.int32),
        state,
    )

    def body(loop: _Loop) -> tuple[_Loop]:
        previous = tf.cond(
            loop.step > 0,
            lambda: loop.ids[:, :, tf.maximum(loop.step - 1, 0)],
            lambda: tf.fill(shape, pieces.start),
        )
        output = step(previous, loop.state, memory)
        allowed = _allowed(output.log_probs, loop, rules, pieces, options)
        uniform = _uniform(tf.shape(allowed)[1:], seeds, loop.step)
        # The largest of the log-probabilities with Gumbel noise is a draw from them.
        drawn = tf.argmax(
            filter_tokens(allowed / options.temperature, options.top_k, options.top_p)
            - tf.math.log(-tf.math.log(uniform)),
            axis=-1,
            output_type=tf.int32,
        )
        forced = tf.broadcast_to(forced_pieces(loop.step, rules, pieces)[:, None], shape)
        is_stuck = tf.reduce_max(allowed, axis=-1) <= IMPOSSIBLE / 2  # the rules leave no piece
        forced = tf.where(is_stuck & (forced < 0), pieces.end, forced)
        is_open = loop.lengths == 0
        drawn = tf.where(is_open, tf.where(forced >= 0, forced, drawn), pieces.padding)
        log_probs = tf.gather(output.log_probs, drawn, batch_dims=2)
        return (
            _Loop(
                loop.step + 1,
                tf.where(tf.range(max_steps) == loop.step, drawn[:, :, None], loop.ids),
                loop.log_probs + tf.where(is_open, log_probs, 0.0),
                tf.where(is_open & (drawn == pieces.end), loop.step + 1, loop.lengths),
                output.state,
            ),
        )

    (loop,) = tf.while_loop(lambda loop: tf.reduce_any(loop.lengths == 0), body, (loop,))
    scores = loop.log_probs / length_penalty(loop.lengths, alpha, options.length_normalization)
    found = Hypotheses(loop.ids, loop.lengths, loop.log_probs, scores)
    _, best = tf.math.top_k(scores, options.n_best)
    return Hypotheses(*(tf.gather(part, best, batch_dims=1) for part in found))


def _uniform(shape: tf.Tensor, seeds: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """Random numbers of a step between 0 and 1, float32 [batch, *shape], those of each sentence by itself."""
    return tf.map_fn(
        lambda seed: tf.random.stateless_uniform(
            shape, tf.random.experimental.stateless_fold_in(seed, step), minval=1e-20
        ),
        seeds,
        fn_output_signature=tf.float32,
    )


def _allowed(
    log_probs: tf.Tensor, loop: _Loop, rules: Requirements, pieces: Vocabulary, options: SearchOptions
) -> tf.Tensor:
    """The log-probabilities, impossible where the rules forbid a piece."""
    number = tf.shape(loop.ids)[1]
    too_short = (loop.step + 1 < rules.min_lengths)[:, None]
    banned = [tf.fill(tf.shape(loop.lengths), pieces.padding), tf.fill(tf.shape(loop.lengths), pieces.start)]
    banned.append(tf.where(tf.repeat(too_short, number, axis=1), pieces.end, pieces.padding))
    ids = tf.stack(banned, axis=-1)
    if options.no_repeat_ngram:
        seen = repeating_pieces(loop.ids, loop.step, options.no_repeat_ngram, pieces)
        ids = tf.concat([ids, seen], axis=-1)
    return without(log_probs, ids)


def filter_tokens(log_probs: tf.Tensor, top_k: int, top_p: float) -> tf.Tensor:
    """Leaves only the likeliest pieces possible.

    Args:
        log_probs: float32 [batch, number, vocabulary]; need not be normalized.
        top_k: how many pieces stay (Fan et al. 2018, arXiv 1805.04833, section 5.1); 0: all.
        top_p: the least probability that the pieces which stay have together (Holtzman et al. 2020, arXiv
            1904.09751, section 3.1); 1: all.
    """
    if top_k:
        least = tf.math.top_k(log_probs, tf.minimum(top_k, tf.shape(log_probs)[-1]))[0][..., -1:]
        log_probs = tf.where(log_probs < least, IMPOSSIBLE, log_probs)
    if top_p < 1:
        in_order = tf.sort(log_probs, axis=-1, direction="DESCENDING")
        probs = tf.nn.softmax(in_order)
        # A piece stays if those before it have not reached top_p yet; the likeliest always does.
        stays = tf.cumsum(probs, axis=-1, exclusive=True) < top_p
        least = tf.reduce_min(tf.where(stays, in_order, tf.float32.max), axis=-1, keepdims=True)
        log_probs = tf.where(log_probs < least, IMPOSSIBLE, log_probs)
    return log_probs
