"""Reads real parallel text for tests, and makes the mistakes that real corpora have."""

import gzip
import itertools

from translator.corpus.readers import Pair

NAMES = {
    "multi30k-en-de": ("en", "de"),
    "tatoeba-en-de": ("en", "de"),
    "tatoeba-en-es": ("en", "es"),
    "pydocs-en-es": ("en", "es"),
    "iwslt14-de-en-tiny": ("de", "en"),
}


def read(corpora, name, num_pairs, first=0):
    """Reads consecutive pairs from the training text of a corpus."""
    sides = []
    for language in NAMES[name]:
        with gzip.open(
            corpora / name / f"train.{language}.gz", "rt", encoding="utf-8", newline="\n"
        ) as lines:
            sides.append([line.rstrip("\n") for line in itertools.islice(lines, first, first + num_pairs)])
    return [Pair(*pair) for pair in zip(*sides, strict=True)]


def with_targets(pairs, targets):
    """Returns the pairs with other targets, up to the shorter of both lists."""
    return [Pair(pair.source, target) for pair, target in zip(pairs, targets, strict=False)]


def lost_target(pairs, line, number=1):
    """Removes one or several target lines, so that all following targets move up."""
    targets = [pair.target for pair in pairs]
    return with_targets(pairs, targets[: line - 1] + targets[line - 1 + number :])


def added_targets(pairs, line, added):
    """Inserts lines before a target line, so that all following targets move down."""
    targets = [pair.target for pair in pairs]
    return with_targets(pairs, targets[: line - 1] + added + targets[line - 1 :])
