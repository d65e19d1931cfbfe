"""The loop over the epochs: it resumes where an earlier run stopped, and ends by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
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
from translator.nn.model import TranslationModel, min_num_weights
from translator.resources import memory_limit
from translator.training.callbacks import (
    Checkpoints,
    DevEvaluation,
    EvaluationLog,
    LearningRate,
    training_variables,
)
from translator.training.checkpoint import (
    TrainingState,
    last_checkpoint,
    read_state,
    restore_checkpoint,
)
from translator.training.interruption import Interruption, StoppedError, interruption
from translator.training.log import cut_log
from translator.training.progress import ProgressBar, StepCounter
from translator.training.run import DivergenceError, TrainingRun
from translator.training.schedule import DIVERGENCE_DECAY, is_finished, rate_factor_after_divergence
from translator.training.step import TrainingModel

_MAX_PENDING_STEPS_ON_GPU = 2  # enough that a GPU always has a next step to compute
_BYTES_PER_WEIGHT = 5 * 4  # the weight, its average, its gradient and Adam's two moments, float32 each


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers that are made inside the block compute in this Keras dtype policy; their weights are float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


class Trainer:
    """Trains a network into a model folder.

    Attributes:
        network: the model; after ``train`` it holds the weights of the last step, while the best ones
            are in the folder.
        corpus: the facts about the training pairs.
        resumed: whether the folder holds a training, which is resumed.

    Args:
        config: all settings.
        tokenizer: the tokenizer of both languages.
        corpus: the training pairs as token ids; pairs to mix in, if any, are its last part.
        folder: the model folder.
        initial_model: the folder of a model with the same tokenizer, whose weights training starts from.
        report: is called with each line for the user.

    Raises:
        DataError: if no pair is short enough, or the weights of the files leave none.
        ModelError: if the folder holds a damaged training.
        TranslatorError: if the memory is too small.
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
        seed = config.training.seed
        keras.utils.set_random_seed(seed)
        self._config, self._folder, self._tokenizer = config, folder, tokenizer
        pairs_per_epoch = _pairs_per_epoch(corpus, config.data)
        self._batches = Batches(corpus, tokenizer, config.data.batch_tokens, seed, pairs_per_epoch)
        self.corpus = CorpusFacts(_num_own_pairs(corpus), int(corpus.lengths[:, 0].max(initial=0)))
        self._device = device()
        self._precision = self._device.precision(config.training.mixed_precision)
        checkpoint = None
        with self._within_memory("before the first step"):
            self.network = self._build_network()
            checkpoint = last_checkpoint(checkpoint_path(folder), previous_checkpoint_path(folder), report)
            if checkpoint is None:  # which would hold all weights
                self._initialize_network(initial_model)
            self._model = TrainingModel(self.network, config.training)
        state = TrainingState(corpus=corpus.fingerprint)
        if checkpoint is not None:
            restore_checkpoint(checkpoint, training_variables(self._model))
            state = read_state(checkpoint)
            # The limits on the training may have been raised since.
            state = replace(state, finished=is_finished(config.training, state))
            if warning := self._other_arithmetic(state):
                report(warning)
        state = self._with_arithmetic(state)
        self.resumed = checkpoint is not None
        self._starts_from_model = initial_model is not None
        self._run = TrainingRun(config.training, folder, state)

    @property
    def state(self) -> TrainingState:
        """The counters; at first those of the training that is resumed, if there is one."""
        return self._run.state

    def __str__(self) -> str:
        model, data = self._config.model, self._config.data
        return (
            f"{self.network.count_params() / 1e6:.1f} million weights; {model.units} units, "
            f"{model.encoder_layers}+{model.decoder_layers} layers, "
            f"vocabulary of {self._tokenizer.vocabulary_size:,} tokens, "
            f"dropout {model.dropout:g}, word dropout {model.word_dropout:g}, "
            f"{data.batch_tokens:,} tokens per batch; {self._precision} on {self._device.name}"
        )

    def _with_arithmetic(self, state: TrainingState) -> TrainingState:
        """Returns the state with the precision and the kind of device of the next steps."""
        return replace(state, precision=self._precision, device=self._device.kind)

    def _other_arithmetic(self, state: TrainingState) -> str:
        """Returns a warning if the training continues in another precision or on another kind of device."""
        before = f"{state.precision} on a {state.device}"
        now = f"{self._precision} on a {self._device.kind}"
        if state.finished or not state.precision or before == now:
            return ""
        return (
            f"warning: training continues in {now}; so far it was in {before}, so the result will differ "
            "slightly from that of an uninterrupted training"
        )

    def _build_network(self) -> TranslationModel:
        """Returns the network with new weights."""
        # Checked beforehand, because TensorFlow may crash if it runs out of memory.
        num_weights = min_num_weights(self._config.model, self._tokenizer.vocabulary_size)
        if _BYTES_PER_WEIGHT * num_weights > memory_limit():
            raise MemoryError
        with dtype_policy(self._precision):
            return build_network(self._config, self._tokenizer)

    def _initialize_network(self, initial_model: Path | None) -> None:
        """Sets the weights that training does not start from at random."""
        if initial_model is not None:
            load_weights(self.network, initial_model)
        elif self.network.dictionary is not None:
            sizes = self._tokenizer.vocabulary_size, self._config.model.dictionary
            table = read_dictionary_table(dictionary_path(self._folder), *sizes)
            for weight, values in zip(self.network.dictionary.weights, table, strict=True):
                weight.assign(values)

    def train(
        self,
        score: Callable[[], float],
        report: Callable[[str], None],
        callbacks: Sequence[Any] = (),
    ) -> TrainingState:
        """Trains until the dev score no longer rises or ``max_epochs`` is reached.

        Args:
            score: translates the dev set with ``self.network`` and returns its score.
            report: is called with each line for the user.
            callbacks: more Keras callbacks, such as TensorBoard.

        Raises:
            StoppedError: if Ctrl-C or a request to terminate came, even in the last evaluation; all is saved.
            KeyboardInterrupt: if it came twice, so that training stopped at once.
            ModelError: if a file cannot be written.
            TranslatorError: if the memory is too small or the loss is no longer a number.
        """
        with interruption() as request:
            self._train(score, report, callbacks, request)
            if request.requested:  # in the last evaluation
                report("stopped after the last step, and saved")
                raise StoppedError
            return self.state

    def _train(
        self,
        score: Callable[[], float],
        report: Callable[[str], None],
        more_callbacks: Sequence[Any],
        request: Interruption,
    ) -> None:
        """See ``train``."""
        run = self._run
        counter = StepCounter(run, _MAX_PENDING_STEPS_ON_GPU if self._device.is_gpu else 0)
        evaluation = DevEvaluation(run, counter, score, report)
        checkpoints = Checkpoints(run, counter, request, report)
        callbacks: list[keras.callbacks.Callback]
        callbacks = [LearningRate(run), counter, ProgressBar(run, counter), evaluation]
        callbacks += [EvaluationLog(run, report), checkpoints]
        for callback in callbacks:
            callback.set_model(self._model)
        if self.resumed:
            cut_log(self._folder, run.state.step)
        elif self._starts_from_model:  # so that fine-tuning never ends with worse weights
            evaluation.before_training()
        while not run.state.finished:
            try:
                with self._within_memory(f"at step {run.state.step + 1:,} or after it"):
                    self._train_epoch(callbacks, more_callbacks)
            except DivergenceError as divergence:
                self._go_back(report, divergence.step)
                checkpoints.save()
                continue
            run.state = replace(run.state, finished=is_finished(run.config, run.state))

    def _train_epoch(self, callbacks: Sequence[Any], more_callbacks: Sequence[Any]) -> None:
        """Trains for the rest of an epoch."""
        state = self._run.state
        batches = self._batches.epoch(state.epoch, first=state.batch)
        if not batches.cardinality():  # stopped between the last batch of an epoch and its end
            for callback in callbacks:
                callback.on_epoch_end(state.epoch)
            return
        self._model.fit(
            batches,
            initial_epoch=state.epoch,
            epochs=state.epoch + 1,
            callbacks=[*callbacks, *more_callbacks],
            shuffle=False,
            verbose=0,
        )

    @contextlib.contextmanager
    def _within_memory(self, when: str) -> Iterator[None]:
        """Reports which settings to lower if the block takes more memory than there is."""
        try:
            yield
        except (tf.errors.ResourceExhaustedError, MemoryError):
            raise TranslatorError(
                f"{self._folder}: out of memory {when}; give another --output and a smaller "
                f"data.batch_tokens (it was {self._config.data.batch_tokens:,}) or model.units (it was "
                f"{self._config.model.units:,})"
            ) from None

    def _go_back(self, report: Callable[[str], None], diverged_at: int) -> None:
        """Returns to the last checkpoint with a lower learning rate.

        Raises:
            TranslatorError: if there is no checkpoint, or the rate has been lowered often enough.
        """
        paths = checkpoint_path(self._folder), previous_checkpoint_path(self._folder)
        checkpoint = last_checkpoint(*paths, report)
        rate_factor = rate_factor_after_divergence(self.state.rate_factor)
        if checkpoint is None or rate_factor is None:
            rate = self._config.training.learning_rate
            raise TranslatorError(
                f"{self._folder}: the loss is no longer a number at step {diverged_at:,}; give another "
                f"--output and a lower training.learning_rate (it was {rate:g})"
            )
        restore_checkpoint(checkpoint, training_variables(self._model))
        state = self._with_arithmetic(read_state(checkpoint))
        self._run.state = state = replace(state, rate_factor=min(state.rate_factor, rate_factor))
        cut_log(self._folder, state.step)
        report(
            f"warning: the loss is no longer a number at step {diverged_at:,}; resuming from step "
            f"{state.step:,} with {DIVERGENCE_DECAY:g} of the learning rate"
        )


def _num_own_pairs(corpus: TokenFiles) -> int:
    """Returns how many pairs there are without those to mix in."""
    parts = zip(corpus.parts, corpus.weights, strict=True)
    return sum(size for size, weight in parts if weight is not None)


def _pairs_per_epoch(corpus: TokenFiles, config: DataConfig) -> list[int]:
    """Returns how many pairs of each part an epoch takes.

    Raises:
        DataError: if there are none.
    """
    if not _num_own_pairs(corpus):
        raise DataError(
            f"all pairs are longer than {config.max_tokens} tokens; raise data.max_tokens, or split the lines"
        )
    parts = list(zip(corpus.parts, corpus.weights, strict=True))
    num_own = sum(round(size * weight) for size, weight in parts if weight is not None)
    if not num_own:
        raise DataError("an epoch would not take a single pair; raise the weights of the files")
    num_mixed = round(num_own * config.mixed_share / (1 - config.mixed_share))
    return [min(size, num_mixed) if weight is None else round(size * weight) for size, weight in parts]
