"""Tokenizes a large corpus fast by remembering the tokens of every word.

A token contains a space at its start or not at all, and no normalization rule combines characters across a
space. The tokens of a line are therefore those of its words, in order, and a large corpus has far fewer
different words than running words.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import repeat

import numpy as np

from translator.corpus.ragged import Integers, RaggedArray, start_offsets
from translator.corpus.tokenizer import Tokenizer

_MAX_WORDS = 500_000  # in the cache; frequent words are met early
_MAX_WORD_TOKENS = 20  # longer words are not cached: they hardly ever come again
_SPACE = "▁"  # how tokens spell a space; SentencePiece also reads it as a space where the text itself has it


class CachingTokenizer:
    """Tokenizes lines exactly as ``Tokenizer.encode`` does; several threads may call it at once.

    Args:
        tokenizer: tokenizes the words that are not in the cache yet.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._dtype = np.uint16 if tokenizer.vocabulary_size <= 2**16 else np.uint32
        # The index of each cached word among the rows of _tokens.
        self._indices: dict[str, int] = {}
        # This array is replaced, never changed, and always before _indices gets the new words. So every index
        # that a thread finds is valid in the array that it reads afterwards.
        self._tokens = self._encode([])
        self._cache_lock = threading.Lock()

    def encode(self, lines: Sequence[str]) -> RaggedArray:
        """Returns the token ids of each line, without start and end; uint16, or uint32 if ids need it."""
        text = " ".join(lines)
        if not lines or _SPACE in text:
            return self._encode(lines)
        words = text.split(" ")
        indices = np.fromiter(map(self._indices.get, words, repeat(-1)), np.int64, len(words))
        tokens = self._tokens
        if unknown := np.flatnonzero(indices < 0).tolist():
            new_words = list(dict.fromkeys(words[i] for i in unknown))
            new_tokens = self._encode(new_words)
            self._remember(new_words, new_tokens)
            # These indices hold for this call only: another thread may have added other words meanwhile.
            num_known = len(tokens.lengths)
            index_of = dict(zip(new_words, range(num_known, num_known + len(new_words)), strict=True))
            indices[unknown] = [index_of[words[i]] for i in unknown]
            tokens = tokens.concatenate(new_tokens)
        num_spaces = np.fromiter(map(str.count, lines, repeat(" ")), np.int64, len(lines))
        return _join_words(tokens.select(indices), num_spaces + 1)

    def _encode(self, texts: Sequence[str]) -> RaggedArray:
        return RaggedArray.from_lists(self._tokenizer.encode(texts), self._dtype)

    def _remember(self, words: list[str], tokens: RaggedArray) -> None:
        """Adds words while there is room, except long ones and those that another thread has added."""
        with self._cache_lock:
            short = np.flatnonzero(tokens.lengths <= _MAX_WORD_TOKENS).tolist()
            added = [i for i in short if words[i] not in self._indices]
            added = added[: _MAX_WORDS - len(self._indices)]
            num_cached = len(self._tokens.lengths)
            self._tokens = self._tokens.concatenate(tokens.select(np.array(added, np.int64)))
            self._indices.update((words[i], num_cached + row) for row, i in enumerate(added))


def _join_words(words: RaggedArray, words_per_line: Integers) -> RaggedArray:
    """Joins the tokens of words to those of lines, given the number of words per line, which is never 0."""
    return RaggedArray(words.values, np.add.reduceat(words.lengths, start_offsets(words_per_line)))
