"""Which words of two languages go together, and how much a line tells about another line.

The words are looked up in a translation table of IBM model 1 that is learned from the corpus itself
(:class:`translator.corpus.word_alignment.TranslationTable`). What a source line tells about a target line
is the mean, over the words of the target line, of how much more probable the source line makes the word
than it is anywhere: positive for a translation, negative for a line that has nothing to do with it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from translator.corpus.filters import UNSPACED_SCRIPTS
from translator.corpus.word_alignment import TranslationTable

Words = tuple[str, ...]

_SINGLE = UNSPACED_SCRIPTS.pattern[1:-1]
# A character of a script without spaces, a word, or a mark: "?" goes with "?" as a word with a word.
_WORD = re.compile(rf"[{_SINGLE}]|[^\W{_SINGLE}]+|[^\w\s]")
_MAX_WORDS = 40  # of a line; what its rest says would only cost time
_LEARNED_WORDS = 20  # of a line, its rarest: the table grows with the square
_LEAST_COUNT = 2  # what stands in one line alone cannot be learned
_LEAST_PROBABILITY = 0.02  # of a translation that is remembered
_FROM_NOTHING = 0.1  # the part of a line that no translation can explain
_SAME_WORD = 0.5  # probability that a rare word, such as a name or a number, stays as it is


def words_of(line: str) -> Words:
    """The words and marks of a line in lower case, of a long line the first ones."""
    return tuple(_WORD.findall(line.lower())[:_MAX_WORDS])


class Association:
    """What source words tell about target words, learned from pairs of lines.

    Args:
        pairs: the words of source and target lines that are taken for translations.
    """

    def __init__(self, pairs: Sequence[tuple[Words, Words]]) -> None:
        counts = [Counter(word for pair in pairs for word in set(pair[side])) for side in (0, 1)]
        known = [sorted(word for word, n in count.items() if n >= _LEAST_COUNT) for count in counts]
        numbers = [{word: number for number, word in enumerate(words)} for words in known]
        sides = [[_rarest(pair[side], counts[side], numbers[side]) for pair in pairs] for side in (0, 1)]
        size = max(map(len, known), default=0) + 1
        table = TranslationTable.learn(sides[0], sides[1], size)
        total = sum(counts[1][word] for word in known[1])
        self._inverse_frequency = {word: total / counts[1][word] for word in known[1]}
        self._translations: dict[str, dict[str, float]] = {word: {} for word in known[0]}
        likely = table.probs >= _LEAST_PROBABILITY
        for key, probability in zip(table.keys[likely].tolist(), table.probs[likely].tolist(), strict=True):
            source, target = divmod(key, size)
            self._translations[known[0][source]][known[1][target]] = probability

    def information(self, source: Words, targets: Iterable[Words]) -> list[float]:
        """What a source line tells about each of some target lines; 0 where nothing can be said."""
        expected: dict[str, float] = {}
        share = (1 - _FROM_NOTHING) / max(len(source), 1)
        for word in source:
            for target, probability in self._translations.get(word, {}).items():
                expected[target] = expected.get(target, 0.0) + share * probability
        same = set(source)
        gains = []
        for words in targets:
            gain, known = 0.0, 0
            for word in words:
                inverse = self._inverse_frequency.get(word)
                if inverse is not None:
                    gain += math.log(_FROM_NOTHING + expected.get(word, 0.0) * inverse)
                    known += 1
                elif word in same:
                    gain += math.log(1 + _SAME_WORD * share * max(len(self._inverse_frequency), 1))
                    known += 1
            gains.append(gain / known if known else 0.0)
        return gains


def _rarest(words: Words, counts: Counter[str], numbers: dict[str, int]) -> list[int]:
    """The numbers of the known words of a line, of a long line those that stand in the fewest lines."""
    known = list(dict.fromkeys(word for word in words if word in numbers))
    if len(known) > _LEARNED_WORDS:
        kept = set(sorted(known, key=counts.__getitem__)[:_LEARNED_WORDS])
        known = [word for word in known if word in kept]
    return [numbers[word] for word in known]
