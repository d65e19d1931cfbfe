"""What is drawn of a layer is the layer's own."""

import numpy as np
import pytest
import vl_convert

from translator.nn.lstm import Gates
from translator.reports.inspection.gates import SHOWN_UNITS, gates_of_layer, most_active_units


def drawn(chart):
    """The rows that heat maps are drawn from, and those of the means."""
    data = list(chart.to_dict()["datasets"].values())
    assert len(data) == 2  # all heat maps share one
    return sorted(data, key=lambda values: "unit" not in values[0])


def random_gates(steps, units, seed=4):
    random = np.random.default_rng(seed)
    gate = [random.uniform(0, 1, [steps, units]) for _ in range(3)]
    rest = [random.normal(0, 1, [steps, units]) for _ in range(4)]
    return Gates(gate[0], gate[1], rest[0], gate[2], *rest[1:])


def test_cells_are_the_layers_own(inspection):
    for name, gates in inspection.gates.items():
        tokens = inspection.translation.source_tokens if "encoder" in name else inspection.read_tokens
        cells, means = drawn(gates_of_layer(gates, tokens, "piece"))
        assert len(cells) == gates.cell.size  # fewer units than can be shown
        for cell in cells:
            at = cell["step"], cell["unit"]
            assert cell["piece"] == tokens[cell["step"]]
            assert cell["input"] == pytest.approx(gates.input_gate[at], abs=1e-4)
            assert cell["forget"] == pytest.approx(gates.forget_gate[at], abs=1e-4)
            assert cell["output"] == pytest.approx(gates.output_gate[at], abs=1e-4)
            assert cell["candidate"] == pytest.approx(gates.candidate[at], abs=1e-4)
            assert cell["cell"] == pytest.approx(gates.cell[at], abs=1e-4)
            # What is drawn gives the output of the layer.
            output = cell["output"] * np.tanh(cell["cell"])
            assert output == pytest.approx(gates.output[at], abs=3e-4)
        for mean in means:
            part = {"input gate": gates.input_gate, "forget gate": gates.forget_gate}
            part |= {"output gate": gates.output_gate}
            assert mean["open"] == pytest.approx(part[mean["gate"]][mean["step"]].mean(), abs=1e-4)
        assert len(means) == 3 * len(tokens)


def test_each_heat_map_shows_its_gate(inspection):
    specification = gates_of_layer(
        inspection.gates["encoder/forward"], inspection.translation.source_tokens, "piece"
    ).to_dict()
    fields = {part["name"]: part["encoding"]["color"]["field"] for part in specification["vconcat"][1:5]}
    assert fields == {name: name for name in ("input", "forget", "output", "cell")}
    titles = [part["title"] for part in specification["vconcat"][1:5]]
    for title, word in zip(titles, ["input", "forget", "output", "cell state"], strict=True):
        assert title.startswith(word)


def test_of_many_units_those_that_move_are_shown():
    cell = np.zeros([6, 100], np.float32)
    moving = [4 * number for number in range(SHOWN_UNITS - 2)]
    cell[np.arange(len(moving)) % 6, moving[::-1]] = 1.5  # each at another step
    cell[:, 50] = np.arange(6) + 40  # only counts on
    cell[2, 98] = -0.9
    cell[3, 1] = 0.8
    chosen = most_active_units(cell)
    assert sorted(chosen) == sorted([*moving, 98, 1])
    where = [int(np.abs(cell[:, unit]).argmax()) for unit in chosen]
    assert where == sorted(where)


def test_long_sentences_keep_few_rows():
    cells, _ = drawn(gates_of_layer(random_gates(60, 256), ["▁a"] * 60, "piece"))
    assert len(cells) == SHOWN_UNITS * 60
    assert {cell["row"] for cell in cells} == set(range(SHOWN_UNITS))


def test_a_unit_that_is_picked_is_shown_alone():
    specification = gates_of_layer(random_gates(5, 8), list("abcde"), "piece").to_dict()
    (choice,) = specification["params"]
    assert choice["views"] == ["input", "forget", "output", "cell"]
    first = choice["value"][0]["unit"]
    assert f"unit {first} alone" in vl_convert.vegalite_to_svg(specification)
    choice["value"] = [{"unit": (first + 1) % 8}]
    assert f"unit {(first + 1) % 8} alone" in vl_convert.vegalite_to_svg(specification)


def test_one_step():
    gates_of_layer(random_gates(1, 8), ["</s>"], "piece").to_dict()
