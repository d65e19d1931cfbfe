"""Greedy and beam search over any step function, as one TensorFlow graph.

A hypothesis is a row of piece ids. Its log-probability is the sum over its pieces, the end included.
Hypotheses are ranked by their score (Wu et al. 2016, arXiv 1609.08144, equations 14 and 15):

    score = log_prob / penalty(length) + coverage_penalty * sum over source pieces of log(min(a, 1))

where ``a`` is the attention that a source piece received in all steps together. The length penalty is
``((5 + length) / 6) ** alpha``, or ``length ** alpha`` for the plain average.

Each sentence starts with ``beam_size`` places. In every step its best continuations, as many as it has
places, are kept. One that ends takes its place away for good: it is frozen, with its score, and can
only be ranked lower by better ones, never lost. So beam 1 is greedy search, and a beam as wide as the
number of all sequences finds the best one. Search goes on until no unfinished hypothesis can still
overtake: log-probabilities only fall and the coverage term is never positive, so a hypothesis can never
score above what its log-probability would be worth at the maximum length (in the spirit of Huang, Zhao
and Ma 2017, "When to Finish?").

Sentences for which that is so leave the batch: whenever an eighth of it is through, the rest moves up,
and the steps that follow are computed for the rest alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from translator.decoding.constraints import (
    advance_progress,
    allocate_beam_by_constraints,
    are_complete,
    next_phrase_tokens,
)
from translator.decoding.rules import (
    IMPOSSIBLE,
    Requirements,
    Vocabulary,
    coverage,
    forced_pieces,
    length_penalty,
    repeating_pieces,
    without,
)
from translator.search_options import SearchOptions

_BLOCK = 16  # pieces that are looked at together
_LACKS_PHRASE = -1e6  # far below any score
_STAY = 7 / 8  # of a batch; when fewer are still searched for, the others leave it


class StepOutput(NamedTuple):
    """What a step function gives.

    Attributes:
        log_probs: float32 [batch, beam, vocabulary]; nats, of each piece to come next.
        state: for the next step; every tensor [batch, beam, ...].
        attention: float32 [batch, beam, source steps]; of this step, 0 at padding.
    """

    log_probs: tf.Tensor
    state: Any
    attention: tf.Tensor


# step(ids int32 [batch, beam], state, memory): ``ids`` are the pieces before; every tensor of the state
# starts with [batch, beam], every tensor of the memory, which search hands on unchanged, with [batch].
Step = Callable[[tf.Tensor, Any, Any], StepOutput]


class Hypotheses(NamedTuple):
    """What search found, best first.

    Attributes:
        ids: int32 [batch, number, steps]; pieces, end, padding.
        lengths: int32 [batch, number]; pieces, the end included; 0 where there are not so many.
        log_probs: float32 [batch, number]; nats.
        scores: float32 [batch, number].
    """

    ids: tf.Tensor
    lengths: tf.Tensor
    log_probs: tf.Tensor
    scores: tf.Tensor


class BeamStep(NamedTuple):
    """What one step of the search keeps, to look into; best first.

    Attributes:
        parents: int32 [active, beam]; the place in the step before of the hypothesis that is continued.
        pieces: int32 [active, beam]; what it is continued with.
        log_probs: float32 [active, beam]; nats, of all its pieces; ``IMPOSSIBLE`` where a place is empty.
        finished: all hypotheses that have ended so far, impossible ones where there are not so many.
    """

    parents: tf.Tensor
    pieces: tf.Tensor
    log_probs: tf.Tensor
    finished: Hypotheses


class _Finished(NamedTuple):
    """Frozen hypotheses.

    Attributes:
        found: the hypotheses, best first.
        ranks: float32 [active, beam]; what they are ranked by: the score, but for a hypothesis that lacks
            a phrase, which ranks below all that have theirs.
    """

    found: Hypotheses
    ranks: tf.Tensor


class _Loop(NamedTuple):
    """The sentences that are still searched for.

    Attributes:
        step: int32 []; pieces that every unfinished hypothesis has.
        rows: int32 [active]; the place of each sentence in the whole batch.
        ids: int32 [active, beam, max steps]; unfinished hypotheses.
        log_probs: float32 [active, beam]; ``IMPOSSIBLE`` where a place is empty.
        places: int32 [active]; places that are left for unfinished hypotheses.
        attended: float32 [active, beam, source steps]; the attention of all steps so far, summed.
        progress: int32 [active, beam, phrases]; how far each hypothesis has come with its phrases.
        finished: the frozen hypotheses; impossible scores where there is none yet.
        state: the state of the step function.
        memory: its memory.
        rules: of these sentences.
    """

    step: tf.Tensor
    rows: tf.Tensor
    ids: tf.Tensor
    log_probs: tf.Tensor
    places: tf.Tensor
    attended: tf.Tensor
    progress: tf.Tensor
    finished: _Finished
    state: Any
    memory: Any
    rules: Requirements


class BeamSearch:
    """Finds the hypotheses with the highest scores.

    Args:
        step: the step function.
        pieces: the ids that are no text.
        options: normalization and n-grams, and widths where they are not given apart.
        alpha: exponent of the length penalty, float32 []; 0 ranks by log-probability.
        coverage_penalty: float32 []; None: coverage is not looked at.
        has_phrases: whether there are phrases that must appear.
        widths: beam size and number of hypotheses as tensors, int32 []; None: those of the options.
        watch: takes what each step keeps, where the search is run eagerly; None: nobody looks.
    """

    def __init__(
        self,
        step: Step,
        pieces: Vocabulary,
        options: SearchOptions,
        alpha: tf.Tensor | float,
        coverage_penalty: tf.Tensor | float | None = None,
        has_phrases: bool = False,
        widths: tuple[tf.Tensor, tf.Tensor] | None = None,
        watch: Callable[[BeamStep], None] | None = None,
    ) -> None:
        self._beam_size: int | tf.Tensor = widths[0] if widths else options.beam_size
        self._n_best: int | tf.Tensor = widths[1] if widths else options.n_best
        self._step, self._pieces, self._options = step, pieces, options
        self._alpha = tf.convert_to_tensor(alpha, tf.float32)
        self._coverage_penalty, self._with_phrases, self._watch = coverage_penalty, has_phrases, watch

    def __call__(self, state: Any, memory: Any, rules: Requirements) -> Hypotheses:
        """Searches for every sentence of a batch.

        Args:
            state: the state before the first step, every tensor [batch, beam, ...].
            memory: what the step function knows of each sentence, every tensor [batch, ...].
            rules: what hypotheses must and must not be.

        Returns:
            The ``n_best`` best ones that were found.
        """
        loop = self._start(state, memory, rules)
        results = Hypotheses(*(self._best(part) for part in loop.finished.found))

        def search_and_leave(loop: _Loop, results: Hypotheses) -> tuple[_Loop, Hypotheses]:
            (loop,) = tf.while_loop(self._is_full, self._advance, (loop,))
            leaving = ~self._is_searched_for(loop)
            rows = tf.boolean_mask(loop.rows, leaving)[:, None]
            results = Hypotheses(
                *(
                    tf.tensor_scatter_nd_update(result, rows, tf.boolean_mask(self._best(part), leaving))
                    for result, part in zip(results, loop.finished.found, strict=True)
                )
            )
            staying = tf.where(~leaving)[:, 0]
            parts = tf.nest.map_structure(lambda part: tf.gather(part, staying), tuple(loop)[1:])
            return _Loop(loop.step, *parts), results

        def open_shape(tensor: tf.Tensor) -> tf.TensorShape:
            return tf.TensorShape([None, *tensor.shape[1:]]) if tensor.shape.rank else tensor.shape

        _, results = tf.while_loop(
            lambda loop, _: tf.size(loop.rows) > 0,
            search_and_leave,
            (loop, results),
            shape_invariants=(
                tf.nest.map_structure(open_shape, loop),
                tf.nest.map_structure(lambda tensor: tensor.shape, results),
            ),
        )
        return Hypotheses(*results)

    def _start(self, state: Any, memory: Any, rules: Requirements) -> _Loop:
        """All sentences, with nothing found yet."""
        beam_size = self._beam_size
        batch, max_steps = tf.shape(rules.max_lengths)[0], tf.reduce_max(rules.max_lengths)
        no_ids = tf.fill([batch, beam_size, max_steps], self._pieces.padding)
        impossible = tf.fill([batch, beam_size], IMPOSSIBLE)
        # At the first step all places would hold the same hypothesis: only one is filled.
        log_probs = tf.tile(tf.where(tf.range(beam_size) == 0, 0.0, IMPOSSIBLE)[None], [batch, 1])
        source_steps = tf.shape(rules.source_mask)[1] if self._coverage_penalty is not None else 0
        return _Loop(
            tf.constant(0),
            tf.range(batch),
            no_ids,
            log_probs,
            tf.fill([batch], beam_size),
            tf.zeros([batch, beam_size, source_steps]),
            tf.zeros([batch, beam_size, tf.shape(rules.phrases)[1]], tf.int32),
            _Finished(
                Hypotheses(no_ids, tf.zeros([batch, beam_size], tf.int32), impossible, impossible), impossible
            ),
            state,
            memory,
            rules,
        )

    def _best(self, part: tf.Tensor) -> tf.Tensor:
        """The hypotheses that are asked for, of all that have places."""
        return part[:, : self._n_best]

    def _is_searched_for(self, loop: _Loop) -> tf.Tensor:
        """Bool [active]: whether an unfinished hypothesis of the sentence can still overtake."""
        best = tf.reduce_max(loop.log_probs, axis=1)
        most = length_penalty(loop.rules.max_lengths, self._alpha, self._options.length_normalization)
        worst_wanted = loop.finished.ranks[:, self._n_best - 1]
        return (best > IMPOSSIBLE / 2) & (best / most > worst_wanted)

    def _is_full(self, loop: _Loop) -> tf.Tensor:
        """Whether enough of the batch is still searched for to go on with all of it."""
        searched_for = tf.cast(self._is_searched_for(loop), tf.float32)
        return tf.reduce_mean(searched_for) > tf.where(tf.size(loop.rows) >= 8, _STAY, 0.0)

    def _advance(self, loop: _Loop) -> tuple[_Loop]:
        """One step of every sentence."""
        beam_size, pieces_ = self._beam_size, self._pieces
        previous = tf.cond(
            loop.step > 0,
            lambda: loop.ids[:, :, tf.maximum(loop.step - 1, 0)],
            lambda: tf.fill(tf.shape(loop.log_probs), pieces_.start),
        )
        output = self._step(previous, loop.state, loop.memory)
        totals, parents, pieces = self._best_continuations(loop, output.log_probs)
        totals = tf.where(tf.range(beam_size)[None] < loop.places[:, None], totals, IMPOSSIBLE)

        def of_parents(tensor: tf.Tensor) -> tf.Tensor:
            is_only_one = isinstance(beam_size, int) and beam_size == 1
            return tensor if is_only_one else tf.gather(tensor, parents, batch_dims=1)

        ids = tf.where(tf.range(tf.shape(loop.ids)[2]) == loop.step, pieces[:, :, None], of_parents(loop.ids))
        attended, progress = loop.attended, loop.progress
        if self._with_phrases:
            progress = advance_progress(of_parents(progress), pieces, loop.rules.phrases, pieces_.padding)
        if self._coverage_penalty is not None:
            attended = of_parents(attended + output.attention)
        ends = (pieces == pieces_.end) & (totals > IMPOSSIBLE / 2)
        finished = self._with_ended(loop, ids, totals, attended, progress, ends)
        if self._watch is not None:
            self._watch(BeamStep(parents, pieces, totals, finished.found))
        return (
            loop._replace(
                step=loop.step + 1,
                ids=ids,
                log_probs=tf.where(ends, IMPOSSIBLE, totals),
                places=loop.places - tf.reduce_sum(tf.cast(ends, tf.int32), axis=1),
                attended=attended,
                progress=progress,
                finished=finished,
                state=tf.nest.map_structure(of_parents, output.state),
            ),
        )

    def _with_ended(
        self,
        loop: _Loop,
        ids: tf.Tensor,
        totals: tf.Tensor,
        attended: tf.Tensor,
        progress: tf.Tensor,
        ends: tf.Tensor,
    ) -> _Finished:
        """The frozen hypotheses and those that end now, best first."""
        length = loop.step + 1
        scores = totals / length_penalty(length, self._alpha, self._options.length_normalization)
        if self._coverage_penalty is not None:
            scores += self._coverage_penalty * coverage(attended, loop.rules.source_mask)
        ranks = scores
        if self._with_phrases:
            has_all = are_complete(progress, loop.rules.phrases, self._pieces.padding)
            ranks = tf.where(has_all, scores, scores + _LACKS_PHRASE)
        ended = _Finished(
            Hypotheses(
                ids,
                tf.where(ends, length, 0),
                tf.where(ends, totals, IMPOSSIBLE),
                tf.where(ends, scores, IMPOSSIBLE),
            ),
            tf.where(ends, ranks, IMPOSSIBLE),
        )
        both: _Finished = tf.nest.map_structure(lambda *pair: tf.concat(pair, axis=1), loop.finished, ended)
        _, best = tf.math.top_k(both.ranks, self._beam_size)
        chosen: _Finished = tf.nest.map_structure(lambda part: tf.gather(part, best, batch_dims=1), both)
        return chosen

    def _best_continuations(
        self, loop: _Loop, next_log_probs: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The best ``beam_size`` continuations of a sentence's hypotheses, best first.

        Returns:
            Their log-probabilities (float32), the hypotheses that they continue and the pieces that they
            add (int32), [active, beam] each.
        """
        beam_size, pieces_ = self._beam_size, self._pieces
        allowed = next_log_probs
        if self._options.no_repeat_ngram:
            seen = repeating_pieces(loop.ids, loop.step, self._options.no_repeat_ngram, pieces_)
            allowed = without(next_log_probs, seen)
        # Three ids may be among the best and yet not be allowed: padding, start, and an end too soon.
        width = beam_size + 3
        if next_log_probs.shape[-1]:
            least = min if isinstance(width, int) else tf.minimum
            width = least(width, next_log_probs.shape[-1])
        values, pieces = top_tokens(allowed, width)  # [active, beam, width]
        no_end = (loop.step + 1 < loop.rules.min_lengths)[:, None]
        if self._with_phrases:
            no_end |= ~are_complete(loop.progress, loop.rules.phrases, pieces_.padding)
            needed = next_phrase_tokens(loop.progress, loop.rules.phrases, pieces_.padding)
            # Not again what is among the best, and may follow, or what an earlier phrase needs.
            is_same = (needed[..., None] == pieces[:, :, None, :]) & (values > IMPOSSIBLE / 2)[:, :, None, :]
            known = tf.reduce_any(is_same, axis=-1)
            number = tf.range(tf.shape(needed)[2])
            is_earlier = number[None, :] < number[:, None]
            known |= tf.reduce_any((needed[..., None] == needed[:, :, None, :]) & is_earlier, axis=-1)
            offered = tf.gather(next_log_probs, needed, batch_dims=2)
            values = tf.concat([values, tf.where(known, IMPOSSIBLE, offered)], axis=-1)
            pieces = tf.concat([pieces, needed], axis=-1)
        no_pieces = (pieces == pieces_.padding) | (pieces == pieces_.start)
        values = tf.where(no_pieces | (no_end[:, :, None] & (pieces == pieces_.end)), IMPOSSIBLE, values)
        values, pieces = self._forced(loop, next_log_probs, values, pieces)
        width = tf.shape(values)[2]
        totals = tf.maximum(loop.log_probs[:, :, None] + values, IMPOSSIBLE)
        totals, pieces = (tf.reshape(part, [-1, beam_size * width]) for part in (totals, pieces))
        if self._with_phrases:
            progress = tf.repeat(loop.progress, width, axis=1)
            progress = advance_progress(progress, pieces, loop.rules.phrases, pieces_.padding)
            chosen = allocate_beam_by_constraints(
                totals, progress, loop.rules.phrases, pieces_.padding, beam_size
            )
            totals = tf.gather(totals, chosen, batch_dims=1)
        else:
            totals, chosen = tf.math.top_k(totals, beam_size)
        return totals, chosen // width, tf.gather(pieces, chosen, batch_dims=1)

    def _forced(
        self, loop: _Loop, log_probs: tf.Tensor, values: tf.Tensor, pieces: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The candidates, float32 and int32 [active, beam, any], but where one piece alone may come next.

        Where the rules leave no piece, that is the end.
        """
        forced = tf.repeat(
            forced_pieces(loop.step, loop.rules, self._pieces)[:, None], self._beam_size, axis=1
        )
        is_stuck = tf.reduce_max(values, axis=2) <= IMPOSSIBLE / 2
        forced = tf.where(is_stuck & (forced < 0), self._pieces.end, forced)
        only = tf.gather(log_probs, tf.maximum(forced, 0), batch_dims=2)[:, :, None]
        is_forced = (forced >= 0)[:, :, None]
        is_first = tf.range(tf.shape(values)[2]) == 0
        values = tf.where(is_forced, tf.where(is_first, only, IMPOSSIBLE), values)
        return values, tf.where(is_forced, forced[:, :, None], pieces)


def top_tokens(log_probs: tf.Tensor, number: int | tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The most probable pieces: ``tf.math.top_k``, which is slow on long rows, but three times as fast.

    The best ones stand in the blocks with the highest maxima; only those blocks are searched.

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
