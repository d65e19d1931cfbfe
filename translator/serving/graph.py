"""What a SavedModel holds: raw strings to raw strings, or piece ids to piece ids.

Each class is a ``tf.Module`` whose signatures take any number of sentences of any length with one trace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from translator.config import Config
from translator.corpus.graph_tokenizer import graph_tokenizer
from translator.corpus.tokenizer import Tokenizer
from translator.decoding.graph import mean_attention
from translator.decoding.states import IMPOSSIBLE
from translator.nn.model import TranslationModel
from translator.serving.line_parts import LineSplitter, join_parts
from translator.serving.token_search import RaggedHypotheses, TokenSearch
from translator.serving.weights import Precision, Weights

_BATCH_TIMEOUT_MICROSECONDS = 2000  # how long a call waits for others to join it
_MAX_BATCH_SIZE = 64

_TEXT = tf.TensorSpec([None], tf.string, name="text")
_NUMBERS = (
    tf.TensorSpec([], tf.int32, name="beam_size"),
    tf.TensorSpec([], tf.float32, name="length_penalty"),
    tf.TensorSpec([], tf.int32, name="num_hypotheses"),
)
Outputs = dict[str, tf.Tensor]


class _Exported(tf.Module):
    """Networks with their weights in a precision."""

    def __init__(
        self,
        networks: Sequence[TranslationModel],
        tokenizer: Tokenizer,
        config: Config,
        precision: Precision = "float32",
    ) -> None:
        super().__init__()
        variables = [variable for network in networks for variable in network.weights]
        self._weights = Weights(variables, precision)
        self.saved = [*self._weights.stored, *self._weights.scales]  # an attribute, so that they are saved
        self._search = TokenSearch(networks, config.decoding.no_repeat_ngram, tokenizer.is_word_start)
        self._defaults = config.decoding.beam_size, config.decoding.length_penalty, 1

    def _default_numbers(self) -> list[tf.Tensor]:
        """Beam size, length penalty and number of hypotheses of the model."""
        return [tf.constant(n, spec.dtype) for n, spec in zip(self._defaults, _NUMBERS, strict=True)]


class TextGraph(_Exported):
    """Raw strings to raw strings.

    Args:
        networks: the networks; several decide together.
        tokenizer: their tokenizer.
        config: the settings of the model.
        precision: how the weights are stored.
    """

    def __init__(
        self,
        networks: Sequence[TranslationModel],
        tokenizer: Tokenizer,
        config: Config,
        precision: Precision = "float32",
    ) -> None:
        super().__init__(networks, tokenizer, config, precision)
        self.tokenizer = graph_tokenizer(tokenizer)  # an attribute, so that its model is saved
        self._cutter = LineSplitter(tokenizer, config.max_source_tokens)

    def signatures(self) -> dict[str, Callable[..., Outputs]]:
        """The signatures by name; see the README of an exported model."""
        return {
            "serving_default": tf.function(self._default, [_TEXT], autograph=False),
            "translate": tf.function(self._translate, [_TEXT, *_NUMBERS], autograph=False),
            "align": tf.function(self._align, [_TEXT], autograph=False),
            "batched": tf.function(self._batched, [_TEXT], autograph=False),
        }

    def _default(self, text: tf.Tensor) -> Outputs:
        """String [batch] to the best translation of each, string [batch], and its score, float32 [batch]."""
        return self._best(self._translate(text, *self._default_numbers()))

    def _translate(
        self, text: tf.Tensor, beam_size: tf.Tensor, length_penalty: tf.Tensor, num_hypotheses: tf.Tensor
    ) -> Outputs:
        """String [batch] to the best ``num_hypotheses``, string and float32 [batch, number]."""
        with self._weights.scope():
            parts = self._cutter(self.tokenizer.tokenize(text))
            found = self._search(parts.ids, beam_size, length_penalty, num_hypotheses)
        return self._of_lines(found, parts.lines, tf.size(text))

    def _batched(self, text: tf.Tensor) -> Outputs:
        """``_default`` for many callers at once: calls that come within 2 ms are computed together."""

        def best(text: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            found = self._default(text)
            return found["translation"], found["score"]

        together = tf.nondifferentiable_batch_function(
            num_batch_threads=2,
            max_batch_size=_MAX_BATCH_SIZE,
            batch_timeout_micros=_BATCH_TIMEOUT_MICROSECONDS,
            max_enqueued_batches=1000,
            autograph=False,
        )(best)
        # Who brings more than a batch can hold gains nothing by waiting for others.
        translation, score = tf.cond(
            tf.size(text) <= _MAX_BATCH_SIZE, lambda: tuple(together(text)), lambda: best(text)
        )
        return {"translation": tf.ensure_shape(translation, [None]), "score": tf.ensure_shape(score, [None])}

    def _align(self, text: tf.Tensor) -> Outputs:
        """The best translation of each line with its pieces and what each of them attended to.

        Returns:
            What ``_default`` does; ``source_pieces`` string [batch, source pieces] and ``pieces`` string
            [batch, pieces], both with the ends and padded with ""; their numbers ``source_lengths`` and
            ``lengths``, int32 [batch]; ``attention`` float32 [batch, pieces, source pieces], 0 at padding.
        """
        with self._weights.scope():
            batch = tf.size(text)
            parts = self._cutter(self.tokenizer.tokenize(text))
            found = self._search(parts.ids, *self._default_numbers())
            source_ids, target_ids = self._search.with_end(parts.ids), self._search.with_end(found.ids)
            attention = mean_attention(self._search.networks, source_ids, target_ids)
        pieces, lengths, rows = self._pieces(target_ids, parts.lines, batch)
        source_pieces, source_lengths, columns = self._pieces(source_ids, parts.lines, batch)
        # Each part's own rows and columns in the matrix of its line.
        where = tf.stack(
            [
                tf.broadcast_to(index, tf.shape(attention))
                for index in (parts.lines[:, None, None], rows[:, :, None], columns[:, None, :])
            ],
            axis=-1,
        )
        is_real = (rows >= 0)[:, :, None] & (columns >= 0)[:, None, :]
        return {
            **self._best(self._of_lines(found, parts.lines, batch)),
            "source_pieces": source_pieces,
            "source_lengths": source_lengths,
            "pieces": pieces,
            "lengths": lengths,
            "attention": tf.scatter_nd(
                tf.boolean_mask(where, is_real),
                tf.boolean_mask(attention, is_real),
                tf.stack([batch, tf.shape(pieces)[1], tf.shape(source_pieces)[1]]),
            ),
        }

    def _pieces(
        self, ids: tf.Tensor, lines: tf.Tensor, batch: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The pieces of lines from those of their parts, int32 [parts, steps].

        Returns:
            String [batch, pieces], padded with ""; their numbers, int32 [batch]; and the place of each piece
            of a part in its line, int32 [parts, steps], -1 at padding.
        """
        is_piece = ids != self._search.special_ids.padding
        in_parts = tf.reduce_sum(tf.cast(is_piece, tf.int32), axis=1)
        lengths = tf.math.unsorted_segment_sum(in_parts, lines, batch)
        of_lines = tf.RaggedTensor.from_row_lengths(tf.boolean_mask(ids, is_piece), lengths)
        pieces = self.tokenizer.id_to_string(of_lines.values)
        before_part = tf.cumsum(in_parts, exclusive=True)
        before_line = tf.gather(tf.cumsum(lengths, exclusive=True), lines)
        places = (before_part - before_line)[:, None] + tf.range(tf.shape(ids)[1])
        return of_lines.with_values(pieces).to_tensor(""), lengths, tf.where(is_piece, places, -1)

    def _texts(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """The text of each row of pieces; breaks and tabs, which a model may spell, become spaces."""
        return tf.strings.regex_replace(self.tokenizer.detokenize(ids), r"[\n\r\t]", " ")

    def _of_lines(self, found: RaggedHypotheses, lines: tf.Tensor, batch: tf.Tensor) -> Outputs:
        """The n best of lines from those of their parts: string and float32 [batch, number]."""
        number = tf.shape(found.scores)[1]
        texts = tf.reshape(self._texts(found.ids), [-1, number])
        # As exact as in Python: of parts that are alike, many choices have sums that are nearly the same.
        scores = tf.cast(found.scores, tf.float64)
        sizes = tf.math.bincount(lines, minlength=batch)
        places = tf.range(tf.size(lines)) - tf.gather(tf.cumsum(sizes, exclusive=True), lines)

        def at(place: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            """The parts at a place of their lines, and these lines."""
            parts = tf.where(places == place)[:, 0]
            return parts, tf.gather(lines, parts)

        def add_parts(place: tf.Tensor, totals: tf.Tensor, joined: tf.Tensor) -> tuple[tf.Tensor, ...]:
            """The best choices of one hypothesis for each part up to this place, by their sums."""
            parts, its_lines = at(place)
            sums = tf.gather(totals, its_lines)[:, :, None] + tf.gather(scores, parts)[:, None, :]
            sums, choices = tf.math.top_k(tf.reshape(sums, [-1, number * number]), number)
            before = tf.gather(tf.gather(joined, its_lines), choices // number, batch_dims=1)
            added = tf.gather(tf.gather(texts, parts), choices % number, batch_dims=1)
            where = its_lines[:, None]
            return (
                place + 1,
                tf.tensor_scatter_nd_update(totals, where, sums),
                tf.tensor_scatter_nd_update(joined, where, tf.strings.join([before, added], "\n")),
            )

        parts, its_lines = at(tf.constant(0))
        totals, joined = (
            tf.tensor_scatter_nd_update(
                tf.zeros([batch, number], of_parts.dtype), its_lines[:, None], tf.gather(of_parts, parts)
            )
            for of_parts in (scores, texts)
        )
        _, totals, joined = tf.while_loop(
            lambda place, *_: tf.reduce_any(sizes > place), add_parts, (tf.constant(1), totals, joined)
        )
        is_there = totals > IMPOSSIBLE / 2
        means = tf.cast(tf.math.divide_no_nan(totals, tf.cast(sizes, tf.float64)[:, None]), tf.float32)
        return {
            "translations": tf.where(is_there, join_parts(joined), ""),
            "scores": tf.where(is_there, means, IMPOSSIBLE),
        }

    @staticmethod
    def _best(ranked: Outputs) -> Outputs:
        """The first of each line."""
        return {"translation": ranked["translations"][:, 0], "score": ranked["scores"][:, 0]}


class TokenGraph(_Exported):
    """Piece ids to piece ids, with no operation that TensorFlow itself does not have.

    Args:
        networks: the networks; several decide together.
        tokenizer: the one that makes and reads the piece ids.
        config: the settings of the model.
        precision: how the weights are stored.
    """

    def signatures(self) -> dict[str, Callable[..., Outputs]]:
        """The signatures by name; see the README of an exported model."""
        source_ids = tf.TensorSpec([None, None], tf.int32, name="source_ids")
        return {
            "serving_default": tf.function(self._default, [source_ids], autograph=False),
            "translate": tf.function(self._translate, [source_ids, *_NUMBERS], autograph=False),
        }

    def _default(self, source_ids: tf.Tensor) -> Outputs:
        """Int32 [batch, source pieces] to the best translations, int32 [batch, pieces], likewise padded."""
        found = self._translate(source_ids, *self._default_numbers())
        names = {"target_ids": "target_ids", "lengths": "length", "scores": "score"}
        return {name: found[old][:, 0] for old, name in names.items()}

    def _translate(
        self,
        source_ids: tf.Tensor,
        beam_size: tf.Tensor,
        length_penalty: tf.Tensor,
        num_hypotheses: tf.Tensor,
    ) -> Outputs:
        """The n best: ``target_ids`` int32 [batch, number, pieces], ``lengths`` int32 and ``scores`` float32
        [batch, number]. Padding may stand anywhere in the source; the end of a sentence is added."""
        padding, end = self._search.special_ids.padding, self._search.special_ids.end
        is_piece = (source_ids != padding) & (source_ids != end)
        with self._weights.scope():
            rows = tf.ragged.boolean_mask(source_ids, is_piece)
            found = self._search(rows, beam_size, length_penalty, num_hypotheses)
        shape = tf.shape(found.scores)
        ids, lengths = found.ids.to_tensor(padding), tf.cast(found.ids.row_lengths(), tf.int32)
        ids = tf.reshape(ids, tf.concat([shape, [-1]], axis=0))
        has_text = (rows.row_lengths() > 0)[:, None]  # without, search makes something up
        return {
            "target_ids": tf.where(has_text[:, :, None], ids, padding),
            "lengths": tf.where(has_text, tf.reshape(lengths, shape), 0),
            "scores": tf.where(has_text, found.scores, 0.0),
        }
