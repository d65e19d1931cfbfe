"""Attention weights of a translation as heat maps, between words and between tokens."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import numpy.typing as npt

from translator.decoding.alignment import attention_by_words, word_indices
from translator.decoding.translation import Translation
from translator.reports.inspection.token_labels import (
    COLUMN_WIDTH,
    labelled_axis,
    slanted_axis,
    text_of_tokens,
    token_labels,
)


def attention_between_tokens(translation: Translation) -> alt.LayerChart:
    """Charts the attention weights of every target token over the source tokens."""
    return _heat_map(
        _attention(translation), token_labels(translation.tokens), token_labels(translation.source_tokens)
    )


def attention_between_words(translation: Translation) -> alt.LayerChart | None:
    """Charts the same weights between words, with a dot for each link of the word alignment.

    Weights are averaged over the tokens of a target word and summed over the tokens of a source word.

    Returns:
        The chart; None if one side has a single word (as in scripts without spaces) or none.
    """
    indices, words = _words(translation.tokens)
    source_indices, source_words = _words(translation.source_tokens)
    if min(len(words), len(source_words)) < 3:  # one word and the end of the sentence
        return None
    weights = attention_by_words(_attention(translation), indices, source_indices)
    return _heat_map(weights, words, source_words, translation.word_alignment or ())


def _attention(translation: Translation) -> npt.NDArray[np.float32]:
    """Attention weights, float32 [target_length, source_length]."""
    if translation.alignment is None:
        raise ValueError("the translation has no attention weights; translate with alignments=True")
    return translation.alignment


def _words(tokens: Sequence[str]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The word index of each token, int64 [tokens], and the words; the end token counts as a word."""
    indices = word_indices(tokens[:-1])
    num_words = int(indices[-1]) + 1 if len(indices) else 0
    words = [
        text_of_tokens([token for token, index in zip(tokens[:-1], indices, strict=True) if index == word])
        for word in range(num_words)
    ]
    return np.append(indices, num_words), [*words, tokens[-1]]


def _heat_map(
    weights: npt.NDArray[np.floating],
    rows: Sequence[str],
    columns: Sequence[str],
    links: Sequence[tuple[int, int]] = (),
) -> alt.LayerChart:
    """Draws weights [rows, columns] as cells, with a dot for each (column, row) in ``links``."""
    data = [
        {
            "target": row,
            "source": column,
            "from": columns[column],
            "to": rows[row],
            "attention": round(float(weights[row, column]), 4),
        }
        for row in range(len(rows))
        for column in range(len(columns))
    ]
    x = alt.X("source:O", axis=slanted_axis(columns, "top", title="source"))
    y = alt.Y("target:O", axis=labelled_axis(rows, title="translation"))
    cells = (
        alt.Chart(alt.InlineData(values=data))
        .mark_rect()
        .encode(
            x=x,
            y=y,
            # An exponent below 1 keeps small weights visible beside large ones.
            color=alt.Color("attention:Q", scale=alt.Scale(type="pow", exponent=0.7, domain=[0, 1])),
            tooltip=[
                alt.Tooltip("to:N", title="translation"),
                alt.Tooltip("from:N", title="source"),
                alt.Tooltip("attention:Q"),
            ],
        )
    )
    dots = (
        alt.Chart(alt.InlineData(values=[{"source": source, "target": target} for source, target in links]))
        .mark_point(style="strong", filled=True, size=22, opacity=1, tooltip=None)
        .encode(x=x, y=y)
    )
    return alt.LayerChart(layer=[cells, dots], width=alt.Step(COLUMN_WIDTH), height=alt.Step(COLUMN_WIDTH))
