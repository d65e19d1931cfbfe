"""The candidates of one step of beam search, and which of them the beam keeps.

Candidates of a hypothesis are its most probable next tokens, with the next token of each phrase that it lacks
and that may begin or go on there. The rules then ban some of them, or force one token.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import tensorflow as tf

from translator.decoding.constraints import (
    advance_progress,
    allocate_beam_by_constraints,
    are_complete,
    are_given_up,
    may_begin,
    next_phrase_tokens,
)
from translator.decoding.rules import DecodingRules
from translator.decoding.states import IMPOSSIBLE, DecodingContext, SearchState, StepOutput, Vocabulary

_BLOCK = 16  # tokens of the vocabulary that share one maximum
_LOG_HALF = math.log(0.5)  # the end is more probable than all other tokens together: a sentence is over


class Continuations(NamedTuple):
    """The best continuations of a sentence's hypotheses, best first.

    Attributes:
        log_probs: float32 [active, beam]; nats, of the whole hypothesis.
        parents: int32 [active, beam]; the beam slot of the hypothesis that is continued.
        tokens: int32 [active, beam]; the token that continues it.
        progress: int32 [active, beam, phrases]; how far it has then come with each phrase.
        is_anchored: bool [active, beam, phrases]; see ``SearchState``.
    """

    log_probs: tf.Tensor
    parents: tf.Tensor
    tokens: tf.Tensor
    progress: tf.Tensor
    is_anchored: tf.Tensor


class Candidates:
    """Finds the best continuations of hypotheses.

    Args:
        rules: the rules of decoding.
        vocabulary: the special tokens, and where words begin and end.
        beam_size: how many continuations are kept per sentence, an integer or int32 [].
        has_phrases: whether there are phrases that must appear.
    """

    def __init__(
        self, rules: DecodingRules, vocabulary: Vocabulary, beam_size: int | tf.Tensor, has_phrases: bool
    ) -> None:
        self._rules, self._vocabulary, self._beam_size = rules, vocabulary, beam_size
        self._has_phrases = has_phrases

    def best_continuations(self, state: SearchState, output: StepOutput) -> Continuations:
        """The ``beam_size`` best continuations of each sentence.

        Args:
            state: the hypotheses.
            output: of the step function that has read their last tokens.
        """
        is_over = output.log_probs[:, :, self._vocabulary.end] > _LOG_HALF
        context = self._context(state, is_over)
        next_log_probs = self._rules.keep_prefix_whole(output.log_probs, context)
        allowed = self._rules.ban_any(next_log_probs, context)
        log_probs, tokens = top_tokens(allowed, self._num_best(next_log_probs))
        can_begin = tf.zeros_like(state.is_anchored)
        if self._has_phrases:
            can_begin = may_begin(output.attention, is_over, state.requirements.phrase_sources)
            needed = self._phrase_tokens(state, can_begin)
            log_probs, tokens = _add_tokens(needed, next_log_probs, log_probs, tokens)
        log_probs = self._rules.ban_candidates(log_probs, tokens, context)
        log_probs, tokens = self._force(context, next_log_probs, log_probs, tokens)
        totals = tf.maximum(state.log_probs[:, :, None] + log_probs, IMPOSSIBLE)
        return self._best(state, totals, tokens, can_begin)

    def _context(self, state: SearchState, is_over: tf.Tensor) -> DecodingContext:
        """What the rules see."""
        is_given_up = tf.zeros_like(is_over)
        if self._has_phrases:
            requirements = state.requirements
            is_given_up = are_given_up(
                state.progress,
                state.is_anchored,
                is_over,
                requirements.phrases,
                requirements.phrase_sources,
                self._vocabulary.padding,
            )
        return DecodingContext(state.step, state.ids, state.progress, is_given_up, state.requirements)

    def _best(
        self, state: SearchState, totals: tf.Tensor, tokens: tf.Tensor, can_begin: tf.Tensor
    ) -> Continuations:
        """The best of all candidates.

        Args:
            state: the hypotheses that they continue.
            totals: float32 [active, beam, candidates]; nats, of the whole hypothesis.
            tokens: int32 [active, beam, candidates].
            can_begin: bool [active, beam, phrases]; whether each phrase may begin with these tokens.
        """
        num_candidates = tf.shape(totals)[2]
        totals, tokens = (
            tf.reshape(part, [-1, self._beam_size * num_candidates]) for part in (totals, tokens)
        )
        if not self._has_phrases:
            totals, chosen = tf.math.top_k(totals, self._beam_size)
            progress, is_anchored = state.progress, state.is_anchored
        else:
            phrases, padding = state.requirements.phrases, self._vocabulary.padding
            progress, is_anchored, can_begin = (
                tf.repeat(part, num_candidates, axis=1)
                for part in (state.progress, state.is_anchored, can_begin)
            )
            progress = advance_progress(progress, tokens, phrases, self._vocabulary)
            is_anchored = tf.where(progress > 1, is_anchored, can_begin)
            # A phrase that the model writes of itself elsewhere counts, but it takes precedence over nothing.
            counted = tf.where(is_anchored, progress, 0)
            chosen = allocate_beam_by_constraints(totals, counted, phrases, padding, self._beam_size)
            totals, progress, is_anchored = (
                tf.gather(part, chosen, batch_dims=1) for part in (totals, progress, is_anchored)
            )
        chosen_tokens = tf.gather(tokens, chosen, batch_dims=1)
        return Continuations(totals, chosen // num_candidates, chosen_tokens, progress, is_anchored)

    def _num_best(self, log_probs: tf.Tensor) -> int | tf.Tensor:
        """How many of the most probable tokens fill the beam even if all bannable ones are among them."""
        number = self._beam_size + self._rules.num_bannable
        vocabulary_size = log_probs.shape[-1]
        if not vocabulary_size:
            return number
        return (
            min(number, vocabulary_size) if isinstance(number, int) else tf.minimum(number, vocabulary_size)
        )

    def _phrase_tokens(self, state: SearchState, can_begin: tf.Tensor) -> tf.Tensor:
        """The next token of each phrase, int32 [active, beam, phrases]; padding where it may not come."""
        phrases, padding = state.requirements.phrases, self._vocabulary.padding
        is_complete = are_complete(state.progress, phrases, padding)
        progress = tf.where(state.is_anchored | is_complete, state.progress, 0)
        is_offered = (progress > 0) | can_begin
        return tf.where(is_offered, next_phrase_tokens(progress, phrases, padding), padding)

    def _force(
        self, context: DecodingContext, next_log_probs: tf.Tensor, log_probs: tf.Tensor, tokens: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The candidates, float32 and int32 [active, beam, any]; where a token is forced, that one alone."""
        forced = self._rules.forced_tokens(log_probs, context)
        only = tf.gather(next_log_probs, tf.maximum(forced, 0), batch_dims=2)[:, :, None]
        is_forced = (forced >= 0)[:, :, None]
        is_first = tf.range(tf.shape(log_probs)[2]) == 0
        log_probs = tf.where(is_forced, tf.where(is_first, only, IMPOSSIBLE), log_probs)
        return log_probs, tf.where(is_forced, forced[:, :, None], tokens)


