"""A lexical table: which target pieces each source piece may become, learned from the corpus alone.

Translation probabilities are those of IBM Model 1 (Brown et al. 1993, "The Mathematics of Statistical
Machine Translation", section 4.2), found by expectation maximization over the pairs. Search can then look
at the few pieces that the source makes likely in place of the whole vocabulary (Jean et al. 2015, arXiv
1412.2007, section 3.3; L'Hostis et al. 2016, arXiv 1610.00072).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from translator.errors import ModelError

MAX_PAIRS = 100_000  # to learn from; probabilities of what is frequent gain nothing from more
_ITERATIONS = 4
_CANDIDATES = 30  # of each source piece
_FREQUENT = 200  # pieces that are always looked at: endings, articles, punctuation

Ids = npt.NDArray[np.int32]


class Lexicon:
    """The likely target pieces of each source piece.

    Args:
        candidates: int32 [vocabulary, number]; for each source piece, most probable first, -1 where there
            are no more.
        always: int32 [any]; pieces that any text may need.
    """

    def __init__(self, candidates: Ids, always: Ids) -> None:
        self._candidates, self._always = candidates, always

    def pieces_for(self, source_ids: Ids, wanted: Iterable[int] = ()) -> Ids:
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

    def write(self, path: Path) -> None:
        """Writes the table as a NumPy archive of two integer arrays."""
        with path.open("wb") as file:
            np.savez_compressed(file, candidates=self._candidates, always=self._always)

    @classmethod
    def read(cls, path: Path, vocabulary_size: int) -> Lexicon:
        """Reads what ``write`` has written.

        Raises:
            ModelError: if the file is damaged, or made for another vocabulary.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                candidates, always = arrays["candidates"], arrays["always"]
        except Exception as error:  # a damaged archive fails in ways that no list could hold
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ModelError(
                f"{path}: damaged ({reason}); remove it and translate without --shortlist"
            ) from None
        fits = candidates.ndim == 2 and len(candidates) == vocabulary_size and always.ndim == 1
        if not fits or max(candidates.max(initial=0), always.max(initial=0)) >= vocabulary_size:
            raise ModelError(f"{path}: made for another vocabulary; remove it, or copy the right one there")
        return cls(candidates.astype(np.int32), always.astype(np.int32))


def learn_lexicon(
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    vocabulary_size: int,
    reserved: int,
) -> Lexicon:
    """Learns the table from the pieces of a corpus.

    Args:
        sources: piece ids of each source sentence.
        targets: of each target sentence.
        vocabulary_size: number of pieces.
        reserved: ids below this are always looked at: those that are no text.
    """
    pairs = [
        (np.unique(np.array(source, np.int64)), np.array(target, np.int64))
        for source, target in zip(sources, targets, strict=True)
        if source and target
    ]
    keys, probs = _model_1(pairs, vocabulary_size)
    source_of, target_of = np.divmod(keys, vocabulary_size)
    order = np.lexsort((-probs, source_of))
    source_of, target_of = source_of[order], target_of[order]
    # The rank of each target piece among those of its source piece.
    rank = np.arange(len(order)) - np.searchsorted(source_of, source_of)
    kept = rank < _CANDIDATES
    candidates = np.full((vocabulary_size, _CANDIDATES), -1, np.int32)
    candidates[source_of[kept], rank[kept]] = target_of[kept]
    counts = np.bincount(
        np.concatenate([target for _, target in pairs] or [np.zeros(0, np.int64)]), minlength=vocabulary_size
    )
    always = np.union1d(np.arange(reserved), np.argsort(-counts, kind="stable")[:_FREQUENT])
    return Lexicon(candidates, always.astype(np.int32))


def _model_1(
    pairs: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]], vocabulary_size: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Expectation maximization of p(target piece | source piece).

    Returns:
        The pairs of pieces that occur together, as ``source * vocabulary + target``, ascending, and the
        probability of each.
    """
    nothing = np.zeros(0, np.int64)
    links = np.concatenate(
        [(source[:, None] * vocabulary_size + target).reshape(-1) for source, target in pairs] or [nothing]
    )
    # Every link belongs to one target position, whose probabilities of being explained add up to one.
    first, positions = 0, []
    for source, target in pairs:
        positions.append(np.tile(np.arange(first, first + len(target)), len(source)))
        first += len(target)
    position = np.concatenate(positions or [nothing])
    keys, key_of_link = np.unique(links, return_inverse=True)
    source_of_key = keys // vocabulary_size
    probs = np.full(len(keys), 1.0)
    for _ in range(_ITERATIONS):
        of_link = probs[key_of_link]
        shares = of_link / np.bincount(position, of_link, minlength=first)[position]
        counts = np.bincount(key_of_link, shares, minlength=len(keys))
        probs = counts / np.bincount(source_of_key, counts, minlength=vocabulary_size)[source_of_key]
    return keys, probs
