"""The gates and the cell state of one LSTM layer over a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt

from translator.nn.lstm import Gates
from translator.reports.inspection.pieces import STEP, slanted

SHOWN_UNITS = 24  # as many rows as can be told apart in four pictures on one screen
_ROW = 7  # pixels
_FULL = 3  # the cell state whose tanh, 0.995, is as good as 1
_PICKED = "picked"  # the unit that is shown alone
_GATES = {"input": "input gate", "forget": "forget gate", "output": "output gate"}
_IS_PICKED = alt.ParameterPredicate(param=_PICKED, empty=False)
_MEANINGS = {
    "input": "input gate: near 1, the cell is written",
    "forget": "forget gate: near 1, the cell keeps what it holds",
    "output": "output gate: near 1, the cell is shown to what comes next",
    "cell": f"cell state: what is remembered; the colours end at ±{_FULL}",
}
_TOOLTIP = [
    alt.Tooltip("piece:N"),
    alt.Tooltip("unit:Q"),
    *(alt.Tooltip(f"{name}:Q", title=gate) for name, gate in _GATES.items()),
    alt.Tooltip("candidate:Q"),
    alt.Tooltip("cell:Q", title="cell state"),
]


def most_active_units(cell: npt.NDArray[np.float32]) -> list[int]:
    """The units whose cell state moves most, in the order of the steps where it is farthest from 0.

    The movement is that of ``tanh(cell)``, which is what the output gate can show: a cell that only counts
    on, from 40 to 41, does not move.

    Args:
        cell: float32 [steps, units].
    """
    movement = np.abs(np.diff(np.tanh(cell), axis=0)).sum(axis=0)
    chosen = np.argsort(-movement, kind="stable")[:SHOWN_UNITS].tolist()
    return sorted(chosen, key=lambda unit: (int(np.abs(cell[:, unit]).argmax()), unit))


def gates_of_layer(gates: Gates, labels: Sequence[str], reads: str) -> alt.VConcatChart:
    """Pictures of a layer above each other, which share the pieces of the sentence as columns.

    Args:
        gates: float32 [steps, units] each.
        labels: what is read at each step.
        reads: what that is, as the title of the axis.
    """
    units = most_active_units(gates.cell)
    cells = alt.InlineData(values=_values(gates, units, labels))
    pictures: alt.VConcatChart = alt.vconcat(
        _means(gates, labels, slanted(labels, "top", title=reads)),
        *(_heat_map(cells, name) for name in _MEANINGS),
        _gates_of_unit(cells),
        _cell_of_unit(cells, slanted(labels, title=reads)),
        spacing=12,
    ).resolve_scale(color="independent")
    # One choice for all heat maps: Altair's add_params would make one for each, and warn that it joins them.
    pictures.params = [
        alt.TopLevelSelectionParameter(
            name=_PICKED,
            select=alt.PointSelectionConfig(type="point", fields=["unit"], toggle=False, clear=False),
            value=[{"unit": units[0]}],
            views=list(_MEANINGS),
        )
    ]
    return pictures


def _values(gates: Gates, units: Sequence[int], labels: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each unit and step, with the layer's own values."""
    parts = {
        "input": gates.input_gate,
        "forget": gates.forget_gate,
        "output": gates.output_gate,
        "candidate": gates.candidate,
        "cell": gates.cell,
    }
    return [
        {"row": row, "unit": unit, "step": step, "piece": label}
        | {name: round(float(part[step, unit]), 4) for name, part in parts.items()}
        for row, unit in enumerate(units)
        for step, label in enumerate(labels)
    ]


def _means(gates: Gates, labels: Sequence[str], axis: alt.Axis) -> alt.Chart:
    """How far each gate is open, the mean of all units."""
    parts = zip(_GATES.values(), (gates.input_gate, gates.forget_gate, gates.output_gate), strict=True)
    values = [
        {"step": step, "piece": label, "gate": gate, "open": round(float(part[step].mean()), 4)}
        for gate, part in parts
        for step, label in enumerate(labels)
    ]
    title = f"mean of all {gates.cell.shape[1]} units"
    return _lines(alt.Chart(alt.InlineData(values=values), title=title), axis)


def _lines(chart: alt.Chart, axis: alt.Axis | None) -> alt.Chart:
    """A line a gate, from ``gate`` and ``open``; the colours are the same in all pictures."""
    lines: alt.Chart = (
        chart.mark_line(point=True)
        .encode(
            x=alt.X("step:O", axis=axis),
            y=alt.Y("open:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=3)),
            color=alt.Color("gate:N", scale=alt.Scale(domain=list(_GATES.values())), title=None),
            tooltip=[alt.Tooltip("piece:N"), alt.Tooltip("gate:N"), alt.Tooltip("open:Q")],
        )
        .properties(width=alt.Step(STEP), height=80)
    )
    return lines


def _heat_map(cells: alt.InlineData, name: str) -> alt.Chart:
    """One gate, or the cell state, of the shown units."""
    legend: alt.Legend | None
    if name == "cell":
        scale = alt.Scale(domain=[-_FULL, _FULL], domainMid=0, clamp=True)
        legend = alt.Legend(title="cell state")
    else:
        scale, legend = alt.Scale(domain=[0, 1]), alt.Legend(title="open") if name == "input" else None
    heat_map: alt.Chart = (
        alt.Chart(cells, name=name, title=_MEANINGS[name])
        .mark_rect(cursor="pointer")
        .encode(
            x=alt.X("step:O", axis=None),
            y=alt.Y("row:O", axis=None),
            color=alt.Color(f"{name}:Q", scale=scale, legend=legend),
            tooltip=_TOOLTIP,
        )
        .properties(width=alt.Step(STEP), height=alt.Step(_ROW))
    )
    return heat_map


def _gates_of_unit(cells: alt.InlineData) -> alt.Chart:
    """The gates of the unit that is picked."""
    names = "{" + ", ".join(f"{name}: '{gate}'" for name, gate in _GATES.items()) + "}"
    title = alt.Title(alt.ExprRef(f"'unit ' + {_PICKED}.unit[0] + ' alone; a click on a row above chooses'"))
    chart = alt.Chart(cells, title=title).transform_filter(_IS_PICKED)
    chart = chart.transform_fold(list(_GATES), as_=["name", "open"])
    return _lines(chart.transform_calculate(gate=f"{names}[datum.name]"), None)


def _cell_of_unit(cells: alt.InlineData, axis: alt.Axis) -> alt.Chart:
    """The cell state of the unit that is picked."""
    bars: alt.Chart = (
        alt.Chart(cells)
        .transform_filter(_IS_PICKED)
        .mark_bar(style="strong")
        .encode(
            x=alt.X("step:O", axis=axis),
            y=alt.Y("cell:Q", axis=alt.Axis(tickCount=3), title="cell state"),
            tooltip=_TOOLTIP,
        )
        .properties(width=alt.Step(STEP), height=80)
    )
    return bars
