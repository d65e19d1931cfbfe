"""Measures how well a source line fits the target lines around it, as evidence of which one translates it.

Two lines fit by their words (see ``association.py``) and by their lengths. Each of these two measures becomes
evidence: the logarithm of how much more often lines that belong together fit so well than lines that are
merely near each other.

The fit of a line is never measured with what was learned from that line: the corpus is cut into short blocks,
and the even blocks are measured with what was learned from the odd ones, and vice versa.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from translator.corpus.quality.association import Association, Words, split_words
from translator.corpus.readers import Pair
from translator.corpus.sampling import sample_evenly

MAX_OFFSET = 5
OFFSETS = range(-MAX_OFFSET, MAX_OFFSET + 1)
# A state is an index in OFFSETS: source line n belongs to target line n + offset. In the state after these,
# it belongs to no line nearby.
UNRELATED = len(OFFSETS)
NUM_STATES = UNRELATED + 1
CONTEXT = MAX_OFFSET + 6  # lines before and after a line that it is compared with

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_UNRELATED_OFFSETS = (MAX_OFFSET + 3, -CONTEXT)  # of lines that are near but do not belong together
_BLOCK = 100  # lines
_NUM_START_SEGMENTS = 20  # enough to find the offset to start from
_CLEARLY_PARALLEL = 0.8  # fit of lines that are surely translations
_NUM_BINS = 20
_MAX_EVIDENCE = 4.0  # of one line


class Line(NamedTuple):
    """What is compared of a pair: the words, and the logarithms of the lengths in characters."""

    source: Words
    target: Words
    source_length: float
    target_length: float

    @classmethod
    def of(cls, pair: Pair) -> Line:
        """Splits a pair into words and measures it."""
        lengths = [math.log(len(side) + 1) for side in pair]
        return cls(split_words(pair.source), split_words(pair.target), *lengths)


class Segment(NamedTuple):
    """Consecutive lines.

    Attributes:
        first: index of the first line in the corpus, from 0.
        lines: the lines; None for a line to ignore.
    """

    first: int
    lines: list[Line | None]

    def at(self, i: int) -> Line | None:
        """Returns the line at an index, or None if the index lies outside."""
        return self.lines[i] if 0 <= i < len(self.lines) else None


class LineFit:
    """Measures how well lines fit, as learned from lines that are assumed to belong together.

    Attributes:
        start_state: the state that all lines were in at first.
        fit: how often lines that are assumed to belong together fit better than others: 1.0 is always, 0.5 is
            by chance.

    Args:
        sample: the lines to learn from.
        states: int64 [lines] for each segment; the state of each line.
        start_state: see above.
    """

    def __init__(self, sample: Sequence[Segment], states: Sequence[Integers], start_state: int) -> None:
        self.start_state = start_state
        learned: tuple[list[tuple[Words, Words]], ...] = ([], [])
        for segment, segment_states in zip(sample, states, strict=True):
            for i, state in enumerate(segment_states.tolist()):
                line = segment.lines[i]
                translation = segment.at(i + OFFSETS[state]) if state != UNRELATED else None
                if line is not None and translation is not None:
                    learned[_fold(segment.first + i)].append((line.source, translation.target))
        self._associations = [Association(pairs) for pairs in learned]
        fits = [self._fits(segment) for segment in sample]
        by_words, by_lengths = (np.concatenate([fit[i] for fit in fits]) for i in (0, 1))
        all_states = np.concatenate(states)
        related = np.flatnonzero(all_states != UNRELATED)
        self._calibrations = [
            _Calibration(values[related, all_states[related]], values[:, len(OFFSETS) :].ravel())
            for values in (by_words, by_lengths)
        ]
        self.fit = _how_often_better(by_words[related, all_states[related]], by_words[related, len(OFFSETS)])

    @classmethod
    def with_best_offset(cls, sample: Sequence[Segment]) -> LineFit:
        """Assumes the same offset for all lines: the one with which they fit best."""
        few_segments = sample_evenly(sample, _NUM_START_SEGMENTS)
        best = cls._with_offset(few_segments, 0)
        for offset in sorted(OFFSETS, key=abs)[1:]:
            if best.fit > _CLEARLY_PARALLEL:
                break
            best = max(best, cls._with_offset(few_segments, offset), key=lambda line_fit: line_fit.fit)
        return cls._with_offset(sample, OFFSETS[best.start_state])

    @classmethod
    def _with_offset(cls, sample: Sequence[Segment], offset: int) -> LineFit:
        state = OFFSETS.index(offset)
        return cls(sample, [np.full(len(segment.lines), state) for segment in sample], state)

    def evidence(self, segment: Segment) -> Floats:
        """Returns the evidence for every state of each line; float64 [lines, states]."""
        evidence = np.zeros([len(segment.lines), NUM_STATES])
        for calibration, fits in zip(self._calibrations, self._fits(segment), strict=True):
            evidence[:, :UNRELATED] += calibration.evidence(fits[:, :UNRELATED])
        for i, line in enumerate(segment.lines):
            before = segment.at(i - 1)
            if line is not None and before is not None and line.source == before.source:
                evidence[i] = 0  # one idiom with twenty translations is not twenty misaligned lines
        return evidence

    def _fits(self, segment: Segment) -> tuple[Floats, Floats]:
        """Measures how well each line fits those around it, by words and by lengths.

        Returns:
            Twice float64 [lines, offsets]; the last two offsets are those of lines that do not belong
            together. NaN where there is no line or it is ignored.
        """
        offsets = [*OFFSETS, *_UNRELATED_OFFSETS]
        by_words = np.full([len(segment.lines), len(offsets)], np.nan)
        by_lengths = by_words.copy()
        for i, line in enumerate(segment.lines):
            if line is None:
                continue
            around = [(column, segment.at(i + offset)) for column, offset in enumerate(offsets)]
            near = [(column, other) for column, other in around if other is not None]
            columns = [column for column, _ in near]
            association = self._associations[1 - _fold(segment.first + i)]
            by_words[i, columns] = association.information(line.source, [other.target for _, other in near])
            by_lengths[i, columns] = [other.target_length - line.source_length for _, other in near]
        return by_words, by_lengths


class _Calibration:
    """Turns how well lines fit into evidence that they belong together.

    Args:
        related: how well lines fit that are assumed to belong together; NaN where unknown.
        unrelated: how well other lines fit; NaN where unknown.
    """

    def __init__(self, related: Floats, unrelated: Floats) -> None:
        related, unrelated = related[~np.isnan(related)], unrelated[~np.isnan(unrelated)]
        pooled = np.concatenate([related, unrelated, np.zeros(1)])
        self._edges = np.unique(np.quantile(pooled, np.linspace(0, 1, _NUM_BINS + 1)[1:-1]))
        shares = [self._shares(values) for values in (related, unrelated)]
        self._evidence = np.clip(np.log(shares[0] / shares[1]), -_MAX_EVIDENCE, _MAX_EVIDENCE)

    def _shares(self, values: Floats) -> Floats:
        """Returns the share of the values in each bin, with one more value in each (Laplace smoothing)."""
        bins = np.searchsorted(self._edges, values)
        counts = np.bincount(bins, minlength=len(self._edges) + 1) + 1.0
        shares: Floats = counts / counts.sum()
        return shares

    def evidence(self, fits: Floats) -> Floats:
        """Returns the evidence that lines which fit so well belong together; 0 where the fit is unknown."""
        return np.where(np.isnan(fits), 0.0, self._evidence[np.searchsorted(self._edges, fits)])


def _how_often_better(related: Floats, unrelated: Floats) -> float:
    """Returns how often a line fits the line that belongs to it better than another; ties count half."""
    known = ~np.isnan(related) & ~np.isnan(unrelated)
    if not known.any():
        return 0.5
    related, unrelated = related[known], unrelated[known]
    return float(np.mean(related > unrelated) + 0.5 * np.mean(related == unrelated))


def _fold(index: int) -> int:
    """Returns which half of the corpus a line belongs to: that of the even blocks or of the odd ones."""
    return index // _BLOCK % 2
