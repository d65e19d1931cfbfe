"""Splits a parallel corpus into training text, a dev set and a test set.

What is tested must not have been trained on. So no sentence of the dev or test set, on either side, is in
the training text, and none that differs from it only in case, spaces or punctuation (see ``normalize`` in
``quality/leaks.py``):

- Drawn by chance, pairs that share such a sentence stay together, whichever part they go to.
- Of whole documents, a part of which nearly always shares some sentence with another document, the test set
  keeps all pairs, and the pairs of the other parts that share a sentence with it are left out.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from translator.corpus.filters import Flags, split_into_blocks
from translator.corpus.formats.pair_files import PairFiles
from translator.corpus.new_files import paths_of_sides, refuse_existing
from translator.corpus.normalization import is_visible
from translator.corpus.quality.leaks import normalize_all
from translator.corpus.readers import read_parallel
from translator.errors import ConfigError, DataError
from translator.files import atomic_write
from translator.wording import counted

PARTS = ("train", "dev", "test")
_TRAIN, _DEV, _TEST = range(3)
_LEFT_OUT = -1
_DEFAULT_SIZE, _DEFAULT_SHARE = 1000, 20  # pairs, and at most one pair in so many

_Integers = npt.NDArray[np.int64]


@dataclass
class LinePairs:
    """The lines of two parallel files as they are, with their tabs; read again for each iteration.

    Attributes:
        source, target: the two files.
        skipped: how many pairs the latest iteration has skipped so far for each reason.
    """

    source: Path
    target: Path
    skipped: Counter[str] = field(default_factory=Counter, init=False)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        self.skipped = Counter()
        return read_parallel(self.source, self.target, self.skipped)


@dataclass(frozen=True)
class Split:
    """How many pairs each part has, and how many are in none of them.

    Attributes:
        sizes: name of a part -> number of its pairs.
        left_out: reason -> number of the pairs that are in no part for it.
    """

    sizes: dict[str, int]
    left_out: dict[str, int]

    def __str__(self) -> str:
        lines = [f"{name}: {counted(size, 'pair')}" for name, size in self.sizes.items() if size]
        left_out = [f"{number:,} {reason}" for reason, number in self.left_out.items() if number]
        return "\n".join([*lines, *([f"left out: {', '.join(left_out)}"] if left_out else [])])


@dataclass(frozen=True)
class SplitOptions:
    """How a corpus is split.

    Attributes:
        num_dev, num_test: the most pairs in the dev set and in the test set; None: 1,000 pairs, or one in
            twenty if that is less.
        by_document: whether whole documents are drawn, which end where both sides have a blank line.
        seed: of the random numbers.
    """

    num_dev: int | None = None
    num_test: int | None = None
    by_document: bool = False
    seed: int = 1


def split_corpus(
    pairs: Iterable[tuple[str, str]],
    folder: Path,
    languages: tuple[str, str],
    options: SplitOptions,
) -> Split:
    """Draws a dev and a test set from a corpus and writes both, and the rest, as two files each.

    Args:
        pairs: the corpus, which is read twice.
        folder: where ``train.SOURCE``, ``train.TARGET`` and so on go; a part without pairs is not written.
        languages: the source and the target language, after which the files are named.
        options: how it is split.

    Raises:
        ConfigError: if the languages cannot be the ends of file names, or too many pairs are wanted.
        DataError: if the text cannot be used, or one of the files exists.
        ModelError: if a file cannot be written.
    """
    paths = {part: paths_of_sides(folder, part, *languages) for part in PARTS}
    refuse_existing([path for sides in paths.values() for path in sides], "--output")
    survey = _survey(pairs)
    left_out = dict(pairs.skipped) if isinstance(pairs, LinePairs | PairFiles) else {}
    part_of_pair = _parts(survey, options)
    sizes = {name: int((part_of_pair == part).sum()) for part, name in enumerate(PARTS)}
    _write(pairs, part_of_pair, {part: paths[name] for part, name in enumerate(PARTS) if sizes[name]})
    left_out["with an empty side"] = survey.num_empty
    num_shared = int((part_of_pair == _LEFT_OUT)[survey.has_text].sum())
    left_out["with a sentence of the test or dev set"] = num_shared
    return Split(sizes, left_out)


@dataclass(frozen=True)
class _Survey:
    """What the first reading finds.

    Attributes:
        keys: for each side int64 [pairs]; equal for sentences that are alike.
        has_text: bool [pairs]; whether both sides have text.
        documents: int64 [pairs]; the number of the document.
        num_empty: pairs of which only one side has text.
    """

    keys: tuple[_Integers, _Integers]
    has_text: Flags
    documents: _Integers
    num_empty: int


def _survey(pairs: Iterable[tuple[str, str]]) -> _Survey:
    """Reads the corpus, of which only some numbers per pair stay in memory."""
    keys: tuple[list[_Integers], ...] = ([np.zeros(0, np.int64)], [np.zeros(0, np.int64)])
    visible: tuple[list[Flags], ...] = ([np.zeros(0, np.bool_)], [np.zeros(0, np.bool_)])
    for block in split_into_blocks(pairs):
        for side, lines in enumerate(block):
            # A sentence of nothing but punctuation has no normal form.
            texts = (key or line for key, line in zip(normalize_all(lines), lines, strict=True))
            keys[side].append(np.fromiter(map(hash, texts), np.int64, len(lines)))
            visible[side].append(np.fromiter(map(is_visible, lines), np.bool_, len(lines)))
    sources, targets = (np.concatenate(flags) for flags in visible)
    has_text = sources & targets
    if not has_text.any():
        raise DataError("no pair has text on both sides, so there is nothing to split")
    return _Survey(
        (np.concatenate(keys[0]), np.concatenate(keys[1])),
        has_text,
        np.cumsum(~(sources | targets)),
        int((sources ^ targets).sum()),
    )


def _parts(survey: _Survey, options: SplitOptions) -> npt.NDArray[np.int8]:
    """Returns the part of each pair, or ``_LEFT_OUT``; int8 [pairs]."""
    usable = np.flatnonzero(survey.has_text)
    keys = [side[usable] for side in survey.keys]
    sizes = _sizes(len(usable), options)
    units = survey.documents[usable] if options.by_document else _linked_pairs(keys)
    if options.by_document and (units == units[0]).all():
        raise DataError(
            "no line is blank on both sides, so nothing separates documents; leave --documents out"
        )
    parts = _draw(units, sizes, options.seed)
    for part in (_DEV, _TEST):
        if sizes[part] and not (parts == part).any():
            kind = "document" if options.by_document else "group of pairs with sentences in common"
            raise DataError(
                f"no {kind} is as small as the {PARTS[part]} set of {counted(sizes[part], 'pair')}; give a "
                f"larger --{PARTS[part]}-pairs"
            )
    if options.by_document:
        _leave_out_shared(parts, keys)
    if not (parts == _TRAIN).any():
        raise DataError("every pair shares a sentence with the dev or test set, so none is left to train on")
    part_of_pair = np.full(len(survey.has_text), _LEFT_OUT, np.int8)
    part_of_pair[usable] = parts
    return part_of_pair


def _sizes(num_pairs: int, options: SplitOptions) -> list[int]:
    """Returns the most pairs of each part.

    Raises:
        ConfigError: if none would be left to train on, or nothing is to be drawn.
    """
    default = max(1, min(_DEFAULT_SIZE, num_pairs // _DEFAULT_SHARE))
    num_dev = default if options.num_dev is None else options.num_dev
    num_test = default if options.num_test is None else options.num_test
    if not num_dev + num_test:
        raise ConfigError("there is nothing to draw; give --dev-pairs or --test-pairs above 0")
    if num_dev + num_test >= num_pairs:
        raise ConfigError(
            f"a dev set of {num_dev:,} and a test set of {counted(num_test, 'pair')} leave none of "
            f"{counted(num_pairs, 'pair')} to train on; give smaller --dev-pairs and --test-pairs"
        )
    return [num_pairs - num_dev - num_test, num_dev, num_test]


def _draw(units: _Integers, sizes: Sequence[int], seed: int) -> npt.NDArray[np.int8]:
    """Draws whole units for the test set and the dev set, as long as they fit; returns the part of each pair.

    Args:
        units: int64 [pairs]; the number of the unit of each pair.
        sizes: the most pairs of each part.
        seed: of the random numbers.
    """
    _, unit_of_pair, unit_sizes = np.unique(units, return_inverse=True, return_counts=True)
    part_of_unit = np.full(len(unit_sizes), _TRAIN, np.int8)
    room = {_TEST: sizes[_TEST], _DEV: sizes[_DEV]}
    for unit in np.random.default_rng(seed).permutation(len(unit_sizes)):
        part = next((part for part in room if unit_sizes[unit] <= room[part]), _TRAIN)
        if part != _TRAIN:
            part_of_unit[unit] = part
            room[part] -= unit_sizes[unit]
        if not any(room.values()):
            break
    parts: npt.NDArray[np.int8] = part_of_unit[unit_of_pair]
    return parts


def _linked_pairs(keys: Sequence[_Integers]) -> _Integers:
    """Returns the same number for pairs that are linked by a chain of pairs with a common key.

    Args:
        keys: for each side int64 [pairs].

    Returns:
        int64 [pairs]; the index of the first pair of those linked.
    """
    groups = [np.unique(side, return_inverse=True)[1] for side in keys]
    first = np.arange(len(keys[0]))
    while True:
        before = first
        for group in groups:
            first_of_group = np.full(int(group.max(initial=0)) + 1, len(first))
            np.minimum.at(first_of_group, group, first)
            first = first_of_group[group]
        first = first[first]  # a linked pair's first pair is linked, too
        if (first == before).all():
            return first


def _leave_out_shared(parts: npt.NDArray[np.int8], keys: Sequence[_Integers]) -> None:
    """Leaves out, in place, pairs with a sentence of the test set, and from training also of the dev set."""
    for part in (_TEST, _DEV):
        for side in keys:
            parts[(parts != part) & (parts != _TEST) & np.isin(side, side[parts == part])] = _LEFT_OUT


def _write(
    pairs: Iterable[tuple[str, str]],
    part_of_pair: npt.NDArray[np.int8],
    paths: Mapping[int, tuple[Path, Path]],
) -> None:
    """Writes each pair to the two files of its part."""
    with contextlib.ExitStack() as stack:

        def opened(path: Path) -> TextIO:
            unfinished = stack.enter_context(atomic_write(path))
            return stack.enter_context(unfinished.open("w", encoding="utf-8", newline=""))

        files = {part: tuple(map(opened, sides)) for part, sides in paths.items()}
        for pair, part in zip(pairs, part_of_pair.tolist(), strict=True):
            if part != _LEFT_OUT:
                for file, line in zip(files[part], pair, strict=True):
                    file.write(f"{line}\n")
