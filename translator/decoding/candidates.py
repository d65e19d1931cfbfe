"""The candidates of one step of beam search, and which of them the beam keeps.

Candidates of a hypothesis are its most probable next tokens, with the next token of each phrase that it
lacks. The rules then ban some of them, or force one token.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from translator.decoding.constraints import (
    advance_progress,
    allocate_beam_by_constraints,
    next_phrase_tokens,
)
from translator.decoding.rules import DecodingRules
from translator.decoding.states import IMPOSSIBLE, SearchState, Vocabulary

_BLOCK = 16  # tokens of the vocabulary that share one maximum


class Continuations(NamedTuple):
    """The best continuations of a sentence's hypotheses, best first.

    Attributes:
        log_probs: float32 [active, beam]; nats, of the whole hypothesis.
        parents: int32 [active, beam]; the beam slot of the hypothesis that is continued.
        tokens: int32 [active, beam]; the token that continues it.
    """

    log_probs: tf.Tensor
    parents: tf.Tensor
    tokens: tf.Tensor


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

    def best_continuations(self, state: SearchState, next_log_probs: tf.Tensor) -> Continuations:
        """The ``beam_size`` best continuations of each sentence.

        Args:
            state: the hypotheses.
            next_log_probs: float32 [active, beam, vocabulary]; nats, of each token as the next one.
        """
        next_log_probs = self._rules.keep_prefix_whole(next_log_probs, state.context)
        allowed = self._rules.ban_any(next_log_probs, state.context)
        log_probs, tokens = top_tokens(allowed, self._num_best(next_log_probs))
        if self._has_phrases:
            log_probs, tokens = self._add_phrase_tokens(state, next_log_probs, log_probs, tokens)
        log_probs = self._rules.ban_candidates(log_probs, tokens, state.context)
        log_probs, tokens = self._force(state, next_log_probs, log_probs, tokens)
        num_candidates = tf.shape(log_probs)[2]
        totals = tf.maximum(state.log_probs[:, :, None] + log_probs, IMPOSSIBLE)
        totals, tokens = (
            tf.reshape(part, [-1, self._beam_size * num_candidates]) for part in (totals, tokens)
        )
        if self._has_phrases:
            phrases = state.requirements.phrases
            progress = tf.repeat(state.progress, num_candidates, axis=1)
            progress = advance_progress(progress, tokens, phrases, self._vocabulary)
            chosen = allocate_beam_by_constraints(
                totals, progress, phrases, self._vocabulary.padding, self._beam_size
            )
            totals = tf.gather(totals, chosen, batch_dims=1)
        else:
            totals, chosen = tf.math.top_k(totals, self._beam_size)
        return Continuations(totals, chosen // num_candidates, tf.gather(tokens, chosen, batch_dims=1))

    def _num_best(self, log_probs: tf.Tensor) -> int | tf.Tensor:
        """How many of the most probable tokens fill the beam even if all bannable ones are among them."""
        number = self._beam_size + self._rules.num_bannable
        vocabulary_size = log_probs.shape[-1]
        if not vocabulary_size:
            return number
        return (
            min(number, vocabulary_size) if isinstance(number, int) else tf.minimum(number, vocabulary_size)
        )

    def _add_phrase_tokens(
        self, state: SearchState, next_log_probs: tf.Tensor, log_probs: tf.Tensor, tokens: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The candidates, float32 and int32 [active, beam, any], with the next token of each phrase.

        These tokens may repeat an n-gram.
        """
        needed = next_phrase_tokens(state.progress, state.requirements.phrases, self._vocabulary.padding)
        # Each token once: not if it is an allowed candidate already, or if an earlier phrase needs it.
        is_same = (needed[..., None] == tokens[:, :, None, :]) & (log_probs > IMPOSSIBLE / 2)[:, :, None, :]
        is_known = tf.reduce_any(is_same, axis=-1)
        number = tf.range(tf.shape(needed)[2])
        is_earlier = number[None, :] < number[:, None]
        is_known |= tf.reduce_any((needed[..., None] == needed[:, :, None, :]) & is_earlier, axis=-1)
        offered = tf.where(is_known, IMPOSSIBLE, tf.gather(next_log_probs, needed, batch_dims=2))
        return tf.concat([log_probs, offered], axis=-1), tf.concat([tokens, needed], axis=-1)

    def _force(
        self, state: SearchState, next_log_probs: tf.Tensor, log_probs: tf.Tensor, tokens: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The candidates, float32 and int32 [active, beam, any]; where a token is forced, that one alone."""
        forced = self._rules.forced_tokens(log_probs, state.context)
        only = tf.gather(next_log_probs, tf.maximum(forced, 0), batch_dims=2)[:, :, None]
        is_forced = (forced >= 0)[:, :, None]
        is_first = tf.range(tf.shape(log_probs)[2]) == 0
        log_probs = tf.where(is_forced, tf.where(is_first, only, IMPOSSIBLE), log_probs)
        return log_probs, tf.where(is_forced, forced[:, :, None], tokens)


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
