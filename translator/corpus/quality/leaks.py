"""Finds sentences of a test set in the training text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from translator.corpus.filters import Flags, PairBlock
from translator.corpus.readers import Pair, read_pairs


class _Ignored(dict[int, str | None]):
    """Maps spaces, punctuation and control characters to None, for ``str.translate``; filled on demand."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        self[code] = None if unicodedata.category(character)[0] in "PZC" else character
        return self[code]


_IGNORED = _Ignored()

# What normalization does with each character, filled on demand: 0 is not known yet.
_ACTIONS = np.zeros(0x110000, np.int8)
_KEEP, _DROP = 1, 2


def normalize(line: str) -> str:
    """Returns a line without what may differ between copies of a sentence: case, spaces, punctuation."""
    return _compose(line).casefold().translate(_IGNORED)


def normalize_all(lines: Sequence[str]) -> list[str]:
    """Returns what ``normalize`` returns for each line, several times as fast if there are thousands.

    Args:
        lines: the lines; none contains a line feed.
    """
    text = "\n".join(map(_compose, lines)).casefold()
    codes = np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), np.uint32)
    return codes[_is_kept(codes)].tobytes().decode("utf-32-le").split("\n") if lines else []


def _compose(line: str) -> str:
    return line if line.isascii() else unicodedata.normalize("NFKC", line)


def _is_kept(codes: npt.NDArray[np.uint32]) -> Flags:
    """Returns which characters are line feeds, or are kept by ``normalize``; bool [characters]."""
    actions = _ACTIONS[codes]
    if not actions.all():
        for code in np.unique(codes[actions == 0]).tolist():
            _ACTIONS[code] = _DROP if chr(code) != "\n" and _IGNORED[code] is None else _KEEP
        actions = _ACTIONS[codes]
    is_kept: Flags = actions == _KEEP
    return is_kept


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
                # A sentence of nothing but punctuation has no normal form; ``mask`` finds it as it is.
                if key := normalize(side) or side.strip():
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

    def mask(self, block: PairBlock) -> Flags:
        """Records the test sentences that training pairs contain; returns which pairs do, bool [pairs].

        Unlike ``record``, it also finds sentences of nothing but punctuation, if they are exactly the same.
        """
        keys = [[key or line for key, line in zip(normalize_all(side), side, strict=True)] for side in block]
        has_sentence = [
            np.fromiter(map(lines.__contains__, side), np.bool_, len(side))
            for lines, side in zip(self._lines, keys, strict=True)
        ]
        shares: Flags = np.logical_or(*has_sentence)
        for index in np.flatnonzero(shares).tolist():
            self.record((keys[0][index], keys[1][index]), block.pair(index))
        return shares

    @property
    def num_found(self) -> int:
        """How many of the pairs have at least one side that was found."""
        return len(self.normalized["source"] | self.normalized["target"])
