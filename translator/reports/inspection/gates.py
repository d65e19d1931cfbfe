"""Charts of the gates and the cell state of one LSTM layer over a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt

from translator.nn.lstm import Gates
from translator.reports.inspection.token_labels import COLUMN_WIDTH, slanted_axis

MAX_UNITS = 24  # rows per heat map; more could not be told apart with four heat maps on one screen
_ROW_HEIGHT = 7  # pixels
_SATURATION = 3  # cell states beyond ±3 look the same to the output: tanh(3) = 0.995
_SELECTED = "selected"  # parameter of the chart: the unit that is shown by itself
_GATES = {"input": "input gate", "forget": "forget gate", "output": "output gate"}
_IS_SELECTED = alt.ParameterPredicate(param=_SELECTED, empty=False)
_TITLES = {
    "input": "input gate: near 1, the candidate is added to the cell state",
    "forget": "forget gate: near 1, the old cell state is kept; near 0, it is erased",
    "output": "output gate: near 1, the cell state shows in the output of the layer",
    "cell": f"cell state: the memory; colours saturate at ±{_SATURATION}",
}
_TOOLTIP = [
    alt.Tooltip("token:N"),
    alt.Tooltip("unit:Q"),
    *(alt.Tooltip(f"{name}:Q", title=gate) for name, gate in _GATES.items()),
    alt.Tooltip("candidate:Q"),
    alt.Tooltip("cell:Q", title="cell state"),
]


def most_active_units(cell: npt.NDArray[np.float32]) -> list[int]:
    """Returns the units whose cell state changes most, ordered by the time step at which it is largest.

    Change is measured on ``tanh(cell)``, which is all that the output gate can pass on: a cell state that
    grows from 40 to 41 does not count as a change.

    Args:
        cell: float32 [time, units].
    """
    change = np.abs(np.diff(np.tanh(cell), axis=0)).sum(axis=0)
    chosen = np.argsort(-change, kind="stable")[:MAX_UNITS].tolist()
    return sorted(chosen, key=lambda unit: (int(np.abs(cell[:, unit]).argmax()), unit))


def gate_charts(gates: Gates, labels: Sequence[str], axis_title: str) -> alt.VConcatChart:
    """Stacks the charts of a layer, which share one column per time step.

    Args:
        gates: float32 [time, units] each.
        labels: label of each time step, such as the token that is read.
        axis_title: what the labels are, as the title of the horizontal axis.
    """
    units = most_active_units(gates.cell)
    cells = alt.InlineData(values=_values(gates, units, labels))
    charts: alt.VConcatChart = alt.vconcat(
        _mean_gates(gates, labels, slanted_axis(labels, "top", title=axis_title)),
        *(_heat_map(cells, name) for name in _TITLES),
        _gates_of_unit(cells),
        _cell_of_unit(cells, slanted_axis(labels, title=axis_title)),
        spacing=12,
    ).resolve_scale(color="independent")
    # One selection for all heat maps; with add_params, Altair would make one per heat map and warn.
    charts.params = [
        alt.TopLevelSelectionParameter(
            name=_SELECTED,
            select=alt.PointSelectionConfig(type="point", fields=["unit"], toggle=False, clear=False),
            value=[{"unit": units[0]}],
            views=list(_TITLES),
        )
    ]
    return charts


def _values(gates: Gates, units: Sequence[int], labels: Sequence[str]) -> list[dict[str, Any]]:
    """One row of data per unit and time step."""
    arrays = {
        "input": gates.input_gate,
        "forget": gates.forget_gate,
        "output": gates.output_gate,
        "candidate": gates.candidate,
        "cell": gates.cell,
    }
    return [
        {"row": row, "unit": unit, "step": step, "token": label}
        | {name: round(float(array[step, unit]), 4) for name, array in arrays.items()}
        for row, unit in enumerate(units)
        for step, label in enumerate(labels)
    ]


def _mean_gates(gates: Gates, labels: Sequence[str], axis: alt.Axis) -> alt.Chart:
    """Draws the value of each gate, averaged over all units."""
    arrays = zip(_GATES.values(), (gates.input_gate, gates.forget_gate, gates.output_gate), strict=True)
    values = [
        {"step": step, "token": label, "gate": gate, "value": round(float(array[step].mean()), 4)}
        for gate, array in arrays
        for step, label in enumerate(labels)
    ]
    title = f"gates, mean over all {gates.cell.shape[1]} units"
    return _lines(alt.Chart(alt.InlineData(values=values), title=title), axis)


def _lines(chart: alt.Chart, axis: alt.Axis | None) -> alt.Chart:
    """Draws one line per gate from the fields ``gate`` and ``value``, in the same colours in all charts."""
    lines: alt.Chart = (
        chart.mark_line(point=True)
        .encode(
            x=alt.X("step:O", axis=axis),
            y=alt.Y(
                "value:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=3), title="gate value"
            ),
            color=alt.Color("gate:N", scale=alt.Scale(domain=list(_GATES.values())), title=None),
            tooltip=[alt.Tooltip("token:N"), alt.Tooltip("gate:N"), alt.Tooltip("value:Q")],
        )
        .properties(width=alt.Step(COLUMN_WIDTH), height=80)
    )
    return lines


def _heat_map(cells: alt.InlineData, name: str) -> alt.Chart:
    """Draws one gate, or the cell state, of the chosen units."""
    legend: alt.Legend | None
    if name == "cell":
        scale = alt.Scale(domain=[-_SATURATION, _SATURATION], domainMid=0, clamp=True)
        legend = alt.Legend(title="cell state")
    else:
        scale, legend = alt.Scale(domain=[0, 1]), alt.Legend(title="gate value") if name == "input" else None
    heat_map: alt.Chart = (
        alt.Chart(cells, name=name, title=_TITLES[name])
        .mark_rect(cursor="pointer")
        .encode(
            x=alt.X("step:O", axis=None),
            y=alt.Y("row:O", axis=None),
            color=alt.Color(f"{name}:Q", scale=scale, legend=legend),
            tooltip=_TOOLTIP,
        )
        .properties(width=alt.Step(COLUMN_WIDTH), height=alt.Step(_ROW_HEIGHT))
    )
    return heat_map


def _gates_of_unit(cells: alt.InlineData) -> alt.Chart:
    """Draws the gates of the selected unit."""
    names = "{" + ", ".join(f"{name}: '{gate}'" for name, gate in _GATES.items()) + "}"
    title = alt.Title(
        alt.ExprRef(f"'unit ' + {_SELECTED}.unit[0] + ' alone; click a row above to choose another'")
    )
    chart = alt.Chart(cells, title=title).transform_filter(_IS_SELECTED)
    chart = chart.transform_fold(list(_GATES), as_=["name", "value"])
    return _lines(chart.transform_calculate(gate=f"{names}[datum.name]"), None)


def _cell_of_unit(cells: alt.InlineData, axis: alt.Axis) -> alt.Chart:
    """Draws the cell state of the selected unit."""
    bars: alt.Chart = (
        alt.Chart(cells)
        .transform_filter(_IS_SELECTED)
        .mark_bar(style="strong")
        .encode(
            x=alt.X("step:O", axis=axis),
            y=alt.Y("cell:Q", axis=alt.Axis(tickCount=3), title="cell state"),
            tooltip=_TOOLTIP,
        )
        .properties(width=alt.Step(COLUMN_WIDTH), height=80)
    )
    return bars
