"""Which files hold the text of a training, as the user gives them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from translator.errors import ConfigError
from translator.files import write_error

Files = str | Path | Sequence[str | Path]

_MAX_WEIGHT = 1000.0
_STANDARD_INPUT = "standard input"


@dataclass(frozen=True)
class ParallelText:
    """Pairs of sentences in one file or two.

    Attributes:
        source: the source side, a text file; or both sides, in TSV, TMX, PO or XLIFF.
        target: the target side, line by line; None: ``source`` holds both sides.
        weight: how often an epoch takes each pair; below 1, a different random share in each epoch.
        is_machine_translated: whether one side is a model's translation of the other; the recipe does not
            count such pairs.
        name: what to call it in messages; None: the names of its files.
    """

    source: Path
    target: Path | None = None
    weight: float = 1.0
    is_machine_translated: bool = False
    name: str | None = None

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        return str(self.source) if self.target is None else f"{self.source} and {self.target}"


@dataclass(frozen=True)
class CorpusFiles:
    """The text of a training.

    Attributes:
        train: the training pairs.
        dev: the dev set; None: some of the training pairs are held out.
        mix: pairs of another kind to mix in; None: there are none.
    """

    train: Sequence[ParallelText]
    dev: ParallelText | None = None
    mix: ParallelText | None = None


def optional_text(
    source: str | Path | None, target: str | Path | None, subject: str, argument_names: str
) -> ParallelText | None:
    """Returns a parallel text that may be left out; None if neither side is given.

    Args:
        source: its source side, or None.
        target: its target side, or None.
        subject: how the error message begins, such as "a dev set has".
        argument_names: the two arguments, for the error message.

    Raises:
        ConfigError: if only one side is given.
    """
    if source is None and target is None:
        return None
    if source is None or target is None:
        raise ConfigError(f"{subject} two sides: give both {argument_names}, or neither")
    return ParallelText(Path(source), Path(target))


def training_texts(
    source: Files, target: Files, pairs: Files, weights: Mapping[str, float]
) -> list[ParallelText]:
    """Returns the training pairs as the user gave them.

    Args:
        source: files with the source side.
        target: for each of them the file with the target side.
        pairs: files with both sides; ``-`` is standard input (see ``keep_standard_input``).
        weights: name of a file among ``source`` and ``pairs`` -> its weight, where that is not 1.

    Raises:
        ConfigError: if files or weights do not belong together.
    """
    sources, targets, both_sides = _list_of(source), _list_of(target), _list_of(pairs)
    names = [*sources, *both_sides]
    if len(sources) != len(targets):
        raise ConfigError(
            f"{len(sources)} source and {len(targets)} target files; give one target for each source"
        )
    if not names:
        raise ConfigError("no training pairs; give source and target, or pairs")
    if unknown := [name for name in weights if name not in names]:
        raise ConfigError(f"weight of {unknown[0]}: no such file among {', '.join(names)}")
    for name, weight in weights.items():
        if not 0 < weight <= _MAX_WEIGHT:
            raise ConfigError(f"weight of {name}: {weight:g} is not above 0 and at most {_MAX_WEIGHT:g}")
    if both_sides.count("-") > 1 or "-" in (*sources, *targets):
        raise ConfigError("standard input (-) can be given once, among the files that hold both sides")
    texts = [ParallelText(Path(one), Path(other)) for one, other in zip(sources, targets, strict=True)]
    texts += [ParallelText(Path(name), name=_STANDARD_INPUT if name == "-" else None) for name in both_sides]
    return [replace(text, weight=weights.get(name, 1.0)) for name, text in zip(names, texts, strict=True)]


def keep_standard_input(files: CorpusFiles, folder: Path) -> CorpusFiles:
    """Copies standard input, if it is among the training pairs, to a file, since a corpus is read twice.

    Args:
        files: the text of a training.
        folder: where the copy goes.

    Returns:
        The same text with the copy in place of ``-``.

    Raises:
        ModelError: if the copy cannot be written.
    """
    if all(text.name != _STANDARD_INPUT for text in files.train):
        return files
    copy = folder / "standard-input"
    try:
        with copy.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
    except OSError as error:
        raise write_error(copy, error) from None
    train = [replace(text, source=copy) if text.name == _STANDARD_INPUT else text for text in files.train]
    return replace(files, train=train)


def _list_of(files: Files) -> list[str]:
    return [str(files)] if isinstance(files, str | Path) else [str(path) for path in files]
