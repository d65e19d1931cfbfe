"""Search with networks, as TensorFlow functions that are traced once for any batch and length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import tensorflow as tf

from translator.decoding.options import SearchOptions
from translator.decoding.sampling import sample
from translator.decoding.search import BeamSearch, Hypotheses, Pieces, Rules, StepOutput
from translator.nn.model import TranslationModel


class _Numbers(NamedTuple):
    """The options that may change without another trace.

    Attributes:
        length_penalty: float32 [].
        coverage_penalty: float32 [].
        min_length: int32 [].
        max_length: int32 []; 0: ``max_target_lengths``.
        seed: int32 [].
    """

    length_penalty: tf.Tensor
    coverage_penalty: tf.Tensor
    min_length: tf.Tensor
    max_length: tf.Tensor
    seed: tf.Tensor


def max_target_lengths(source_ids: tf.Tensor, padding_id: int) -> tf.Tensor:
    """How long a translation may become: int32 [batch], pieces, the end included.

    Twice the source and ten: hardly a pair of a sane corpus is longer, and a translation that would
    run on without an end is cut.
    """
    lengths = tf.reduce_sum(tf.cast(tf.not_equal(source_ids, padding_id), tf.int32), axis=1)
    return 2 * lengths + 10


def rules_of(source_ids: tf.Tensor, prefixes: tf.Tensor, numbers: _Numbers, padding_id: int) -> Rules:
    """What the translations of a batch must and must not be; a maximum length is counted from the prefix."""
    longest = tf.where(numbers.max_length > 0, numbers.max_length, max_target_lengths(source_ids, padding_id))
    in_prefix = tf.reduce_sum(tf.cast(tf.not_equal(prefixes, padding_id), tf.int32), axis=1)
    return Rules(
        tf.fill(tf.shape(longest), numbers.min_length),
        longest + in_prefix,
        prefixes,
        tf.not_equal(source_ids, padding_id),
    )


def search(
    networks: Sequence[TranslationModel],
    source_ids: tf.Tensor,
    prefixes: tf.Tensor,
    options: SearchOptions,
    numbers: _Numbers,
) -> Hypotheses:
    """Translates a batch of sentences.

    Args:
        networks: the models; several decide together, each piece by the mean of their probabilities.
        source_ids: int32 [batch, source steps]; pieces, end, padding.
        prefixes: int32 [batch, prefix steps]; the pieces that each translation starts with, padded.
        options: the options; those in ``numbers`` are taken from there.
        numbers: the options that may be tensors.
    """
    special = networks[0].special_ids
    pieces = Pieces(special.padding, special.start, special.end)
    places = options.num_hypotheses if options.sampling else options.beam_size
    encoded = [network.encode(source_ids) for network in networks]
    memory = [part for part, _ in encoded]
    state = tf.nest.map_structure(
        lambda tensor: tf.repeat(tensor[:, None], places, axis=1), [states for _, states in encoded]
    )
    rules = rules_of(source_ids, prefixes, numbers, special.padding)

    def step(ids: tf.Tensor, states: Any, memories: Any) -> StepOutput:
        outputs = [
            network.step(ids, *known) for network, *known in zip(networks, states, memories, strict=True)
        ]
        return StepOutput(
            _mean_of_probabilities([output.log_probs for output in outputs]),
            [output.states for output in outputs],
            tf.add_n([output.attention for output in outputs]) / len(outputs),
        )

    if options.sampling:
        return sample(step, state, memory, rules, pieces, options, numbers.length_penalty, numbers.seed)
    coverage_penalty = numbers.coverage_penalty if options.coverage_penalty else None
    return BeamSearch(step, pieces, options, numbers.length_penalty, coverage_penalty)(state, memory, rules)


def _mean_of_probabilities(log_probs: Sequence[tf.Tensor]) -> tf.Tensor:
    """The logarithm of the mean of several probabilities, from their logarithms."""
    if len(log_probs) == 1:
        return log_probs[0]
    return tf.reduce_logsumexp(tf.stack(log_probs), axis=0) - tf.math.log(float(len(log_probs)))


class SearchGraph:
    """The functions that translation calls; each is traced once and takes any batch and length.

    Args:
        networks: the models, of one vocabulary; several decide together.
    """

    def __init__(self, networks: Sequence[TranslationModel]) -> None:
        ids = tf.TensorSpec([None, None], tf.int32)
        self._networks = networks
        self._search = cache(self._traced_search)
        self.attention = tf.function(self._mean_attention, input_signature=[ids, ids])
        self.log_probs = tf.function(self._mean_log_probs, input_signature=[ids, ids])
        self.gates = tf.function(networks[0].gates_of, input_signature=[ids, ids])

    def search(self, source_ids: Any, options: SearchOptions, prefixes: Any = None) -> Hypotheses:
        """``search`` as a graph, one for each set of the options that are no plain numbers."""
        if prefixes is None:
            prefixes = tf.zeros([tf.shape(source_ids)[0], 0], tf.int32)
        numbers = _Numbers(*(getattr(options, name) for name in _Numbers._fields))
        static = replace(
            options,
            length_penalty=1.0,
            coverage_penalty=float(options.coverage_penalty > 0),
            min_length=0,
            max_length=0,
            seed=1,
        )
        return self._search(static)(source_ids, prefixes, numbers)

    def _traced_search(self, options: SearchOptions) -> Callable[..., Hypotheses]:
        ids, number = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([], tf.float32)
        whole = tf.TensorSpec([], tf.int32)
        traced: Callable[..., Hypotheses] = tf.function(
            lambda source_ids, prefixes, numbers: search(
                self._networks, source_ids, prefixes, options, numbers
            ),
            input_signature=[ids, ids, _Numbers(number, number, whole, whole, whole)],
            autograph=False,
        )
        return traced

    def _mean_attention(self, source_ids: tf.Tensor, target_ids: tf.Tensor) -> tf.Tensor:
        """``attention_of``, the mean of the models: float32 [batch, target steps, source steps]."""
        return tf.add_n([network.attention_of(source_ids, target_ids) for network in self._networks]) / len(
            self._networks
        )

    def _mean_log_probs(self, source_ids: tf.Tensor, target_ids: tf.Tensor) -> tf.Tensor:
        """``log_probs`` of the models together: float32 [batch, target steps]; 0 at padding."""
        return _mean_of_probabilities(
            [network.log_probs(source_ids, target_ids) for network in self._networks]
        )
