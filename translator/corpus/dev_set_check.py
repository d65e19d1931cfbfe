"""Looks for mistakes that no single line shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from translator.corpus.readers import Pair

_MAX_LINES = 5_000  # more lines would not change the answer
_LEAST_CROSSED = 3  # words; a name or two that both sides write alike are no evidence


def is_dev_set_swapped(train: Sequence[Pair], dev: Sequence[Pair]) -> bool:
    """Whether the dev set's sides stand in the wrong order for the training pairs.

    True if the words of the dev source are found among the training targets, and the words of the dev
    target among the training sources, rather than each on its own side.
    """
    sources = _words(pair.source for pair in train[:_MAX_LINES])
    targets = _words(pair.target for pair in train[:_MAX_LINES])
    dev_sources = _words(pair.source for pair in dev)
    dev_targets = _words(pair.target for pair in dev)
    straight = _share(dev_sources, sources) + _share(dev_targets, targets)
    crossed = _share(dev_sources, targets) + _share(dev_targets, sources)
    num_crossed = len(dev_sources & targets) + len(dev_targets & sources)
    return num_crossed >= _LEAST_CROSSED and crossed > 2 * straight


def _words(lines: Iterable[str]) -> set[str]:
    return {word for line in lines for word in line.lower().split()}


def _share(words: set[str], vocabulary: set[str]) -> float:
    """The share of the words that the vocabulary holds."""
    return len(words & vocabulary) / max(len(words), 1)
