"""Finished hypotheses of beam search: their ranking, and when no unfinished one can still overtake.

Log-probabilities only fall and the coverage term is never positive, so an unfinished hypothesis can never
score above what its log-probability would be worth at the maximum length. Search for a sentence stops when
the wanted finished ones have all their phrases and even that is no better than the worst of them (in the
spirit of Huang, Zhao and Ma 2017, "When to Finish?").
"""

from __future__ import annotations

import tensorflow as tf

from translator.decoding.constraints import are_complete
from translator.decoding.scoring import coverage, length_penalty
from translator.decoding.states import IMPOSSIBLE, Hypotheses, SearchState, Vocabulary


class FinishedRanking:
    """Ranks finished hypotheses.

    Args:
        vocabulary: the special tokens.
        beam_size: how many finished hypotheses are kept per sentence, an integer or int32 [].
        n_best: how many are wanted, an integer or int32 [].
        alpha: exponent of the length penalty, float32 []; 0 ranks by log-probability.
        normalization: the form of the length penalty, see ``scoring``.
        coverage_penalty: float32 []; None: coverage does not count.
        has_phrases: whether there are phrases that must appear.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        beam_size: int | tf.Tensor,
        n_best: int | tf.Tensor,
        alpha: tf.Tensor,
        normalization: str,
        coverage_penalty: tf.Tensor | float | None,
        has_phrases: bool,
    ) -> None:
        self._vocabulary, self._beam_size, self._n_best = vocabulary, beam_size, n_best
        self._alpha, self._normalization = alpha, normalization
        self._coverage_penalty, self._has_phrases = coverage_penalty, has_phrases

    def none(self, no_ids: tf.Tensor, num_phrases: int | tf.Tensor) -> Hypotheses:
        """No finished hypotheses.

        Args:
            no_ids: int32 [batch, beam, max_length]; padding.
            num_phrases: how many phrases a sentence may have.
        """
        shape = tf.shape(no_ids)[:2]
        impossible = tf.fill(shape, IMPOSSIBLE)
        no_phrases = tf.zeros([shape[0], shape[1], num_phrases], tf.bool)
        return Hypotheses(no_ids, tf.zeros(shape, tf.int32), impossible, impossible, no_phrases)

    def add(self, state: SearchState, is_ended: tf.Tensor) -> Hypotheses:
        """The best finished hypotheses, with those that have just ended.

        Args:
            state: after a step, with those that had finished before it.
            is_ended: bool [active, beam]; which hypotheses end with this step.
        """
        length = state.step
        scores = state.log_probs / length_penalty(length, self._alpha, self._normalization)
        if self._coverage_penalty is not None:
            scores += self._coverage_penalty * coverage(state.attention_sums, state.requirements.source_mask)
        has_phrase = are_complete(state.progress, state.requirements.phrases, self._vocabulary.padding)
        new = Hypotheses(
            state.ids,
            tf.where(is_ended, length, 0),
            tf.where(is_ended, state.log_probs, IMPOSSIBLE),
            tf.where(is_ended, scores, IMPOSSIBLE),
            is_ended[:, :, None] & has_phrase,
        )
        both = Hypotheses(*(tf.concat(pair, axis=1) for pair in zip(state.finished, new, strict=True)))
        best = self._best(both)
        return Hypotheses(*(tf.gather(part, best, batch_dims=1) for part in both))

    def _best(self, hypotheses: Hypotheses) -> tf.Tensor:
        """The indices of the best hypotheses, best first: int32 [active, beam]."""
        if not self._has_phrases:
            _, best = tf.math.top_k(hypotheses.scores, self._beam_size)
            return best
        by_score = tf.argsort(hypotheses.scores, direction="DESCENDING", stable=True)
        num_lacking = tf.gather(_num_lacking(hypotheses), by_score, batch_dims=1)
        best = tf.gather(by_score, tf.argsort(num_lacking, stable=True), batch_dims=1)
        return best[:, : self._beam_size]

    def can_be_overtaken(self, state: SearchState) -> tf.Tensor:
        """Bool [active]: whether an unfinished hypothesis may still become one of the ``n_best``."""
        best = tf.reduce_max(state.log_probs, axis=1)
        most = length_penalty(state.requirements.max_lengths, self._alpha, self._normalization)
        can_overtake = best / most > state.finished.scores[:, self._n_best - 1]
        if self._has_phrases:
            can_overtake |= _num_lacking(state.finished)[:, self._n_best - 1] > 0
        return (best > IMPOSSIBLE / 2) & can_overtake

    def n_best(self, finished: Hypotheses) -> Hypotheses:
        """The wanted hypotheses, best first."""
        return Hypotheses(*(part[:, : self._n_best] for part in finished))


def _num_lacking(hypotheses: Hypotheses) -> tf.Tensor:
    """How many phrases each hypothesis lacks: int32 [batch, number]."""
    return tf.reduce_sum(tf.cast(~hypotheses.has_phrase, tf.int32), axis=2)
