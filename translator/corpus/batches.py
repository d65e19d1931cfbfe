"""Groups pairs of token ids into padded batches, as a tf.data pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import translator.runtime  # noqa: F401  (before TensorFlow)

# isort: split
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from translator.corpus.token_files import TokenFiles
from translator.corpus.tokenizer import Tokenizer
from translator.corpus.word_alignment import UNALIGNED

Ids = npt.NDArray[np.int32]


class Batch(NamedTuple):
    """Sentence pairs as token ids, padded on the right.

    Attributes:
        source_ids: int32 [batch, source_length]; tokens, the end id, padding.
        target_ids: int32 [batch, target_length]; tokens, the end id, padding.
        alignments: int32 [batch, target_length]; the source position, from 0, that each target token is
            aligned to; negative where it is unknown, and at padding.
    """

    source_ids: tf.Tensor
    target_ids: tf.Tensor
    alignments: tf.Tensor


class Batches:
    """The batches of a corpus, epoch by epoch, in a different order in each.

    Which pairs an epoch takes, which of them share a batch, and the order of the batches depend only on the
    seed and the number of the epoch, so that training can resume at any batch.

    Attributes:
        num_pairs: pairs per epoch.

    Args:
        corpus: the pairs as token ids.
        tokenizer: the tokenizer that made them.
        batch_tokens: the most tokens per batch, counted on its longer side and with padding.
        seed: seed of the random order.
        pairs_per_part: how many pairs an epoch takes from each part of the corpus. Each epoch draws them
            anew. If a part has fewer, all of its pairs are repeated first. None: all pairs once.
    """

    def __init__(
        self,
        corpus: TokenFiles,
        tokenizer: Tokenizer,
        batch_tokens: int,
        seed: int,
        pairs_per_part: Sequence[int] | None = None,
    ) -> None:
        self._corpus, self._tokenizer = corpus, tokenizer
        self._batch_tokens, self._seed = batch_tokens, seed
        # The longer side of each pair, with its end id.
        self._lengths = corpus.lengths.max(axis=1, initial=0).astype(np.int32) + 1
        self._pairs_per_part = corpus.parts if pairs_per_part is None else pairs_per_part
        self.num_pairs = sum(self._pairs_per_part)

    def _choose_pairs(self, random: np.random.Generator) -> npt.NDArray[np.int64]:
        """Draws the pairs of an epoch; returns their indices, part by part."""
        chosen, start = [np.zeros(0, np.int64)], 0
        for part_size, num_wanted in zip(self._corpus.parts, self._pairs_per_part, strict=True):
            num_repeats, remainder = divmod(num_wanted, part_size) if part_size else (0, 0)
            chosen += [np.arange(start, start + part_size)] * num_repeats
            if remainder:
                chosen.append(start + random.choice(part_size, remainder, replace=False))
            start += part_size
        return np.concatenate(chosen)

    def plan(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        """Decides which pairs make up each batch of an epoch.

        Pairs of similar length share a batch. A little noise on the lengths groups the pairs differently in
        each epoch.

        Args:
            epoch: number of the epoch, from 0.

        Returns:
            The indices of the pairs of each batch, int64 [batch].
        """
        random = np.random.default_rng([self._seed, epoch])
        pairs = self._choose_pairs(random)
        order = pairs[np.argsort(self._lengths[pairs] * random.uniform(1.0, 1.1, len(pairs)))]
        lengths = self._lengths[order]
        batches, start = [], 0
        while start < len(order):
            window = lengths[start : start + self._batch_tokens]  # no batch has more pairs than tokens
            num_padded_tokens = np.maximum.accumulate(window) * np.arange(1, len(window) + 1)
            size = max(int(np.searchsorted(num_padded_tokens, self._batch_tokens, side="right")), 1)
            batches.append(order[start : start + size])
            start += size
        random.shuffle(batches)
        return batches

    def epoch(self, epoch: int, first: int = 0) -> tf.data.Dataset:
        """Returns the batches of one epoch as a dataset of ``Batch``.

        Args:
            epoch: number of the epoch, from 0.
            first: index of the batch to start at, for a resumed epoch.
        """
        plan = self.plan(epoch)[first:]
        indices = tf.RaggedTensor.from_row_lengths(
            np.concatenate([*plan, np.empty(0, np.int64)]), np.array([len(batch) for batch in plan], np.int64)
        )
        batches = tf.data.Dataset.from_tensor_slices(indices)
        return batches.map(self._read_in_graph, num_parallel_calls=2, deterministic=True).prefetch(8)

    def _read_in_graph(self, indices: tf.Tensor) -> Batch:
        """Calls ``read`` from a TensorFlow graph."""
        arrays = tf.numpy_function(self.read, [indices], [tf.int32] * 3, stateful=False)
        for array in arrays:
            array.set_shape([None, None])
        return Batch(*arrays)

    def read(self, indices: npt.NDArray[np.int64]) -> tuple[Ids, Ids, Ids]:
        """Reads pairs as the arrays of a ``Batch``.

        Args:
            indices: indices of the pairs, int64 [batch].
        """
        pairs = [self._corpus[index] for index in indices]
        source_length = max(len(pair.source) for pair in pairs) + 1
        target_length = max(len(pair.target) for pair in pairs) + 1
        source_ids = np.full([len(pairs), source_length], self._tokenizer.padding_id, np.int32)
        target_ids = np.full([len(pairs), target_length], self._tokenizer.padding_id, np.int32)
        alignments = np.full_like(target_ids, UNALIGNED)
        for row, (source, target, alignment) in enumerate(pairs):
            source_ids[row, : len(source)], source_ids[row, len(source)] = source, self._tokenizer.end_id
            target_ids[row, : len(target)], target_ids[row, len(target)] = target, self._tokenizer.end_id
            if alignment is not None:
                alignments[row, : len(target)] = alignment
                alignments[row, len(target)] = len(source)  # the end id is aligned to the end id
        return source_ids, target_ids, alignments
