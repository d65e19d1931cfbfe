"""Writes a corpus without its mistakes, and what was left out with the reasons."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from translator.config import DataConfig
from translator.corpus.quality.inspect import Inspection, Selected, inspect_pairs
from translator.corpus.quality.leaks import TestSet
from translator.corpus.readers import Pair
from translator.errors import ConfigError, DataError
from translator.files import atomic_write

_MOST_ROUNDS = 8


@dataclass(frozen=True)
class CleanFiles:
    """The files of a cleaned corpus.

    Attributes:
        source, target: the pairs that were kept, line n of one for line n of the other.
        dropped: all others, a JSON object a line with ``line``, ``reason``, ``source`` and ``target``.
    """

    source: Path
    target: Path
    dropped: Path

    @classmethod
    def into(cls, folder: Path, source_language: str, target_language: str) -> CleanFiles:
        """Names the files in a folder.

        Raises:
            ConfigError: if the languages make no two file names.
            DataError: if one of the files is there already.
        """
        if source_language == target_language:
            raise ConfigError(f"both languages are called {source_language}; give --from and --to two names")
        for language in (source_language, target_language):
            if Path(language).name != language:
                raise ConfigError(
                    f"{language!r} is to be part of a file name; give --from and --to plain names"
                )
        files = cls(
            folder / f"kept.{source_language}", folder / f"kept.{target_language}", folder / "dropped.jsonl"
        )
        for path in (files.source, files.target, files.dropped):
            if path.exists():
                raise DataError(f"{path} is there already; give --clean a new folder")
        return files


@dataclass
class Cleaning:
    """How many pairs were kept, and how many were dropped for which reason."""

    num_kept: int
    dropped: dict[str, int]

    def __str__(self) -> str:
        dropped = "".join(f"\n  {count:,} {reason}" for reason, count in self.dropped.items())
        total = self.num_kept + sum(self.dropped.values())
        return f"{self.num_kept:,} of {total:,} pairs kept" + (f"; dropped:{dropped}" if dropped else "")


def write_clean(
    pairs: Iterable[Pair],
    inspection: Inspection,
    files: CleanFiles,
    test_sets: Sequence[TestSet] = (),
    config: DataConfig | None = None,
) -> Cleaning:
    """Writes the pairs without mistakes, and in another file the others.

    What is left is inspected again, and again until nothing is found: without the worst lines, others stand
    out that were hidden by them.

    Args:
        pairs: the pairs; they are read several times.
        inspection: what was found in them.
        files: what to write.
        test_sets: what must not stand among them.
        config: the limits of length and ratio, those of training.

    Raises:
        DataError: if no pair would be left.
        ModelError: if the files cannot be written.
    """
    if not inspection.report.parallel:
        raise DataError("the two sides are no translations of each other, so that no pair would be left")
    reason = inspection.reason.copy()
    kept = np.flatnonzero(reason < 0)
    for _ in range(_MOST_ROUNDS):
        if inspection.report.is_clean or not len(kept):
            break
        inspection = inspect_pairs(Selected(pairs, reason < 0), test_sets, config)
        reason[kept] = inspection.reason
        kept = np.flatnonzero(reason < 0)
    if not len(kept):
        raise DataError("every pair has a mistake, so that none would be left; look at the report")
    reasons = [None if number < 0 else inspection.reasons[number] for number in reason.tolist()]
    _write(pairs, reasons, files)
    counts = Counter(text for text in reasons if text)
    return Cleaning(len(kept), {text: counts[text] for text in inspection.reasons if counts[text]})


def _write(pairs: Iterable[Pair], reasons: Sequence[str | None], files: CleanFiles) -> None:
    with contextlib.ExitStack() as stack:
        paths = [stack.enter_context(atomic_write(path)) for path in vars(files).values()]
        source, target, dropped = (
            stack.enter_context(path.open("w", encoding="utf-8", newline="\n")) for path in paths
        )
        for line, (pair, reason) in enumerate(zip(pairs, reasons, strict=True), start=1):
            if reason is None:
                source.write(f"{pair.source.strip()}\n")
                target.write(f"{pair.target.strip()}\n")
            else:
                row = {"line": line, "reason": reason, "source": pair.source, "target": pair.target}
                dropped.write(f"{json.dumps(row, ensure_ascii=False)}\n")
