"""Learns which words of two languages translate each other, and how well one line predicts another.

The word translations come from a table of IBM model 1 that is learned from the corpus itself
(:class:`translator.corpus.word_alignment.TranslationTable`). How well a source line predicts a target line is
the mean over the words of the target line of their pointwise mutual information with the source line: how
much more probable the source line makes the word than it is elsewhere. The mean is positive for a translation
and negative for an unrelated line.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import regex

from translator.corpus.scripts import UNSPACED
from translator.corpus.word_alignment import TranslationTable

Words = tuple[str, ...]

# A letter of a script without spaces, a word, or a punctuation mark: "?" aligns with "?" as words do.
_WORD = regex.compile(rf"{UNSPACED}\p{{M}}*|[\w--{UNSPACED}]+|[^\w\s]", regex.V1)
_MAX_WORDS = 40  # per line; the rest of a longer line would cost time and tell little
_MAX_LEARNED_WORDS = 20  # per line, the rarest ones; the size of the table grows with the square
_MIN_COUNT = 2  # lines with a word; nothing can be learned about a word in a single line
_MIN_PROBABILITY = 0.02  # of a translation that is kept
_UNEXPLAINED = 0.1  # share of a target line that no translation can explain
_SAME_WORD = 0.5  # probability that a rare word, such as a name or a number, is copied


def split_words(line: str) -> Words:
    """Returns the words and punctuation marks of a line in lower case; of a long line, the first ones."""
    return tuple(_WORD.findall(line.lower())[:_MAX_WORDS])


class Association:
    """Predicts target words from source words, as learned from pairs of lines.

    Args:
        pairs: the words of source and target lines that are assumed to be translations.
    """

    def __init__(self, pairs: Sequence[tuple[Words, Words]]) -> None:
        counts = [Counter(word for pair in pairs for word in set(pair[side])) for side in (0, 1)]
        known = [sorted(word for word, n in count.items() if n >= _MIN_COUNT) for count in counts]
        word_ids = [{word: word_id for word_id, word in enumerate(words)} for words in known]
        sides = [[_rarest(pair[side], counts[side], word_ids[side]) for pair in pairs] for side in (0, 1)]
        size = max(map(len, known), default=0) + 1
        table = TranslationTable.learn(sides[0], sides[1], size)
        total = sum(counts[1][word] for word in known[1])
        self._inverse_frequency = {word: total / counts[1][word] for word in known[1]}
        self._translations: dict[str, dict[str, float]] = {word: {} for word in known[0]}
        likely = table.probs >= _MIN_PROBABILITY
        for key, probability in zip(table.keys[likely].tolist(), table.probs[likely].tolist(), strict=True):
            source, target = divmod(key, size)
            self._translations[known[0][source]][known[1][target]] = probability

    def information(self, source: Words, targets: Iterable[Words]) -> list[float]:
        """Returns how well a source line predicts each of several target lines.

        Returns:
            The mean information about the words of each target line, in nats; 0 if none of them is known.
        """
        expected: dict[str, float] = {}
        share = (1 - _UNEXPLAINED) / max(len(source), 1)
        for word in source:
            for target, probability in self._translations.get(word, {}).items():
                expected[target] = expected.get(target, 0.0) + share * probability
        source_words = set(source)
        means = []
        for words in targets:
            information, num_known = 0.0, 0
            for word in words:
                inverse = self._inverse_frequency.get(word)
                if inverse is not None:
                    information += math.log(_UNEXPLAINED + expected.get(word, 0.0) * inverse)
                    num_known += 1
                elif word in source_words:
                    information += math.log(1 + _SAME_WORD * share * max(len(self._inverse_frequency), 1))
                    num_known += 1
            means.append(information / num_known if num_known else 0.0)
        return means


def _rarest(words: Words, counts: Counter[str], word_ids: dict[str, int]) -> list[int]:
    """Returns the ids of the known words of a line; of a long line, those that occur in the fewest lines."""
    known = list(dict.fromkeys(word for word in words if word in word_ids))
    if len(known) > _MAX_LEARNED_WORDS:
        kept = set(sorted(known, key=counts.__getitem__)[:_MAX_LEARNED_WORDS])
        known = [word for word in known if word in kept]
    return [word_ids[word] for word in known]
