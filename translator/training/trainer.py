"""The loop over the epochs: resumes where it was, and stops by itself."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from translator.config import Config, CorpusFacts
from translator.corpus.batches import Batches
from translator.corpus.readers import Pair
from translator.corpus.tokenizer import Tokenizer
from translator.corpus.word_alignment import WordAligner
from translator.errors import DataError, ModelError
from translator.training.callbacks import (
    DevEvaluation,
    LearningRate,
    Progress,
    is_finished,
    training_variables,
)
from translator.training.checkpoint import TrainingState, read_state, restore_checkpoint
from translator.training.model_folder import checkpoint_path, load_weights, network_for, weights_path
from translator.training.step import TrainingModel


def fingerprint(pairs: Iterable[Pair], initial: Path | None = None) -> str:
    """A short hash of a corpus and of the weights that a training began with, to see if it may go on."""
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(f"{pair.source}\n{pair.target}\n".encode())
    if initial is not None:
        digest.update(initial.read_bytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers that are made inside the block compute as this Keras policy says; their weights are float32."""
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
        corpus: what the text turned out to be.
        state: the counters, read from the folder if a training is there.

    Args:
        config: all settings.
        tokenizer: the tokenizer of both languages.
        pairs: the training pairs, filtered.
        folder: the model folder.
        mixed: pairs of another kind to mix in; see ``Batches``.
        aligner: finds the word alignments that attention is guided by.
        initial: the folder of a model with the same tokenizer, to begin with its weights.

    Raises:
        DataError: if no pair is short enough.
        ModelError: if the folder holds the training of another corpus, or a damaged one.
    """

    def __init__(
        self,
        config: Config,
        tokenizer: Tokenizer,
        pairs: Sequence[Pair],
        folder: Path,
        *,
        mixed: Sequence[Pair] = (),
        aligner: WordAligner | None = None,
        initial: Path | None = None,
    ) -> None:
        keras.utils.set_random_seed(config.training.seed)
        self._config, self._folder = config, folder
        self._batches = Batches(
            pairs,
            tokenizer,
            config.data,
            config.training.seed,
            mixed,
            aligner if config.training.guided_alignment else None,
        )
        if not self._batches.num_pairs:
            raise DataError(
                f"all pairs are longer than {config.data.max_pieces} pieces; "
                "raise data.max_pieces, or split the lines"
            )
        self.corpus = CorpusFacts(self._batches.num_pairs, self._batches.longest_source)
        gpu = bool(tf.config.list_physical_devices("GPU"))
        with dtype_policy("mixed_bfloat16" if config.training.mixed_precision and gpu else "float32"):
            self.network = network_for(config, tokenizer)
        if initial is not None:
            load_weights(self.network, initial)
        self._model = TrainingModel(self.network, config.training)
        corpus = fingerprint([*pairs, *mixed], None if initial is None else weights_path(initial))
        self.state = read_state(checkpoint_path(folder)) or TrainingState(corpus=corpus)
        if self.state.corpus != corpus:
            raise ModelError(
                f"{folder}: holds a training on other text or from another start; give another --output, or "
                "remove the folder"
            )
        self._from_model = initial is not None
        self.resumed = self.state.step > 0
        if self.resumed:
            restore_checkpoint(checkpoint_path(folder), training_variables(self._model))
            # The limits may have been raised since.
            self.state.finished = is_finished(config.training, self.state)

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
        """
        training, state = self._config.training, self.state
        progress = Progress(training, state, self._batches.num_pairs + self._batches.num_mixed)
        evaluation = DevEvaluation(training, state, progress, score, self._folder, report)
        if self._from_model and not self.resumed:  # no fine-tuning ends below its start
            evaluation.set_model(self._model)
            evaluation.before_training()
        own = [LearningRate(training, state), progress, evaluation]
        while not state.finished:
            epoch = state.epoch
            batches = self._batches.epoch(epoch, first=state.batch)
            if not batches.cardinality():  # stopped after the last batch of an epoch
                state.epoch, state.batch = epoch + 1, 0
                state.finished = is_finished(training, state)
                continue
            self._model.fit(
                batches,
                initial_epoch=epoch,
                epochs=epoch + 1,
                callbacks=[*own, *callbacks],
                shuffle=False,
                verbose=0,
            )
            state.finished = is_finished(training, state)
        return state
