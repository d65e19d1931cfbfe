"""A training job: what to train on, where to, and starting from what; checked once, then handed down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from translator.config import Config
from translator.errors import ConfigError
from translator.model_folder import load_config, model_folders, seed_folder
from translator.training.corpus_files import CorpusFiles
from translator.training.progress import report_to_standard_error
from translator.training.settings import settings_for_student


@dataclass(frozen=True)
class TrainingJob:
    """What the user asked for. Other jobs, such as that of one seed, are derived by ``dataclasses.replace``.

    Attributes:
        files: the text.
        folder: the model folder to write; of several seeds, the folder that holds a model folder per seed.
        overrides: settings by dotted path that replace those of the recipe.
        initial_model: the folder of the model whose weights training starts from; None: new weights.
        diversify: whether a forward and a backward model are trained first, so that the final model also
            learns from their translations of the text (see ``diversification.py``).
        teacher: with ``diversify``, the folder of a model, or of the models of several seeds, that translates
            the sources in place of a forward model; None: there is none.
        num_seeds: how many models to train that differ only in their seed.
        tensorboard: a folder for TensorBoard logs, or None.
        report: is called with each line for the user.

    Raises:
        ConfigError: if a setting is not valid, or two of these do not go together.
    """

    files: CorpusFiles
    folder: Path
    overrides: Mapping[str, Any] = field(default_factory=dict)
    initial_model: Path | None = None
    diversify: bool = False
    teacher: Path | None = None
    num_seeds: int = 1
    tensorboard: Path | None = None
    report: Callable[[str], None] = report_to_standard_error

    def __post_init__(self) -> None:
        Config().override(self.overrides)  # reports an invalid setting before any work
        if self.teacher is not None and not self.diversify:
            raise ConfigError("a teacher needs diversify: add it, or leave the teacher out")
        if self.num_seeds < 1:
            raise ConfigError(f"seeds: cannot train {self.num_seeds} models; give 1 or more")
        if self.num_seeds > 1 and "training.seed" in self.overrides:
            raise ConfigError("training.seed is for one model; several models take seeds 1, 2 and so on")
        if self.diversify and (self.initial_model or self.files.mix):
            raise ConfigError(
                "diversify starts from new weights and mixes its own text in; leave init_from and mix out"
            )

    @property
    def vocabulary_from(self) -> Path | None:
        """The folder of the model whose vocabulary is taken over; None: a new vocabulary is learned."""
        # The models of several seeds share one vocabulary, so the first stands for all of them.
        return self.initial_model if self.teacher is None else model_folders([self.teacher])[0]

    def with_inherited_settings(self) -> TrainingJob:
        """Returns this job with the languages, and a teacher's vocabulary size, of the model it builds on.

        The user's settings go before inherited languages.

        Raises:
            ConfigError: if the user's settings do not fit those of the teacher.
            ModelError: if there is no such model.
        """
        if self.vocabulary_from is None:
            return self
        other = load_config(self.vocabulary_from)
        languages = {"source_language": other.source_language, "target_language": other.target_language}
        overrides = {**languages, **self.overrides}
        if self.teacher is not None:
            overrides = settings_for_student(overrides, self.vocabulary_from)
        return replace(self, overrides=overrides)

    def for_seed(self, seed: int) -> TrainingJob:
        """Returns the job that trains the model of one seed, in a folder of its own."""
        return replace(
            self,
            folder=seed_folder(self.folder, seed),
            overrides={**self.overrides, "training.seed": seed},
            num_seeds=1,
            tensorboard=None if self.tensorboard is None else seed_folder(self.tensorboard, seed),
        )
