"""From the attention between tokens to that between the words of a line and of its translation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def between_words(
    line: str,
    translation: str,
    attention_by_part: Sequence[npt.NDArray[np.float32]],
    tokens: Sequence[str],
    source_tokens: Sequence[str],
) -> npt.NDArray[np.float32] | None:
    """Converts attention between tokens into attention between words.

    Args:
        line: the source line.
        translation: its translation.
        attention_by_part: float32 [tokens, source tokens] of each part of a long line; a shorter line is a
            single part.
        tokens: the tokens of the translation; each part of a long line ends with an end-of-sentence token.
        source_tokens: the tokens of the source, likewise; the last is the end-of-sentence token.

    Returns:
        Float32 [words, source words]: the attention of a token to a source word is the sum over the tokens of
        that word; the attention of a word is the mean over its tokens. None if the words that the tokens form
        are not those between spaces, which happens with some rare characters.
    """
    end = source_tokens[-1] if source_tokens else ""
    words, source_words = _word_of_each(tokens, end), _word_of_each(source_tokens, end)
    shape = int(words.max(initial=-1)) + 1, int(source_words.max(initial=-1)) + 1
    if shape != (len(translation.split()), len(line.split())):
        return None
    by_word = np.zeros(shape, np.float32)
    row = column = 0
    for attention in attention_by_part:  # between two parts there is none
        rows = words[row : row + attention.shape[0]]
        columns = source_words[column : column + attention.shape[1]]
        indices = np.ix_(rows[rows >= 0], columns[columns >= 0])
        np.add.at(by_word, indices, attention[np.ix_(rows >= 0, columns >= 0)])
        row, column = row + attention.shape[0], column + attention.shape[1]
    by_word /= np.bincount(words[words >= 0], minlength=shape[0])[:, None]
    return by_word


def _word_of_each(tokens: Sequence[str], end: str) -> npt.NDArray[np.int64]:
    """Returns the index of the word of each token, int64 [tokens]; -1 for end-of-sentence tokens."""
    from translator.decoding.alignment import word_indices

    is_end = np.array([token == end for token in tokens], bool)
    indices = np.full(len(tokens), -1, np.int64)
    indices[~is_end] = word_indices([token for token in tokens if token != end])
    return indices
