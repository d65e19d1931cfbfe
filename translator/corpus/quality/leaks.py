"""Sentences of a test set that stand in the training text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from translator.corpus.readers import Pair, read_pairs


class _Ignored(dict[int, str | None]):
    """Maps spaces, punctuation and control characters to nothing, found out as they are met."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        self[code] = None if unicodedata.category(character)[0] in "PZC" else character
        return self[code]


_IGNORED = _Ignored()


def bare(line: str) -> str:
    """A line without what two copies of a sentence may differ in: case, spaces, punctuation."""
    if not line.isascii():
        line = unicodedata.normalize("NFKC", line)
    return line.casefold().translate(_IGNORED)


class Leak(NamedTuple):
    """A training pair that holds a test sentence.

    Attributes:
        part: ``source``, ``target``, or ``pair`` for both sides of one test pair.
        line: number of the line in the test set, from 1.
        exact: whether it is the same to the letter.
    """

    part: str
    line: int
    exact: bool


@dataclass
class TestSet:
    """Pairs that a model shall be tested on, and which of them were met in training text.

    Attributes:
        name: the files, for people.
        pairs: the pairs.
        exact: for ``source``, ``target`` and ``pair``, the numbers of the test lines that were met to the
            letter.
        met: the same, also with other case, spaces and punctuation.
    """

    __test__ = False  # no test case of pytest

    name: str
    pairs: Sequence[Pair]
    exact: dict[str, set[int]] = field(init=False)
    met: dict[str, set[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.forget()
        self._lines: tuple[dict[str, list[int]], ...] = ({}, {})
        for number, pair in enumerate(self.pairs, start=1):
            for lines, side in zip(self._lines, pair, strict=True):
                if key := bare(side):
                    lines.setdefault(key, []).append(number)

    @classmethod
    def read(cls, source: Path, target: Path) -> TestSet:
        """Reads a test set from two files.

        Raises:
            DataError: if they cannot be read or have no equal number of lines.
        """
        return cls(f"{source}, {target}", read_pairs(source, target))

    def forget(self) -> None:
        """Forgets what was met so far."""
        self.exact = {part: set() for part in ("source", "target", "pair")}
        self.met = {part: set() for part in ("source", "target", "pair")}

    def meet(self, keys: tuple[str, str], pair: Pair) -> Leak | None:
        """Takes notice of the test sentences in a training pair, and returns the one that says most.

        Args:
            keys: the two sides as ``bare`` returns them.
            pair: the two sides as they are.
        """
        found = [lines.get(key, []) for lines, key in zip(self._lines, keys, strict=True)]
        if not any(found):
            return None
        leaks = []
        for part, side, numbers in (("source", 0, found[0]), ("target", 1, found[1])):
            leaks += [Leak(part, n, self.pairs[n - 1][side].strip() == pair[side].strip()) for n in numbers]
        sources = {leak.line: leak.exact for leak in leaks if leak.part == "source"}
        targets = {leak.line: leak.exact for leak in leaks if leak.part == "target"}
        leaks += [Leak("pair", n, sources[n] and targets[n]) for n in sorted(sources.keys() & targets.keys())]
        for leak in leaks:
            self.met[leak.part].add(leak.line)
            if leak.exact:
                self.exact[leak.part].add(leak.line)
        return max(leaks, key=lambda leak: (leak.part == "pair", leak.exact))
