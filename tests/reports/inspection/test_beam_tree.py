"""The tree shows the beam, and no two of its lines cross."""

import itertools

import pytest

from translator.decoding.inspection import BeamNode
from translator.reports.inspection.beam import beam_chart, tree_columns


def drawn(inspection):
    data = beam_chart(inspection.beam, "<s>").to_dict()["datasets"].values()
    (nodes,) = [values for values in data if "token" in values[0]]
    lines = [line for values in data if "token" not in values[0] for line in values]
    return nodes, lines


def test_every_hypothesis_is_a_node(inspection):
    (start, *nodes), _ = drawn(inspection)
    assert start["token"] == "<s>"
    assert "log-probability" not in start
    assert len(nodes) == len(inspection.beam)
    for node, hypothesis in zip(nodes, inspection.beam, strict=True):
        assert node["step"] == hypothesis.step
        assert node["log-probability"] == pytest.approx(hypothesis.log_probability, abs=1e-4)
        assert node["ended"] == (hypothesis.token == "</s>")
        assert node["found"] == hypothesis.is_found
        assert node["token"] == hypothesis.token  # there are no byte tokens


def test_every_node_is_joined_to_its_parent(inspection):
    _, lines = drawn(inspection)
    columns = tree_columns(inspection.beam)
    expected = [
        ((0 if node.parent < 0 else columns[node.parent], node.step - 1), (column, node.step))
        for node, column in zip(inspection.beam, columns, strict=True)
    ]
    found = [((line["column"], line["step"]), (line["to column"], line["to step"])) for line in lines]
    assert sorted(found) == sorted(expected)


def test_no_lines_cross_and_no_nodes_coincide(inspection):
    _, lines = drawn(inspection)
    ends = [(line["to column"], line["to step"]) for line in lines]
    assert len(set(ends)) == len(ends)
    assert len(ends) > 10
    for one, other in itertools.combinations(lines, 2):
        if one["step"] == other["step"]:
            order = (one["column"] - other["column"]) * (one["to column"] - other["to column"])
            assert order >= 0


def test_the_translation_has_the_first_column_to_itself(inspection):
    for column, node in zip(tree_columns(inspection.beam), inspection.beam, strict=True):
        assert (column == 0) == node.is_found


def test_byte_tokens_are_spelled_along_their_path():
    tokens = ["<0xE4>", "<0xBD>", "<0xA0>", "</s>"]
    beam = [BeamNode(step, step - 1, token, -1.0, None, True) for step, token in enumerate(tokens)]
    (values,) = [
        values
        for values in beam_chart(beam, "<s>").to_dict()["datasets"].values()
        if values and "token" in values[0]
    ]
    assert [node["token"] for node in values] == ["<s>", "byte E4", "byte BD", "你 3/3", "</s>"]
