"""The cells of the heat maps are the attention weights of the translation."""

import numpy as np
import pytest

from translator.decoding.translation import Translation
from translator.reports.inspection.attention import attention_between_tokens, attention_between_words


def cells(chart):
    """Weights by (row, column), the data of all cells, and the links, as drawn."""
    data = list(chart.to_dict()["datasets"].values())
    (drawn,) = [values for values in data if values and "attention" in values[0]]
    links = [values for values in data if values and "attention" not in values[0]]
    weights = {(cell["target"], cell["source"]): cell["attention"] for cell in drawn}
    return weights, drawn, links[0] if links else []


def translation(tokens, source_tokens, attention, links=()):
    return Translation("", 0.0, 0.0, tokens, source_tokens, (np.array(attention, np.float32),), links)


def test_every_pair_of_tokens_has_a_cell(inspection):
    found = inspection.translation
    weights, drawn, links = cells(attention_between_tokens(found))
    assert links == []
    assert len(weights) == found.alignment.size
    for (row, column), weight in weights.items():
        assert weight == pytest.approx(found.alignment[row, column], abs=1e-4)
    assert {(cell["to"], cell["from"]) for cell in drawn} >= {(found.tokens[0], "你 2/3")}


def test_attention_between_words_by_hand():
    found = translation(
        ("▁ab", "c", "▁d", "</s>"),
        ("▁x", "▁y", "z", "</s>"),
        [[0.1, 0.2, 0.3, 0.4], [0.3, 0.2, 0.5, 0.0], [0.7, 0.1, 0.1, 0.1], [0.0, 0.0, 0.0, 1.0]],
        links=((1, 0), (0, 1)),
    )
    weights, drawn, links = cells(attention_between_words(found))
    expected = [[0.2, 0.6, 0.2], [0.7, 0.2, 0.1], [0.0, 0.0, 1.0]]
    assert {cell: pytest.approx(weight) for cell, weight in np.ndenumerate(np.array(expected))} == weights
    assert [cell["to"] for cell in drawn][::3] == ["abc", "d", "</s>"]
    assert [cell["from"] for cell in drawn][:3] == ["x", "yz", "</s>"]
    assert links == [{"source": 1, "target": 0}, {"source": 0, "target": 1}]


def test_each_row_between_words_adds_up_to_one(inspection):
    weights, *_ = cells(attention_between_words(inspection.translation))
    rows = max(row for row, _ in weights) + 1
    sums = [sum(weight for (of_row, _), weight in weights.items() if of_row == row) for row in range(rows)]
    assert sums == pytest.approx([1.0] * rows, abs=2e-3)


def test_there_is_no_chart_of_words_for_text_without_spaces():
    one_word = translation(("▁今日", "は", "</s>"), ("▁a", "▁b", "</s>"), np.full([3, 3], 1 / 3))
    assert attention_between_words(one_word) is None
    empty = translation(("</s>",), ("▁a", "▁b", "</s>"), np.full([1, 3], 1 / 3))
    assert attention_between_words(empty) is None


def test_a_translation_without_attention_weights_is_an_error():
    with pytest.raises(ValueError, match="translate with alignments=True"):
        attention_between_tokens(Translation("", 0.0, 0.0, ("</s>",), ("</s>",)))
