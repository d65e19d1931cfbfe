"""Beam search as a tree of hypotheses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from translator.decoding.inspection import BeamNode
from translator.reports.inspection.token_labels import token_labels

_WIDTH, _HEIGHT = 118, 33  # between two nodes, in pixels


def tree_columns(beam: Sequence[BeamNode]) -> list[int]:
    """Assigns a column to every node so that no lines of the tree cross.

    The best hypothesis has the first column to itself; the other nodes of a step follow in the order of
    their parents' columns.
    """
    columns = [0] * len(beam)
    for step in range(beam[-1].step + 1):
        others = [i for i, node in enumerate(beam) if node.step == step and not node.is_found]
        others.sort(key=lambda i: (columns[beam[i].parent] if step else 0, i))
        for column, i in enumerate(others, start=1):
            columns[i] = column
    return columns


def beam_chart(beam: Sequence[BeamNode], start: str) -> alt.LayerChart:
    """Draws the hypotheses kept at each decoding step, from top to bottom, joined to their parents.

    Args:
        beam: the hypotheses, in the order of the steps.
        start: the start token, root of the tree.
    """
    columns = tree_columns(beam)
    num_steps, num_columns = beam[-1].step + 1, max(columns) + 1
    x = alt.X("column:Q", axis=None, scale=alt.Scale(domain=[-0.1, num_columns - 0.1], nice=False))
    y = alt.Y("step:Q", axis=None, scale=alt.Scale(domain=[-1.5, num_steps - 0.5], reverse=True))
    lines = [
        alt.Chart(alt.InlineData(values=_lines(beam, columns, found)))
        .mark_rule(style="strong" if found else "faint", strokeWidth=2 if found else 1)
        .encode(x=x, y=y, x2="to column:Q", y2="to step:Q")
        for found in (False, True)
    ]
    nodes = alt.Chart(alt.InlineData(values=_nodes(beam, columns, start))).encode(
        x=x,
        y=y,
        tooltip=[alt.Tooltip("token:N"), alt.Tooltip("log-probability:Q"), alt.Tooltip("score:Q")],
    )
    return alt.LayerChart(
        layer=[*lines, *_texts(nodes), *_points(nodes)],
        width=_WIDTH * num_columns,
        height=_HEIGHT * (num_steps + 1),
    )


def _texts(nodes: alt.Chart) -> list[alt.Chart]:
    """The token of each node, with its log-probability below it."""
    tokens = [
        nodes.mark_text(style=style, align="left", dx=6, dy=-14, limit=_WIDTH - 16).encode(text="token:N")
        for style in ("halo", "text")
    ]
    log_probs = [
        nodes.transform_filter("isValid(datum['log-probability'])")
        .mark_text(style=style, align="left", dx=6, dy=-3, fontSize=9)
        .encode(text=alt.Text("log-probability:Q", format=".2f"))
        for style in ("halo", "faint")
    ]
    return [*tokens, *log_probs]


def _points(nodes: alt.Chart) -> list[alt.Chart]:
    """A dot for each node, a square where the hypothesis is finished."""
    return [
        nodes.transform_filter(
            f"datum.found === {str(found).lower()} && datum.ended === {str(ended).lower()}"
        )
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


def _nodes(beam: Sequence[BeamNode], columns: Sequence[int], start: str) -> list[dict[str, Any]]:
    """The nodes as rows of data; the root has no log-probability."""
    labels = [token_labels(tokens)[-1] for tokens in _prefixes(beam)]
    return [
        {"column": 0, "step": -1, "token": start, "found": True, "ended": False},
        *(
            {
                "column": column,
                "step": node.step,
                "token": label,
                "log-probability": round(node.log_probability, 4),
                "score": None if node.score is None else round(node.score, 4),
                "found": node.is_found,
                "ended": node.score is not None,
            }
            for node, column, label in zip(beam, columns, labels, strict=True)
        ),
    ]


def _lines(beam: Sequence[BeamNode], columns: Sequence[int], found: bool) -> list[dict[str, int]]:
    """The lines from nodes to their parents: those of the best hypothesis (``found``) or all others."""
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


def _prefixes(beam: Sequence[BeamNode]) -> list[tuple[str, ...]]:
    """The tokens of each hypothesis up to its node."""
    prefixes: list[tuple[str, ...]] = []
    for node in beam:
        prefixes.append((*(prefixes[node.parent] if node.parent >= 0 else ()), node.token))
    return prefixes
