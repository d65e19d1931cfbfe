"""From pairs of text to batches of piece ids, as a tf.data graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import translator.runtime  # noqa: F401  (before TensorFlow)

# isort: split
import numpy as np
import tensorflow as tf
import tensorflow_text

from translator.config import DataConfig
from translator.corpus.readers import Pair
from translator.corpus.tokenizer import Tokenizer

_LINES_A_CALL = 512  # lines that the tokenizer gets at once


class Batch(NamedTuple):
    """Sentence pairs as piece ids, padded on the right.

    Attributes:
        source_ids: int32 [batch, source steps]; pieces, end, padding.
        target_ids: int32 [batch, target steps]; pieces, end, padding.
    """

    source_ids: tf.Tensor
    target_ids: tf.Tensor


def graph_tokenizer(tokenizer: Tokenizer, sampling: float = 0.0) -> Any:
    """Returns the tensorflow-text twin of a tokenizer: ``tokenize(string [n]) -> ragged int32 [n, None]``.

    Args:
        tokenizer: the trained tokenizer.
        sampling: probability with which a merge of two pieces is skipped, so that one sentence is cut in
            many ways (BPE-dropout, Provilkov et al. 2020, arXiv 1910.13267); 0 gives the one best cut.
    """
    options = {"nbest_size": -1, "alpha": sampling} if sampling else {}
    return tensorflow_text.SentencepieceTokenizer(model=tokenizer.model, out_type=tf.int32, **options)


class Batches:
    """The batches of a corpus: one epoch after the other, each in an order of its own.

    An epoch's order follows from the seed and the number of the epoch alone, so that training can
    start again at any epoch. Only the random cuts of subword sampling differ from run to run:
    tensorflow-text has no seed for them.
    """

    def __init__(self, pairs: Sequence[Pair], tokenizer: Tokenizer, config: DataConfig, seed: int) -> None:
        self._sources = np.array([pair.source.encode() for pair in pairs], dtype=object)
        self._targets = np.array([pair.target.encode() for pair in pairs], dtype=object)
        self._tokenizer = tokenizer
        self._config = config
        self._seed = seed
        self._graph_tokenizer = graph_tokenizer(tokenizer, config.subword_sampling)

    def epoch(self, epoch: int) -> tf.data.Dataset:
        """Returns the batches of one epoch as a dataset of ``Batch``.

        Sentences of similar length share a batch, which holds at most ``batch_tokens`` pieces on its
        longer side, padding included. Pairs longer than ``max_pieces`` are left out.

        Args:
            epoch: number of the epoch, from 0.
        """
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._sources))
        lines = tf.data.Dataset.from_tensor_slices((self._sources[order], self._targets[order]))
        ids = lines.batch(_LINES_A_CALL).map(self._tokenize).unbatch()
        ids = ids.map(lambda source, target: (tf.identity(source), tf.identity(target)))  # ragged to dense rows
        longest = self._config.max_pieces + 1  # and the end
        ids = ids.filter(lambda source, target: _length(source, target) <= longest)
        bounds = _bucket_bounds(longest)
        sizes = [max(1, self._config.batch_tokens // bound) for bound in bounds]
        batches = ids.bucket_by_sequence_length(
            _length,
            # A boundary is exclusive, and the last bucket is for what lies beyond the last boundary.
            bucket_boundaries=[bound + 1 for bound in bounds[:-1]],
            bucket_batch_sizes=sizes,
            padding_values=tf.constant(self._tokenizer.padding_id),
        )
        return batches.map(Batch).prefetch(8)

    def _tokenize(self, sources: tf.Tensor, targets: tf.Tensor) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
        """Strings [n] to ragged piece ids [n, None], each row with its end."""
        end = tf.fill([tf.shape(sources)[0], 1], self._tokenizer.end_id)
        return tuple(
            tf.concat([self._graph_tokenizer.tokenize(lines), end], axis=1) for lines in (sources, targets)
        )


def _length(source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """The longer of two sides, in pieces; works on tensors and on rows of ragged tensors."""
    return tf.maximum(tf.shape(source)[0], tf.shape(target)[0])


def _bucket_bounds(longest: int) -> list[int]:
    """Largest length of each bucket: steps of two at first, then of about a tenth, up to ``longest``."""
    bounds = [min(8, longest)]
    while bounds[-1] < longest:
        bounds.append(min(max(bounds[-1] + 2, int(bounds[-1] * 1.1)), longest))
    return bounds
