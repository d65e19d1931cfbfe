"""Which files hold the text of a training."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from translator.errors import ConfigError
from translator.files import write_error

Files = str | Path | Sequence[str | Path]

_MOST_WEIGHT = 1000.0


@dataclass(frozen=True)
class ParallelText:
    """Pairs of sentences in one or two files.

    Attributes:
        source: the source side, a text file; or both sides, in TSV, TMX, PO or XLIFF.
        target: the target side, line for line; None: ``source`` holds both.
        weight: how often an epoch takes each pair; below 1, another choice each time.
        by_model: whether one side is a model's translation of the other; no recipe counts such pairs.
        name: what to call it; None: as its files.
    """

    source: Path
    target: Path | None = None
    weight: float = 1.0
    by_model: bool = False
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
        dev: the pairs that training is steered by; None: some are held out.
        mix: pairs of another kind to mix in; None: none.
    """

    train: Sequence[ParallelText]
    dev: ParallelText | None = None
    mix: ParallelText | None = None


def _listed(files: Files) -> list[str]:
    return [str(files)] if isinstance(files, str | Path) else [str(path) for path in files]


def two_sides(
    source: str | Path | None, target: str | Path | None, what: str, names: str
) -> ParallelText | None:
    """A set of pairs that may be left out.

    Args:
        source: its source side, or None.
        target: its target side, or None.
        what: how the message begins.
        names: the two arguments, for the message.

    Raises:
        ConfigError: if one side alone is given.
    """
    if source is None and target is None:
        return None
    if source is None or target is None:
        raise ConfigError(f"{what} two sides: give both {names}, or neither")
    return ParallelText(Path(source), Path(target))


def training_texts(
    source: Files, target: Files, pairs: Files, weights: Mapping[str, float], folder: Path
) -> list[ParallelText]:
    """The training pairs as the user gave them.

    Args:
        source: files with the source side.
        target: for each of them the file with the target side.
        pairs: files with both sides; ``-`` is standard input.
        weights: of the files among ``source`` and ``pairs`` that have another than 1.
        folder: where standard input is kept, since a corpus is read more than once.

    Raises:
        ConfigError: if files or weights do not belong together.
        ModelError: if standard input cannot be kept.
    """
    sources, targets, both_sides = _listed(source), _listed(target), _listed(pairs)
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
        if not 0 < weight <= _MOST_WEIGHT:
            raise ConfigError(f"weight of {name}: {weight:g} is not above 0 and up to {_MOST_WEIGHT:g}")
    if both_sides.count("-") > 1 or "-" in (*sources, *targets):
        raise ConfigError("standard input (-) can stand once, among the files that hold both sides")
    texts = [ParallelText(Path(one), Path(other)) for one, other in zip(sources, targets, strict=True)]
    texts += [ParallelText(Path(name)) for name in both_sides]
    if "-" in both_sides:
        kept = folder / "standard-input"
        try:
            with kept.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
        except OSError as error:
            raise write_error(kept, error) from None
        texts[names.index("-")] = ParallelText(kept, name="standard input")
    return [replace(text, weight=weights.get(name, 1.0)) for name, text in zip(names, texts, strict=True)]
