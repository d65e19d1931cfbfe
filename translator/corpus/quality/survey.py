"""Reads a corpus once and collects what each pair shows by itself: sizes, and problems of a single pair."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from translator.corpus.filters import (
    FLAWS,
    find_flaws,
    lengths_in_words,
    split_into_blocks,
)
from translator.corpus.quality.broken_text import (
    has_control_character,
    has_markup,
    has_replacement_character,
    has_wrong_encoding,
)
from translator.corpus.quality.leaks import Leak, TestSet, normalize
from translator.corpus.readers import Pair
from translator.corpus.sampling import ReservoirSample
from translator.corpus.scripts import count_unspaced

_MAX_SAMPLE = 20_000  # pairs to learn the languages from
_MIN_WORDS = 3  # in a line that can count as copied
_MIN_LOWER_CASE_WORDS = 2  # among these
# Code, addresses, paths and numbers; searched only where a word begins or after a backtick, to stay fast.
_NOT_WORDS = re.compile(r"`+[^`]*`+|(?<![^\s`])\S*[@\\/_\d]\S*")
_WORD = re.compile(r"[^\W\d_]+")

_DAMAGE_CHECKS = {
    "wrong_encoding": has_wrong_encoding,
    "replacement_character": has_replacement_character,
    "control_character": has_control_character,
    "markup": has_markup,
}


@dataclass
class Survey:
    """What one pass over a corpus collects. A pair is identified by its index, from 0.

    Attributes:
        words, characters: the lengths of each source line and of each target line.
        pair_hashes, source_hashes: a hash of each pair and of each source line.
        indices: for each kind of problem, the pairs that have it.
        leaks: for each test set, the pairs that contain a sentence of it, and which one.
        sample: some pairs from everywhere in the corpus.
    """

    words: tuple[array[int], array[int]] = field(default_factory=lambda: (array("i"), array("i")))
    characters: tuple[array[int], array[int]] = field(default_factory=lambda: (array("i"), array("i")))
    pair_hashes: array[int] = field(default_factory=lambda: array("q"))
    source_hashes: array[int] = field(default_factory=lambda: array("q"))
    indices: dict[str, array[int]] = field(default_factory=dict)
    leaks: list[dict[int, Leak]] = field(default_factory=list)
    sample: list[Pair] = field(default_factory=list)

    def add_problem(self, kind: str, index: int) -> None:
        """Records that a pair has a problem."""
        self.indices.setdefault(kind, array("q")).append(index)

    @property
    def num_pairs(self) -> int:
        """The number of pairs in the corpus."""
        return len(self.pair_hashes)


def survey_pairs(
    pairs: Iterable[Pair], max_words: int, max_ratio: float, test_sets: Sequence[TestSet] = ()
) -> Survey:
    """Reads a corpus once and collects what each pair shows by itself.

    It keeps hashes instead of text, so that the memory grows by only some bytes per pair.

    Args:
        pairs: the pairs.
        max_words: a side with more words is a problem.
        max_ratio: a larger ratio between the numbers of words of the two sides is a problem.
        test_sets: test sets whose sentences should not be in the corpus; those that are get recorded in them.
    """
    survey = Survey(leaks=[{} for _ in test_sets])
    sample: ReservoirSample[Pair] = ReservoirSample(_MAX_SAMPLE)
    for block in split_into_blocks(pairs):
        for side, texts in enumerate(block):
            survey.words[side].extend(lengths_in_words(texts).tolist())
            survey.characters[side].extend(map(len, texts))
        flaws = find_flaws(block, max_words, max_ratio).tolist()
        for pair, flaw in zip(block.pairs(), flaws, strict=True):
            index = survey.num_pairs
            survey.pair_hashes.append(hash(pair))
            survey.source_hashes.append(hash(pair.source))
            if flaw >= 0:
                survey.add_problem(FLAWS[flaw], index)
            _check_pair(survey, index, pair, test_sets)
        sample.add(len(flaws), block.pair)
    survey.sample = sample.items
    return survey


def _check_pair(survey: Survey, index: int, pair: Pair, test_sets: Sequence[TestSet]) -> None:
    """Records whether a pair is copied, damaged or contains a test sentence."""
    keys = (normalize(pair.source), normalize(pair.target))
    if keys[0] == keys[1] and has_ordinary_words(pair.source) and has_ordinary_words(pair.target):
        survey.add_problem("copied", index)
    for kind, is_damaged in _DAMAGE_CHECKS.items():
        if is_damaged(pair.source) or is_damaged(pair.target):
            survey.add_problem(kind, index)
    for test_set, leaks in zip(test_sets, survey.leaks, strict=True):
        if leak := test_set.record(keys, pair):
            leaks[index] = leak


def has_ordinary_words(line: str) -> bool:
    """Returns whether a line has words that a translation would change, not only names, numbers and code.

    Names are recognized by their capitals: of three words or more, at least two must be in lower case.
    """
    words = _WORD.findall(_NOT_WORDS.sub(" ", line))
    num_lower_case = sum(word == word.lower() and len(word) > 1 for word in words)
    if len(words) >= _MIN_WORDS and num_lower_case >= _MIN_LOWER_CASE_WORDS:
        return True
    return count_unspaced(line) >= 2 * _MIN_WORDS
