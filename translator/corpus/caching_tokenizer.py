"""The pieces of every word that was met: a word that comes again need not be cut again.

No piece holds a space inside, and no rule for characters reads one together with what stands beside it, so
that the pieces of a line are those of its words, one word after the other. A large corpus has far fewer words
than places where they stand.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import repeat

import numpy as np

from translator.corpus.ragged import Integers, RaggedArray, start_offsets
from translator.corpus.tokenizer import Tokenizer

_MAX_WORDS = 500_000  # that are remembered; frequent ones are met early
_MAX_PIECES = 20  # of a word that is remembered; a longer one is hardly met again
_SPACE = "▁"  # stands for a space in pieces; where text itself has it, SentencePiece takes it for one


class CachingTokenizer:
    """Cuts lines as ``Tokenizer.encode`` does, for several threads at the same time.

    Args:
        tokenizer: cuts the words that are new.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._dtype = np.uint16 if tokenizer.vocabulary_size <= 2**16 else np.uint32
        self._numbers: dict[str, int] = {}
        # Replaced and never changed, and that before a word gets its number: what was found stays right.
        self._pieces = self._encode([])
        self._growing = threading.Lock()

    def encode(self, lines: Sequence[str]) -> RaggedArray:
        """The pieces of each line, without start and end; uint16 or, of a large vocabulary, uint32."""
        text = " ".join(lines)
        if not lines or _SPACE in text:
            return self._encode(lines)
        words = text.split(" ")
        numbers = np.fromiter(map(self._numbers.get, words, repeat(-1)), np.int64, len(words))
        pieces = self._pieces
        if unknown := np.flatnonzero(numbers < 0).tolist():
            new = list(dict.fromkeys(words[place] for place in unknown))
            cut = self._encode(new)
            self._remember(new, cut)
            number_of = dict(
                zip(new, range(len(pieces.lengths), len(pieces.lengths) + len(new)), strict=True)
            )
            numbers[unknown] = [number_of[words[place]] for place in unknown]
            pieces = pieces.concatenate(cut)
        spaces = np.fromiter(map(str.count, lines, repeat(" ")), np.int64, len(lines))
        return _lines_of(pieces.select(numbers), spaces + 1)

    def _encode(self, texts: Sequence[str]) -> RaggedArray:
        return RaggedArray.from_lists(self._tokenizer.encode(texts), self._dtype)

    def _remember(self, words: list[str], pieces: RaggedArray) -> None:
        """Adds words, unless another thread has, they are too long, or there are too many."""
        with self._growing:
            short = np.flatnonzero(pieces.lengths <= _MAX_PIECES).tolist()
            kept = [place for place in short if words[place] not in self._numbers]
            kept = kept[: _MAX_WORDS - len(self._numbers)]
            number = len(self._pieces.lengths)
            self._pieces = self._pieces.concatenate(pieces.select(np.array(kept, np.int64)))
            self._numbers.update((words[place], number + i) for i, place in enumerate(kept))


def _lines_of(words: RaggedArray, words_a_line: Integers) -> RaggedArray:
    """Lines of so many words each; every one has at least one."""
    return RaggedArray(words.values, np.add.reduceat(words.lengths, start_offsets(words_a_line)))
