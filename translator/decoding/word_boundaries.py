"""Where words begin and end in the tokens of a vocabulary.

A word goes on where a letter, digit or mark follows another one without a space. Punctuation may follow a
word directly, and so may anything in scripts that are written without spaces.
"""

from __future__ import annotations

import unicodedata
from typing import Any, NamedTuple

import numpy as np

from translator.corpus.scripts import is_unspaced
from translator.corpus.tokenizer import Tokenizer, byte_of

_ZERO_WIDTH_JOINER = "\u200d"  # shapes the letters on both sides of it, within a word
_CHINESE_FIRST_BYTES = range(0xE4, 0xEA)  # in UTF-8; these begin no letters of other scripts


class WordBoundaries(NamedTuple):
    """What each token of a vocabulary does to the word before it.

    Attributes:
        begins_word: bool [vocabulary]; whether it begins a word: after a space, or anywhere in a script
            without spaces.
        continues_word: bool [vocabulary]; whether it lengthens a word that the token before has left open.
            Byte tokens count unless they are sure not to.
        leaves_word_open: bool [vocabulary]; whether it ends within a word that can be lengthened.
    """

    begins_word: Any
    continues_word: Any
    leaves_word_open: Any

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> WordBoundaries:
        """Returns those of a tokenizer."""
        tokens = tokenizer.tokens(range(tokenizer.vocabulary_size))
        return cls(
            tokenizer.is_word_start,
            np.array([_continues_word(token) for token in tokens]),
            np.array([_leaves_word_open(token) for token in tokens]),
        )


def is_word_character(character: str) -> bool:
    """Whether a character is part of a word, in a script that puts spaces between words."""
    is_part = character.isalnum() or character == "_" or character == _ZERO_WIDTH_JOINER
    return (is_part or unicodedata.category(character).startswith("M")) and not is_unspaced(character)


def _continues_word(token: str) -> bool:
    byte = byte_of(token)
    if byte is None or byte < 0x80:
        return is_word_character(token[0] if byte is None else chr(byte))
    return byte not in _CHINESE_FIRST_BYTES


def _leaves_word_open(token: str) -> bool:
    byte = byte_of(token)
    if byte is None or byte < 0x80:
        return is_word_character(token[-1] if byte is None else chr(byte))
    return True  # most characters that are spelled in bytes are letters
