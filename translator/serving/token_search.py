"""Any number of sentences, as piece ids, to their translations, as one TensorFlow graph.

Sentences are sorted by length and searched for in groups of bounded size, so that a call with thousands of
them needs no more memory than one group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from translator.decoding.batching import MAX_BATCH_TOKENS
from translator.decoding.graph import dynamic_options, no_constraints, search
from translator.nn.model import TranslationModel
from translator.search_options import SearchOptions

MAX_BEAM_SIZE = 100  # what a caller may ask for, so that nobody can ask for all memory


class RaggedHypotheses(NamedTuple):
    """The hypotheses of some sentences, best first.

    Attributes:
        ids: ragged int32 [sentences * number, pieces], without the end; the hypotheses of a sentence stand
            together. Empty where there are not so many.
        scores: float32 [sentences, number].
    """

    ids: tf.RaggedTensor
    scores: tf.Tensor


class TokenSearch:
    """Beam search of networks for an exported graph.

    Args:
        networks: the networks; several decide together.
        no_repeat_ngram: so many words in a row never stand twice in a translation; 0: off.
        is_word_start: see ``Vocabulary``.
    """

    def __init__(
        self, networks: Sequence[TranslationModel], no_repeat_ngram: int, is_word_start: np.ndarray
    ) -> None:
        self.networks, self._is_word_start = networks, is_word_start
        self.special_ids = networks[0].special_ids
        # What a caller may choose is given with every call.
        self._options = SearchOptions(no_repeat_ngram=no_repeat_ngram)

    def with_end(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Rows of pieces as the networks read them: int32 [sentences, steps]; pieces, end, padding."""
        ends = tf.fill([ids.nrows(), 1], self.special_ids.end)
        rows = tf.concat([ids, ends], axis=1).to_tensor(self.special_ids.padding)
        # Not even no sentences may have no steps: the LSTMs would have nothing to stack.
        return tf.pad(rows, [[0, 0], [0, tf.cast(tf.size(ends) == 0, tf.int32)]])

    def __call__(
        self, ids: tf.RaggedTensor, beam_size: tf.Tensor, length_penalty: tf.Tensor, number: tf.Tensor
    ) -> RaggedHypotheses:
        """Translates.

        Args:
            ids: ragged int32 [sentences, pieces], without the end.
            beam_size: int32 []; clipped to 1 and ``MAX_BEAM_SIZE``.
            length_penalty: float32 []; clipped to 0 and 10.
            number: int32 []; hypotheses a sentence; clipped to 1 and the beam size.
        """
        beam_size = tf.clip_by_value(beam_size, 1, MAX_BEAM_SIZE)
        number = tf.clip_by_value(number, 1, beam_size)
        numbers = dynamic_options(self._options)._replace(
            length_penalty=tf.clip_by_value(length_penalty, 0.0, 10.0)
        )
        lengths = tf.cast(ids.row_lengths(), tf.int32)
        order = tf.argsort(lengths, direction="DESCENDING", stable=True)
        sentences = tf.size(order)

        def search_group(
            start: tf.Tensor, group: tf.Tensor, *arrays: tf.TensorArray
        ) -> tuple[tf.Tensor, ...]:
            size = tf.maximum(MAX_BATCH_TOKENS // beam_size // (lengths[order[start]] + 1), 1)
            chosen = order[start : start + size]
            found = search(
                self.networks,
                self.with_end(tf.gather(ids, chosen)),
                no_constraints(tf.size(chosen)),
                self._options,
                numbers,
                has_phrases=False,
                is_word_start=self._is_word_start,
                widths=(beam_size, number),
            )
            without_end = tf.maximum(tf.reshape(found.lengths, [-1]) - 1, 0)
            steps = tf.shape(found.ids)[2]
            rows = tf.RaggedTensor.from_tensor(tf.reshape(found.ids, [-1, steps]), lengths=without_end)
            written = (rows.values, without_end, tf.reshape(found.scores, [-1]))
            arrays = tuple(array.write(group, part) for array, part in zip(arrays, written, strict=True))
            return start + size, group + 1, *arrays

        arrays = tuple(
            tf.TensorArray(dtype, 0, dynamic_size=True, infer_shape=False, element_shape=[None])
            for dtype in (tf.int32, tf.int32, tf.float32)
        )
        _, _, *arrays = tf.while_loop(
            lambda start, *_: start < sentences,
            search_group,
            (0, 0, *arrays),
            parallel_iterations=1,  # the groups one after the other: that is what bounds the memory
        )
        values, row_lengths, scores = (array.concat() for array in arrays)
        rows = tf.RaggedTensor.from_row_lengths(values, row_lengths)
        # Back to the order in which the sentences came.
        places = tf.argsort(order)
        by_hypothesis = tf.reshape(places[:, None] * number + tf.range(number), [-1])
        return RaggedHypotheses(
            tf.gather(rows, by_hypothesis), tf.gather(tf.reshape(scores, [-1, number]), places)
        )
