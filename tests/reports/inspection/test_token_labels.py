"""Token labels are readable in every script, byte tokens are spelled out, and any text is drawn as it is."""

import re
from xml.etree import ElementTree

import altair as alt
import pytest
import vl_convert

from translator.reports.inspection.token_labels import (
    labelled_axis,
    slanted_axis,
    text_of_tokens,
    token_labels,
)


@pytest.mark.parametrize(
    ("tokens", "labels"),
    [
        (["▁the", "re", "</s>"], ["▁the", "re", "</s>"]),
        (["▁", "<0xE4>", "<0xBD>", "<0xA0>", "x"], ["▁", "你 1/3", "你 2/3", "你 3/3", "x"]),
        (["<0x41>", "<0x20>", "<0x0A>"], ["A", "▁", "U+000A"]),
        (["<0xE4>", "<0xBD>"], ["byte E4", "byte BD"]),  # an incomplete character
        (["<0xA0>", "<0x41>"], ["byte A0", "A"]),  # the middle of a character
        (["<0xF0>", "<0x9F>", "<0x98>", "<0x80>"], ["😀 1/4", "😀 2/4", "😀 3/4", "😀 4/4"]),
        (["▁سلام", "של"], ["\u200f▁سلام", "\u200fשל"]),
        (["▁\u0301", "\u093e"], ["▁◌\u0301", "◌\u093e"]),
        (["a\u200bb"], ["aU+200Bb"]),
        (["▁می\u200cشود", "\u200c"], ["\u200f▁می\u200cشود", "U+200C"]),
        (["今日", "▁世界"], ["今日", "▁世界"]),
        ([], []),
    ],
)
def test_every_token_has_a_readable_label(tokens, labels):
    assert token_labels(tokens) == labels


def test_tokens_spell_text():
    assert text_of_tokens(["▁a", "b", "<0xE4>", "<0xBD>", "<0xA0>", "▁c"]) == "ab你 c"
    assert text_of_tokens(["<0xE4>"]) == "\ufffd"


@pytest.mark.parametrize("axis", [labelled_axis, slanted_axis])
def test_every_label_is_drawn_as_it_is(axis):
    labels = ["if", "if", "constructor", "a'b", 'a"b', "a\\b", "</s>", "▁سلام", "今日", "😀", "datum.value"]
    data = alt.InlineData(values=[{"x": i} for i in range(len(labels))])
    chart = alt.Chart(data).mark_point().encode(x=alt.X("x:O", axis=axis(labels)))
    drawn = ElementTree.fromstring(vl_convert.vegalite_to_svg(chart.to_dict()))
    texts = [element.text for element in drawn.iter() if re.sub("{.*}", "", element.tag) == "text"]
    assert [text for text in texts if text in labels] == labels
