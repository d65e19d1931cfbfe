"""The charts of a layer show its own gates and cell states."""

import numpy as np
import pytest
import vl_convert

from translator.nn.lstm import Gates
from translator.reports.inspection.gates import MAX_UNITS, gate_charts, most_active_units


def drawn(chart):
    """The data of the heat maps and the data of the means."""
    data = list(chart.to_dict()["datasets"].values())
    assert len(data) == 2  # all heat maps share one
    return sorted(data, key=lambda values: "unit" not in values[0])


def random_gates(steps, units, seed=4):
    random = np.random.default_rng(seed)
    gate = [random.uniform(0, 1, [steps, units]) for _ in range(3)]
    rest = [random.normal(0, 1, [steps, units]) for _ in range(4)]
    return Gates(gate[0], gate[1], rest[0], gate[2], *rest[1:])


def test_the_charts_hold_the_values_of_the_layer(inspection):
    for name, gates in inspection.gates.items():
        tokens = inspection.translation.source_tokens if "encoder" in name else inspection.read_tokens
        cells, means = drawn(gate_charts(gates, tokens, "token"))
        assert len(cells) == gates.cell.size  # all units are shown
        for cell in cells:
            at = cell["step"], cell["unit"]
            assert cell["token"] == tokens[cell["step"]]
            assert cell["input"] == pytest.approx(gates.input_gate[at], abs=1e-4)
            assert cell["forget"] == pytest.approx(gates.forget_gate[at], abs=1e-4)
            assert cell["output"] == pytest.approx(gates.output_gate[at], abs=1e-4)
            assert cell["candidate"] == pytest.approx(gates.candidate[at], abs=1e-4)
            assert cell["cell"] == pytest.approx(gates.cell[at], abs=1e-4)
            # The output of the layer follows from the values.
            output = cell["output"] * np.tanh(cell["cell"])
            assert output == pytest.approx(gates.output[at], abs=3e-4)
        for mean in means:
            part = {"input gate": gates.input_gate, "forget gate": gates.forget_gate}
            part |= {"output gate": gates.output_gate}
            assert mean["value"] == pytest.approx(part[mean["gate"]][mean["step"]].mean(), abs=1e-4)
        assert len(means) == 3 * len(tokens)


def test_each_heat_map_shows_its_gate(inspection):
    specification = gate_charts(
        inspection.gates["encoder/forward"], inspection.translation.source_tokens, "token"
    ).to_dict()
    fields = {part["name"]: part["encoding"]["color"]["field"] for part in specification["vconcat"][1:5]}
    assert fields == {name: name for name in ("input", "forget", "output", "cell")}
    titles = [part["title"] for part in specification["vconcat"][1:5]]
    for title, word in zip(titles, ["input", "forget", "output", "cell state"], strict=True):
        assert title.startswith(word)


def test_the_units_that_change_most_are_shown():
    cell = np.zeros([6, 100], np.float32)
    changing = [4 * number for number in range(MAX_UNITS - 2)]
    cell[np.arange(len(changing)) % 6, changing[::-1]] = 1.5  # each at another step
    cell[:, 50] = np.arange(6) + 40  # large, but its tanh does not change
    cell[2, 98] = -0.9
    cell[3, 1] = 0.8
    chosen = most_active_units(cell)
    assert sorted(chosen) == sorted([*changing, 98, 1])
    where = [int(np.abs(cell[:, unit]).argmax()) for unit in chosen]
    assert where == sorted(where)


def test_the_number_of_rows_is_limited():
    cells, _ = drawn(gate_charts(random_gates(60, 256), ["▁a"] * 60, "token"))
    assert len(cells) == MAX_UNITS * 60
    assert {cell["row"] for cell in cells} == set(range(MAX_UNITS))


def test_the_selected_unit_is_shown_alone():
    specification = gate_charts(random_gates(5, 8), list("abcde"), "token").to_dict()
    (selection,) = specification["params"]
    assert selection["views"] == ["input", "forget", "output", "cell"]
    first = selection["value"][0]["unit"]
    assert f"unit {first} alone" in vl_convert.vegalite_to_svg(specification)
    selection["value"] = [{"unit": (first + 1) % 8}]
    assert f"unit {(first + 1) % 8} alone" in vl_convert.vegalite_to_svg(specification)


def test_a_single_time_step_can_be_drawn():
    gate_charts(random_gates(1, 8), ["</s>"], "token").to_dict()
