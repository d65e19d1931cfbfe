"""Finds the models to serve: their folders and their language pairs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from translator.errors import ConfigError, ModelError
from translator.model_folder import load_config, model_folders
from translator.serving.server.models import (
    CARD,
    ExportedModel,
    FolderModel,
    FolderOptions,
    ServedModel,
    card_of,
)

_SAVED_MODEL = "saved_model.pb"


@dataclass(frozen=True)
class ModelLocation:
    """A model that is not loaded yet: its folder, its kind and its languages.

    Attributes:
        folder: a model folder, or the version folder of an exported model.
        is_exported: whether it is an exported model.
        source_language: code of the source language.
        target_language: code of the target language.
    """

    folder: Path
    is_exported: bool
    source_language: str
    target_language: str

    def load(self, options: FolderOptions | None = None) -> ServedModel:
        """Loads the model.

        Args:
            options: how it translates, if it is a model folder; None: as its settings say.

        Raises:
            ConfigError, DataError: see ``FolderModel``; also if an exported model is given options.
            ModelError: if it is incomplete or cannot be served.
        """
        if not self.is_exported:
            return FolderModel(self.folder, options)
        if options not in (None, FolderOptions()):
            raise ConfigError(
                f"{self.folder}: an exported model translates as it was exported; leave out the options of "
                "search, or serve the model folder"
            )
        return ExportedModel(self.folder)


def find_model(argument: str) -> ModelLocation:
    """Finds the model of an argument ``FOLDER``, or ``FOLDER=FROM:TO``, which also gives its languages.

    Args:
        argument: a model folder or an exported model. Without a version folder, an exported model's highest
            version is taken.

    Raises:
        ModelError: if there is no model, or its languages are unknown.
    """
    folder, languages = Path(argument), None
    if not folder.exists() and (match := re.fullmatch(r"(.+)=([^=:]+):([^=:]+)", argument)):
        folder, languages = Path(match[1]), (match[2], match[3])
    version = _version_folder(folder)
    if version is None:
        config = load_config(model_folders([folder])[0])
        return ModelLocation(folder, False, *(languages or (config.source_language, config.target_language)))
    languages = languages or _languages_of_card(version)
    if languages is None:
        raise ModelError(f"{version}: {CARD} does not state its languages; give {argument}=FROM:TO")
    return ModelLocation(version, True, *languages)


def _version_folder(folder: Path) -> Path | None:
    """Returns the folder of a SavedModel: this one or its highest version; None if it is not exported."""
    if (folder / _SAVED_MODEL).exists():
        return folder
    versions = [path.parent for path in folder.glob(f"*/{_SAVED_MODEL}") if path.parent.name.isdecimal()]
    return max(versions, key=lambda path: int(path.name), default=None)


def _languages_of_card(folder: Path) -> tuple[str, str] | None:
    """Returns the languages that a model card states."""
    match = re.search(r"^\| languages \| from (.+) to (.+) \|$", card_of(folder), re.MULTILINE)
    return (match[1], match[2]) if match else None
