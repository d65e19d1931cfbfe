"""Which side of a corpus a line belongs to, by nothing but the corpus itself.

How often each run of three letters stands on either side is counted (naive Bayes). A line is on the wrong
side if its runs are typical of the other side, and foreign if they are typical of neither and far rarer on
its own side than those of any usual line. Words that both lines of a pair share, such as names and code, say
nothing and do not count; lines with few letters are not judged.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from translator.corpus.readers import Pair

_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_RUNS = 8  # to say that a line is on the wrong side
_FEWEST_FOREIGN_RUNS = 25  # to say that it is foreign
_FEWEST_FOREIGN_WORDS = 4
_USUAL_RUNS = 60  # lines between the two set the measure of what is usual: longer ones vary less
_DEVIATIONS = 5.0
_TYPICAL = 0.5  # of a side: lines that are half as typical of it as its middle line
_LEAST_SEPARATION = 0.5  # mean logarithm of the ratios; below it, the sides are of one language

WRONG_SIDE = "wrong side"
FOREIGN = "foreign"


def _words(pair: Pair) -> tuple[list[str], list[str]]:
    """The words of each side that the other does not have."""
    source, target = (_WORD.findall(side.lower()) for side in pair)
    both = set(source) & set(target)
    return [word for word in source if word not in both], [word for word in target if word not in both]


def _runs(words: Sequence[str]) -> list[str]:
    """All runs of three letters in the words, their borders included."""
    return [padded[i : i + 3] for word in words for padded in (f" {word} ",) for i in range(len(word))]


def _mean(values: dict[str, float], runs: Sequence[str], unseen: float) -> float:
    return sum(values.get(run, unseen) for run in runs) / len(runs)


class Languages:
    """The two sides of a corpus as naive Bayes models.

    Args:
        sample: pairs to learn from, of which most are as they should be.
    """

    def __init__(self, sample: Sequence[Pair]) -> None:
        words = [_words(pair) for pair in sample]
        lines = [[_runs(row[side]) for row in words] for side in (0, 1)]
        counts = [Counter(run for runs in lines[side] for run in runs) for side in (0, 1)]
        every = counts[0].keys() | counts[1].keys()
        self._logs = [
            {run: math.log((count[run] + 0.5) / (count.total() + 1)) for run in every} for count in counts
        ]
        self._unseen = [math.log(0.5 / (count.total() + 1)) for count in counts]
        self._ratios = {run: self._logs[0][run] - self._logs[1][run] for run in every}
        middles = [
            float(
                np.median(
                    [_mean(self._ratios, runs, 0.0) for runs in side if len(runs) >= _FEWEST_RUNS] or [0.0]
                )
            )
            for side in lines
        ]
        self.differ = middles[0] > _LEAST_SEPARATION and middles[1] < -_LEAST_SEPARATION
        self._middles = middles
        self._rarest = [self._rarest_usual(side, lines[side]) for side in (0, 1)]

    @classmethod
    def learn(cls, sample: Sequence[Pair]) -> Languages:
        """Learns from a sample, and again without those lines that seem to be no part of their sides."""
        first = cls(sample)
        usual = [pair for pair in sample if first.judge(pair) == (None, None)]
        return first if len(usual) == len(sample) else cls(usual)

    def _rarest_usual(self, side: int, lines: Sequence[Sequence[str]]) -> float:
        """The mean logarithm below which runs are so rare that no usual line has them."""
        means = [
            _mean(self._logs[side], runs, self._unseen[side])
            for runs in lines
            if _FEWEST_FOREIGN_RUNS <= len(runs) <= _USUAL_RUNS
        ]
        if not means:
            return -math.inf
        middle = float(np.median(means))
        deviation = 1.4826 * float(np.median(np.abs(np.array(means) - middle)))  # of a normal distribution
        return middle - _DEVIATIONS * deviation

    def judge(self, pair: Pair) -> tuple[str | None, str | None]:
        """Says of each side of a pair whether it is ``WRONG_SIDE``, ``FOREIGN`` or as usual (None)."""
        source, target = _words(pair)
        return self._judge(0, source), self._judge(1, target)

    def _judge(self, side: int, words: Sequence[str]) -> str | None:
        runs = _runs(words)
        if not self.differ or len(runs) < _FEWEST_RUNS:
            return None
        ratio = _mean(self._ratios, runs, 0.0)
        if ratio / self._middles[1 - side] > _TYPICAL:
            return WRONG_SIDE
        if ratio / self._middles[side] > _TYPICAL:
            return None
        if len(runs) < _FEWEST_FOREIGN_RUNS or len(words) < _FEWEST_FOREIGN_WORDS:
            return None
        return FOREIGN if _mean(self._logs[side], runs, self._unseen[side]) < self._rarest[side] else None
