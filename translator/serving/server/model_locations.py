"""Where models are and what languages they are for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from translator.errors import ModelError
from translator.model_folder import load_config, model_folders
from translator.serving.server.models import CARD, ExportedModel, FolderModel, ServedModel, card_of

_SAVED_MODEL = "saved_model.pb"


@dataclass(frozen=True)
class ModelLocation:
    """Where a model is and what it translates; nothing is loaded yet.

    Attributes:
        folder: the model folder, or the version folder of an exported model.
        is_exported: which of the two.
        source_language: code of the language that it reads.
        target_language: code of the language that it writes.
    """

    folder: Path
    is_exported: bool
    source_language: str
    target_language: str

    def load(self) -> ServedModel:
        """Loads the model.

        Raises:
            ModelError: if it is incomplete or cannot be served.
        """
        return ExportedModel(self.folder) if self.is_exported else FolderModel(self.folder)


def find_model(argument: str) -> ModelLocation:
    """Finds a model from ``FOLDER``, or from ``FOLDER=FROM:TO``, which says its languages.

    Args:
        argument: a model folder; an exported model, with or without the number of the version, of which the
            highest is taken.

    Raises:
        ModelError: if there is no model, or nothing says what languages it is for.
    """
    folder, languages = Path(argument), None
    if not folder.exists() and (said := re.fullmatch(r"(.+)=([^=:]+):([^=:]+)", argument)):
        folder, languages = Path(said[1]), (said[2], said[3])
    version = _version_folder(folder)
    if version is None:
        config = load_config(model_folders([folder])[0])
        return ModelLocation(folder, False, *(languages or (config.source_language, config.target_language)))
    languages = languages or _languages_of_card(version)
    if languages is None:
        raise ModelError(f"{version}: {CARD} does not say its languages; give {argument}=FROM:TO")
    return ModelLocation(version, True, *languages)


def _version_folder(folder: Path) -> Path | None:
    """The folder of a SavedModel: this one, or the highest version in it; None if it is not exported."""
    if (folder / _SAVED_MODEL).exists():
        return folder
    versions = [path.parent for path in folder.glob(f"*/{_SAVED_MODEL}") if path.parent.name.isdecimal()]
    return max(versions, key=lambda path: int(path.name), default=None)


def _languages_of_card(folder: Path) -> tuple[str, str] | None:
    said = re.search(r"^\| languages \| from (.+) to (.+) \|$", card_of(folder), re.MULTILINE)
    return (said[1], said[2]) if said else None
