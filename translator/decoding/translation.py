"""What translating a sentence gives, and how the parts of a long line become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from translator.decoding.alignment import WordAlignment, words_of


@dataclass(frozen=True)
class Translation:
    """One translation of one sentence.

    Attributes:
        text: the translation.
        score: log-probability over length penalty, with the coverage term if there is one; higher is
            better, comparable for one source only.
        log_probability: natural logarithm of the model's probability of this translation.
        tokens: its pieces, the end included.
        source_tokens: the pieces of the source, the end included.
        alignment: float32 [tokens, source tokens]; the attention that each piece paid to each piece of
            the source, each row with sum one. None if it was not asked for.
        word_alignment: pairs (source word, target word) over the words between spaces, numbered from 0:
            each target word with the source word that it attended to most. None if it was not asked for.
        alternatives: the other hypotheses that were asked for, next best first.
    """

    text: str
    score: float
    log_probability: float
    tokens: tuple[str, ...]
    source_tokens: tuple[str, ...]
    alignment: npt.NDArray[np.float32] | None = None
    word_alignment: WordAlignment | None = None
    alternatives: tuple[Translation, ...] = ()


def joined(parts: Sequence[Translation], are_glued: Sequence[bool], alignments: bool) -> Translation:
    """The translation of a line from those of its parts.

    Its alternatives are the best choices of one hypothesis for each part, as many as a part has; scores
    add up, so that they are found by keeping the best after each part.

    Args:
        parts: the translations; the alternatives are in them.
        are_glued: for each part, whether it goes on within the last word of the part before.
        alignments: whether the parts have theirs.
    """
    if len(parts) == 1:
        return parts[0]
    choices: list[tuple[Translation, ...]] = [()]
    most = max((1 + len(part.alternatives) for part in parts), default=1)
    for part in parts:
        longer = [(*choice, one) for choice in choices for one in (part, *part.alternatives)]
        choices = sorted(longer, key=lambda choice: -sum(one.score for one in choice))[:most]
    best, *others = (_joined(choice, are_glued, alignments) for choice in choices)
    return replace(best, alternatives=tuple(others))


def _joined(parts: Sequence[Translation], are_glued: Sequence[bool], alignments: bool) -> Translation:
    """One hypothesis from one of each part."""
    alignment, links = None, []
    if alignments:
        alignment = np.zeros([sum(len(p.tokens) for p in parts), sum(len(p.source_tokens) for p in parts)])
        row = column = source_words = target_words = 0
        for part, is_glued in zip(parts, are_glued, strict=True):
            alignment[row : row + len(part.tokens), column : column + len(part.source_tokens)] = (
                part.alignment
            )
            row, column = row + len(part.tokens), column + len(part.source_tokens)
            source_words -= is_glued
            links += [(source_words + i, target_words + j) for i, j in part.word_alignment or ()]
            source_words += int(words_of(part.source_tokens)[-1]) + 1
            target_words += int(words_of(part.tokens)[-1]) + 1 if part.text else 0
    return Translation(
        text=" ".join(part.text for part in parts),
        score=sum((part.score for part in parts), 0.0) / max(len(parts), 1),
        log_probability=sum((part.log_probability for part in parts), 0.0),
        tokens=tuple(token for part in parts for token in part.tokens),
        source_tokens=tuple(token for part in parts for token in part.source_tokens),
        alignment=None if alignment is None else alignment.astype(np.float32),
        word_alignment=None if alignment is None else tuple(links),
    )