def _add_tokens(
    needed: tf.Tensor, next_log_probs: tf.Tensor, log_probs: tf.Tensor, tokens: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The candidates, float32 and int32 [active, beam, any], with the next tokens of phrases.

    These tokens may repeat an n-gram.
    """
    # Each token once: not if it is an allowed candidate already, or if an earlier phrase needs it.
    is_same = (needed[..., None] == tokens[:, :, None, :]) & (log_probs > IMPOSSIBLE / 2)[:, :, None, :]
    is_known = tf.reduce_any(is_same, axis=-1)
    number = tf.range(tf.shape(needed)[2])
    is_earlier = number[None, :] < number[:, None]
    is_known |= tf.reduce_any((needed[..., None] == needed[:, :, None, :]) & is_earlier, axis=-1)
    offered = tf.where(is_known, IMPOSSIBLE, tf.gather(next_log_probs, needed, batch_dims=2))
    return tf.concat([log_probs, offered], axis=-1), tf.concat([tokens, needed], axis=-1)


def top_tokens(log_probs: tf.Tensor, number: int | tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The most probable tokens: what ``tf.math.top_k`` finds, three times as fast on a long vocabulary.

    The best tokens are in the blocks with the highest maxima, so only those blocks are searched.

    Args:
        log_probs: float32 [batch, beam, vocabulary].
        number: how many, at most the vocabulary, an integer or int32 []. A vocabulary of unknown size must
            have so many.

    Returns:
        Their log-probabilities, best first, and their ids, float32 and int32 [batch, beam, number].
    """
    shape = tf.shape(log_probs)
    vocabulary = log_probs.shape[-1] or shape[2]
    num_blocks = -(-vocabulary // _BLOCK)
    if log_probs.shape[-1] and isinstance(number, int) and num_blocks < 4 * number:
        values, ids = tf.math.top_k(log_probs, number)
        return values, ids
    rows = tf.reshape(log_probs, [-1, vocabulary])
    padding = [[0, 0], [0, num_blocks * _BLOCK - vocabulary]]
    blocks = tf.reshape(tf.pad(rows, padding, constant_values=log_probs.dtype.min), [-1, num_blocks, _BLOCK])
    # In the order of their ids, so that of equal values the lower id comes first, as in top_k.
    num_best = tf.minimum(num_blocks, number)
    best = tf.sort(tf.math.top_k(tf.reduce_max(blocks, axis=2), num_best)[1], axis=1)
    candidates = tf.reshape(tf.gather(blocks, best, batch_dims=1), [-1, num_best * _BLOCK])
    values, where = tf.math.top_k(candidates, number)
    ids = tf.gather(best, where // _BLOCK, batch_dims=1) * _BLOCK + where % _BLOCK
    new_shape = [shape[0], shape[1], number]
    return tf.reshape(values, new_shape), tf.reshape(ids, new_shape)
