"""HTML keeps its tags, a translation never becomes a tag, and malformed markup is handled."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.serving.server.markup import HtmlFragment


def capitals(markup):
    fragment = HtmlFragment(markup)
    return fragment.with_texts([text.upper() for text in fragment.texts])


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("a b", "A B"),
        ("<p>a</p>\n<p> b\n c </p>", "<p>A</p>\n<p> B C </p>"),
        ("a <b class='x'>b</b>c<br/>", "A <b class='x'>B</b>C<br/>"),
        ('<a title="a > b" href=c>d</a>', '<a title="a > b" href=c>D</a>'),
        ("<!-- a <b> --> b", "<!-- a <b> --> B"),
        ("<style>a</style><script>if (a<b) c()</SCRIPT>d", "<style>a</style><script>if (a<b) c()</SCRIPT>D"),
        ("1 &lt; 2 &amp; &eacute;", "1 &lt; 2 &amp; É"),
        ("a < b > c", "A &lt; B &gt; C"),
        ("a <unfinished", "A &lt;UNFINISHED"),
        ("&nbsp;", "&nbsp;"),
        ("", ""),
    ],
)
def test_only_the_text_of_markup_changes(markup, expected):
    assert capitals(markup) == expected


def test_a_translation_cannot_add_a_tag():
    assert (
        HtmlFragment("<p>a</p>").with_texts(["<script>x</script>"]) == "<p>&lt;script&gt;x&lt;/script&gt;</p>"
    )


def test_each_text_is_one_line_without_entities():
    assert HtmlFragment("<p>a &amp;\nb</p>  <i>c</i>").texts == ["a & b", "c"]


TAGS = ["<p>", "</p>", "<br>", '<a href="x>y">', "<!-- c -->", "<", ">", "&amp;", '"', "'", "-->", "<script>"]


@given(st.lists(st.sampled_from(TAGS) | st.text("ab <>&;\n\u00a0", max_size=4), max_size=12).map("".join))
def test_any_markup_keeps_its_tags_and_its_text(markup):
    fragment = HtmlFragment(markup)
    same = fragment.with_texts(fragment.texts)
    assert " ".join(html.unescape(same).split()) == " ".join(html.unescape(markup).split())
    assert all(text and text == " ".join(text.split()) for text in fragment.texts)
    without = HtmlFragment(markup).with_texts([""] * len(fragment.texts))
    assert re.findall(r"<[/!a-z][^>]*>", without) == re.findall(r"<[/!a-z][^>]*>", same)
