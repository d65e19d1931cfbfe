"""Search with networks, as TensorFlow functions that are traced once and take any batch and length."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import tensorflow as tf

from translator.decoding.dynamic_options import DynamicOptions, static_options
from translator.decoding.sampling import sample
from translator.decoding.search import BeamSearch
from translator.decoding.states import (
    BeamStep,
    Hypotheses,
    Requirements,
    StepFunction,
    StepOutput,
    Vocabulary,
)
from translator.decoding.word_boundaries import WordBoundaries
from translator.nn.model import TranslationModel
from translator.search_options import SearchOptions

_MAX_SEARCH_GRAPHS = 8  # that are kept; each takes about 20 MB


def max_target_lengths(source_ids: tf.Tensor, padding_id: int) -> tf.Tensor:
    """How long a translation may become: int32 [batch], in tokens, the end included.

    This is twice the source and ten: hardly a pair of a clean corpus is longer, and a translation that would
    run on without an end is cut.
    """
    lengths = tf.reduce_sum(tf.cast(tf.not_equal(source_ids, padding_id), tf.int32), axis=1)
    return 2 * lengths + 10


class Constraints(NamedTuple):
    """What translations must contain, and which tokens they are made of.

    Attributes:
        prefixes: int32 [batch, prefix_length]; the tokens that each translation begins with, padded.
        phrases: int32 [batch, phrases, phrase_length]; lexical constraints: the tokens of each phrase that
            must appear, padded.
        phrase_sources: bool [batch, phrases, source_length]; see ``Requirements``.
        shortlist: int32 [shortlist]; the tokens that search chooses from, in ascending order, the special
            tokens among them; empty: all.
    """

    prefixes: Any
    phrases: Any
    phrase_sources: Any
    shortlist: Any


def no_constraints(batch: int | tf.Tensor) -> Constraints:
    """Constraints that constrain nothing, for ``batch`` sentences."""
    return Constraints(
        prefixes=tf.zeros([batch, 0], tf.int32),
        phrases=tf.zeros([batch, 0, 0], tf.int32),
        phrase_sources=tf.zeros([batch, 0, 0], tf.bool),
        shortlist=tf.zeros([0], tf.int32),
    )


def build_requirements(
    source_ids: tf.Tensor, constraints: Constraints, numbers: DynamicOptions, padding_id: int
) -> Requirements:
    """The limits and constraints of each sentence of a batch.

    The default maximum length leaves room for the prefix and the phrases.
    """
    prefixes, phrases = constraints.prefixes, constraints.phrases
    by_source = (
        max_target_lengths(source_ids, padding_id)
        + tf.reduce_sum(tf.cast(tf.not_equal(prefixes, padding_id), tf.int32), axis=1)
        + tf.reduce_sum(tf.cast(tf.not_equal(phrases, padding_id), tf.int32), axis=[1, 2])
    )
    by_source = tf.maximum(by_source, numbers.min_length)
    longest = tf.where(numbers.max_length > 0, numbers.max_length, by_source)
    return Requirements(
        tf.fill(tf.shape(longest), numbers.min_length),
        longest,
        prefixes,
        phrases,
        constraints.phrase_sources,
        tf.not_equal(source_ids, padding_id),
    )


def search(
    networks: Sequence[TranslationModel],
    source_ids: tf.Tensor,
    constraints: Constraints,
    options: SearchOptions,
    numbers: DynamicOptions,
    has_phrases: bool,
    words: WordBoundaries | None = None,
    on_step: Callable[[BeamStep], None] | None = None,
) -> Hypotheses:
    """Translates a batch of sentences.

    Args:
        networks: the models; several form an ensemble and average their probabilities at each token.
        source_ids: int32 [batch, source_length]; tokens, end, padding.
        constraints: what each translation must contain.
        options: the options; those in ``numbers`` are taken from there, except a beam size of one.
        numbers: the options that may be tensors.
        has_phrases: whether there are phrases among the constraints.
        words: see ``Vocabulary``.
        on_step: called with the beam after each step of a beam search, where this runs eagerly.
    """
    special = networks[0].special_ids
    vocabulary = Vocabulary(special.padding, special.start, special.end, words)
    shortlist = constraints.shortlist if options.shortlist else None
    if shortlist is not None:
        # Search numbers the tokens of the shortlist from 0; special tokens keep their ids.
        constraints = constraints._replace(
            prefixes=_positions_in(shortlist, constraints.prefixes),
            phrases=_positions_in(shortlist, constraints.phrases),
        )
        if words is not None:
            listed_words = WordBoundaries(*(tf.gather(part, shortlist) for part in words))
            vocabulary = vocabulary._replace(words=listed_words)
    requirements = build_requirements(source_ids, constraints, numbers, special.padding)
    encoded = [network.encode(source_ids) for network in networks]
    memory = [part for part, _ in encoded]
    is_greedy = options.beam_size == 1  # known to the graph, which then has nothing to gather
    widths = (1, 1) if is_greedy else (numbers.beam_size, numbers.n_best)
    width = numbers.n_best if options.sampling else widths[0]
    state = tf.nest.map_structure(
        lambda tensor: tf.repeat(tensor[:, None], width, axis=1), [states for _, states in encoded]
    )
    step = _ensemble_step(networks, shortlist)
    if options.sampling:
        found = sample(step, state, memory, requirements, vocabulary, options, numbers)
    else:
        alpha, coverage = numbers.length_penalty, numbers.coverage_penalty
        beam_search = BeamSearch(
            step,
            vocabulary,
            options,
            alpha,
            coverage if options.coverage_penalty else None,
            has_phrases,
            widths,
            on_step,
        )
        found = beam_search(state, memory, requirements)
    return found if shortlist is None else found._replace(ids=tf.gather(shortlist, found.ids))


def _ensemble_step(networks: Sequence[TranslationModel], shortlist: tf.Tensor | None) -> StepFunction:
    """One decoding step of all networks together; with a shortlist, ids are positions in it."""
    step_functions = [network.step_function(shortlist) for network in networks]

    def step(ids: tf.Tensor, states: Any, memories: Any) -> StepOutput:
        if shortlist is not None:
            ids = tf.gather(shortlist, ids)
        outputs = [
            next_tokens(ids, *known)
            for next_tokens, *known in zip(step_functions, states, memories, strict=True)
        ]
        return StepOutput(
            _mean_of_probabilities([output.log_probs for output in outputs]),
            [output.state for output in outputs],
            tf.add_n([output.attention for output in outputs]) / len(outputs),
        )

    return step


def _positions_in(shortlist: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """The positions of ids in a shortlist that contains them all."""
    return tf.reshape(tf.searchsorted(shortlist, tf.reshape(ids, [-1])), tf.shape(ids))


def mean_attention(
    networks: Sequence[TranslationModel], source_ids: tf.Tensor, target_ids: tf.Tensor
) -> tf.Tensor:
    """``attention_weights``, the mean of the models: float32 [batch, target_length, source_length]."""
    return tf.add_n([network.attention_weights(source_ids, target_ids) for network in networks]) / len(
        networks
    )


def _mean_of_probabilities(log_probs: Sequence[tf.Tensor]) -> tf.Tensor:
    """The logarithm of the mean of several probabilities, from their logarithms."""
    if len(log_probs) == 1:
        return log_probs[0]
    return tf.reduce_logsumexp(tf.stack(log_probs), axis=0) - tf.math.log(float(len(log_probs)))


class SearchGraph:
    """The graphs that translation calls; each is traced once and takes any batch and length.

    Of the graphs of search, those that were used last are kept.

    Attributes:
        networks: the models.

    Args:
        networks: the models, of one vocabulary; several form an ensemble.
        words: see ``Vocabulary``.
    """

    def __init__(self, networks: Sequence[TranslationModel], words: WordBoundaries | None = None) -> None:
        ids = tf.TensorSpec([None, None], tf.int32)
        self.networks, self._words = networks, words
        self._search = lru_cache(_MAX_SEARCH_GRAPHS)(self._traced_search)
        self._lock = threading.Lock()
        self.attention = tf.function(partial(mean_attention, networks), input_signature=[ids, ids])
        self.log_probs = tf.function(self._mean_log_probs, input_signature=[ids, ids])
        self.gates = tf.function(networks[0].lstm_gates, input_signature=[ids, ids])

    def search(
        self,
        source_ids: Any,
        options: SearchOptions,
        constraints: Constraints | None = None,
        sentences: Sequence[int] | None = None,
    ) -> Hypotheses:
        """``search`` as a graph; there is one for each set of ``static_options``.

        Args:
            source_ids: int32 [batch, source_length]; tokens, end, padding.
            options: the options.
            constraints: what each translation must contain; None: nothing.
            sentences: the number of each sentence, see ``DynamicOptions.of``; None: from 0.
        """
        if constraints is None:
            constraints = no_constraints(len(source_ids))
        if sentences is None:
            sentences = range(len(source_ids))
        has_phrases = constraints.phrases.shape[1] > 0
        source_ids, constraints = tf.nest.map_structure(tf.convert_to_tensor, (source_ids, constraints))
        numbers = DynamicOptions.of(options, sentences)
        with self._lock:  # batches that are searched in parallel wait for one trace
            traced = self._search(static_options(options), has_phrases)
        return traced(source_ids, constraints, numbers)

    def search_eagerly(
        self, source_ids: Any, options: SearchOptions, on_step: Callable[[BeamStep], None]
    ) -> Hypotheses:
        """The same search without a graph: slower, but ``on_step`` is called with the beam of each step."""
        source_ids, constraints = tf.convert_to_tensor(source_ids), no_constraints(len(source_ids))
        return search(
            self.networks,
            source_ids,
            constraints,
            options,
            DynamicOptions.of(options),
            has_phrases=False,
            words=self._words,
            on_step=on_step,
        )

    def distributions(self, source_ids: Any, target_ids: Any) -> tf.Tensor:
        """The distribution over the next token at each position of given translations.

        Returns:
            Log-probabilities, float32 [batch, target_length, vocabulary].
        """
        ids = tf.convert_to_tensor(source_ids), tf.convert_to_tensor(target_ids)
        return _mean_of_probabilities(
            [tf.nn.log_softmax(tf.cast(network(ids), tf.float32)) for network in self.networks]
        )

    def _traced_search(self, options: SearchOptions, has_phrases: bool) -> Callable[..., Hypotheses]:
        ids, phrases = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None, None], tf.int32)
        numbers = tf.nest.map_structure(tf.TensorSpec.from_tensor, DynamicOptions.of(options))
        traced = tf.function(
            lambda source_ids, constraints, numbers: search(
                self.networks, source_ids, constraints, options, numbers, has_phrases, self._words
            ),
            input_signature=[
                ids,
                Constraints(
                    prefixes=ids,
                    phrases=phrases,
                    phrase_sources=tf.TensorSpec([None, None, None], tf.bool),
                    shortlist=tf.TensorSpec([None], tf.int32),
                ),
                numbers._replace(seeds=tf.TensorSpec([None, 2], tf.int32)),
            ],
            autograph=False,
        )
        # Traced here and now: TensorFlow warns if one line of code is traced by many calls.
        concrete: Callable[..., Hypotheses] = traced.get_concrete_function()
        return concrete

    def _mean_log_probs(self, source_ids: tf.Tensor, target_ids: tf.Tensor) -> tf.Tensor:
        """``log_probs`` of the models together: float32 [batch, target_length]; 0 at padding."""
        return _mean_of_probabilities(
            [network.log_probs(source_ids, target_ids) for network in self.networks]
        )
