"""Finds the stretches of a corpus in which line n of one side does not translate line n of the other.

Each source line is compared with the target lines around the line of its own number (see ``line_fit.py``).
Dynamic programming then finds the most probable state of every line: belonging to the target line some lines
before or after, or to none nearby. Every change of state costs more evidence than chance provides. A stretch
begins or ends where the state changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from translator.corpus.quality.line_fit import (
    CONTEXT,
    NUM_STATES,
    OFFSETS,
    UNRELATED,
    Floats,
    Integers,
    Line,
    LineFit,
    Segment,
)
from translator.corpus.readers import Pair
from translator.corpus.sampling import sample_evenly

MIN_PAIRS = 1_000  # with fewer pairs, too few words can be learned

_SEGMENT_LINES = 200  # consecutive lines in the sample
_MAX_SAMPLE = 20_000  # lines to learn from; more of them find stretches no better
_PART_LINES = 5_000  # lines at a time, which bounds the memory
_MAX_ROUNDS = 3  # of learning
_MIN_CHANGED = 0.01  # share of the lines that must have changed for another round
_CHANGE_COST = 20.0  # evidence that a change of state costs
_MIN_STRETCH = 8  # lines; anything shorter may be chance
_MIN_FIT = 0.6  # below it, lines fit no better than by chance


@dataclass(frozen=True)
class Stretch:
    """Consecutive lines that are not translated by the line of the same number.

    Attributes:
        first, last: line numbers, from 1.
        offset: source line n belongs to target line n + offset; None: to no line nearby.
    """

    first: int
    last: int
    offset: int | None

    def __str__(self) -> str:
        lines = f"lines {self.first:,} to {self.last:,}"
        if self.offset is None:
            return f"{lines}: the target lines do not translate any source line nearby"
        sign = "+" if self.offset > 0 else "-"
        return f"{lines}: source line n belongs to target line n {sign} {abs(self.offset)}"


@dataclass(frozen=True)
class Misalignment:
    """Which lines of a corpus are not aligned.

    Attributes:
        stretches: the stretches of such lines, in order.
        fit: how often a line fits its own translation better than another line nearby: 1.0 is always, 0.5 is
            by chance; None: there are too few pairs to tell.
    """

    stretches: list[Stretch]
    fit: float | None

    @property
    def parallel(self) -> bool:
        """Whether the two sides are translations of each other at all, as far as is known."""
        return self.fit is None or self.fit >= _MIN_FIT


def find_misalignment(pairs: Iterable[Pair], ignored: npt.NDArray[np.bool_]) -> Misalignment:
    """Finds stretches of lines that are shifted against each other or not translated at all.

    Args:
        pairs: the pairs, which are read twice.
        ignored: bool [pairs]; pairs that are not evidence of anything, such as those with an empty side.
    """
    if np.count_nonzero(~ignored) < MIN_PAIRS:
        return Misalignment([], None)
    sample = _sample(pairs, ignored)
    line_fit = LineFit.with_best_offset(sample)
    for _ in range(_MAX_ROUNDS):
        sample_states = [_most_probable_states([line_fit.evidence(segment)]) for segment in sample]
        changed = np.mean(np.concatenate(sample_states) != line_fit.start_state)
        if changed < _MIN_CHANGED:
            break
        line_fit = LineFit(sample, sample_states, line_fit.start_state)
    if line_fit.fit < _MIN_FIT:
        return Misalignment([], line_fit.fit)
    states = _most_probable_states(
        line_fit.evidence(segment)[part] for segment, part in _parts(pairs, ignored)
    )
    return Misalignment(_stretches(states), line_fit.fit)


def _lines(pairs: Iterable[Pair], ignored: npt.NDArray[np.bool_]) -> Iterator[Line | None]:
    for pair, is_ignored in zip(pairs, ignored.tolist(), strict=True):
        yield None if is_ignored else Line.of(pair)


def _sample(pairs: Iterable[Pair], ignored: npt.NDArray[np.bool_]) -> list[Segment]:
    """Returns segments from everywhere in the corpus."""
    starts = set(sample_evenly(range(0, len(ignored), _SEGMENT_LINES), _MAX_SAMPLE // _SEGMENT_LINES))
    segments: list[Segment] = []
    for index, (pair, is_ignored) in enumerate(zip(pairs, ignored.tolist(), strict=True)):
        start = index - index % _SEGMENT_LINES
        if start in starts:
            if index == start:
                segments.append(Segment(start, []))
            segments[-1].lines.append(None if is_ignored else Line.of(pair))
    return segments


def _parts(pairs: Iterable[Pair], ignored: npt.NDArray[np.bool_]) -> Iterator[tuple[Segment, slice]]:
    """Yields all lines in parts of some thousand lines.

    Each part comes as a segment, which also has the lines before and after the part, and the slice of the
    part in it.
    """
    first, lines = 0, list[Line | None]()
    for line in _lines(pairs, ignored):
        lines.append(line)
        num_before = min(first, CONTEXT)
        if len(lines) == num_before + _PART_LINES + CONTEXT:
            yield Segment(first - num_before, lines), slice(num_before, num_before + _PART_LINES)
            first += _PART_LINES
            lines = lines[-2 * CONTEXT :]
    num_before = min(first, CONTEXT)
    if len(lines) > num_before:
        yield Segment(first - num_before, lines), slice(num_before, None)


def _most_probable_states(parts: Iterable[Floats]) -> Integers:
    """Finds the most probable sequence of states by the Viterbi algorithm.

    Args:
        parts: float64 [lines, states] each; the evidence for every state of each line.

    Returns:
        int64 [lines of all parts].
    """
    own_state = np.arange(NUM_STATES, dtype=np.uint8)
    scores = np.full(NUM_STATES, -_CHANGE_COST)
    scores[OFFSETS.index(0)] = 0.0
    back_pointers = [np.zeros([0, NUM_STATES], np.uint8)]
    for evidence in parts:
        part_pointers = np.empty(evidence.shape, np.uint8)
        for i in range(len(evidence)):
            best_state = int(scores.argmax())
            score_after_change = scores[best_state] - _CHANGE_COST
            part_pointers[i] = np.where(scores >= score_after_change, own_state, best_state)
            scores = np.maximum(scores, score_after_change) + evidence[i]
        back_pointers.append(part_pointers)
    all_pointers = np.concatenate(back_pointers)
    states = np.empty(len(all_pointers), np.int64)
    state = int(scores.argmax())
    for i in range(len(all_pointers) - 1, -1, -1):
        states[i] = state
        state = int(all_pointers[i, state])
    return states


def _stretches(states: Integers) -> list[Stretch]:
    """Returns the runs of lines in the same state, except those with offset 0 and very short ones."""
    borders = np.flatnonzero(np.diff(states, prepend=-1, append=-1)).tolist()
    stretches = []
    for first, end in itertools.pairwise(borders):
        offset = None if states[first] == UNRELATED else OFFSETS[states[first]]
        if offset != 0 and end - first >= _MIN_STRETCH:
            stretches.append(Stretch(first + 1, end, offset))
    return stretches
