"""Beam search over token ids for any number of sentences, inside one TensorFlow graph.

Sentences are sorted by length and translated in groups of bounded size, so that a call with thousands of them
needs no more memory than one group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from translator.decoding.batching import MAX_BATCH_TOKENS
from translator.decoding.dynamic_options import DynamicOptions
from translator.decoding.graph import no_constraints, search
from translator.decoding.word_boundaries import WordBoundaries
from translator.nn.model import TranslationModel
from translator.search_options import SearchOptions

MAX_BEAM_SIZE = 100  # a larger beam could take all memory


class RaggedHypotheses(NamedTuple):
    """The hypotheses of some sentences, best first.

    Attributes:
        ids: ragged int32 [sentences * n_best, tokens], without the end; the hypotheses of a sentence follow
            each other. A row is empty where a sentence has fewer hypotheses.
        scores: float32 [sentences, n_best].
    """

    ids: tf.RaggedTensor
    scores: tf.Tensor


class TokenSearch:
    """Runs beam search with networks inside an exported graph.

    Args:
        networks: the networks; several form an ensemble.
        no_repeat_ngram: no sequence of this many words appears twice in a translation; 0: off.
        words: see ``Vocabulary``.
    """

    def __init__(
        self, networks: Sequence[TranslationModel], no_repeat_ngram: int, words: WordBoundaries
    ) -> None:
        self.networks, self._words = networks, words
        self.special_ids = networks[0].special_ids
        # Beam size and length penalty come with every call.
        self._options = SearchOptions(no_repeat_ngram=no_repeat_ngram)

    def with_end(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Returns token ids as the networks read them: int32 [sentences, length]; tokens, end, padding."""
        ends = tf.fill([ids.nrows(), 1], self.special_ids.end)
        rows = tf.concat([ids, ends], axis=1).to_tensor(self.special_ids.padding)
        # An empty batch still needs one time step, because the LSTM stacks its outputs.
        return tf.pad(rows, [[0, 0], [0, tf.cast(tf.size(ends) == 0, tf.int32)]])

    def __call__(
        self, ids: tf.RaggedTensor, beam_size: tf.Tensor, length_penalty: tf.Tensor, n_best: tf.Tensor
    ) -> RaggedHypotheses:
        """Translates sentences.

        Args:
            ids: ragged int32 [sentences, tokens], without the end.
            beam_size: int32 []; clipped to the range from 1 to ``MAX_BEAM_SIZE``.
            length_penalty: float32 []; clipped to the range from 0 to 10.
            n_best: int32 []; hypotheses per sentence; clipped to the range from 1 to the beam size.
        """
        beam_size = tf.clip_by_value(beam_size, 1, MAX_BEAM_SIZE)
        n_best = tf.clip_by_value(n_best, 1, beam_size)
        options = DynamicOptions.of(self._options)._replace(
            beam_size=beam_size,
            n_best=n_best,
            length_penalty=tf.clip_by_value(length_penalty, 0.0, 10.0),
        )
        lengths = tf.cast(ids.row_lengths(), tf.int32)
        order = tf.argsort(lengths, direction="DESCENDING", stable=True)
        num_sentences = tf.size(order)

        def search_group(
            start: tf.Tensor, group: tf.Tensor, *arrays: tf.TensorArray
        ) -> tuple[tf.Tensor, ...]:
            size = tf.maximum(MAX_BATCH_TOKENS // beam_size // (lengths[order[start]] + 1), 1)
            chosen = order[start : start + size]
            results = self._search_group(tf.gather(ids, chosen), options)
            arrays = tuple(array.write(group, part) for array, part in zip(arrays, results, strict=True))
            return start + size, group + 1, *arrays

        arrays = tuple(
            tf.TensorArray(dtype, 0, dynamic_size=True, infer_shape=False, element_shape=[None])
            for dtype in (tf.int32, tf.int32, tf.float32)
        )
        _, _, *arrays = tf.while_loop(
            lambda start, *_: start < num_sentences,
            search_group,
            (0, 0, *arrays),
            parallel_iterations=1,  # one group at a time bounds the memory
        )
        values, row_lengths, scores = (array.concat() for array in arrays)
        rows = tf.RaggedTensor.from_row_lengths(values, row_lengths)
        # Restore the order in which the sentences came.
        positions = tf.argsort(order)
        by_hypothesis = tf.reshape(positions[:, None] * n_best + tf.range(n_best), [-1])
        return RaggedHypotheses(
            tf.gather(rows, by_hypothesis), tf.gather(tf.reshape(scores, [-1, n_best]), positions)
        )

    def _search_group(
        self, ids: tf.RaggedTensor, options: DynamicOptions
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Translates sentences as one batch.

        Returns:
            The token ids of all hypotheses without the ends, int32 [tokens]; the length of each hypothesis,
            int32 [sentences * n_best]; the scores, float32 [sentences * n_best].
        """
        hypotheses = search(
            self.networks,
            self.with_end(ids),
            no_constraints(ids.nrows(out_type=tf.int32)),
            self._options,
            options,
            has_phrases=False,
            words=self._words,
        )
        without_end = tf.maximum(tf.reshape(hypotheses.lengths, [-1]) - 1, 0)
        target_length = tf.shape(hypotheses.ids)[2]
        rows = tf.RaggedTensor.from_tensor(
            tf.reshape(hypotheses.ids, [-1, target_length]), lengths=without_end
        )
        return rows.values, without_end, tf.reshape(hypotheses.scores, [-1])
