"""Writes a corpus without its problems, and the dropped pairs with the reasons."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from translator.config import DataConfig
from translator.corpus.new_files import paths_of_sides, refuse_existing
from translator.corpus.quality.inspection import Inspection, SelectedPairs, inspect_pairs
from translator.corpus.quality.leaks import TestSet
from translator.corpus.readers import Pair
from translator.errors import DataError
from translator.files import atomic_write
from translator.wording import counted

_MAX_ROUNDS = 8


@dataclass(frozen=True)
class CleanFiles:
    """The files of a cleaned corpus.

    Attributes:
        source, target: the pairs that were kept; line n of one translates line n of the other.
        dropped: all other pairs, one JSON object per line with ``line``, ``reason``, ``source`` and
            ``target``.
    """

    source: Path
    target: Path
    dropped: Path

    @classmethod
    def in_folder(cls, folder: Path, source_language: str, target_language: str) -> CleanFiles:
        """Returns the paths of the files in a folder.

        Raises:
            ConfigError: if the names of the languages cannot be the ends of two file names.
            DataError: if one of the files already exists.
        """
        sides = paths_of_sides(folder, "kept", source_language, target_language)
        files = cls(*sides, folder / "dropped.jsonl")
        refuse_existing([*sides, files.dropped], "--clean")
        return files


@dataclass
class Cleaning:
    """How many pairs were kept, and how many were dropped for each reason."""

    num_kept: int
    dropped: dict[str, int]

    def __str__(self) -> str:
        dropped = "".join(f"\n  {count:,} {reason}" for reason, count in self.dropped.items())
        total = counted(self.num_kept + sum(self.dropped.values()), "pair")
        return f"{self.num_kept:,} of {total} kept" + (f"; dropped:{dropped}" if dropped else "")


def write_clean(
    pairs: Iterable[Pair],
    inspection: Inspection,
    files: CleanFiles,
    test_sets: Sequence[TestSet] = (),
    config: DataConfig | None = None,
) -> Cleaning:
    """Writes the pairs without problems to two files, and the others to a third.

    The pairs that are left are inspected again until nothing is found, because lines that the worst ones
    concealed may stand out once those are gone.

    Args:
        pairs: the pairs, which are read several times.
        inspection: what was found in them.
        files: the files to write.
        test_sets: test sets whose sentences must not be among the kept pairs.
        config: the limits of length and length ratio; by default those of training.

    Raises:
        DataError: if no pair would be left.
        ModelError: if the files cannot be written.
    """
    if not inspection.report.parallel:
        raise DataError("the two sides are not translations of each other, so no pair would be left")
    reason_indices = inspection.reason_indices.copy()
    kept = np.flatnonzero(reason_indices < 0)
    for _ in range(_MAX_ROUNDS):
        if inspection.report.is_clean or not len(kept):
            break
        inspection = inspect_pairs(SelectedPairs(pairs, reason_indices < 0), test_sets, config)
        reason_indices[kept] = inspection.reason_indices
        kept = np.flatnonzero(reason_indices < 0)
    if not len(kept):
        raise DataError("every pair has a problem, so none would be left; read the report")
    reasons = [None if i < 0 else inspection.reasons[i] for i in reason_indices.tolist()]
    _write(pairs, reasons, files)
    counts = Counter(reason for reason in reasons if reason)
    return Cleaning(len(kept), {reason: counts[reason] for reason in inspection.reasons if counts[reason]})


def _write(pairs: Iterable[Pair], reasons: Sequence[str | None], files: CleanFiles) -> None:
    """Writes the pairs, each to the kept or, if there is a reason, to the dropped ones."""
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
                values = {"line": line, "reason": reason, "source": pair.source, "target": pair.target}
                dropped.write(f"{json.dumps(values, ensure_ascii=False)}\n")
