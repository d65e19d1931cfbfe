"""Checks that the source and target files of the dev set have not been swapped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from translator.corpus.readers import Pair

_MAX_LINES = 5_000  # more lines would not change the answer
_MIN_SWAPPED_WORDS = 3  # fewer are no evidence: both languages may share a name or two


def is_dev_set_swapped(train: Sequence[Pair], dev: Sequence[Pair]) -> bool:
    """Whether the source and target sides of the dev set are swapped relative to the training pairs.

    They are if the words of the dev source occur among the training targets, and those of the dev target
    among the training sources, much more often than on the same side.
    """
    train_sources = _words(pair.source for pair in train[:_MAX_LINES])
    train_targets = _words(pair.target for pair in train[:_MAX_LINES])
    dev_sources = _words(pair.source for pair in dev)
    dev_targets = _words(pair.target for pair in dev)
    same_side = _fraction_in(dev_sources, train_sources) + _fraction_in(dev_targets, train_targets)
    other_side = _fraction_in(dev_sources, train_targets) + _fraction_in(dev_targets, train_sources)
    num_swapped = len(dev_sources & train_targets) + len(dev_targets & train_sources)
    return num_swapped >= _MIN_SWAPPED_WORDS and other_side > 2 * same_side


def _words(lines: Iterable[str]) -> set[str]:
    return {word for line in lines for word in line.lower().split()}


def _fraction_in(words: set[str], vocabulary: set[str]) -> float:
    """Returns the fraction of the words that are in the vocabulary."""
    return len(words & vocabulary) / max(len(words), 1)
