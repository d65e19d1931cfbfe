"""The beam of a search as a tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from translator.decoding.inspection import BeamNode
from translator.reports.inspection.pieces import readable

_WIDTH, _HEIGHT = 118, 33  # pixels between two nodes


def columns_of(beam: Sequence[BeamNode]) -> list[int]:
    """A column for each node, so that no two lines of the tree cross.

    The translation that was found has the first column for itself; the other nodes of a step stand in the
    order of their parents.
    """
    columns = [0] * len(beam)
    for step in range(beam[-1].step + 1):
        others = [i for i, node in enumerate(beam) if node.step == step and not node.is_found]
        others.sort(key=lambda i: (columns[beam[i].parent] if step else 0, i))
        for column, i in enumerate(others, start=1):
            columns[i] = column
    return columns


def beam_tree(beam: Sequence[BeamNode], start: str) -> alt.LayerChart:
    """The hypotheses that each step of a search kept, from top to bottom, joined to what they continue.

    Args:
        beam: the hypotheses.
        start: the piece that all of them continue.
    """
    columns = columns_of(beam)
    steps, width = beam[-1].step + 1, max(columns) + 1
    x = alt.X("column:Q", axis=None, scale=alt.Scale(domain=[-0.1, width - 0.1], nice=False))
    y = alt.Y("step:Q", axis=None, scale=alt.Scale(domain=[-1.5, steps - 0.5], reverse=True))
    lines = [
        alt.Chart(alt.InlineData(values=_lines(beam, columns, found)))
        .mark_rule(style="strong" if found else "faint", strokeWidth=2 if found else 1)
        .encode(x=x, y=y, x2="to column:Q", y2="to step:Q")
        for found in (False, True)
    ]
    base = alt.Chart(alt.InlineData(values=_nodes(beam, columns, start))).encode(
        x=x,
        y=y,
        tooltip=[alt.Tooltip("piece:N"), alt.Tooltip("log-probability:Q"), alt.Tooltip("score:Q")],
    )
    points = [
        base.transform_filter(f"datum.found === {str(found).lower()} && datum.ended === {str(ended).lower()}")
        .mark_point(
            style="strong" if found else "faint",
            filled=True,
            opacity=1,
            shape="square" if ended else "circle",
            size=70 if ended else 30,
        )
        .encode()
        for found in (False, True)
        for ended in (False, True)
    ]
    words = [
        base.mark_text(style=style, align="left", dx=6, dy=-14, limit=_WIDTH - 16).encode(text="piece:N")
        for style in ("halo", "text")
    ]
    numbers = [
        base.transform_filter("isValid(datum['log-probability'])")
        .mark_text(style=style, align="left", dx=6, dy=-3, fontSize=9)
        .encode(text=alt.Text("log-probability:Q", format=".2f"))
        for style in ("halo", "faint")
    ]
    return alt.LayerChart(
        layer=[*lines, *words, *numbers, *points], width=_WIDTH * width, height=_HEIGHT * (steps + 1)
    )


def _nodes(beam: Sequence[BeamNode], columns: Sequence[int], start: str) -> list[dict[str, Any]]:
    """The nodes as rows of data; the start has no probability."""
    labels = [readable(path)[-1] for path in _paths(beam)]
    return [
        {"column": 0, "step": -1, "piece": start, "found": True, "ended": False},
        *(
            {
                "column": column,
                "step": node.step,
                "piece": label,
                "log-probability": round(node.log_probability, 4),
                "score": None if node.score is None else round(node.score, 4),
                "found": node.is_found,
                "ended": node.score is not None,
            }
            for node, column, label in zip(beam, columns, labels, strict=True)
        ),
    ]


def _lines(beam: Sequence[BeamNode], columns: Sequence[int], found: bool) -> list[dict[str, int]]:
    """The lines from nodes to what they continue, on the path of the translation or elsewhere."""
    return [
        {
            "column": columns[node.parent] if node.step else 0,
            "step": node.step - 1,
            "to column": column,
            "to step": node.step,
        }
        for node, column in zip(beam, columns, strict=True)
        if node.is_found is found
    ]


def _paths(beam: Sequence[BeamNode]) -> list[tuple[str, ...]]:
    """The pieces of each hypothesis."""
    paths: list[tuple[str, ...]] = []
    for node in beam:
        paths.append((*(paths[node.parent] if node.parent >= 0 else ()), node.token))
    return paths
