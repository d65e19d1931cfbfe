"""Lists the likely target tokens of each source token, so that search can use a vocabulary shortlist.

The translation probabilities are those of ``word_alignment.py``, learned from the corpus. With a shortlist,
search scores only the tokens that the source makes likely instead of the whole vocabulary (Jean et al. 2015,
arXiv 1412.2007, section 3.3; L'Hostis et al. 2016, arXiv 1610.00072).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from translator.arrays import open_arrays, write_arrays
from translator.corpus.word_alignment import Ids, TranslationTable, top_translations
from translator.errors import ModelError

_NUM_CANDIDATES = 30  # per source token
_NUM_FREQUENT = 200  # frequent target tokens on every shortlist: endings, articles, punctuation


class Lexicon:
    """The likely target tokens of each source token.

    Args:
        candidates: int32 [vocabulary, candidates]; for each source token its likely target tokens, most
            probable first, then -1.
        always: int32 [tokens]; tokens that are on every shortlist.
    """

    def __init__(self, candidates: Ids, always: Ids) -> None:
        self._candidates, self._always = candidates, always

    def shortlist(self, source_ids: Ids, required: Iterable[int] = ()) -> Ids:
        """Returns the target tokens that the translations of some sentences may need.

        Args:
            source_ids: token ids of the sentences; int32, any shape.
            required: tokens that must be on the list.

        Returns:
            int32 [tokens], ascending and without duplicates.
        """
        source_ids = np.unique(source_ids)  # source tokens are included because names and numbers are copied
        likely = self._candidates[source_ids].reshape(-1)
        tokens = np.unique(
            np.concatenate([self._always, source_ids, likely, np.array(list(required), np.int32)])
        )
        return tokens[tokens >= 0].astype(np.int32)

    @classmethod
    def from_table(cls, table: TranslationTable, num_special_tokens: int) -> Lexicon:
        """Takes the most probable target tokens from a translation table.

        Args:
            table: probabilities of target tokens given source tokens.
            num_special_tokens: ids below this, which stand for no text, are on every shortlist.
        """
        vocabulary_size = len(table.frequencies)
        source_tokens, ranks, target_tokens, _ = top_translations(
            table.keys, table.probs, vocabulary_size, _NUM_CANDIDATES
        )
        candidates = np.full((vocabulary_size, _NUM_CANDIDATES), -1, np.int32)
        candidates[source_tokens, ranks] = target_tokens
        frequent = np.argsort(-table.frequencies, kind="stable")[:_NUM_FREQUENT]
        return cls(candidates, np.union1d(np.arange(num_special_tokens), frequent).astype(np.int32))

    def write(self, path: Path) -> None:
        """Writes the lexicon as a NumPy archive of two integer arrays."""
        write_arrays(path, {"candidates": self._candidates, "always": self._always})

    @classmethod
    def read(cls, path: Path, vocabulary_size: int) -> Lexicon:
        """Reads a file that ``write`` wrote.

        Raises:
            ModelError: if the file is damaged or was made for another vocabulary.
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
            raise ModelError(
                f"{path}: made for another vocabulary; remove it or copy the lexicon of this model there"
            )
        return cls(candidates.astype(np.int32), always.astype(np.int32))
