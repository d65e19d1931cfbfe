"""The attention of a translation as heat maps, over words and over pieces."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import numpy.typing as npt

from translator.decoding.alignment import attention_by_words, word_indices
from translator.decoding.translation import Translation
from translator.reports.inspection.pieces import STEP, axis_of, readable, slanted, text_of


def attention_of_pieces(translation: Translation) -> alt.LayerChart:
    """Which source pieces each piece of a translation looked at."""
    return _heat_map(
        _attention(translation), readable(translation.tokens), readable(translation.source_tokens)
    )


def attention_of_words(translation: Translation) -> alt.LayerChart | None:
    """The same over words; a dot is where the word alignment links two. None where a side has one word.

    The attention of a word is the mean of its pieces, to a word of the source the sum over its pieces.
    """
    (tokens, words), (source_tokens, source_words) = (
        _words(pieces) for pieces in (translation.tokens, translation.source_tokens)
    )
    if min(len(words), len(source_words)) < 3:  # one word and the end
        return None
    weights = attention_by_words(_attention(translation), tokens, source_tokens)
    return _heat_map(weights, words, source_words, translation.word_alignment or ())


def _attention(translation: Translation) -> npt.NDArray[np.float32]:
    if translation.alignment is None:
        raise ValueError("the translation has no attention; translate with alignments=True")
    return translation.alignment


def _words(tokens: Sequence[str]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The number of the word of each piece, and the words; the end is a word of its own."""
    numbers = word_indices(tokens[:-1])
    last = int(numbers[-1]) + 1 if len(numbers) else 0
    words = [
        text_of([token for token, number in zip(tokens[:-1], numbers, strict=True) if number == word])
        for word in range(last)
    ]
    return np.append(numbers, last), [*words, tokens[-1]]


def _heat_map(
    weights: npt.NDArray[np.floating],
    rows: Sequence[str],
    columns: Sequence[str],
    links: Sequence[tuple[int, int]] = (),
) -> alt.LayerChart:
    """Weights [rows, columns] as cells; ``links`` are pairs (column, row)."""
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
    x = alt.X("source:O", axis=slanted(columns, "top", title="source"))
    y = alt.Y("target:O", axis=axis_of(rows, title="translation"))
    cells = (
        alt.Chart(alt.InlineData(values=data))
        .mark_rect()
        .encode(
            x=x,
            y=y,
            # Below 1, so that a little attention is seen beside a lot of it.
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
    return alt.LayerChart(layer=[cells, dots], width=alt.Step(STEP), height=alt.Step(STEP))
