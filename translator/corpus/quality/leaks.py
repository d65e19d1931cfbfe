"""Finds sentences of a test set in the training text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from translator.corpus.readers import Pair, read_pairs


class _Ignored(dict[int, str | None]):
    """Maps spaces, punctuation and control characters to None, for ``str.translate``; filled on demand."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        self[code] = None if unicodedata.category(character)[0] in "PZC" else character
        return self[code]


_IGNORED = _Ignored()


def normalize(line: str) -> str:
    """Returns a line without what may differ between copies of a sentence: case, spaces, punctuation."""
    if not line.isascii():
        line = unicodedata.normalize("NFKC", line)
    return line.casefold().translate(_IGNORED)


class Leak(NamedTuple):
    """A test sentence that a training pair contains.

    Attributes:
        part: ``source``, ``target``, or ``pair`` for both sides of one test pair.
        line: number of the line in the test set, from 1.
        exact: whether the two are identical before normalization.
    """

    part: str
    line: int
    exact: bool


@dataclass
class TestSet:
    """Pairs that a model will be tested on, and which of them were found in training text.

    Attributes:
        name: the paths of the files, for reports.
        pairs: the pairs.
        exact: for ``source``, ``target`` and ``pair``, the line numbers of the test sentences that were found
            exactly as they are.
        normalized: the same, also counting those that differ in case, spaces or punctuation.
    """

    __test__ = False  # keeps pytest from collecting this class

    name: str
    pairs: Sequence[Pair]
    exact: dict[str, set[int]] = field(init=False)
    normalized: dict[str, set[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.reset()
        self._lines: tuple[dict[str, list[int]], ...] = ({}, {})
        for line, pair in enumerate(self.pairs, start=1):
            for lines, side in zip(self._lines, pair, strict=True):
                if key := normalize(side):
                    lines.setdefault(key, []).append(line)

    @classmethod
    def read(cls, source: Path, target: Path) -> TestSet:
        """Reads a test set from two files.

        Raises:
            DataError: if a file cannot be read or the numbers of lines differ.
        """
        return cls(f"{source}, {target}", read_pairs(source, target))

    def reset(self) -> None:
        """Forgets what was found so far."""
        self.exact = {part: set() for part in ("source", "target", "pair")}
        self.normalized = {part: set() for part in ("source", "target", "pair")}

    def record(self, keys: tuple[str, str], pair: Pair) -> Leak | None:
        """Records the test sentences that a training pair contains.

        Args:
            keys: the normalized sides of the training pair.
            pair: the training pair itself.

        Returns:
            One of them, preferably a whole pair and an exact match; None if there is none.
        """
        found = [lines.get(key, []) for lines, key in zip(self._lines, keys, strict=True)]
        if not any(found):
            return None
        leaks = []
        for part, side, lines in (("source", 0, found[0]), ("target", 1, found[1])):
            leaks += [Leak(part, n, self.pairs[n - 1][side].strip() == pair[side].strip()) for n in lines]
        sources = {leak.line: leak.exact for leak in leaks if leak.part == "source"}
        targets = {leak.line: leak.exact for leak in leaks if leak.part == "target"}
        leaks += [Leak("pair", n, sources[n] and targets[n]) for n in sorted(sources.keys() & targets.keys())]
        for leak in leaks:
            self.normalized[leak.part].add(leak.line)
            if leak.exact:
                self.exact[leak.part].add(leak.line)
        return max(leaks, key=lambda leak: (leak.part == "pair", leak.exact))
