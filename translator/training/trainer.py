"""The loop over the epochs: resumes where it was, and stops by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from translator.config import Config, CorpusFacts, DataConfig
from translator.corpus.batches import Batches
from translator.corpus.dictionary_table import read_dictionary_table
from translator.corpus.token_files import TokenFiles
from translator.corpus.tokenizer import Tokenizer
from translator.devices import device
from translator.errors import DataError, TranslatorError
from translator.model_folder import (
    build_network,
    checkpoint_path,
    dictionary_path,
    load_weights,
    previous_checkpoint_path,
)
from translator.nn.model import min_num_weights
from translator.runtime import memory_limit
from translator.training.callbacks import (
    DevEvaluation,
    DivergenceError,
    LearningRate,
    Progress,
    is_finished,
    training_variables,
)
from translator.training.checkpoint import TrainingState, last_checkpoint, read_state, restore_checkpoint
from translator.training.interruption import Interruption, StoppedError, interruption
from translator.training.log import cut_log
from translator.training.step import TrainingModel


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers that are made inside the block compute as this Keras policy says; their weights are float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


_LOWER = 0.5  # factor on the learning rate after the loss was no number
_LOWEST = 0.01  # a rate this much lower than the recipe's does not train any more


def _shares(corpus: TokenFiles, config: DataConfig) -> list[int]:
    """How many pairs of each part an epoch takes."""
    parts = list(zip(corpus.parts, corpus.weights, strict=True))
    own = sum(round(size * weight) for size, weight in parts if weight is not None)
    wanted = round(own * config.mixed_share / (1 - config.mixed_share))
    return [min(size, wanted) if weight is None else round(size * weight) for size, weight in parts]


_STEPS_BEHIND = 2  # enough that a GPU always has a next step to compute
_ARRAYS_A_WEIGHT = 5  # the weight, its average, its gradient and Adam's two moments


class Trainer:
    """Trains a network into a model folder.

    Attributes:
        network: the model; after ``train`` it holds the weights of the last step, while the best ones
            are in the folder.
        corpus: what the text turned out to be.
        state: the counters, read from the folder if a training is there.

    Args:
        config: all settings.
        tokenizer: the tokenizer of both languages.
        corpus: the pairs to learn from as piece ids, and after them those to mix in, if any.
        folder: the model folder.
        initial_model: the folder of a model with the same tokenizer, to begin with its weights.
        report: takes each line for the user.

    Raises:
        DataError: if no pair is short enough, or the weights of the files leave none.
        ModelError: if the folder holds a damaged training.
    """

    def __init__(
        self,
        config: Config,
        tokenizer: Tokenizer,
        corpus: TokenFiles,
        folder: Path,
        *,
        initial_model: Path | None = None,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        keras.utils.set_random_seed(config.training.seed)
        self._config, self._folder, self._num_pieces = config, folder, tokenizer.vocabulary_size
        own = [size for size, weight in zip(corpus.parts, corpus.weights, strict=True) if weight is not None]
        if not sum(own):
            raise DataError(
                f"all pairs are longer than {config.data.max_tokens} pieces; "
                "raise data.max_tokens, or split the lines"
            )
        seed = config.training.seed
        shares = _shares(corpus, config.data)
        if not sum(shares[: len(own)]):
            raise DataError("no epoch would take a single pair; raise the weights of the files")
        self._batches = Batches(corpus, tokenizer, config.data.batch_tokens, seed, shares)
        self.corpus = CorpusFacts(sum(own), int(corpus.lengths[:, 0].max(initial=0)))
        self._device = device()
        self._precision = self._device.precision(config.training.mixed_precision)
        with self._within_memory("before the first step"):
            # Asked for first, as TensorFlow may crash where it gets no more.
            if (
                _ARRAYS_A_WEIGHT * 4 * min_num_weights(config.model, tokenizer.vocabulary_size)
                > memory_limit()
            ):
                raise MemoryError
            with dtype_policy(self._precision):
                self.network = build_network(config, tokenizer)
            checkpoint = last_checkpoint(checkpoint_path(folder), previous_checkpoint_path(folder), report)
            # All weights are in a checkpoint.
            if checkpoint is None and initial_model is not None:
                load_weights(self.network, initial_model)
            elif checkpoint is None and self.network.dictionary is not None:
                sizes = tokenizer.vocabulary_size, config.model.dictionary
                table = read_dictionary_table(dictionary_path(folder), *sizes)
                for weight, values in zip(self.network.dictionary.weights, table, strict=True):
                    weight.assign(values)
            self._model = TrainingModel(self.network, config.training)
        self._from_model = initial_model is not None
        self.state = TrainingState(corpus=corpus.fingerprint)
        self.resumed = checkpoint is not None
        if checkpoint is not None:
            restore_checkpoint(checkpoint, training_variables(self._model))
            self.state = read_state(checkpoint)
            # The limits may have been raised since.
            self.state.finished = is_finished(config.training, self.state)

    def __str__(self) -> str:
        model, data = self._config.model, self._config.data
        return (
            f"{self.network.count_params() / 1e6:.1f} million weights; {model.units} units, "
            f"{model.encoder_layers}+{model.decoder_layers} layers, {self._num_pieces:,} pieces, "
            f"dropout {model.dropout:g}, word dropout {model.word_dropout:g}, "
            f"batches of {data.batch_tokens:,} pieces; {self._precision} on {self._device.name}"
        )

    def train(
        self,
        score: Callable[[], float],
        report: Callable[[str], None],
        callbacks: Sequence[Any] = (),
    ) -> TrainingState:
        """Trains until dev BLEU no longer rises or ``max_epochs`` is reached.

        Args:
            score: translates the dev set with ``self.network`` and returns its BLEU.
            report: takes each line for the user.
            callbacks: more Keras callbacks, such as TensorBoard.

        Raises:
            StoppedError: if Ctrl-C or a request to terminate came, also where it ended anyway; all is saved.
            KeyboardInterrupt: if it was asked for again, and stopped at once.
            ModelError: if a file cannot be written.
            TranslatorError: if the memory is too small or the loss is no number any more.
        """
        with interruption() as request:
            state = self._train(score, report, callbacks, request)
            if request.requested:  # in the last evaluation
                report("stopped after the last step, and saved")
                raise StoppedError
            return state

    def _train(
        self,
        score: Callable[[], float],
        report: Callable[[str], None],
        callbacks: Sequence[Any],
        request: Interruption,
    ) -> TrainingState:
        """See ``train``."""
        training, state = self._config.training, self.state
        behind = _STEPS_BEHIND if self._device.is_gpu else 0
        progress = Progress(training, state, behind)
        evaluation = DevEvaluation(training, state, progress, score, self._folder, report, request)
        evaluation.set_model(self._model)
        if self.resumed:
            cut_log(self._folder, state.step)
        elif self._from_model:  # no fine-tuning ends below its start
            evaluation.before_training()
        own = [LearningRate(training, state), progress, evaluation]
        while not state.finished:
            batches = self._batches.epoch(state.epoch, first=state.batch)
            try:
                with self._within_memory(f"at step {state.step + 1:,} or after it"):
                    if batches.cardinality():
                        self._model.fit(
                            batches,
                            initial_epoch=state.epoch,
                            epochs=state.epoch + 1,
                            callbacks=[*own, *callbacks],
                            shuffle=False,
                            verbose=0,
                        )
                    else:  # stopped between the last batch of an epoch and its end
                        progress.on_epoch_end(state.epoch)
                        evaluation.on_epoch_end(state.epoch - 1)
            except DivergenceError as divergence:
                self._go_back(report, divergence.step)
                evaluation.save()
                continue
            state.finished = is_finished(training, state)
        return state

    @contextlib.contextmanager
    def _within_memory(self, when: str) -> Iterator[None]:
        """Tells which settings to lower if the block takes more memory than there is."""
        try:
            yield
        except (tf.errors.ResourceExhaustedError, MemoryError):
            raise TranslatorError(
                f"{self._folder}: out of memory {when}; give another --output and a smaller "
                f"data.batch_tokens (it was {self._config.data.batch_tokens:,}) or model.units (it was "
                f"{self._config.model.units:,})"
            ) from None

    def _go_back(self, report: Callable[[str], None], diverged_at: int) -> None:
        """Puts everything back to the last checkpoint, but for a lower learning rate.

        Raises:
            TranslatorError: if there is none, or the rate has been lowered often enough.
        """
        state = self.state
        paths = checkpoint_path(self._folder), previous_checkpoint_path(self._folder)
        checkpoint = last_checkpoint(*paths, report)
        if checkpoint is None or state.rate_factor * _LOWER < _LOWEST:
            rate = self._config.training.learning_rate
            raise TranslatorError(
                f"{self._folder}: the loss is no longer a number at step {diverged_at:,}; give another "
                f"--output and a lower training.learning_rate (it was {rate:g})"
            )
        lower = state.rate_factor * _LOWER
        restore_checkpoint(checkpoint, training_variables(self._model))
        vars(state).update(vars(read_state(checkpoint)))
        state.rate_factor = min(state.rate_factor, lower)
        cut_log(self._folder, state.step)
        report(
            f"warning: the loss is no longer a number at step {diverged_at:,}; going on from step "
            f"{state.step:,} with {_LOWER:g} of the learning rate"
        )
