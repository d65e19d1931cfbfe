"""Names the files that a command writes into a folder: one per language, in place of none that exists."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from translator.errors import ConfigError, DataError


def paths_of_sides(folder: Path, name: str, source_language: str, target_language: str) -> tuple[Path, Path]:
    """Returns the paths of the two sides of a parallel text, such as ``train.en`` and ``train.de``.

    Raises:
        ConfigError: if the names of the languages cannot be the ends of two file names.
    """
    if source_language == target_language:
        raise ConfigError(
            f"both languages are called {source_language}; give --from and --to different names"
        )
    for language in (source_language, target_language):
        if Path(language).name != language:
            raise ConfigError(
                f"{language!r} cannot be part of a file name; give --from and --to simple names"
            )
    return folder / f"{name}.{source_language}", folder / f"{name}.{target_language}"


def refuse_existing(paths: Iterable[Path], option: str) -> None:
    """Raises a DataError if one of the files exists.

    Args:
        paths: the files that are to be written.
        option: the option that names their folder.
    """
    for path in paths:
        if path.exists():
            raise DataError(f"{path} already exists; give {option} a new folder")
