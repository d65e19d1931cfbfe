"""The whole network: token ids in; losses, log-probabilities and decoding steps out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from translator.config import ModelConfig
from translator.nn.attention import AttentionMemory
from translator.nn.decoder import Decoder, DecoderOutput, DecoderState
from translator.nn.dictionary import Dictionary
from translator.nn.dropout import word_dropout as word_dropout_layer
from translator.nn.embedding import Projection, TiedEmbedding
from translator.nn.encoder import Encoder
from translator.nn.loss import alignment_loss, smoothed_cross_entropy
from translator.nn.lstm import Gates


class SpecialIds(NamedTuple):
    """The ids of the tokens that are not text; they come from the tokenizer."""

    padding: int
    start: int
    end: int


class BatchLoss(NamedTuple):
    """The loss of a batch.

    Attributes:
        loss: float32 []; the training objective, summed over the target tokens.
        negative_log_prob: float32 []; in nats, summed over the target tokens.
        num_tokens: float32 []; number of target tokens, including the end of each sentence.
    """

    loss: tf.Tensor
    negative_log_prob: tf.Tensor
    num_tokens: tf.Tensor


class NextTokens(NamedTuple):
    """The result of one decoding step.

    Attributes:
        log_probs: float32 [batch, beam, vocabulary]; in nats, for each possible next token.
        state: the state for the next step; every tensor [batch, beam, ...].
        attention: float32 [batch, beam, source_length]; attention weights, averaged over the heads.
    """

    log_probs: tf.Tensor
    state: DecoderState
    attention: tf.Tensor


@keras.saving.register_keras_serializable(package="translator")
class TranslationModel(keras.Model):
    """An LSTM encoder-decoder with attention.

        source ids -> embedding -> encoder -> memory
        previous target ids -> embedding -> decoder with attention to the memory -> readout
        readout -> logits, by the same embedding

    Args:
        vocabulary_size: number of tokens, of both languages together.
        special_ids: padding, start and end id.
        units: width of the embedding and of all layers.
        encoder_layers: number of encoder layers.
        decoder_layers: number of decoder layers.
        attention_heads: number of attention heads.
        dropout: rate of the variational dropout.
        word_dropout: share of input tokens whose whole embedding is dropped.
        output_row_length: see ``TiedEmbedding``.
        dictionary: translations per token in the dictionary; 0: no dictionary.
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
        self.source_word_dropout = word_dropout_layer(word_dropout, "source_word_dropout")
        self.target_word_dropout = word_dropout_layer(word_dropout, "target_word_dropout")
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
        """Encodes source sentences.

        Args:
            source_ids: int32 [batch, source_length]; tokens, end, padding.
            training: whether dropout is on.

        Returns:
            The memory for attention, and the state of the decoder before the first target position.
        """
        source_mask = tf.not_equal(source_ids, self.special_ids.padding)
        embedded = self.source_word_dropout(self.embedding(source_ids), training=training)
        memory = self.encoder(embedded, source_mask=source_mask, training=training)
        initial_state = self.decoder.initial_state(memory, source_mask)
        lexical_values = embedded
        if self.dictionary is not None:
            dictionary_vectors = self.dictionary(source_ids, embedding=self.embedding, training=training)
            lexical_values = tf.concat([embedded, dictionary_vectors], axis=-1)
        return self.decoder.attention.project_memory(memory, lexical_values, source_mask), initial_state

    def decode(
        self, previous_ids: tf.Tensor, state: DecoderState, memory: AttentionMemory, training: bool = False
    ) -> DecoderOutput:
        """Runs the decoder on the previous target ids, int32 [batch, target_length]; see ``Decoder.call``."""
        embedded = self.target_word_dropout(self.embedding(previous_ids), training=training)
        output: DecoderOutput = self.decoder(embedded, state=state, memory=memory, training=training)
        return output

    def step_function(
        self, shortlist: tf.Tensor | None = None
    ) -> Callable[[tf.Tensor, DecoderState, AttentionMemory], NextTokens]:
        """Returns a function that computes one decoding step; see ``LSTM.step_function``.

        Args:
            shortlist: int32 [tokens]; restricts the log-probabilities to these tokens; None: all.

        Returns:
            ``step(previous_ids, state, memory)`` with the previous token of each hypothesis, int32 [batch,
            beam], the state of the decoder, every tensor [batch, beam, ...], and the memory of each sentence,
            as returned by ``encode``.
        """
        decoder_step, projection = self.decoder.step_function(), self.embedding.projection(shortlist)

        def step(previous_ids: tf.Tensor, state: DecoderState, memory: AttentionMemory) -> NextTokens:
            output = decoder_step(self.embedding(previous_ids), state, memory)
            logits = self._logits(output.readout, projection)
            return NextTokens(
                tf.nn.log_softmax(tf.cast(logits, tf.float32)),
                output.state,
                tf.reduce_mean(output.attention, axis=1),
            )

        return step

    def _logits(self, readout: tf.Tensor, projection: Projection | None = None) -> tf.Tensor:
        """Maps readouts [batch, target_length, units] to logits [batch, target_length, tokens].

        It flattens the positions, so that one matrix product computes all logits. In a decoding step, the
        hypotheses of the beam take the place of the target positions.
        """
        shape = tf.shape(readout)
        logits = self.embedding.logits(tf.reshape(readout, [-1, readout.shape[-1]]), projection)
        return tf.reshape(logits, [shape[0], shape[1], logits.shape[-1] or tf.shape(logits)[-1]])

    def teacher_forced(
        self, source_ids: tf.Tensor, target_ids: tf.Tensor, training: bool = False
    ) -> DecoderOutput:
        """Runs the decoder over given translations: each position reads the correct previous token."""
        memory, state = self.encode(source_ids, training)
        return self.decode(self._previous(target_ids), state, memory, training)

    def _previous(self, target_ids: tf.Tensor) -> tf.Tensor:
        """The token before each target token, [batch, target_length]: the start, then all but the last."""
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
    ) -> BatchLoss:
        """Computes the loss of a batch.

        Args:
            source_ids: int32 [batch, source_length]; tokens, end, padding.
            target_ids: int32 [batch, target_length]; tokens, end, padding.
            smoothing: label smoothing.
            training: whether dropout is on.
            alignments: int32 [batch, target_length]; the source position that each target token is aligned
                to; negative where unknown.
            alignment_weight: weight of the alignment loss, which is added to that of the tokens.
        """
        readout, _, attention = self.teacher_forced(source_ids, target_ids, training)
        token_positions = tf.where(tf.not_equal(target_ids, self.special_ids.padding))
        targets = tf.gather_nd(target_ids, token_positions)
        losses, negative_log_probs = smoothed_cross_entropy(
            self.embedding, tf.gather_nd(readout, token_positions), targets, smoothing
        )
        loss = tf.reduce_sum(losses)
        if alignment_weight and alignments is not None:
            loss += alignment_weight * alignment_loss(attention, alignments)
        return BatchLoss(
            loss,
            tf.reduce_sum(negative_log_probs),
            tf.cast(tf.size(targets), tf.float32),
        )

    def log_probs(self, source_ids: tf.Tensor, target_ids: tf.Tensor) -> tf.Tensor:
        """The log-probability of each target token given those before it (forced decoding).

        Returns:
            float32 [batch, target_length], in nats; 0 at padding.
        """
        logits = tf.cast(self((source_ids, target_ids)), tf.float32)
        log_probs = tf.gather(tf.nn.log_softmax(logits), target_ids, batch_dims=2)
        return tf.where(tf.not_equal(target_ids, self.special_ids.padding), log_probs, 0.0)

    def attention_weights(self, source_ids: tf.Tensor, target_ids: tf.Tensor) -> tf.Tensor:
        """Attention weights of given translations, averaged over the heads.

        Returns:
            float32 [batch, target_length, source_length].
        """
        return tf.reduce_mean(self.teacher_forced(source_ids, target_ids).attention, axis=1)

    def lstm_gates(self, source_ids: tf.Tensor, target_ids: tf.Tensor) -> dict[str, Gates]:
        """The activations of every LSTM while a sentence is encoded and a given translation is decoded.

        Args:
            source_ids: int32 [batch, source_length]; tokens, end, padding.
            target_ids: int32 [batch, target_length]; tokens, end, padding.

        Returns:
            The activations of each layer, float [batch, time, units of the layer], under ``encoder/forward``,
            ``encoder/backward``, ``encoder/lstm_1`` and so on for the source tokens, and ``decoder/lstm_0``
            and so on for the token before each target token.
        """
        source_mask = tf.not_equal(source_ids, self.special_ids.padding)
        encoder_gates = self.encoder.gates(self.embedding(source_ids), source_mask)
        memory, state = self.encode(source_ids)
        decoder_gates = self.decoder.gates(self.embedding(self._previous(target_ids)), state, memory)
        return {
            f"{part}/{layer}": gates
            for part, gates_by_layer in (("encoder", encoder_gates), ("decoder", decoder_gates))
            for layer, gates in gates_by_layer.items()
        }

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Maps source and target ids to the logits at each position, [batch, target_length, vocabulary]."""
        return self._logits(self.teacher_forced(inputs[0], inputs[1], training).readout)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._config}


def min_num_weights(config: ModelConfig, vocabulary_size: int) -> int:
    """Returns a lower bound on the number of weights of a network: its embedding and its LSTMs alone.

    A bidirectional layer has two LSTMs of half the width, so 6 * units**2 weights; the others have more.
    """
    layers = config.encoder_layers + config.decoder_layers
    return vocabulary_size * config.units + 6 * config.units**2 * layers


def build_model(config: ModelConfig, vocabulary_size: int, special_ids: SpecialIds) -> TranslationModel:
    """Builds the network of a configuration, with new weights."""
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
