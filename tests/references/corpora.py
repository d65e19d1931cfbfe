"""Real parallel text for tests, and the mistakes that are made with it."""

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


def read(corpora, name, number, first=0):
    """Some pairs in a row from the training text of a corpus."""
    sides = []
    for language in NAMES[name]:
        with gzip.open(
            corpora / name / f"train.{language}.gz", "rt", encoding="utf-8", newline="\n"
        ) as lines:
            sides.append([line.rstrip("\n") for line in itertools.islice(lines, first, first + number)])
    return [Pair(*pair) for pair in zip(*sides, strict=True)]


def with_targets(pairs, targets):
    """The pairs with other targets, as far as both go."""
    return [Pair(pair.source, target) for pair, target in zip(pairs, targets, strict=False)]


def lost_target(pairs, line, number=1):
    """One target line is lost, or several, and all that follow move up."""
    targets = [pair.target for pair in pairs]
    return with_targets(pairs, targets[: line - 1] + targets[line - 1 + number :])


def added_targets(pairs, line, added):
    """Lines are added in front of a target line, and all that follow move down."""
    targets = [pair.target for pair in pairs]
    return with_targets(pairs, targets[: line - 1] + added + targets[line - 1 :])
