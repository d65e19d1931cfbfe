"""What each source piece became in the corpus: its translations, counted where the two sides are aligned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from translator.arrays import open_arrays, write_arrays
from translator.corpus.word_alignment import UNALIGNED, Ids, top_translations
from translator.errors import ModelError

_DISCOUNT = 0.4  # of every count: what was seen once is not half as sure as what was seen twice


class DictionaryTable(NamedTuple):
    """A table that ``translator.nn.dictionary`` looks pieces up in.

    Attributes:
        translations: int32 [vocabulary, most]; target pieces of each source piece, the likeliest first.
        shares: float32 [vocabulary, most]; of its occurrences, how many became each; 0: there are no more.
        counts: float32 [vocabulary]; how often each piece was seen in source sentences.
    """

    translations: Ids
    shares: npt.NDArray[np.float32]
    counts: npt.NDArray[np.float32]


def count_translations(
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    alignments: Sequence[Ids],
    vocabulary_size: int,
    most: int,
) -> DictionaryTable:
    """Counts what the pieces of aligned sentences became.

    The share of a translation seen ``c`` times, of a piece seen ``n`` times, is ``(c - 0.4) / max(n, c)``
    (absolute discounting: Ney, Essen and Kneser 1994, "On structuring probabilistic dependences in stochastic
    language modelling").

    Args:
        sources: piece ids of each source sentence.
        targets: of each target sentence.
        alignments: the source position of each target piece, or ``UNALIGNED``; int32 [target pieces] a pair.
        vocabulary_size: number of pieces.
        most: translations a piece at most.
    """
    seen = np.bincount(np.fromiter(chain.from_iterable(sources), np.int64), minlength=vocabulary_size)
    links = [np.zeros(0, np.int64)]
    for source, target, positions in zip(sources, targets, alignments, strict=True):
        linked = np.flatnonzero(positions != UNALIGNED)
        sides = np.asarray(source, np.int64)[positions[linked]]
        links.append(sides * vocabulary_size + np.asarray(target, np.int64)[linked])
    keys, numbers = np.unique(np.concatenate(links), return_counts=True)
    rows, ranks, pieces, numbers = top_translations(keys, numbers, vocabulary_size, most)
    translations = np.zeros((vocabulary_size, most), np.int32)
    translations[rows, ranks] = pieces
    shares = np.zeros((vocabulary_size, most), np.float32)
    shares[rows, ranks] = (numbers - _DISCOUNT) / np.maximum(seen[rows], numbers)
    return DictionaryTable(translations, shares, seen.astype(np.float32))


def write_dictionary_table(path: Path, table: DictionaryTable) -> None:
    """Writes the table as a NumPy archive."""
    write_arrays(path, table._asdict())


def read_dictionary_table(path: Path, vocabulary_size: int, most: int) -> DictionaryTable:
    """Reads what ``write_dictionary_table`` has written.

    Raises:
        ModelError: if the file is missing, damaged, or made for other settings.
    """

    def fault(reason: str) -> ModelError:
        return ModelError(f"{path}: damaged ({reason}); remove {path.parent} to prepare the text again")

    with open_arrays(path, fault) as arrays:
        table = DictionaryTable(*(arrays[name] for name in DictionaryTable._fields))
    shape = (vocabulary_size, most)
    if (table.translations.shape, table.shares.shape, table.counts.shape) != (shape, shape, shape[:1]):
        raise fault("made for another vocabulary")
    if table.translations.min(initial=0) < 0 or table.translations.max(initial=0) >= vocabulary_size:
        raise fault("its translations are no pieces")
    return table
