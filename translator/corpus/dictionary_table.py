"""Counts how often each source token was translated by which target tokens in the aligned corpus.

The table sets the weights of the ``Dictionary`` layer in ``translator.nn.dictionary``.
"""

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

_DISCOUNT = 0.4  # subtracted from every count: one occurrence is less than half the evidence of two


class DictionaryTable(NamedTuple):
    """The most frequent translations of each source token.

    Attributes:
        translations: int32 [vocabulary, size]; target tokens, the most frequent first.
        shares: float32 [vocabulary, size]; the share of the source token's occurrences that each translates;
            0 where there are no more translations.
        counts: float32 [vocabulary]; occurrences of each token in source sentences.
    """

    translations: Ids
    shares: npt.NDArray[np.float32]
    counts: npt.NDArray[np.float32]


def count_translations(
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    alignments: Sequence[Ids],
    vocabulary_size: int,
    size: int,
) -> DictionaryTable:
    """Counts the translations of each source token in aligned sentence pairs.

    A token that occurs ``n`` times and is translated ``c`` times by the same token gives this translation the
    share ``(c - 0.4) / max(n, c)`` (absolute discounting: Ney, Essen and Kneser 1994, "On structuring
    probabilistic dependences in stochastic language modelling").

    Args:
        sources: token ids of each source sentence.
        targets: token ids of each target sentence.
        alignments: for each pair, the source position of each target token, or ``UNALIGNED``; int32
            [target_length].
        vocabulary_size: number of tokens in the vocabulary.
        size: the most translations per token.
    """
    seen = np.bincount(np.fromiter(chain.from_iterable(sources), np.int64), minlength=vocabulary_size)
    links = [np.zeros(0, np.int64)]
    for source, target, positions in zip(sources, targets, alignments, strict=True):
        aligned = np.flatnonzero(positions != UNALIGNED)
        aligned_sources = np.asarray(source, np.int64)[positions[aligned]]
        links.append(aligned_sources * vocabulary_size + np.asarray(target, np.int64)[aligned])
    keys, counts = np.unique(np.concatenate(links), return_counts=True)
    source_tokens, ranks, target_tokens, counts = top_translations(keys, counts, vocabulary_size, size)
    translations = np.zeros((vocabulary_size, size), np.int32)
    translations[source_tokens, ranks] = target_tokens
    shares = np.zeros((vocabulary_size, size), np.float32)
    shares[source_tokens, ranks] = (counts - _DISCOUNT) / np.maximum(seen[source_tokens], counts)
    return DictionaryTable(translations, shares, seen.astype(np.float32))


def write_dictionary_table(path: Path, table: DictionaryTable) -> None:
    """Writes the table as a NumPy archive."""
    write_arrays(path, table._asdict())


def read_dictionary_table(path: Path, vocabulary_size: int, size: int) -> DictionaryTable:
    """Reads a file that ``write_dictionary_table`` wrote.

    Raises:
        ModelError: if the file is missing, damaged, or was made for another vocabulary or size.
    """

    def error(reason: str) -> ModelError:
        return ModelError(f"{path}: damaged ({reason}); remove {path.parent} to prepare the text again")

    with open_arrays(path, error) as arrays:
        table = DictionaryTable(*(arrays[name] for name in DictionaryTable._fields))
    shape = (vocabulary_size, size)
    if (table.translations.shape, table.shares.shape, table.counts.shape) != (shape, shape, shape[:1]):
        raise error("made for another vocabulary")
    if table.translations.min(initial=0) < 0 or table.translations.max(initial=0) >= vocabulary_size:
        raise error("its translations are not token ids")
    return table
