"""What the lines of a corpus show one by one: sizes, and mistakes that need no other line to be seen."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from translator.corpus.filters import (
    FLAWS,
    UNSPACED_SCRIPTS,
    find_flaws,
    length_in_words,
    lengths_in_words,
    split_into_blocks,
)
from translator.corpus.quality.broken_text import (
    has_control,
    has_markup,
    has_replacement,
    has_wrong_encoding,
)
from translator.corpus.quality.leaks import Leak, TestSet, bare
from translator.corpus.readers import Pair
from translator.corpus.sampling import ReservoirSample

_MAX_SAMPLE = 20_000  # pairs to learn letters from
_FEWEST_WORDS = 3  # that a line must have to count as copied
_FEWEST_IN_LOWER_CASE = 2  # of these
# Code, addresses, paths, numbers; looked for where a word begins, or after a backtick, not at every letter.
_NO_WORDS = re.compile(r"`+[^`]*`+|(?<![^\s`])\S*[@\\/_\d]\S*")
_WORD = re.compile(r"[^\W\d_]+")

_BROKEN = {
    "wrong_encoding": has_wrong_encoding,
    "replacement_character": has_replacement,
    "control_character": has_control,
    "markup": has_markup,
}


@dataclass
class Survey:
    """What one reading of a corpus gives.

    Attributes:
        words, characters: of each line of the source and the target side.
        pair_hashes, source_hashes: of each line.
        rows: the rows (from 0) of the lines with each kind of mistake.
        leaks: for each test set the rows of the pairs that hold a sentence of it, and which.
        sample: some pairs from everywhere.
    """

    words: tuple[array[int], array[int]] = field(default_factory=lambda: (array("i"), array("i")))
    characters: tuple[array[int], array[int]] = field(default_factory=lambda: (array("i"), array("i")))
    pair_hashes: array[int] = field(default_factory=lambda: array("q"))
    source_hashes: array[int] = field(default_factory=lambda: array("q"))
    rows: dict[str, array[int]] = field(default_factory=dict)
    leaks: list[dict[int, Leak]] = field(default_factory=list)
    sample: list[Pair] = field(default_factory=list)

    def note(self, kind: str, row: int) -> None:
        """Notes that a line has a mistake."""
        self.rows.setdefault(kind, array("q")).append(row)

    @property
    def num_pairs(self) -> int:
        """How many pairs there are."""
        return len(self.pair_hashes)


def survey(
    pairs: Iterable[Pair], max_words: int, max_ratio: float, test_sets: Sequence[TestSet] = ()
) -> Survey:
    """Reads a corpus once and notes what each line shows by itself.

    Hashes are kept rather than text, so that memory grows by some bytes a pair.

    Args:
        pairs: the pairs.
        max_words: the longest side that is no mistake, in words.
        max_ratio: the largest factor between the lengths of the two sides that is no mistake, in words.
        test_sets: what must not stand in the corpus; they take notice of what does.
    """
    found = Survey(leaks=[{} for _ in test_sets])
    sample: ReservoirSample[Pair] = ReservoirSample(_MAX_SAMPLE)
    for block in split_into_blocks(pairs):
        for side, texts in enumerate(block):
            found.words[side].extend(lengths_in_words(texts).tolist())
            found.characters[side].extend(map(len, texts))
        flaws = find_flaws(block, max_words, max_ratio).tolist()
        for pair, flaw in zip(block.pairs(), flaws, strict=True):
            row = found.num_pairs
            found.pair_hashes.append(hash(pair))
            found.source_hashes.append(hash(pair.source))
            if flaw >= 0:
                found.note(FLAWS[flaw], row)
            _look_at(found, row, pair, test_sets)
        sample.add(len(flaws), block.pair)
    found.sample = sample.rows
    return found


def _look_at(found: Survey, row: int, pair: Pair, test_sets: Sequence[TestSet]) -> None:
    keys = (bare(pair.source), bare(pair.target))
    if keys[0] == keys[1] and has_ordinary_words(pair.source) and has_ordinary_words(pair.target):
        found.note("copied", row)
    for kind, is_so in _BROKEN.items():
        if is_so(pair.source) or is_so(pair.target):
            found.note(kind, row)
    for test_set, leaks in zip(test_sets, found.leaks, strict=True):
        if leak := test_set.meet(keys, pair):
            leaks[row] = leak


def has_ordinary_words(line: str) -> bool:
    """Whether a line holds text that a translation would change: not just names, numbers, addresses, code.

    Names are told by their capitals: of three words or more, at least two must be in lower case.
    """
    words = _WORD.findall(_NO_WORDS.sub(" ", line))
    in_lower_case = sum(word == word.lower() and len(word) > 1 for word in words)
    if len(words) >= _FEWEST_WORDS and in_lower_case >= _FEWEST_IN_LOWER_CASE:
        return True
    return length_in_words("".join(UNSPACED_SCRIPTS.findall(line))) >= _FEWEST_WORDS
