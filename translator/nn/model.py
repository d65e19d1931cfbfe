"""The whole network: piece ids in, losses, log-probabilities and decoder steps out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from translator.config import ModelConfig
from translator.nn.attention import AttentionMemory
from translator.nn.decoder import Decoder, DecoderOutput, DecoderState
from translator.nn.dictionary import Dictionary
from translator.nn.dropout import word_dropout
from translator.nn.embedding import Projection, TiedEmbedding
from translator.nn.encoder import Encoder
from translator.nn.loss import alignment_loss, smoothed_cross_entropy
from translator.nn.lstm import Gates


class SpecialIds(NamedTuple):
    """The ids of the pieces that are no text; they come from the tokenizer."""

    padding: int
    start: int
    end: int


class Loss(NamedTuple):
    """What a batch cost.

    Attributes:
        loss: float32 []; what training makes small, summed over the target pieces.
        negative_log_prob: float32 []; nats, summed over the target pieces.
        num_tokens: float32 []; target pieces, ends included.
    """

    loss: tf.Tensor
    negative_log_prob: tf.Tensor
    num_tokens: tf.Tensor


class NextTokens(NamedTuple):
    """What one step of search gives.

    Attributes:
        log_probs: float32 [batch, beam, vocabulary]; nats, of each piece to come next.
        state: for the next step; every tensor [batch, beam, ...].
        attention: float32 [batch, beam, source steps]; the mean of the heads.
    """

    log_probs: tf.Tensor
    state: DecoderState
    attention: tf.Tensor


@keras.saving.register_keras_serializable(package="translator")
class TranslationModel(keras.Model):
    """Embedding, encoder and decoder.

    Args:
        vocabulary_size: number of pieces.
        special_ids: padding, start and end id.
        units: width of all layers.
        encoder_layers: number of encoder layers.
        decoder_layers: number of decoder layers.
        attention_heads: number of attention heads.
        dropout: rate of the variational dropout.
        word_dropout: share of embeddings that are blanked.
        output_row_length: see ``TiedEmbedding``.
        dictionary: translations a piece in the dictionary; 0: there is none.
    """

    def __init__(
        self,
        vocabulary_size: int,
        special_ids: SpecialIds,
        *,
        units: int,
        encoder_layers: int,
        decoder_layers: int,
        attention_heads: int,
        dropout: float,
        word_dropout: float,
        output_row_length: float,
        dictionary: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._config = {
            "vocabulary_size": vocabulary_size,
            "special_ids": list(special_ids),
            "units": units,
            "encoder_layers": encoder_layers,
            "decoder_layers": decoder_layers,
            "attention_heads": attention_heads,
            "dropout": dropout,
            "word_dropout": word_dropout,
            "output_row_length": output_row_length,
            "dictionary": dictionary,
        }
        self.special_ids = SpecialIds(*special_ids)
        self.embedding = TiedEmbedding(vocabulary_size, units, output_row_length, name="embedding")
        self.source_word_dropout = _word_dropout(word_dropout, "source_word_dropout")
        self.target_word_dropout = _word_dropout(word_dropout, "target_word_dropout")
        self.encoder = Encoder(units, encoder_layers, dropout, name="encoder")
        self.decoder = Decoder(
            units, decoder_layers, attention_heads, dropout, dictionary=dictionary > 0, name="decoder"
        )
        self.dictionary = Dictionary(vocabulary_size, dictionary, name="dictionary") if dictionary else None
        self.embedding.build()
        self.encoder.build((None, None, units))
        self.decoder.build()
        if self.dictionary is not None:
            self.dictionary.build()
        self.built = True

    def encode(self, source_ids: tf.Tensor, training: bool = False) -> tuple[AttentionMemory, DecoderState]:
        """Reads source sentences.

        Args:
            source_ids: int32 [batch, source steps]; pieces, end, padding.
            training: whether dropout is on.

        Returns:
            The memory for attention, and the decoder's states before its first step.
        """
        mask = tf.not_equal(source_ids, self.special_ids.padding)
        embedded = self.source_word_dropout(self.embedding(source_ids), training=training)
        memory = self.encoder(embedded, source_mask=mask, training=training)
        states = self.decoder.initial_states(memory, mask)
        words = embedded
        if self.dictionary is not None:
            meant = self.dictionary(source_ids, embedding=self.embedding, training=training)
            words = tf.concat([embedded, meant], axis=-1)
        return self.decoder.attention.memory(memory, words, mask), states

    def decode(
        self, previous_ids: tf.Tensor, states: DecoderState, memory: AttentionMemory, training: bool = False
    ) -> DecoderOutput:
        """Runs the decoder over target pieces, int32 [batch, target steps]; see ``Decoder.call``."""
        embedded = self.target_word_dropout(self.embedding(previous_ids), training=training)
        output: DecoderOutput = self.decoder(embedded, states=states, memory=memory, training=training)
        return output

    def step_function(
        self, shortlist: tf.Tensor | None = None
    ) -> Callable[[tf.Tensor, DecoderState, AttentionMemory], NextTokens]:
        """A function that computes one step of search; see ``LSTM.step_function``.

        Args:
            shortlist: int32 [pieces]; the only pieces whose log-probabilities are wanted; None: all.

        Returns:
            ``step(previous_ids, states, memory)`` with the last piece of each hypothesis, int32 [batch,
            beam], the decoder's states, every tensor [batch, beam, ...], and the memory of each sentence,
            from ``encode``.
        """
        decoder_step, projection = self.decoder.step_function(), self.embedding.projection(shortlist)

        def step(previous_ids: tf.Tensor, states: DecoderState, memory: AttentionMemory) -> NextTokens:
            output = decoder_step(self.embedding(previous_ids), states, memory)
            logits = self._logits(output.readout, projection)
            return NextTokens(
                tf.nn.log_softmax(tf.cast(logits, tf.float32)),
                output.state,
                tf.reduce_mean(output.attention, axis=1),
            )

        return step

    def _logits(self, readout: tf.Tensor, projection: Projection | None = None) -> tf.Tensor:
        """[batch, steps, units] to [batch, steps, pieces], as one matrix product."""
        shape = tf.shape(readout)
        logits = self.embedding.logits(tf.reshape(readout, [-1, readout.shape[-1]]), projection)
        return tf.reshape(logits, [shape[0], shape[1], logits.shape[-1] or tf.shape(logits)[-1]])

    def teacher_forced(
        self, source_ids: tf.Tensor, target_ids: tf.Tensor, training: bool = False
    ) -> DecoderOutput:
        """Runs the decoder over given translations: every position reads the right piece before it."""
        memory, states = self.encode(source_ids, training)
        return self.decode(self._previous(target_ids), states, memory, training)

    def _previous(self, target_ids: tf.Tensor) -> tf.Tensor:
        """The piece before each target piece, [batch, target steps]: the start, then all but the last."""
        start = tf.fill([tf.shape(target_ids)[0], 1], self.special_ids.start)
        return tf.concat([start, target_ids[:, :-1]], axis=1)

    def batch_loss(
        self,
        source_ids: tf.Tensor,
        target_ids: tf.Tensor,
        smoothing: float,
        training: bool = False,
        *,
        alignments: tf.Tensor | None = None,
        alignment_weight: float = 0.0,
    ) -> Loss:
        """The loss of a batch.

        Args:
            source_ids: int32 [batch, source steps]; pieces, end, padding.
            target_ids: int32 [batch, target steps]; pieces, end, padding.
            smoothing: label smoothing.
            training: whether dropout is on.
            alignments: int32 [batch, target steps]; the source position that attention should look at for
                each target piece; negative where that is not known.
            alignment_weight: weight of the loss of attention beside that of the pieces.
        """
        readout, _, attention = self.teacher_forced(source_ids, target_ids, training)
        real = tf.where(tf.not_equal(target_ids, self.special_ids.padding))
        targets = tf.gather_nd(target_ids, real)
        losses, negative_log_probs = smoothed_cross_entropy(
            self.embedding, tf.gather_nd(readout, real), targets, smoothing
        )
        loss = tf.reduce_sum(losses)
        if alignment_weight and alignments is not None:
            loss += alignment_weight * alignment_loss(attention, alignments)
        return Loss(
            loss,
            tf.reduce_sum(negative_log_probs),
            tf.cast(tf.size(targets), tf.float32),
        )

    def log_probs(self, source_ids: tf.Tensor, target_ids: tf.Tensor) -> tf.Tensor:
        """The log-probability of each target piece given those before it (forced decoding).

        Returns:
            float32 [batch, target steps], in nats; 0 at padding.
        """
        logits = tf.cast(self((source_ids, target_ids)), tf.float32)
        log_probs = tf.gather(tf.nn.log_softmax(logits), target_ids, batch_dims=2)
        return tf.where(tf.not_equal(target_ids, self.special_ids.padding), log_probs, 0.0)

    def attention_weights(self, source_ids: tf.Tensor, target_ids: tf.Tensor) -> tf.Tensor:
        """The attention of each target piece, mean of the heads: float32 [batch, target, source]."""
        return tf.reduce_mean(self.teacher_forced(source_ids, target_ids).attention, axis=1)

    def lstm_gates(self, source_ids: tf.Tensor, target_ids: tf.Tensor) -> dict[str, Gates]:
        """What every LSTM does while a sentence is read and its given translation is written.

        Args:
            source_ids: int32 [batch, source steps]; pieces, end, padding.
            target_ids: int32 [batch, target steps]; pieces, end, padding.

        Returns:
            The gates of each layer, float [batch, steps, units of the layer], under ``encoder/forward``,
            ``encoder/backward``, ``encoder/lstm_1`` and so on over the source, ``decoder/lstm_0`` and so
            on over the piece before each target piece.
        """
        mask = tf.not_equal(source_ids, self.special_ids.padding)
        in_encoder = self.encoder.gates(self.embedding(source_ids), mask)
        memory, states = self.encode(source_ids)
        in_decoder = self.decoder.gates(self.embedding(self._previous(target_ids)), states, memory)
        return {
            f"{room}/{layer}": gates
            for room, found in (("encoder", in_encoder), ("decoder", in_decoder))
            for layer, gates in found.items()
        }

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Source and target ids to the logits of each target piece, [batch, target steps, vocabulary]."""
        return self._logits(self.teacher_forced(inputs[0], inputs[1], training).readout)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._config}


_word_dropout = word_dropout  # the constructor has an argument of this name


def min_num_weights(config: ModelConfig, vocabulary_size: int) -> int:
    """A number of weights that no network of a configuration is below: its embedding and its LSTMs alone."""
    layers = config.encoder_layers + config.decoder_layers
    return vocabulary_size * config.units + 6 * config.units**2 * layers


def build_model(config: ModelConfig, vocabulary_size: int, special_ids: SpecialIds) -> TranslationModel:
    """Builds the network that a configuration describes, with new weights."""
    return TranslationModel(
        vocabulary_size,
        special_ids,
        units=config.units,
        encoder_layers=config.encoder_layers,
        decoder_layers=config.decoder_layers,
        attention_heads=config.attention_heads,
        dropout=config.dropout,
        word_dropout=config.word_dropout,
        output_row_length=config.output_row_length,
        dictionary=config.dictionary,
        name="translation_model",
    )
