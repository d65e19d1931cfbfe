"""How well a line fits the lines of the other side around it, as evidence of which one translates it.

Two lines fit by their words (see ``association.py``) and by their lengths. Both are turned
into evidence: the logarithm of how much more often lines that belong together fit so well than lines that
merely stand near each other.

What a line is judged by is never learned from that line: the corpus is cut into short blocks, and every
second block is judged by what was learned from the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from translator.corpus.quality.association import Association, Words, words_of
from translator.corpus.readers import Pair
from translator.corpus.sampling import sample_evenly

MAX_OFFSET = 5
OFFSETS = range(-MAX_OFFSET, MAX_OFFSET + 1)
UNRELATED = len(
    OFFSETS
)  # number of the state in which lines belong to none near them; before it, the offsets
REACH = MAX_OFFSET + 6  # lines around a line that are looked at

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_FAR = (MAX_OFFSET + 3, -REACH)  # of lines that stand near and do not belong together
_BLOCK = 100  # lines that are learned from, or not, as a whole
_START_SEGMENTS = 20  # that are enough to find where to start
_CLEARLY_PARALLEL = 0.8  # fit of lines that surely are translations
_BINS = 20
_MOST_EVIDENCE = 4.0  # of one line


class Line(NamedTuple):
    """What is compared of a pair: the words, and the logarithms of the lengths in characters."""

    source: Words
    target: Words
    source_length: float
    target_length: float

    @classmethod
    def of(cls, pair: Pair) -> Line:
        """Cuts a pair into words."""
        lengths = [math.log(len(side) + 1) for side in pair]
        return cls(words_of(pair.source), words_of(pair.target), *lengths)


class Segment(NamedTuple):
    """Lines in a row.

    Attributes:
        first: row of the first of them, from 0.
        lines: None for those that shall have no say.
    """

    first: int
    lines: list[Line | None]

    def at(self, i: int) -> Line | None:
        """The line at a place that may lie outside."""
        return self.lines[i] if 0 <= i < len(self.lines) else None


class LineFit:
    """What fits what, learned from lines that are taken to belong together.

    Attributes:
        start: the state that all lines were in at first.
        fit: how often lines that are taken to belong together fit better than others: 1 always, 0.5 as
            often as not.

    Args:
        sample: the lines to learn from.
        courses: the state of each of them.
        start: see above.
    """

    def __init__(self, sample: Sequence[Segment], courses: Sequence[Integers], start: int) -> None:
        self.start = start
        learned: tuple[list[tuple[Words, Words]], ...] = ([], [])
        for segment, course in zip(sample, courses, strict=True):
            for i, state in enumerate(course.tolist()):
                line = segment.lines[i]
                other = segment.at(i + OFFSETS[state]) if state != UNRELATED else None
                if line is not None and other is not None:
                    learned[_fold(segment.first + i)].append((line.source, other.target))
        self._associations = [Association(pairs) for pairs in learned]
        fits = [self._fits(segment) for segment in sample]
        words, lengths = (np.concatenate([fit[i] for fit in fits]) for i in (0, 1))
        course = np.concatenate(courses)
        related = np.flatnonzero(course != UNRELATED)
        self._scales = [
            _Scale(values[related, course[related]], values[:, len(OFFSETS) :].ravel())
            for values in (words, lengths)
        ]
        self.fit = _area(words[related, course[related]], words[related, len(OFFSETS)])

    @classmethod
    def begin(cls, sample: Sequence[Segment]) -> LineFit:
        """Takes all lines to be the same number of lines apart: the one with which they fit best."""
        few = sample_evenly(sample, _START_SEGMENTS)
        best = cls._all_apart(few, 0)
        for offset in sorted(OFFSETS, key=abs)[1:]:
            if best.fit > _CLEARLY_PARALLEL:
                break
            best = max(best, cls._all_apart(few, offset), key=lambda model: model.fit)
        return cls._all_apart(sample, OFFSETS[best.start])

    @classmethod
    def _all_apart(cls, sample: Sequence[Segment], offset: int) -> LineFit:
        state = OFFSETS.index(offset)
        return cls(sample, [np.full(len(segment.lines), state) for segment in sample], state)

    def evidence(self, segment: Segment) -> Floats:
        """The evidence for every state, of each line; [lines, states]."""
        evidence = np.zeros([len(segment.lines), UNRELATED + 1])
        for scale, fits in zip(self._scales, self._fits(segment), strict=True):
            evidence[:, :UNRELATED] += scale.evidence(fits[:, :UNRELATED])
        for i, line in enumerate(segment.lines):
            before = segment.at(i - 1)
            if line is not None and before is not None and line.source == before.source:
                evidence[i] = 0  # one idiom with twenty translations is no twenty mistakes
        return evidence

    def _fits(self, segment: Segment) -> tuple[Floats, Floats]:
        """How well each line fits those around it, by words and by lengths; [lines, offsets and far]."""
        offsets = [*OFFSETS, *_FAR]
        words = np.full([len(segment.lines), len(offsets)], np.nan)
        lengths = words.copy()
        for i, line in enumerate(segment.lines):
            if line is None:
                continue
            around = [(column, segment.at(i + offset)) for column, offset in enumerate(offsets)]
            near = [(column, other) for column, other in around if other is not None]
            columns = [column for column, _ in near]
            association = self._associations[1 - _fold(segment.first + i)]
            words[i, columns] = association.information(line.source, [other.target for _, other in near])
            lengths[i, columns] = [other.target_length - line.source_length for _, other in near]
        return words, lengths


class _Scale:
    """Turns how well lines fit into evidence that they belong together.

    Args:
        together: how well lines fit that are taken to belong together; not a number where not known.
        apart: how well others do.
    """

    def __init__(self, together: Floats, apart: Floats) -> None:
        together, apart = together[~np.isnan(together)], apart[~np.isnan(apart)]
        pooled = np.concatenate([together, apart, np.zeros(1)])
        self._edges = np.unique(np.quantile(pooled, np.linspace(0, 1, _BINS + 1)[1:-1]))
        shares = [self._shares(values) for values in (together, apart)]
        self._evidence = np.clip(np.log(shares[0] / shares[1]), -_MOST_EVIDENCE, _MOST_EVIDENCE)

    def _shares(self, values: Floats) -> Floats:
        bins = np.searchsorted(self._edges, values)
        counts = np.bincount(bins, minlength=len(self._edges) + 1) + 1.0
        shares: Floats = counts / counts.sum()
        return shares

    def evidence(self, fits: Floats) -> Floats:
        """The evidence; none where it is not known how well the lines fit."""
        return np.where(np.isnan(fits), 0.0, self._evidence[np.searchsorted(self._edges, fits)])


def _area(together: Floats, apart: Floats) -> float:
    """How often a line fits the one that belongs to it better than one that does not; ties count half."""
    both = ~np.isnan(together) & ~np.isnan(apart)
    if not both.any():
        return 0.5
    together, apart = together[both], apart[both]
    return float(np.mean(together > apart) + 0.5 * np.mean(together == apart))


def _fold(row: int) -> int:
    return row // _BLOCK % 2
