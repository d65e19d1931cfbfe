"""The graphs of a SavedModel: one translates raw strings, the other token ids.

Each class is a ``tf.Module``. Its signatures are traced once and take any number of sentences of any length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from translator.config import Config
from translator.corpus.graph_tokenizer import graph_tokenizer
from translator.corpus.tokenizer import Tokenizer
from translator.decoding.graph import mean_attention
from translator.decoding.long_lines import LongLines
from translator.decoding.states import IMPOSSIBLE
from translator.decoding.word_boundaries import WordBoundaries
from translator.nn.model import TranslationModel
from translator.serving.line_parts import join_parts
from translator.serving.token_search import RaggedHypotheses, TokenSearch
from translator.serving.weights import Precision, Weights

_BATCH_TIMEOUT_MICROSECONDS = 2000  # how long a call waits for others to join its batch
_MAX_BATCH_SIZE = 64

_TEXT = tf.TensorSpec([None], tf.string, name="text")
_OPTIONS = (
    tf.TensorSpec([], tf.int32, name="beam_size"),
    tf.TensorSpec([], tf.float32, name="length_penalty"),
    tf.TensorSpec([], tf.int32, name="num_hypotheses"),
)
Outputs = dict[str, tf.Tensor]


class _Exported(tf.Module):
    """What both graphs share: networks, their weights at a given precision, and the search."""

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
        self.saved = [*self._weights.stored, *self._weights.scales]  # TensorFlow saves attributes only
        self._search = TokenSearch(networks, config.decoding.no_repeat_ngram, WordBoundaries.of(tokenizer))
        self._defaults = config.decoding.beam_size, config.decoding.length_penalty, 1

    def _default_options(self) -> list[tf.Tensor]:
        """Returns the model's own beam size and length penalty, and one hypothesis per sentence."""
        return [tf.constant(value, spec.dtype) for value, spec in zip(self._defaults, _OPTIONS, strict=True)]


