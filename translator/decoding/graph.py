"""Search with networks, as TensorFlow functions that are traced once for any batch and length."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from translator.decoding.rules import Requirements, Vocabulary
from translator.decoding.sampling import sample
from translator.decoding.search import BeamSearch, BeamStep, Hypotheses, StepOutput
from translator.nn.model import TranslationModel
from translator.search_options import SearchOptions


class DynamicOptions(NamedTuple):
    """The options that may change without another trace.

    Attributes:
        length_penalty: float32 [].
        coverage_penalty: float32 [].
        min_length: int32 [].
        max_length: int32 []; 0: ``max_target_lengths``.
        seeds: int32 [batch, 2]; the seed and the number of each sentence. For sampling alone.
    """

    length_penalty: tf.Tensor
    coverage_penalty: tf.Tensor
    min_length: tf.Tensor
    max_length: tf.Tensor
    seeds: tf.Tensor


def dynamic_options(options: SearchOptions, sentences: Sequence[int] = ()) -> DynamicOptions:
    """The options that may change without another trace, as tensors.

    Args:
        options: the options.
        sentences: the number of each sentence of the batch in its text, from which its random numbers follow;
            only sampling asks for them.
    """
    return DynamicOptions(
        tf.constant(options.length_penalty, tf.float32),
        tf.constant(options.coverage_penalty, tf.float32),
        tf.constant(options.min_length, tf.int32),
        tf.constant(options.max_length, tf.int32),
        tf.constant([[options.seed, number] for number in sentences], tf.int32, [len(sentences), 2]),
    )


def max_target_lengths(source_ids: tf.Tensor, padding_id: int) -> tf.Tensor:
    """How long a translation may become: int32 [batch], pieces, the end included.

    Twice the source and ten: hardly a pair of a sane corpus is longer, and a translation that would
    run on without an end is cut.
    """
    lengths = tf.reduce_sum(tf.cast(tf.not_equal(source_ids, padding_id), tf.int32), axis=1)
    return 2 * lengths + 10


class Constraints(NamedTuple):
    """What the translations of a batch must hold, as piece ids.

    Attributes:
        prefixes: int32 [batch, prefix steps]; the pieces that each translation starts with, padded.
        phrases: int32 [batch, number, phrase steps]; the phrases that must appear in it, padded.
        shortlist: int32 [pieces]; the pieces that search chooses from, in ascending order, those that are
            no text among them; empty: all.
    """

    prefixes: Any
    phrases: Any
    shortlist: Any


def no_constraints(batch: int | tf.Tensor) -> Constraints:
    """That translations need hold nothing; ``batch`` sentences."""
    return Constraints(
        tf.zeros([batch, 0], tf.int32), tf.zeros([batch, 0, 0], tf.int32), tf.zeros([0], tf.int32)
    )


def build_requirements(
    source_ids: tf.Tensor, constraints: Constraints, numbers: DynamicOptions, padding_id: int
) -> Requirements:
    """What the translations of a batch must and must not be.

    The default maximum length leaves room for the prefix and the phrases.
    """
    in_prefix = tf.reduce_sum(tf.cast(tf.not_equal(constraints.prefixes, padding_id), tf.int32), axis=1)
    in_phrases = tf.reduce_sum(tf.cast(tf.not_equal(constraints.phrases, padding_id), tf.int32), axis=[1, 2])
    by_source = max_target_lengths(source_ids, padding_id) + in_prefix + in_phrases
    by_source = tf.maximum(by_source, numbers.min_length)
    longest = tf.where(numbers.max_length > 0, numbers.max_length, by_source)
    return Requirements(
        tf.fill(tf.shape(longest), numbers.min_length),
        longest,
        constraints.prefixes,
        constraints.phrases,
        tf.not_equal(source_ids, padding_id),
    )


def search(
    networks: Sequence[TranslationModel],
    source_ids: tf.Tensor,
    constraints: Constraints,
    options: SearchOptions,
    numbers: DynamicOptions,
    has_phrases: bool,
    is_word_start: np.ndarray | None = None,
    widths: tuple[tf.Tensor, tf.Tensor] | None = None,
    watch: Callable[[BeamStep], None] | None = None,
) -> Hypotheses:
    """Translates a batch of sentences.

    Args:
        networks: the models; several decide together, each piece by the mean of their probabilities.
        source_ids: int32 [batch, source steps]; pieces, end, padding.
        constraints: what each translation must hold.
        options: the options; those in ``numbers`` are taken from there.
        numbers: the options that may be tensors.
        has_phrases: whether there are phrases among the constraints.
        is_word_start: see ``Vocabulary``.
        widths: beam size and number of hypotheses as tensors, int32 []; None: those of the options. Not
            for sampling.
        watch: takes what each step of a beam search keeps; only where this runs eagerly.
    """
    special = networks[0].special_ids
    pieces = Vocabulary(special.padding, special.start, special.end, is_word_start)
    encoded = [network.encode(source_ids) for network in networks]
    memory = [part for part, _ in encoded]
    state = tf.nest.map_structure(
        lambda tensor: tf.repeat(tensor[:, None], widths[0] if widths else options.width, axis=1),
        [states for _, states in encoded],
    )
    shortlist = constraints.shortlist if options.shortlist else None
    step_functions = [network.step_function(shortlist) for network in networks]
    if options.shortlist:
        # Search numbers the pieces of the shortlist from 0; those that are no text keep their ids.
        constraints = constraints._replace(
            prefixes=_within(constraints.shortlist, constraints.prefixes),
            phrases=_within(constraints.shortlist, constraints.phrases),
        )
        if is_word_start is not None:
            pieces = pieces._replace(is_word_start=tf.gather(is_word_start, constraints.shortlist))
    rules = build_requirements(source_ids, constraints, numbers, special.padding)

    def step(ids: tf.Tensor, states: Any, memories: Any) -> StepOutput:
        if options.shortlist:
            ids = tf.gather(constraints.shortlist, ids)
        outputs = [
            next_pieces(ids, *known)
            for next_pieces, *known in zip(step_functions, states, memories, strict=True)
        ]
        return StepOutput(
            _mean_of_probabilities([output.log_probs for output in outputs]),
            [output.state for output in outputs],
            tf.add_n([output.attention for output in outputs]) / len(outputs),
        )

    if options.sampling:
        found = sample(step, state, memory, rules, pieces, options, numbers.length_penalty, numbers.seeds)
    else:
        coverage_penalty = numbers.coverage_penalty if options.coverage_penalty else None
        beam_search = BeamSearch(
            step, pieces, options, numbers.length_penalty, coverage_penalty, has_phrases, widths, watch
        )
        found = beam_search(state, memory, rules)
    return found._replace(ids=tf.gather(constraints.shortlist, found.ids)) if options.shortlist else found


def _within(shortlist: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """The places of ids in a shortlist that holds them."""
    return tf.reshape(tf.searchsorted(shortlist, tf.reshape(ids, [-1])), tf.shape(ids))


def mean_attention(
    networks: Sequence[TranslationModel], source_ids: tf.Tensor, target_ids: tf.Tensor
) -> tf.Tensor:
    """``attention_weights``, the mean of the models: float32 [batch, target steps, source steps]."""
    return tf.add_n([network.attention_weights(source_ids, target_ids) for network in networks]) / len(
        networks
    )


def _mean_of_probabilities(log_probs: Sequence[tf.Tensor]) -> tf.Tensor:
    """The logarithm of the mean of several probabilities, from their logarithms."""
    if len(log_probs) == 1:
        return log_probs[0]
    return tf.reduce_logsumexp(tf.stack(log_probs), axis=0) - tf.math.log(float(len(log_probs)))


class SearchGraph:
    """The functions that translation calls; each is traced once and takes any batch and length.

    Attributes:
        networks: the models.

    Args:
        networks: the models, of one vocabulary; several decide together.
        is_word_start: see ``Vocabulary``.
    """

    def __init__(self, networks: Sequence[TranslationModel], is_word_start: np.ndarray | None = None) -> None:
        ids = tf.TensorSpec([None, None], tf.int32)
        self.networks, self._is_word_start = networks, is_word_start
        self._search, self._lock = cache(self._traced_search), threading.Lock()
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
        """``search`` as a graph, one for each set of the options that are no plain numbers.

        Args:
            source_ids: int32 [batch, source steps]; pieces, end, padding.
            options: the options.
            constraints: what each translation must hold; None: nothing.
            sentences: the number of each sentence, see ``dynamic_options``; None: from 0.
        """
        if constraints is None:
            constraints = no_constraints(len(source_ids))
        if sentences is None:
            sentences = range(len(source_ids))
        has_phrases = constraints.phrases.shape[1] > 0
        source_ids, constraints = tf.nest.map_structure(tf.convert_to_tensor, (source_ids, constraints))
        numbers = dynamic_options(options, sentences)
        static = replace(
            options,
            length_penalty=1.0,
            coverage_penalty=float(options.coverage_penalty > 0),
            min_length=0,
            max_length=0,
            seed=1,
        )
        with self._lock:  # batches that are searched at the same time wait for one trace
            traced = self._search(static, has_phrases)
        return traced(source_ids, constraints, numbers)

    def search_eagerly(
        self, source_ids: Any, options: SearchOptions, watch: Callable[[BeamStep], None]
    ) -> Hypotheses:
        """The same search without a graph: slower, but somebody can look at each step of the beam."""
        source_ids, constraints = tf.convert_to_tensor(source_ids), no_constraints(len(source_ids))
        return search(
            self.networks,
            source_ids,
            constraints,
            options,
            dynamic_options(options),
            has_phrases=False,
            is_word_start=self._is_word_start,
            watch=watch,
        )

    def distributions(self, source_ids: Any, target_ids: Any) -> tf.Tensor:
        """What might stand at each place of given translations, by what stands before it.

        Returns:
            The log-probability of every piece, float32 [batch, target steps, vocabulary].
        """
        ids = tf.convert_to_tensor(source_ids), tf.convert_to_tensor(target_ids)
        return _mean_of_probabilities(
            [tf.nn.log_softmax(tf.cast(network(ids), tf.float32)) for network in self.networks]
        )

    def _traced_search(self, options: SearchOptions, has_phrases: bool) -> Callable[..., Hypotheses]:
        ids, number = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([], tf.float32)
        phrases, whole = tf.TensorSpec([None, None, None], tf.int32), tf.TensorSpec([], tf.int32)
        traced = tf.function(
            lambda source_ids, constraints, numbers: search(
                self.networks, source_ids, constraints, options, numbers, has_phrases, self._is_word_start
            ),
            input_signature=[
                ids,
                Constraints(ids, phrases, tf.TensorSpec([None], tf.int32)),
                DynamicOptions(number, number, whole, whole, tf.TensorSpec([None, 2], tf.int32)),
            ],
            autograph=False,
        )
        # Traced at once: TensorFlow warns where one line of code is traced many times at its calls.
        concrete: Callable[..., Hypotheses] = traced.get_concrete_function()
        return concrete

    def _mean_log_probs(self, source_ids: tf.Tensor, target_ids: tf.Tensor) -> tf.Tensor:
        """``log_probs`` of the models together: float32 [batch, target steps]; 0 at padding."""
        return _mean_of_probabilities(
            [network.log_probs(source_ids, target_ids) for network in self.networks]
        )
