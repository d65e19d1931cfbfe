"""A lexical table: which target pieces each source piece may become, learned from the corpus alone.

Translation probabilities are those that align the corpus, in ``word_alignment.py``. Search can then look
at the few pieces that the source makes likely in place of the whole vocabulary (Jean et al. 2015, arXiv
1412.2007, section 3.3; L'Hostis et al. 2016, arXiv 1610.00072).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from translator.arrays import open_arrays, write_arrays
from translator.corpus.word_alignment import Ids, TranslationTable, top_translations
from translator.errors import ModelError

_CANDIDATES = 30  # of each source piece
_FREQUENT = 200  # pieces that are always looked at: endings, articles, punctuation


class Lexicon:
    """The likely target pieces of each source piece.

    Args:
        candidates: int32 [vocabulary, number]; for each source piece, most probable first, -1 where there
            are no more.
        always: int32 [any]; pieces that any text may need.
    """

    def __init__(self, candidates: Ids, always: Ids) -> None:
        self._candidates, self._always = candidates, always

    def shortlist(self, source_ids: Ids, wanted: Iterable[int] = ()) -> Ids:
        """The pieces that translations of some sentences may need.

        Args:
            source_ids: int32, of any shape; the sentences.
            wanted: pieces that must be among them.

        Returns:
            int32 [any], each once, in ascending order.
        """
        source_ids = np.unique(source_ids)  # names and numbers are copied
        likely = self._candidates[source_ids].reshape(-1)
        found = np.unique(
            np.concatenate([self._always, source_ids, likely, np.array(list(wanted), np.int32)])
        )
        return found[found >= 0].astype(np.int32)

    @classmethod
    def from_table(cls, table: TranslationTable, reserved: int) -> Lexicon:
        """The likeliest pieces of a table.

        Args:
            table: probabilities of target pieces.
            reserved: ids below this are always looked at: those that are no text.
        """
        vocabulary_size = len(table.frequencies)
        rows, ranks, pieces, _ = top_translations(table.keys, table.probs, vocabulary_size, _CANDIDATES)
        candidates = np.full((vocabulary_size, _CANDIDATES), -1, np.int32)
        candidates[rows, ranks] = pieces
        frequent = np.argsort(-table.frequencies, kind="stable")[:_FREQUENT]
        return cls(candidates, np.union1d(np.arange(reserved), frequent).astype(np.int32))

    def write(self, path: Path) -> None:
        """Writes the table as a NumPy archive of two integer arrays."""
        write_arrays(path, {"candidates": self._candidates, "always": self._always})

    @classmethod
    def read(cls, path: Path, vocabulary_size: int) -> Lexicon:
        """Reads what ``write`` has written.

        Raises:
            ModelError: if the file is damaged, or made for another vocabulary.
        """
        with open_arrays(
            path,
            lambda reason: ModelError(
                f"{path}: damaged ({reason}); remove it and translate without --shortlist"
            ),
        ) as arrays:
            candidates, always = arrays["candidates"], arrays["always"]
        fits = candidates.ndim == 2 and len(candidates) == vocabulary_size and always.ndim == 1
        if not fits or max(candidates.max(initial=0), always.max(initial=0)) >= vocabulary_size:
            raise ModelError(f"{path}: made for another vocabulary; remove it, or copy the right one there")
        return cls(candidates.astype(np.int32), always.astype(np.int32))
