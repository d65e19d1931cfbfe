"""Search with a network, as TensorFlow functions that are traced once for any batch and length."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import tensorflow as tf

from translator.decoding.search import Hypotheses, beam_search
from translator.nn.model import TranslationModel


def max_target_lengths(source_ids: tf.Tensor, padding_id: int) -> tf.Tensor:
    """How long a translation may become: int32 [batch], pieces, the end included.

    Twice the source and ten: hardly a pair of a sane corpus is longer, and a translation that would
    run on without an end is cut.
    """
    lengths = tf.reduce_sum(tf.cast(tf.not_equal(source_ids, padding_id), tf.int32), axis=1)
    return 2 * lengths + 10


def search(
    network: TranslationModel,
    source_ids: tf.Tensor,
    beam_size: int,
    alpha: tf.Tensor | float,
    num_hypotheses: int = 1,
) -> Hypotheses:
    """Translates a batch of sentences.

    Args:
        network: the model.
        source_ids: int32 [batch, source steps]; pieces, end, padding.
        beam_size: places for hypotheses, a static number.
        alpha: exponent of the length penalty.
        num_hypotheses: how many hypotheses to return, a static number.
    """
    memory, states = network.encode(source_ids)
    special = network.special_ids
    return beam_search(
        lambda ids, state: network.next_log_probs(ids, state, memory),
        tf.nest.map_structure(lambda tensor: tf.repeat(tensor[:, None], beam_size, axis=1), states),
        max_lengths=max_target_lengths(source_ids, special.padding),
        start_id=special.start,
        end_id=special.end,
        padding_id=special.padding,
        beam_size=beam_size,
        alpha=alpha,
        num_hypotheses=num_hypotheses,
    )


class SearchGraph:
    """The functions that translation calls; each is traced once and takes any batch and length."""

    def __init__(self, network: TranslationModel) -> None:
        ids = tf.TensorSpec([None, None], tf.int32)
        self._network = network
        self._search = cache(self._traced_search)
        self.attention = tf.function(network.attention_of, input_signature=[ids, ids])
        self.log_probs = tf.function(network.log_probs, input_signature=[ids, ids])

    def search(
        self, source_ids: Any, beam_size: int, length_penalty: float, num_hypotheses: int
    ) -> Hypotheses:
        """``search`` as a graph, one for each beam size and number of hypotheses."""
        return self._search(beam_size, num_hypotheses)(source_ids, length_penalty)

    def _traced_search(self, beam_size: int, num_hypotheses: int) -> Callable[..., Hypotheses]:
        def run(source_ids: tf.Tensor, alpha: tf.Tensor) -> Hypotheses:
            return search(self._network, source_ids, beam_size, alpha, num_hypotheses)

        signature = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([], tf.float32)]
        traced: Callable[..., Hypotheses] = tf.function(run, input_signature=signature)
        return traced
