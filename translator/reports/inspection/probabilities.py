"""The probability of each piece of a translation, and of those that might have stood there."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from translator.decoding.inspection import Choice
from translator.reports.inspection.pieces import axis_of, readable

_WIDTH, _HEIGHT = 120, 22  # pixels of a cell


def probabilities(choices: Sequence[Sequence[Choice]]) -> alt.LayerChart:
    """A table: a row for each piece of the translation, with it and then the likeliest others.

    The bar in a cell is as long as the piece is probable.
    """
    columns = max(map(len, choices))
    data = [
        {
            "place": place,
            "column": column,
            "end": round(column + 0.92 * choice.probability, 4),  # the rest keeps columns apart
            "right": column + 0.92,
            "piece": label,
            "probability": round(choice.probability, 6),
            "is written": column == 0,
        }
        for place, row in enumerate(choices)
        for column, (choice, label) in enumerate(
            zip(row, readable([choice.token for choice in row]), strict=True)
        )
    ]
    names = ["written", *(f"other {number}" for number in range(1, columns))]
    base = alt.Chart(alt.InlineData(values=data)).encode(
        y=alt.Y("place:O", axis=None),
        tooltip=[alt.Tooltip("piece:N"), alt.Tooltip("probability:Q")],
    )
    axis = axis_of(
        names, orient="top", values=list(range(columns)), labelAlign="left", grid=False, title=None
    )
    x = alt.X("column:Q", axis=axis, scale=alt.Scale(domain=[0, columns], nice=False))
    is_written = alt.condition("datum['is written']", alt.value(0.55), alt.value(0.3))
    bars = base.mark_bar(height=_HEIGHT - 3).encode(x=x, x2="end:Q", opacity=is_written)
    words = base.mark_text(align="left", dx=4, limit=_WIDTH - 50).encode(x=x, text="piece:N")
    percent = base.mark_text(align="right", fontSize=10).encode(
        x=alt.X("right:Q"), text=alt.Text("probability:Q", format=".1%")
    )
    return alt.LayerChart(layer=[bars, words, percent], width=_WIDTH * columns, height=alt.Step(_HEIGHT))
