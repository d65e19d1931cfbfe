"""From the attention between tokens to an alignment between the words of the raw text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_SPACE = "▁"  # SentencePiece's mark at the beginning of a word
_SPACE_BYTE = "<0x20>"  # a space that a model spells as a byte
WordAlignment = tuple[tuple[int, int], ...]


def word_indices(tokens: Sequence[str]) -> npt.NDArray[np.int64]:
    """The index, from 0, of the word that each token belongs to; words are what stands between spaces."""
    indices, word, after_space = [], -1, True
    for token in tokens:
        text = " " if token == _SPACE_BYTE else token.replace(_SPACE, " ")
        after_space |= text.startswith(" ")
        if text.strip():
            word, after_space = word + after_space, False
            indices.append(word)
        else:  # a space alone goes with the word that follows, if one does
            indices.append(word + 1)
    return np.minimum(np.array(indices, np.int64), max(word, 0))


def word_attention(
    attention: npt.NDArray[np.float32], tokens: Sequence[str], source_tokens: Sequence[str]
) -> npt.NDArray[np.float32]:
    """How much the words of a translation attended to the words of the source.

    Args:
        attention: float32 [tokens, source tokens].
        tokens: the tokens of the translation, without the end.
        source_tokens: the tokens of the source, without the end.

    Returns:
        Float32 [words, source words]: the attention of a token to a source word is the sum over the tokens of
        that word; the attention of a word is the mean over its tokens.
    """
    between = attention[: len(tokens), : len(source_tokens)]
    return attention_by_words(between, word_indices(tokens), word_indices(source_tokens))


def attention_by_words(
    attention: npt.NDArray[np.float32],
    target_words: npt.NDArray[np.int64],
    source_words: npt.NDArray[np.int64],
) -> npt.NDArray[np.float32]:
    """The same, where the index of the word of each token is known.

    Args:
        attention: float32 [tokens, source tokens].
        target_words: int64 [tokens].
        source_words: int64 [source tokens].
    """
    shape = [int(words.max(initial=-1)) + 1 for words in (target_words, source_words)]
    by_word = np.zeros(shape, np.float32)
    np.add.at(by_word, (target_words[:, None], source_words[None, :]), attention)
    num_tokens: npt.NDArray[np.float32] = np.bincount(target_words).astype(np.float32)
    return by_word / num_tokens[:, None]


def word_alignment(
    attention: npt.NDArray[np.float32], tokens: Sequence[str], source_tokens: Sequence[str]
) -> WordAlignment:
    """Links each word of a translation to the word of the source that it attended to most.

    Args:
        attention: float32 [tokens, source tokens].
        tokens: the tokens of the translation, without the end.
        source_tokens: the tokens of the source, without the end.

    Returns:
        Pairs (source word, target word), numbered from 0, in the order of the target words.
    """
    if not source_tokens:
        return ()
    by_word = word_attention(attention, tokens, source_tokens)
    return tuple((int(source.argmax()), target) for target, source in enumerate(by_word))


def pharaoh(alignment: WordAlignment) -> str:
    """An alignment as text, ``source-target`` for each link: ``0-0 2-1``."""
    return " ".join(f"{source}-{target}" for source, target in alignment)
