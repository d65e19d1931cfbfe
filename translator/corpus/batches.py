"""From pairs of piece ids to batches, as a tf.data graph."""

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
    """Sentence pairs as piece ids, padded on the right.

    Attributes:
        source_ids: int32 [batch, source steps]; pieces, end, padding.
        target_ids: int32 [batch, target steps]; pieces, end, padding.
        alignments: int32 [batch, target steps]; the source position, from 0, that each target piece comes
            from; negative where that is not known, and at padding.
    """

    source_ids: tf.Tensor
    target_ids: tf.Tensor
    alignments: tf.Tensor


class Batches:
    """The batches of a corpus: one epoch after the other, each in an order of its own.

    Which pairs an epoch takes, which of them share a batch, and the order of the batches follow from the seed
    and the number of the epoch alone, so that training can start again at any batch.

    Attributes:
        num_pairs: pairs in an epoch.

    Args:
        corpus: the pairs as piece ids.
        tokenizer: the tokenizer that they were cut with.
        batch_tokens: pieces a batch has at most, on its longer side and with padding.
        seed: of the order.
        shares: how many pairs of each part of the corpus an epoch takes, another choice each time; of more
            than there are, all of them first. None: all pairs once.
    """

    def __init__(
        self,
        corpus: TokenFiles,
        tokenizer: Tokenizer,
        batch_tokens: int,
        seed: int,
        shares: Sequence[int] | None = None,
    ) -> None:
        self._corpus, self._tokenizer = corpus, tokenizer
        self._batch_tokens, self._seed = batch_tokens, seed
        self._lengths = corpus.lengths.max(axis=1, initial=0).astype(np.int32) + 1  # and the end
        self._shares = corpus.parts if shares is None else shares
        self.num_pairs = sum(self._shares)

    def _rows(self, random: np.random.Generator) -> npt.NDArray[np.int64]:
        """The pairs of an epoch, part after part."""
        chosen, start = [np.zeros(0, np.int64)], 0
        for size, share in zip(self._corpus.parts, self._shares, strict=True):
            times, rest = divmod(share, size) if size else (0, 0)
            chosen += [np.arange(start, start + size)] * times
            if rest:
                chosen.append(start + random.choice(size, rest, replace=False))
            start += size
        return np.concatenate(chosen)

    def plan(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        """Decides which pairs make up each batch of an epoch, as their numbers.

        Pairs of similar length share a batch. A little noise on the lengths mixes the pairs anew each time.

        Args:
            epoch: number of the epoch, from 0.
        """
        random = np.random.default_rng([self._seed, epoch])
        rows = self._rows(random)
        order = rows[np.argsort(self._lengths[rows] * random.uniform(1.0, 1.1, len(rows)))]
        lengths = self._lengths[order]
        batches, start = [], 0
        while start < len(order):
            window = lengths[start : start + self._batch_tokens]  # no batch has more pairs than pieces
            padded = np.maximum.accumulate(window) * np.arange(1, len(window) + 1)
            size = max(int(np.searchsorted(padded, self._batch_tokens, side="right")), 1)
            batches.append(order[start : start + size])
            start += size
        random.shuffle(batches)
        return batches

    def epoch(self, epoch: int, first: int = 0) -> tf.data.Dataset:
        """Returns the batches of one epoch as a dataset of ``Batch``.

        Args:
            epoch: number of the epoch, from 0.
            first: the batch to start at, where those before it are done.
        """
        plan = self.plan(epoch)[first:]
        rows = tf.RaggedTensor.from_row_lengths(
            np.concatenate([*plan, np.empty(0, np.int64)]), np.array([len(row) for row in plan], np.int64)
        )
        batches = tf.data.Dataset.from_tensor_slices(rows)
        return batches.map(self._in_graph, num_parallel_calls=2, deterministic=True).prefetch(8)

    def _in_graph(self, rows: tf.Tensor) -> Batch:
        """Reads the pairs with the given numbers, as a part of a graph."""
        arrays = tf.numpy_function(self.read, [rows], [tf.int32] * 3, stateful=False)
        for array in arrays:
            array.set_shape([None, None])
        return Batch(*arrays)

    def read(self, rows: npt.NDArray[np.int64]) -> tuple[Ids, Ids, Ids]:
        """Reads pairs as the arrays of a ``Batch``.

        Args:
            rows: numbers of the pairs, int64 [batch].
        """
        pairs = [self._corpus[row] for row in rows]
        source_steps = max(len(pair.source) for pair in pairs) + 1
        target_steps = max(len(pair.target) for pair in pairs) + 1
        source_ids = np.full([len(pairs), source_steps], self._tokenizer.padding_id, np.int32)
        target_ids = np.full([len(pairs), target_steps], self._tokenizer.padding_id, np.int32)
        alignments = np.full_like(target_ids, UNALIGNED)
        for row, (source, target, alignment) in enumerate(pairs):
            source_ids[row, : len(source)], source_ids[row, len(source)] = source, self._tokenizer.end_id
            target_ids[row, : len(target)], target_ids[row, len(target)] = target, self._tokenizer.end_id
            if alignment is not None:
                alignments[row, : len(target)] = alignment
                alignments[row, len(target)] = len(source)  # an end comes from an end
        return source_ids, target_ids, alignments
