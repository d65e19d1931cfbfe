"""The probability of each token of a translation, beside the most probable alternatives."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from translator.decoding.inspection import Choice
from translator.reports.inspection.token_labels import labelled_axis, token_labels

_WIDTH, _HEIGHT = 120, 22  # of a cell, in pixels


def probability_chart(choices: Sequence[Sequence[Choice]]) -> alt.LayerChart:
    """Draws a table with one row per token: the token that was written, then its likeliest alternatives.

    The length of the bar in a cell is the probability of its token.

    Args:
        choices: for each target position, the written token first, then the alternatives.
    """
    num_columns = max(map(len, choices))
    data = [
        {
            "position": position,
            "column": column,
            "end": round(column + 0.92 * choice.probability, 4),  # the rest is a gap between columns
            "right": column + 0.92,
            "token": label,
            "probability": round(choice.probability, 6),
            "is written": column == 0,
        }
        for position, row in enumerate(choices)
        for column, (choice, label) in enumerate(
            zip(row, token_labels([choice.token for choice in row]), strict=True)
        )
    ]
    names = ["written", *(f"alternative {number}" for number in range(1, num_columns))]
    base = alt.Chart(alt.InlineData(values=data)).encode(
        y=alt.Y("position:O", axis=None),
        tooltip=[alt.Tooltip("token:N"), alt.Tooltip("probability:Q")],
    )
    axis = labelled_axis(
        names, orient="top", values=list(range(num_columns)), labelAlign="left", grid=False, title=None
    )
    x = alt.X("column:Q", axis=axis, scale=alt.Scale(domain=[0, num_columns], nice=False))
    is_written = alt.condition("datum['is written']", alt.value(0.55), alt.value(0.3))
    bars = base.mark_bar(height=_HEIGHT - 3).encode(x=x, x2="end:Q", opacity=is_written)
    tokens = base.mark_text(align="left", dx=4, limit=_WIDTH - 50).encode(x=x, text="token:N")
    percentages = base.mark_text(align="right", fontSize=10).encode(
        x=alt.X("right:Q"), text=alt.Text("probability:Q", format=".1%")
    )
    return alt.LayerChart(
        layer=[bars, tokens, percentages], width=_WIDTH * num_columns, height=alt.Step(_HEIGHT)
    )
