"""One training step: loss, gradient, Adam, and the running average of the weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from translator.config import TrainingConfig
from translator.nn.model import TranslationModel


class TrainingModel(keras.Model):
    """Wraps the network so that ``fit`` can train it.

    After every step, each averaged weight ``a`` follows its weight ``w`` with

        a = d a + (1 - d) w,   d = min(average_decay, (1 + step) / (10 + step))

    The decay grows with the step. A fixed decay would keep the random initial weights in the average for the
    first epochs, which are most of the epochs of a small corpus.

    Args:
        network: the model to train.
        config: learning rate, smoothing, clipping and averaging.
    """

    def __init__(self, network: TranslationModel, config: TrainingConfig) -> None:
        super().__init__(name="training")
        self.network = network
        self._smoothing, self._guidance = config.label_smoothing, config.guided_alignment
        self._average_decay = config.average_decay
        self.averages = [
            self.add_weight(
                name=f"average_{i}", shape=weight.shape, initializer="zeros", trainable=False, dtype="float32"
            )
            for i, weight in enumerate(network.trainable_variables)
        ]
        for average, weight in zip(self.averages, network.trainable_variables, strict=True):
            average.assign(weight)
        self.built = True
        # XLA can compile neither the cuDNN LSTM nor shapes that change from batch to batch.
        self.compile(
            optimizer=keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm),
            jit_compile=False,
        )
        self.optimizer.build(network.trainable_variables)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Takes one step on a ``Batch``.

        Returns:
            ``loss``, the mean per target token; and over the batch the sum of ``negative_log_prob``, in nats,
            and ``num_tokens``, the number of target tokens; float32 [] each.
        """
        source_ids, target_ids, alignments = batch
        weights = self.network.trainable_variables
        with tf.GradientTape() as tape:
            result = self.network.batch_loss(
                source_ids,
                target_ids,
                self._smoothing,
                training=True,
                alignments=alignments,
                alignment_weight=self._guidance,
            )
            mean_loss = result.loss / result.num_tokens
        self.optimizer.apply(tape.gradient(mean_loss, weights), weights)
        step = tf.cast(self.optimizer.iterations, tf.float32)
        decay = tf.minimum(self._average_decay, (1.0 + step) / (10.0 + step))
        for average, weight in zip(self.averages, weights, strict=True):
            average.assign_sub((1.0 - decay) * (average - weight))
        return {
            "loss": mean_loss,
            "negative_log_prob": result.negative_log_prob,
            "num_tokens": result.num_tokens,
        }

    @contextlib.contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Gives the network its averaged weights inside a ``with`` block."""
        weights = self.network.trainable_variables
        raw = [weight.numpy() for weight in weights]
        try:
            for weight, average in zip(weights, self.averages, strict=True):
                weight.assign(average)
            yield
        finally:
            for weight, value in zip(weights, raw, strict=True):
                weight.assign(value)

    @property
    def metrics(self) -> list[Any]:
        return []
