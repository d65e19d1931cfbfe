"""Greedy and beam search over any step function, as one TensorFlow graph.

A hypothesis is a sequence of token ids. Its log-probability is the sum over its tokens, the end included;
finished hypotheses are ranked by their score (see ``scoring``).

Each sentence starts with ``beam_size`` beam slots. Every step keeps its best continuations, as many as it has
free slots. A hypothesis that ends takes its slot for good: it keeps its score, and better ones can only rank
before it. So beam 1 is greedy search, and a beam as wide as the number of all sequences finds the best one.
Search goes on until no unfinished hypothesis can still overtake (see ``finished``).

Sentences for which that is so leave the batch: whenever an eighth of it is done, it is compacted, and the
steps that follow are computed for the rest alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from translator.decoding.candidates import Candidates
from translator.decoding.finished import FinishedRanking
from translator.decoding.rules import DecodingRules
from translator.decoding.states import (
    IMPOSSIBLE,
    BeamStep,
    Hypotheses,
    Requirements,
    SearchState,
    StepFunction,
    Vocabulary,
    last_tokens,
)
from translator.search_options import SearchOptions

_COMPACT_BELOW = 7 / 8  # share of the batch that is still searched for
_COMPACT_FROM = 8  # sentences; a smaller batch is compacted only when it is done


class BeamSearch:
    """Finds the hypotheses with the highest scores.

    Args:
        step_function: the step function.
        vocabulary: the special tokens, and where words begin and end.
        options: length normalization and n-grams; also beam size and number of hypotheses, unless ``widths``
            are given.
        alpha: exponent of the length penalty, float32 []; 0 ranks by log-probability.
        coverage_penalty: float32 []; None: coverage does not count.
        has_phrases: whether there are phrases that must appear.
        widths: beam size and number of hypotheses, integers or int32 []; None: those of the options.
        on_step: called with the beam after each step, where the search runs eagerly; None: not called.
    """

    def __init__(
        self,
        step_function: StepFunction,
        vocabulary: Vocabulary,
        options: SearchOptions,
        alpha: tf.Tensor | float,
        coverage_penalty: tf.Tensor | float | None = None,
        has_phrases: bool = False,
        widths: tuple[int | tf.Tensor, int | tf.Tensor] | None = None,
        on_step: Callable[[BeamStep], None] | None = None,
    ) -> None:
        beam_size, n_best = widths or (options.beam_size, options.n_best)
        self._beam_size: int | tf.Tensor = beam_size
        self._step_function, self._vocabulary, self._on_step = step_function, vocabulary, on_step
        self._has_phrases, self._has_coverage = has_phrases, coverage_penalty is not None
        rules = DecodingRules(vocabulary, options, has_phrases)
        self._candidates = Candidates(rules, vocabulary, beam_size, has_phrases)
        self._ranking = FinishedRanking(
            vocabulary,
            beam_size,
            n_best,
            tf.convert_to_tensor(alpha, tf.float32),
            options.length_normalization,
            coverage_penalty,
            has_phrases,
        )

    def __call__(self, model_state: Any, memory: Any, requirements: Requirements) -> Hypotheses:
        """Searches for every sentence of a batch.

        Args:
            model_state: the state before the first step, every tensor [batch, beam, ...].
            memory: what the step function knows of each sentence, every tensor [batch, ...].
            requirements: limits and constraints of each sentence.

        Returns:
            The ``n_best`` best hypotheses that were found.
        """
        state = self._start(model_state, memory, requirements)
        results = self._ranking.n_best(state.finished)

        def search_and_compact(state: SearchState, results: Hypotheses) -> tuple[SearchState, Hypotheses]:
            (state,) = tf.while_loop(self._is_full, self._advance, (state,))
            return self._compact(state, results)

        def any_batch(tensor: tf.Tensor) -> tf.TensorShape:
            return tf.TensorShape([None, *tensor.shape[1:]]) if tensor.shape.rank else tensor.shape

        _, results = tf.while_loop(
            lambda state, _: tf.size(state.sentences) > 0,
            search_and_compact,
            (state, results),
            shape_invariants=(
                tf.nest.map_structure(any_batch, state),
                tf.nest.map_structure(lambda tensor: tensor.shape, results),
            ),
        )
        return Hypotheses(*results)

    def _start(self, model_state: Any, memory: Any, requirements: Requirements) -> SearchState:
        """All sentences, with nothing found yet."""
        beam_size = self._beam_size
        batch, max_length = tf.shape(requirements.max_lengths)[0], tf.reduce_max(requirements.max_lengths)
        no_ids = tf.fill([batch, beam_size, max_length], self._vocabulary.padding)
        # At the first step all slots would hold the same hypothesis: only one is filled.
        log_probs = tf.tile(tf.where(tf.range(beam_size) == 0, 0.0, IMPOSSIBLE)[None], [batch, 1])
        source_length = tf.shape(requirements.source_mask)[1] if self._has_coverage else 0
        num_phrases = tf.shape(requirements.phrases)[1]
        return SearchState(
            step=tf.constant(0),
            sentences=tf.range(batch),
            ids=no_ids,
            log_probs=log_probs,
            free_slots=tf.fill([batch], beam_size),
            attention_sums=tf.zeros([batch, beam_size, source_length]),
            progress=tf.zeros([batch, beam_size, num_phrases], tf.int32),
            is_anchored=tf.zeros([batch, beam_size, num_phrases], tf.bool),
            finished=self._ranking.none(no_ids, num_phrases),
            model_state=model_state,
            memory=memory,
            requirements=requirements,
        )

    def _is_full(self, state: SearchState) -> tf.Tensor:
        """Whether enough of the batch is still searched for to go on with all of it."""
        share = tf.reduce_mean(tf.cast(self._ranking.can_be_overtaken(state), tf.float32))
        return share > tf.where(tf.size(state.sentences) >= _COMPACT_FROM, _COMPACT_BELOW, 0.0)

    def _compact(self, state: SearchState, results: Hypotheses) -> tuple[SearchState, Hypotheses]:
        """Takes the sentences that are done out of the batch and writes their hypotheses into the results."""
        is_done = ~self._ranking.can_be_overtaken(state)
        done = tf.boolean_mask(state.sentences, is_done)[:, None]
        found = self._ranking.n_best(state.finished)._asdict()
        if not self._has_phrases:
            del found["has_phrase"]  # it is empty
        results = results._replace(
            **{
                name: tf.tensor_scatter_nd_update(
                    getattr(results, name), done, tf.boolean_mask(part, is_done)
                )
                for name, part in found.items()
            }
        )
        staying = tf.where(~is_done)[:, 0]
        parts = tf.nest.map_structure(lambda part: tf.gather(part, staying), tuple(state)[1:])
        return SearchState(state.step, *parts), results

    def _advance(self, state: SearchState) -> tuple[SearchState]:
        """One step of every sentence."""
        output = self._step_function(
            last_tokens(state.ids, state.step, self._vocabulary), state.model_state, state.memory
        )
        best = self._candidates.best_continuations(state, output)
        parents, tokens = best.parents, best.tokens
        is_slot_free = tf.range(self._beam_size)[None] < state.free_slots[:, None]
        log_probs = tf.where(is_slot_free, best.log_probs, IMPOSSIBLE)

        def of_parents(tensor: tf.Tensor) -> tf.Tensor:
            is_greedy = isinstance(self._beam_size, int) and self._beam_size == 1
            return tensor if is_greedy else tf.gather(tensor, parents, batch_dims=1)

        is_new = tf.range(tf.shape(state.ids)[2]) == state.step
        attention_sums = state.attention_sums
        if self._has_coverage:
            attention_sums = of_parents(attention_sums + output.attention)
        after = state._replace(
            step=state.step + 1,
            ids=tf.where(is_new, tokens[:, :, None], of_parents(state.ids)),
            log_probs=log_probs,
            attention_sums=attention_sums,
            progress=best.progress,
            is_anchored=best.is_anchored,
            model_state=tf.nest.map_structure(of_parents, output.state),
        )
        is_ended = (tokens == self._vocabulary.end) & (log_probs > IMPOSSIBLE / 2)
        finished = self._ranking.add(after, is_ended)
        if self._on_step is not None:
            self._on_step(BeamStep(parents, tokens, log_probs, finished))
        return (
            after._replace(
                log_probs=tf.where(is_ended, IMPOSSIBLE, log_probs),
                free_slots=state.free_slots - tf.reduce_sum(tf.cast(is_ended, tf.int32), axis=1),
                finished=finished,
            ),
        )