class TextGraph(_Exported):
    """Translates raw strings into raw strings.

    Args:
        networks: the networks; several form an ensemble.
        tokenizer: the tokenizer of the networks.
        config: the configuration of the model.
        precision: the precision of the stored weights.
    """

    def __init__(
        self,
        networks: Sequence[TranslationModel],
        tokenizer: Tokenizer,
        config: Config,
        precision: Precision = "float32",
    ) -> None:
        super().__init__(networks, tokenizer, config, precision)
        self.tokenizer = graph_tokenizer(tokenizer)  # an attribute, as above
        self._long_lines = LongLines(tokenizer, config.max_source_tokens)

    def signatures(self) -> dict[str, Callable[..., Outputs]]:
        """Returns the signatures by name, which the README of an exported model describes."""
        return {
            "serving_default": tf.function(self._default, [_TEXT], autograph=False),
            "translate": tf.function(self._translate, [_TEXT, *_OPTIONS], autograph=False),
            "align": tf.function(self._align, [_TEXT], autograph=False),
            "batched": tf.function(self._batched, [_TEXT], autograph=False),
        }

    def _default(self, text: tf.Tensor) -> Outputs:
        """Returns the best translation of each line, string [batch], and its score, float32 [batch]."""
        return self._best(self._translate(text, *self._default_options()))

    def _translate(
        self, text: tf.Tensor, beam_size: tf.Tensor, length_penalty: tf.Tensor, num_hypotheses: tf.Tensor
    ) -> Outputs:
        """Returns the n best translations of each line and their scores.

        Args:
            text: string [batch].
            beam_size: int32 []; see ``TokenSearch`` for the range of these three.
            length_penalty: float32 [].
            num_hypotheses: int32 [].

        Returns:
            ``translations`` string [batch, num_hypotheses] and ``scores`` float32 [batch, num_hypotheses].
        """
        with self._weights.scope():
            parts = self._long_lines.cut(self.tokenizer.tokenize(text))
            hypotheses = self._search(parts.ids, beam_size, length_penalty, num_hypotheses)
        return self._join_parts(hypotheses, parts.lines, tf.size(text))

    def _batched(self, text: tf.Tensor) -> Outputs:
        """Like ``_default``, for many callers: calls that arrive within 2 ms are computed as one batch."""

        def best(text: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            outputs = self._default(text)
            return outputs["translation"], outputs["score"]

        batched = tf.nondifferentiable_batch_function(
            num_batch_threads=2,
            max_batch_size=_MAX_BATCH_SIZE,
            batch_timeout_micros=_BATCH_TIMEOUT_MICROSECONDS,
            max_enqueued_batches=1000,
            autograph=False,
        )(best)
        # A call with more lines than a batch holds gains nothing by waiting for others.
        translation, score = tf.cond(
            tf.size(text) <= _MAX_BATCH_SIZE, lambda: tuple(batched(text)), lambda: best(text)
        )
        return {"translation": tf.ensure_shape(translation, [None]), "score": tf.ensure_shape(score, [None])}

    def _align(self, text: tf.Tensor) -> Outputs:
        """Returns the best translation of each line, its tokens and their attention weights.

        Returns:
            The outputs of ``_default``; ``source_pieces`` string [batch, source_length] and ``pieces`` string
            [batch, target_length], the tokens of both sides with the end-of-sentence tokens, padded with "";
            their lengths ``source_lengths`` and ``lengths``, int32 [batch]; ``attention`` float32 [batch,
            target_length, source_length], 0 at padding.
        """
        with self._weights.scope():
            batch = tf.size(text)
            parts = self._long_lines.cut(self.tokenizer.tokenize(text))
            hypotheses = self._search(parts.ids, *self._default_options())
            source_ids, target_ids = self._search.with_end(parts.ids), self._search.with_end(hypotheses.ids)
            attention = mean_attention(self._search.networks, source_ids, target_ids)
        tokens, lengths, rows = self._tokens_of_lines(target_ids, parts.lines, batch)
        source_tokens, source_lengths, columns = self._tokens_of_lines(source_ids, parts.lines, batch)
        # Every part has rows and columns of its own in the matrix of its line.
        indices = tf.stack(
            [
                tf.broadcast_to(index, tf.shape(attention))
                for index in (parts.lines[:, None, None], rows[:, :, None], columns[:, None, :])
            ],
            axis=-1,
        )
        is_real = (rows >= 0)[:, :, None] & (columns >= 0)[:, None, :]
        return {
            **self._best(self._join_parts(hypotheses, parts.lines, batch)),
            "source_pieces": source_tokens,
            "source_lengths": source_lengths,
            "pieces": tokens,
            "lengths": lengths,
            "attention": tf.scatter_nd(
                tf.boolean_mask(indices, is_real),
                tf.boolean_mask(attention, is_real),
                tf.stack([batch, tf.shape(tokens)[1], tf.shape(source_tokens)[1]]),
            ),
        }

    def _tokens_of_lines(
        self, ids: tf.Tensor, lines: tf.Tensor, batch: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Joins the tokens of parts into the tokens of lines.

        Args:
            ids: int32 [parts, length]; the token ids of each part, padded.
            lines: int32 [parts]; the line that each part comes from.
            batch: int32 []; how many lines there are.

        Returns:
            The tokens, string [batch, line_length], padded with ""; their number per line, int32 [batch]; the
            position in its line of every token of a part, int32 [parts, length], -1 at padding.
        """
        is_token = ids != self._search.special_ids.padding
        part_lengths = tf.reduce_sum(tf.cast(is_token, tf.int32), axis=1)
        lengths = tf.math.unsorted_segment_sum(part_lengths, lines, batch)
        ids_of_lines = tf.RaggedTensor.from_row_lengths(tf.boolean_mask(ids, is_token), lengths)
        tokens = self.tokenizer.id_to_string(ids_of_lines.values)
        before_part = tf.cumsum(part_lengths, exclusive=True)
        before_line = tf.gather(tf.cumsum(lengths, exclusive=True), lines)
        positions = (before_part - before_line)[:, None] + tf.range(tf.shape(ids)[1])
        return ids_of_lines.with_values(tokens).to_tensor(""), lengths, tf.where(is_token, positions, -1)

    def _texts(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Returns the text of each row of token ids; line breaks and tabs in it become spaces."""
        return tf.strings.regex_replace(self.tokenizer.detokenize(ids), r"[\n\r\t]", " ")

    def _join_parts(self, hypotheses: RaggedHypotheses, lines: tf.Tensor, batch: tf.Tensor) -> Outputs:
        """Combines the n best hypotheses of parts into the n best translations of lines.

        Args:
            hypotheses: of the parts.
            lines: int32 [parts]; the line that each part comes from.
            batch: int32 []; how many lines there are.

        Returns:
            ``translations`` string and ``scores`` float32 [batch, n_best]; a score is the mean of the parts.
        """
        n_best = tf.shape(hypotheses.scores)[1]
        texts = tf.reshape(self._texts(hypotheses.ids), [-1, n_best])
        # In float64, as in Python: where parts are alike, many combinations have almost the same sum.
        scores = tf.cast(hypotheses.scores, tf.float64)
        num_parts = tf.math.bincount(lines, minlength=batch)
        positions = tf.range(tf.size(lines)) - tf.gather(tf.cumsum(num_parts, exclusive=True), lines)

        def parts_at(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            """Returns the parts at a position within their lines, and these lines."""
            parts = tf.where(positions == position)[:, 0]
            return parts, tf.gather(lines, parts)

        def add_parts(position: tf.Tensor, totals: tf.Tensor, joined: tf.Tensor) -> tuple[tf.Tensor, ...]:
            """Extends the best combinations by the parts at a position; their totals rank them."""
            parts, part_lines = parts_at(position)
            sums = tf.gather(totals, part_lines)[:, :, None] + tf.gather(scores, parts)[:, None, :]
            sums, choices = tf.math.top_k(tf.reshape(sums, [-1, n_best * n_best]), n_best)
            before = tf.gather(tf.gather(joined, part_lines), choices // n_best, batch_dims=1)
            added = tf.gather(tf.gather(texts, parts), choices % n_best, batch_dims=1)
            indices = part_lines[:, None]
            return (
                position + 1,
                tf.tensor_scatter_nd_update(totals, indices, sums),
                tf.tensor_scatter_nd_update(joined, indices, tf.strings.join([before, added], "\n")),
            )

        parts, part_lines = parts_at(tf.constant(0))
        totals, joined = (
            tf.tensor_scatter_nd_update(
                tf.zeros([batch, n_best], of_parts.dtype), part_lines[:, None], tf.gather(of_parts, parts)
            )
            for of_parts in (scores, texts)
        )
        _, totals, joined = tf.while_loop(
            lambda position, *_: tf.reduce_any(num_parts > position),
            add_parts,
            (tf.constant(1), totals, joined),
        )
        exists = totals > IMPOSSIBLE / 2
        means = tf.math.divide_no_nan(totals, tf.cast(num_parts, tf.float64)[:, None])
        return {
            "translations": tf.where(exists, join_parts(joined), ""),
            "scores": tf.where(exists, tf.cast(means, tf.float32), IMPOSSIBLE),
        }

    @staticmethod
    def _best(ranked: Outputs) -> Outputs:
        """Returns the first translation of each line."""
        return {"translation": ranked["translations"][:, 0], "score": ranked["scores"][:, 0]}


class TokenGraph(_Exported):
    """Translates token ids into token ids, with operations of TensorFlow alone.

    Args:
        networks: the networks; several form an ensemble.
        tokenizer: the tokenizer that encodes and decodes the token ids.
        config: the configuration of the model.
        precision: the precision of the stored weights.
    """

    def signatures(self) -> dict[str, Callable[..., Outputs]]:
        """Returns the signatures by name, which the README of an exported model describes."""
        source_ids = tf.TensorSpec([None, None], tf.int32, name="source_ids")
        return {
            "serving_default": tf.function(self._default, [source_ids], autograph=False),
            "translate": tf.function(self._translate, [source_ids, *_OPTIONS], autograph=False),
        }

    def _default(self, source_ids: tf.Tensor) -> Outputs:
        """Returns the best translation of each sentence; see ``_translate``.

        Args:
            source_ids: int32 [batch, source_length], padded.

        Returns:
            ``target_ids`` int32 [batch, target_length], padded; ``length`` int32, ``score`` float32 [batch].
        """
        outputs = self._translate(source_ids, *self._default_options())
        names = {"target_ids": "target_ids", "lengths": "length", "scores": "score"}
        return {name: outputs[plural][:, 0] for plural, name in names.items()}

    def _translate(
        self,
        source_ids: tf.Tensor,
        beam_size: tf.Tensor,
        length_penalty: tf.Tensor,
        num_hypotheses: tf.Tensor,
    ) -> Outputs:
        """Returns the n best translations of each sentence.

        Args:
            source_ids: int32 [batch, source_length]. Padding may be anywhere; the end of a sentence is added.
            beam_size: int32 []; see ``TokenSearch`` for the range of these three.
            length_penalty: float32 [].
            num_hypotheses: int32 [].

        Returns:
            ``target_ids`` int32 [batch, num_hypotheses, target_length], padded; ``lengths`` int32 and
            ``scores`` float32 [batch, num_hypotheses]. A sentence without tokens has length and score 0.
        """
        padding, end = self._search.special_ids.padding, self._search.special_ids.end
        is_token = (source_ids != padding) & (source_ids != end)
        with self._weights.scope():
            rows = tf.ragged.boolean_mask(source_ids, is_token)
            hypotheses = self._search(rows, beam_size, length_penalty, num_hypotheses)
        shape = tf.shape(hypotheses.scores)
        ids = hypotheses.ids.to_tensor(padding)
        lengths = tf.cast(hypotheses.ids.row_lengths(), tf.int32)
        ids = tf.reshape(ids, tf.concat([shape, [-1]], axis=0))
        has_text = (rows.row_lengths() > 0)[:, None]  # without text, search invents some
        return {
            "target_ids": tf.where(has_text[:, :, None], ids, padding),
            "lengths": tf.where(has_text, tf.reshape(lengths, shape), 0),
            "scores": tf.where(has_text, hypotheses.scores, 0.0),
        }
