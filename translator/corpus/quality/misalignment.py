"""Finds the stretches of a corpus in which line n of one side does not translate line n of the other.

Each source line is compared with the target lines around its own (see ``line_fit.py``). The
most probable course through the corpus then follows by dynamic programming: the lines are some lines apart,
or do not belong together at all, and every change of this must be paid for with more evidence than comes by
chance. Where the course changes, a stretch begins or ends.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from translator.corpus.quality.line_fit import (
    OFFSETS,
    REACH,
    UNRELATED,
    Floats,
    Integers,
    Line,
    LineFit,
    Segment,
)
from translator.corpus.readers import Pair
from translator.corpus.sampling import sample_evenly

FEWEST_PAIRS = 1_000  # with fewer pairs, too few words are learned to judge by

_SEGMENT = 200  # lines in a row in the sample
_MAX_SAMPLE = 20_000  # lines to learn from; with more, stretches are found no better
_LINES_A_CALL = 5_000  # bounds the memory
_ROUNDS = 3  # of learning
_SETTLED = 0.01  # share of lines that another round would hardly change
_CHANGE = 20.0  # evidence that a change must be paid for with
_SHORTEST = 8  # lines; what is shorter is left to chance
_LEAST_FIT = 0.6  # below it, lines fit each other as by chance


@dataclass(frozen=True)
class Stretch:
    """Lines in a row that are not translated by the line of the same number.

    Attributes:
        first, last: line numbers, from 1.
        offset: source line n belongs to target line n + offset; None: to no line near it.
    """

    first: int
    last: int
    offset: int | None

    def __str__(self) -> str:
        lines = f"lines {self.first:,} to {self.last:,}"
        if self.offset is None:
            return f"{lines}: the target lines translate no source line near them"
        sign = "+" if self.offset > 0 else "-"
        return f"{lines}: source line n belongs to target line n {sign} {abs(self.offset)}"


@dataclass(frozen=True)
class Misalignment:
    """Which lines do not belong together.

    Attributes:
        stretches: those that are not aligned, in order.
        fit: how often a line fits its own translation better than another line nearby: 1 always, 0.5 as
            often as not; None: there are too few pairs to say anything.
    """

    stretches: list[Stretch]
    fit: float | None

    @property
    def parallel(self) -> bool:
        """Whether the lines of the two sides belong together at all, as far as is known."""
        return self.fit is None or self.fit >= _LEAST_FIT


def find_misalignment(pairs: Iterable[Pair], ignored: npt.NDArray[np.bool_]) -> Misalignment:
    """Looks for stretches that are shifted against each other or not translated at all.

    Args:
        pairs: the pairs; they are read twice.
        ignored: bool [pairs]; those that shall have no say, such as empty ones.
    """
    if np.count_nonzero(~ignored) < FEWEST_PAIRS:
        return Misalignment([], None)
    sample = _sample(pairs, ignored)
    model = LineFit.begin(sample)
    for _ in range(_ROUNDS):
        courses = [_course([model.evidence(segment)]) for segment in sample]
        changed = np.mean(np.concatenate(courses) != model.start)
        if changed < _SETTLED:
            break
        model = LineFit(sample, courses, model.start)
    if model.fit < _LEAST_FIT:
        return Misalignment([], model.fit)
    course = _course(model.evidence(segment)[inner] for segment, inner in _segments(pairs, ignored))
    return Misalignment(_stretches(course), model.fit)


def _lines(pairs: Iterable[Pair], ignored: npt.NDArray[np.bool_]) -> Iterator[Line | None]:
    for pair, is_ignored in zip(pairs, ignored.tolist(), strict=True):
        yield None if is_ignored else Line.of(pair)


def _sample(pairs: Iterable[Pair], ignored: npt.NDArray[np.bool_]) -> list[Segment]:
    starts = set(sample_evenly(range(0, len(ignored), _SEGMENT), _MAX_SAMPLE // _SEGMENT))
    rows = enumerate(zip(pairs, ignored.tolist(), strict=True))
    segments: list[Segment] = []
    for row, (pair, is_ignored) in rows:
        start = row - row % _SEGMENT
        if start in starts:
            if row == start:
                segments.append(Segment(start, []))
            segments[-1].lines.append(None if is_ignored else Line.of(pair))
    return segments


def _segments(pairs: Iterable[Pair], ignored: npt.NDArray[np.bool_]) -> Iterator[tuple[Segment, slice]]:
    """All lines, some thousand at a time, with those around them; and where they stand among these."""
    first, lines = 0, list[Line | None]()
    for line in _lines(pairs, ignored):
        lines.append(line)
        before = min(first, REACH)
        if len(lines) == before + _LINES_A_CALL + REACH:
            yield Segment(first - before, lines), slice(before, before + _LINES_A_CALL)
            first += _LINES_A_CALL
            lines = lines[-2 * REACH :]
    before = min(first, REACH)
    if len(lines) > before:
        yield Segment(first - before, lines), slice(before, None)


def _course(parts: Iterable[Floats]) -> Integers:
    """The most probable state of each line (Viterbi), given the evidence; [lines, states] a part."""
    own = np.arange(UNRELATED + 1, dtype=np.uint8)
    scores = np.full(UNRELATED + 1, -_CHANGE)
    scores[OFFSETS.index(0)] = 0.0
    origins = [np.zeros([0, UNRELATED + 1], np.uint8)]
    for evidence in parts:
        origin = np.empty(evidence.shape, np.uint8)
        for i in range(len(evidence)):
            best = int(scores.argmax())
            changed = scores[best] - _CHANGE
            origin[i] = np.where(scores >= changed, own, best)
            scores = np.maximum(scores, changed) + evidence[i]
        origins.append(origin)
    origin = np.concatenate(origins)
    states = np.empty(len(origin), np.int64)
    state = int(scores.argmax())
    for i in range(len(origin) - 1, -1, -1):
        states[i] = state
        state = int(origin[i, state])
    return states


def _stretches(states: Integers) -> list[Stretch]:
    """The runs of lines of one state, but for those that stand where they should."""
    borders = np.flatnonzero(np.diff(states, prepend=-1, append=-1)).tolist()
    stretches = []
    for first, end in itertools.pairwise(borders):
        offset = None if states[first] == UNRELATED else OFFSETS[states[first]]
        if offset != 0 and end - first >= _SHORTEST:
            stretches.append(Stretch(first + 1, end, offset))
    return stretches
