"""The named structures that beam search and sampling work on; every tensor with its shape and type.

``active`` counts the sentences that are still searched for, ``beam`` the beam slots of a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from translator.decoding.word_boundaries import WordBoundaries

IMPOSSIBLE = -1e9  # a finite stand-in for a log-probability of minus infinity


class Vocabulary(NamedTuple):
    """What search knows of the vocabulary.

    Attributes:
        padding: the id that fills up after the end; never part of a hypothesis.
        start: the id that the first step reads; never part of a hypothesis.
        end: the id that ends a hypothesis.
        words: where words begin and end; None: every token is a word.
    """

    padding: int
    start: int
    end: int
    words: WordBoundaries | None = None


class Requirements(NamedTuple):
    """What search is given for each sentence of a batch.

    Attributes:
        min_lengths: int32 [batch]; the fewest tokens of a hypothesis, the end included.
        max_lengths: int32 [batch]; the most tokens, the end included, at least 1. A hypothesis that reaches
            it is made to end there.
        prefixes: int32 [batch, prefix_length]; the tokens that hypotheses begin with, padded on the right.
        phrases: int32 [batch, phrases, phrase_length]; the tokens of each phrase that must appear, padded;
            see ``constraints``.
        phrase_sources: bool [batch, phrases, source_length]; the source tokens that each phrase translates.
            It may begin only where attention is on them; a phrase without any may begin anywhere.
        source_mask: bool [batch, source_length]; true at tokens; for the coverage penalty.
    """

    min_lengths: tf.Tensor
    max_lengths: tf.Tensor
    prefixes: tf.Tensor
    phrases: tf.Tensor
    phrase_sources: tf.Tensor
    source_mask: tf.Tensor


class StepOutput(NamedTuple):
    """What a step function returns.

    Attributes:
        log_probs: float32 [batch, beam, vocabulary]; nats, of each token as the next one.
        state: the state after the step; every tensor [batch, beam, ...].
        attention: float32 [batch, beam, source_length]; the attention weights of this step, 0 at padding.
    """

    log_probs: tf.Tensor
    state: Any
    attention: tf.Tensor


# step_function(ids, state, memory): ``ids`` int32 [batch, beam] are the tokens before; every tensor of the
# state starts with [batch, beam], every tensor of the memory, which search only hands on, with [batch].
StepFunction = Callable[[tf.Tensor, Any, Any], StepOutput]


class Hypotheses(NamedTuple):
    """Finished hypotheses, best first: those that lack the fewest phrases, and of these the highest scores.

    Attributes:
        ids: int32 [batch, number, max_length]; tokens, end, padding.
        lengths: int32 [batch, number]; in tokens, the end included; 0 where there are fewer hypotheses.
        log_probs: float32 [batch, number]; nats.
        scores: float32 [batch, number].
        has_phrase: bool [batch, number, phrases]; whether it contains each phrase; true where there is none.
    """

    ids: tf.Tensor
    lengths: tf.Tensor
    log_probs: tf.Tensor
    scores: tf.Tensor
    has_phrase: tf.Tensor


class BeamStep(NamedTuple):
    """The beam after one step of search, best hypothesis first; for inspection.

    Attributes:
        parents: int32 [active, beam]; the beam slot, one step before, of the hypothesis that is continued.
        tokens: int32 [active, beam]; the token that continues it.
        log_probs: float32 [active, beam]; nats, of the whole hypothesis; ``IMPOSSIBLE`` in an empty slot.
        finished: all hypotheses that have ended so far, impossible ones where there are fewer.
    """

    parents: tf.Tensor
    tokens: tf.Tensor
    log_probs: tf.Tensor
    finished: Hypotheses


class DecodingContext(NamedTuple):
    """What the rules of decoding see before each step.

    Attributes:
        step: int32 []; how many tokens every unfinished hypothesis has.
        ids: int32 [active, beam, max_length]; the hypotheses so far.
        progress: int32 [active, beam, phrases]; how far a hypothesis has come with each phrase; see
            ``constraints``.
        is_given_up: bool [active, beam]; whether a hypothesis ends although it lacks phrases.
        requirements: those of the active sentences.
    """

    step: tf.Tensor
    ids: tf.Tensor
    progress: tf.Tensor
    is_given_up: tf.Tensor
    requirements: Requirements


class SearchState(NamedTuple):
    """The sentences that are still searched for.

    Attributes:
        step: int32 []; how many tokens every unfinished hypothesis has.
        sentences: int32 [active]; the index of each sentence in the whole batch.
        ids: int32 [active, beam, max_length]; unfinished hypotheses.
        log_probs: float32 [active, beam]; ``IMPOSSIBLE`` in an empty beam slot.
        free_slots: int32 [active]; beam slots that no finished hypothesis has taken.
        attention_sums: float32 [active, beam, source_length]; attention weights, summed over the steps.
        progress: int32 [active, beam, phrases]; how far a hypothesis has come with each phrase.
        is_anchored: bool [active, beam, phrases]; whether a phrase that it has begun could begin there.
        finished: the finished hypotheses, at most ``beam`` per sentence; impossible scores where there is
            none yet.
        model_state: the state of the step function.
        memory: its memory.
        requirements: those of the active sentences.
    """

    step: tf.Tensor
    sentences: tf.Tensor
    ids: tf.Tensor
    log_probs: tf.Tensor
    free_slots: tf.Tensor
    attention_sums: tf.Tensor
    progress: tf.Tensor
    is_anchored: tf.Tensor
    finished: Hypotheses
    model_state: Any
    memory: Any
    requirements: Requirements


def last_tokens(ids: tf.Tensor, step: tf.Tensor, vocabulary: Vocabulary) -> tf.Tensor:
    """The tokens that the next step reads: int32 [batch, beam]; the start at step 0.

    Args:
        ids: int32 [batch, beam, max_length]; hypotheses.
        step: int32 []; how many tokens they have.
        vocabulary: the start.
    """
    return tf.cond(
        step > 0,
        lambda: ids[:, :, tf.maximum(step - 1, 0)],
        lambda: tf.fill(tf.shape(ids)[:2], vocabulary.start),
    )
