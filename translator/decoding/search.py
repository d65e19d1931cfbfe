"""Greedy and beam search over any step function, as one TensorFlow graph.

A hypothesis is a row of piece ids. Its log-probability is the sum over its pieces, the end included;
its score is that sum divided by the length penalty of Wu et al. (2016, arXiv 1609.08144, equation 14):

    score = log_prob / ((5 + length) / 6) ** alpha

Each sentence starts with ``beam_size`` places. In every step its best continuations, as many as it has
places, are kept. One that ends takes its place away for good: it is frozen, with its score, and can
only be ranked lower by better ones, never lost. So beam 1 is greedy search, and a beam as wide as the
number of all sequences finds the best one. Search goes on until no unfinished hypothesis can still
overtake: log-probabilities only fall, so a hypothesis can never score above what its log-probability
would be worth at the maximum length (in the spirit of Huang, Zhao and Ma 2017, "When to Finish?").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

# step(ids int32 [batch, beam], state) -> (log_probs float32 [batch, beam, vocabulary], state).
# Every tensor of the state starts with [batch, beam].
Step = Callable[[tf.Tensor, Any], tuple[tf.Tensor, Any]]

_IMPOSSIBLE = -1e9  # a finite stand-in for a log-probability of minus infinity


class Hypotheses(NamedTuple):
    """What search found, best first.

    Attributes:
        ids: int32 [batch, number, steps]; pieces, end, padding.
        lengths: int32 [batch, number]; pieces, the end included.
        log_probs: float32 [batch, number]; nats.
        scores: float32 [batch, number]; log-probability over length penalty.
    """

    ids: tf.Tensor
    lengths: tf.Tensor
    log_probs: tf.Tensor
    scores: tf.Tensor


class _Loop(NamedTuple):
    """The state of the loop.

    Attributes:
        step: int32 []; pieces that every unfinished hypothesis has.
        ids: int32 [batch, beam, max steps]; unfinished hypotheses.
        log_probs: float32 [batch, beam]; ``_IMPOSSIBLE`` where a place is empty.
        places: int32 [batch]; places that are left for unfinished hypotheses.
        finished: the frozen hypotheses, best first; impossible scores where there is none yet.
        state: the state of the step function.
    """

    step: tf.Tensor
    ids: tf.Tensor
    log_probs: tf.Tensor
    places: tf.Tensor
    finished: Hypotheses
    state: Any


def length_penalty(lengths: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    """``((5 + length) / 6) ** alpha`` (Wu et al. 2016, equation 14), float32."""
    return tf.pow((5.0 + tf.cast(lengths, tf.float32)) / 6.0, alpha)


def beam_search(
    step: Step,
    state: Any,
    *,
    max_lengths: tf.Tensor,
    start_id: int,
    end_id: int,
    padding_id: int,
    beam_size: int,
    alpha: tf.Tensor | float,
    num_hypotheses: int = 1,
) -> Hypotheses:
    """Finds the hypotheses with the highest scores.

    Args:
        step: gives the log-probabilities of all next pieces; see ``Step``.
        state: its state before the first step, every tensor [batch, beam, ...].
        max_lengths: int32 [batch]; pieces at most, the end included; at least 1. A hypothesis that
            reaches it is made to end there.
        start_id: what the first step reads.
        end_id: the piece that ends a hypothesis.
        padding_id: fills up after the end; like ``start_id``, never part of a hypothesis.
        beam_size: places for hypotheses, a static number.
        alpha: exponent of the length penalty; 0 ranks by log-probability.
        num_hypotheses: how many to return and to be sure of, at most ``beam_size``.

    Returns:
        The ``num_hypotheses`` best ones that were found.

    Raises:
        ValueError: if ``num_hypotheses`` is not in 1 to ``beam_size``.
    """
    if not 1 <= num_hypotheses <= beam_size:
        raise ValueError(f"num_hypotheses ({num_hypotheses}) must be in 1 to beam_size ({beam_size})")
    alpha = tf.convert_to_tensor(alpha, tf.float32)
    batch, max_steps = tf.shape(max_lengths)[0], tf.reduce_max(max_lengths)
    # At the first step all places would hold the same hypothesis: only one is filled.
    log_probs = tf.tile(tf.constant([[0.0] + [_IMPOSSIBLE] * (beam_size - 1)]), [batch, 1])
    no_ids = tf.fill([batch, beam_size, max_steps], padding_id)
    impossible = tf.fill([batch, beam_size], _IMPOSSIBLE)
    nothing = Hypotheses(no_ids, tf.zeros([batch, beam_size], tf.int32), impossible, impossible)
    loop = _Loop(tf.constant(0), no_ids, log_probs, tf.fill([batch], beam_size), nothing, state)
    most_penalty = length_penalty(max_lengths, alpha)

    def unfinished(loop: _Loop) -> tf.Tensor:
        best_possible = tf.reduce_max(loop.log_probs, axis=1) / most_penalty
        hopeful = best_possible > loop.finished.scores[:, num_hypotheses - 1]
        alive = tf.reduce_max(loop.log_probs, axis=1) > _IMPOSSIBLE / 2
        return tf.reduce_any(alive & hopeful)

    def body(loop: _Loop) -> tuple[_Loop]:
        previous = tf.cond(
            loop.step > 0,
            lambda: loop.ids[:, :, tf.maximum(loop.step - 1, 0)],
            lambda: tf.fill([batch, beam_size], start_id),
        )
        next_log_probs, next_state = step(previous, loop.state)
        must_end = (loop.step + 1 >= max_lengths)[:, None]
        totals, parents, pieces = _best_continuations(
            loop.log_probs, next_log_probs, must_end, end_id, (padding_id, start_id), beam_size
        )
        totals = tf.where(tf.range(beam_size)[None] < loop.places[:, None], totals, _IMPOSSIBLE)
        ids = tf.gather(loop.ids, parents, batch_dims=1)
        ids = tf.where(tf.range(max_steps) == loop.step, pieces[:, :, None], ids)
        next_state = tf.nest.map_structure(
            lambda tensor: tf.gather(tensor, parents, batch_dims=1), next_state
        )
        possible = totals > _IMPOSSIBLE / 2
        ends = (pieces == end_id) & possible
        ended = Hypotheses(
            ids,
            tf.fill(tf.shape(pieces), loop.step + 1),
            tf.where(ends, totals, _IMPOSSIBLE),
            tf.where(ends, totals / length_penalty(loop.step + 1, alpha), _IMPOSSIBLE),
        )
        return (
            _Loop(
                loop.step + 1,
                ids,
                tf.where(ends, _IMPOSSIBLE, totals),
                loop.places - tf.reduce_sum(tf.cast(ends, tf.int32), axis=1),
                _merged(loop.finished, ended, beam_size),
                next_state,
            ),
        )

    (loop,) = tf.while_loop(unfinished, body, (loop,), maximum_iterations=max_steps)
    return Hypotheses(*(tensor[:, :num_hypotheses] for tensor in loop.finished))


def _best_continuations(
    log_probs: tf.Tensor,
    next_log_probs: tf.Tensor,
    must_end: tf.Tensor,
    end_id: int,
    no_pieces: tuple[int, int],
    beam_size: int,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The best ``beam_size`` continuations of a sentence's hypotheses, best first.

    The two ids in ``no_pieces`` never continue a hypothesis, however probable they are.

    Returns:
        Their log-probabilities (float32), the hypotheses that they continue and the pieces that they
        add (int32), [batch, beam] each.
    """
    width = min(beam_size + len(no_pieces), next_log_probs.shape[-1])
    values, pieces = tf.math.top_k(next_log_probs, width)  # [batch, beam, width]
    for no_piece in no_pieces:
        values = tf.where(pieces == no_piece, _IMPOSSIBLE, values)
    only_end = tf.where(tf.range(width) == 0, next_log_probs[:, :, end_id, None], _IMPOSSIBLE)
    values = tf.where(must_end[:, :, None], only_end, values)
    pieces = tf.where(must_end[:, :, None], end_id, pieces)
    totals = tf.reshape(tf.maximum(log_probs[:, :, None] + values, _IMPOSSIBLE), [-1, beam_size * width])
    totals, chosen = tf.math.top_k(totals, beam_size)
    pieces = tf.gather(tf.reshape(pieces, [-1, beam_size * width]), chosen, batch_dims=1)
    return totals, chosen // width, pieces


def _merged(some: Hypotheses, more: Hypotheses, number: int) -> Hypotheses:
    """The best ``number`` of two sets of hypotheses, best first."""
    both = [tf.concat(pair, axis=1) for pair in zip(some, more, strict=True)]
    _, best = tf.math.top_k(both[3], number)
    return Hypotheses(*(tf.gather(tensor, best, batch_dims=1) for tensor in both))
