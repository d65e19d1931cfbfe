"""From pairs of text to batches of piece ids, as a tf.data graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import translator.runtime  # noqa: F401  (before TensorFlow)

# isort: split
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_text

from translator.config import DataConfig
from translator.corpus.readers import Pair
from translator.corpus.tokenizer import Tokenizer
from translator.corpus.word_alignment import NOWHERE, WordAligner

_LINES_A_CALL = 10_000  # bounds the memory for counting pieces


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

    Every epoch holds all pairs, and as many of the mixed ones, another choice each time, as their share
    asks for; all of those where there are not so many.

    Which pairs share a batch, and the order of the batches, follow from the seed and the number of the
    epoch alone, so that training can start again at any batch. Only the random cuts of subword sampling
    differ from run to run: tensorflow-text has no seed for them.

    Attributes:
        num_pairs: pairs that are used.
        num_mixed: pairs that are mixed into each epoch.
        longest_source: pieces of the longest source sentence among them, without the end.

    Args:
        pairs: the training pairs. Those longer than ``max_pieces`` are left out.
        tokenizer: cuts them into pieces.
        config: size of the batches, longest sentence and subword sampling.
        seed: of the order.
        mixed: pairs of another kind to mix in.
        aligner: finds the alignments; None: they stay unknown.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        tokenizer: Tokenizer,
        config: DataConfig,
        seed: int,
        mixed: Sequence[Pair] = (),
        aligner: WordAligner | None = None,
    ) -> None:
        every = [*pairs, *mixed]
        counts, alignments = _count_and_align(every, tokenizer, config.max_pieces, aligner)
        self._lengths = counts.max(axis=1, initial=0) + 1  # and the end
        short = self._lengths <= config.max_pieces + 1
        self._lengths = self._lengths[short]
        kept = [pair for pair, is_short in zip(every, short, strict=True) if is_short]
        self._sources = tf.constant([pair.source for pair in kept], tf.string)
        self._targets = tf.constant([pair.target for pair in kept], tf.string)
        self._alignments = alignments
        self._tokenizer, self._batch_tokens, self._seed = tokenizer, config.batch_tokens, seed
        self._graph_tokenizer = graph_tokenizer(tokenizer, config.subword_sampling)
        self.num_pairs = int(short[: len(pairs)].sum())
        num_mixed = round(self.num_pairs * config.mixed_share / (1 - config.mixed_share))
        self.num_mixed = min(len(kept) - self.num_pairs, num_mixed)
        self.longest_source = int(counts[short, 0].max(initial=0))

    def plan(self, epoch: int) -> list[npt.NDArray[np.int64]]:
        """Decides which pairs make up each batch of an epoch, as indices.

        Pairs of similar length share a batch, which holds at most ``batch_tokens`` pieces on its longer
        side, padding included; pieces are counted as without subword sampling, which makes more. A
        little noise on the lengths mixes the pairs anew each time.

        Args:
            epoch: number of the epoch, from 0.
        """
        random = np.random.default_rng([self._seed, epoch])
        rows = np.arange(self.num_pairs)
        if self.num_mixed:
            available = np.arange(self.num_pairs, len(self._lengths))
            rows = np.concatenate([rows, random.choice(available, self.num_mixed, replace=False)])
        order = rows[np.argsort(self._lengths[rows] * random.uniform(1.0, 1.1, len(rows)))]
        lengths = self._lengths[order]
        batches, start, longest = [], 0, 0
        for i in range(len(order)):
            longest = max(longest, lengths[i])
            if i > start and (i - start + 1) * longest > self._batch_tokens:
                batches.append(order[start:i])
                start, longest = i, lengths[i]
        batches.append(order[start:])
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
        return batches.map(self._batch, num_parallel_calls=2, deterministic=True).prefetch(8)

    def _batch(self, rows: tf.Tensor) -> Batch:
        """Tokenizes the pairs with the given indices."""
        end = tf.fill([tf.shape(rows)[0], 1], self._tokenizer.end_id)

        def ids_of(lines: tf.Tensor) -> tf.RaggedTensor:
            return self._graph_tokenizer.tokenize(tf.gather(lines, rows))

        def padded(ids: tf.RaggedTensor) -> tf.Tensor:
            return tf.concat([ids, end], axis=1).to_tensor(self._tokenizer.padding_id)

        sources, targets = ids_of(self._sources), ids_of(self._targets)
        source_ids, target_ids = padded(sources), padded(targets)
        if self._alignments is None:
            return Batch(source_ids, target_ids, tf.fill(tf.shape(target_ids), NOWHERE))
        source_ends = tf.cast(sources.row_lengths()[:, None], tf.int32)  # an end comes from an end
        alignments = tf.concat([tf.gather(self._alignments, rows), source_ends], axis=1)
        return Batch(source_ids, target_ids, alignments.to_tensor(NOWHERE))


def _count_and_align(
    pairs: Sequence[Pair], tokenizer: Tokenizer, max_pieces: int, aligner: WordAligner | None
) -> tuple[npt.NDArray[np.int64], tf.RaggedTensor | None]:
    """Looks at the pieces of all pairs once, some thousand pairs at a time.

    Returns:
        The number of pieces of the source and the target of each pair, int64 [pairs, 2], and the alignments
        of those with at most ``max_pieces`` on either side, ragged int32 [such pairs, target pieces].
    """
    counts, found = [np.zeros([0, 2], np.int64)], []
    for start in range(0, len(pairs), _LINES_A_CALL):
        part = pairs[start : start + _LINES_A_CALL]
        rows = list(zip(*(tokenizer.encode([pair[side] for pair in part]) for side in (0, 1)), strict=True))
        counts.append(np.array([(len(source), len(target)) for source, target in rows], np.int64))
        if aligner is not None:
            rows = [row for row in rows if max(map(len, row)) <= max_pieces]
            found += aligner.align([source for source, _ in rows], [target for _, target in rows])
    alignments = None
    if aligner is not None:
        flat = np.concatenate([*found, np.zeros(0, np.int32)]).astype(np.int32)
        alignments = tf.RaggedTensor.from_row_lengths(flat, np.array([len(row) for row in found], np.int64))
    return np.concatenate(counts), alignments
