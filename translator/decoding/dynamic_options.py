"""The search options that a traced graph takes as tensors, so that a new value needs no new trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from translator.search_options import SearchOptions


class DynamicOptions(NamedTuple):
    """The search options that may change without another trace.

    Attributes:
        beam_size: int32 []; not for sampling. A beam of one is a graph of its own, which ignores this.
        n_best: int32 [].
        length_penalty: float32 [].
        coverage_penalty: float32 [].
        min_length: int32 [].
        max_length: int32 []; 0: ``max_target_lengths``.
        temperature: float32 []; this and what follows is used by sampling alone.
        top_k: int32 [].
        top_p: float32 [].
        seeds: int32 [batch, 2]; the seed and the number of each sentence.
    """

    beam_size: tf.Tensor
    n_best: tf.Tensor
    length_penalty: tf.Tensor
    coverage_penalty: tf.Tensor
    min_length: tf.Tensor
    max_length: tf.Tensor
    temperature: tf.Tensor
    top_k: tf.Tensor
    top_p: tf.Tensor
    seeds: tf.Tensor

    @classmethod
    def of(cls, options: SearchOptions, sentences: Sequence[int] = ()) -> DynamicOptions:
        """Returns those of a set of options.

        Args:
            options: the options.
            sentences: the number of each sentence of the batch in its text, which seeds its random numbers;
                only sampling needs them.
        """
        return cls(
            beam_size=tf.constant(options.beam_size, tf.int32),
            n_best=tf.constant(options.n_best, tf.int32),
            length_penalty=tf.constant(options.length_penalty, tf.float32),
            coverage_penalty=tf.constant(options.coverage_penalty, tf.float32),
            min_length=tf.constant(options.min_length, tf.int32),
            max_length=tf.constant(options.max_length, tf.int32),
            temperature=tf.constant(options.temperature, tf.float32),
            top_k=tf.constant(options.top_k, tf.int32),
            top_p=tf.constant(options.top_p, tf.float32),
            seeds=tf.constant(
                [[options.seed, number] for number in sentences], tf.int32, [len(sentences), 2]
            ),
        )


def static_options(options: SearchOptions) -> SearchOptions:
    """Returns the options with one value for each dynamic one: options that are then equal share a graph.

    A beam of one and a coverage penalty of 0 stay, because search then leaves out whole computations.
    """
    return SearchOptions(
        beam_size=1 if options.beam_size == 1 and not options.sampling else 2,
        length_normalization=options.length_normalization,
        coverage_penalty=float(options.coverage_penalty > 0),
        no_repeat_ngram=options.no_repeat_ngram,
        sampling=options.sampling,
        shortlist=options.shortlist,
    )
