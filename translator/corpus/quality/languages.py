"""Finds lines in the language of the other side, or in a third one, from nothing but the corpus itself.

Each side is a naive Bayes model of character trigrams. A line is on the wrong side if its trigrams are
typical of the other side. It is foreign if they are typical of neither side and far rarer on its own side
than those of usual lines. Words that both lines of a pair share, such as names and code, do not count, and
lines with few letters are not classified.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from translator.corpus.readers import Pair

_WORD = re.compile(r"[^\W\d_]+")
_MIN_TRIGRAMS = 8  # of a line on the wrong side
_MIN_FOREIGN_TRIGRAMS = 25  # of a foreign line
_MIN_FOREIGN_WORDS = 4
_MAX_USUAL_TRIGRAMS = 60  # of a line that the threshold is computed from: longer lines vary less
_MAX_DEVIATIONS = 5.0  # from the median, of a usual line
_MIN_TYPICALITY = 0.5  # of a line that is typical of a side, relative to the median line of that side
_MIN_SEPARATION = 0.5  # mean log-ratio between the sides; below it, both are in the same language

WRONG_SIDE = "wrong side"
FOREIGN = "foreign"


def _words(pair: Pair) -> tuple[list[str], list[str]]:
    """Returns the words of each side that the other side does not have."""
    source, target = (_WORD.findall(side.lower()) for side in pair)
    shared = set(source) & set(target)
    return [word for word in source if word not in shared], [word for word in target if word not in shared]


def _trigrams(words: Sequence[str]) -> list[str]:
    """Returns all character trigrams of the words, with a space at either end of each word."""
    return [padded[i : i + 3] for word in words for padded in (f" {word} ",) for i in range(len(word))]


def _mean(values: dict[str, float], trigrams: Sequence[str], unseen: float) -> float:
    return sum(values.get(trigram, unseen) for trigram in trigrams) / len(trigrams)


class Languages:
    """Naive Bayes models of the two sides of a corpus.

    Attributes:
        differ: whether the two sides can be told apart at all.

    Args:
        sample: pairs to learn from, most of which are sound.
    """

    def __init__(self, sample: Sequence[Pair]) -> None:
        words = [_words(pair) for pair in sample]
        lines = [[_trigrams(pair_words[side]) for pair_words in words] for side in (0, 1)]
        counts = [Counter(trigram for trigrams in lines[side] for trigram in trigrams) for side in (0, 1)]
        known = counts[0].keys() | counts[1].keys()
        self._log_probs = [
            {trigram: math.log((count[trigram] + 0.5) / (count.total() + 1)) for trigram in known}
            for count in counts
        ]
        self._unseen = [math.log(0.5 / (count.total() + 1)) for count in counts]
        self._log_ratios = {
            trigram: self._log_probs[0][trigram] - self._log_probs[1][trigram] for trigram in known
        }
        self._medians = [self._median_log_ratio(side) for side in lines]
        self.differ = self._medians[0] > _MIN_SEPARATION and self._medians[1] < -_MIN_SEPARATION
        self._thresholds = [self._foreign_threshold(side, lines[side]) for side in (0, 1)]

    @classmethod
    def learn(cls, sample: Sequence[Pair]) -> Languages:
        """Learns from a sample, and once more without the lines that the first models reject."""
        first = cls(sample)
        usual = [pair for pair in sample if first.classify(pair) == (None, None)]
        return first if len(usual) == len(sample) else cls(usual)

    def _median_log_ratio(self, lines: Sequence[Sequence[str]]) -> float:
        """Returns the median over the lines of one side of how typical of the source side they are."""
        ratios = [_mean(self._log_ratios, line, 0.0) for line in lines if len(line) >= _MIN_TRIGRAMS]
        return float(np.median(ratios or [0.0]))

    def _foreign_threshold(self, side: int, lines: Sequence[Sequence[str]]) -> float:
        """Returns the mean log-probability of trigrams below which a line is foreign."""
        means = [
            _mean(self._log_probs[side], trigrams, self._unseen[side])
            for trigrams in lines
            if _MIN_FOREIGN_TRIGRAMS <= len(trigrams) <= _MAX_USUAL_TRIGRAMS
        ]
        if not means:
            return -math.inf
        median = float(np.median(means))
        # The factor turns the median absolute deviation of a normal distribution into its standard deviation.
        deviation = 1.4826 * float(np.median(np.abs(np.array(means) - median)))
        return median - _MAX_DEVIATIONS * deviation

    def classify(self, pair: Pair) -> tuple[str | None, str | None]:
        """Returns for each side of a pair ``WRONG_SIDE``, ``FOREIGN`` or None, if it is as usual."""
        source, target = _words(pair)
        return self._classify(0, source), self._classify(1, target)

    def _classify(self, side: int, words: Sequence[str]) -> str | None:
        trigrams = _trigrams(words)
        if not self.differ or len(trigrams) < _MIN_TRIGRAMS:
            return None
        ratio = _mean(self._log_ratios, trigrams, 0.0)
        if ratio / self._medians[1 - side] > _MIN_TYPICALITY:
            return WRONG_SIDE
        if ratio / self._medians[side] > _MIN_TYPICALITY:
            return None
        if len(trigrams) < _MIN_FOREIGN_TRIGRAMS or len(words) < _MIN_FOREIGN_WORDS:
            return None
        mean_log_prob = _mean(self._log_probs[side], trigrams, self._unseen[side])
        return FOREIGN if mean_log_prob < self._thresholds[side] else None
