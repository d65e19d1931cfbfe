"""HTML keeps its tags, a translation never becomes a tag, and malformed markup is handled."""

import html
import re
import subprocess
import sys

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
        ("<!-->a<!--->b<!-- c --!>d", "<!-->A<!--->B<!-- c --!>D"),
        (
            "<?xml a?>b<!doctype a>c<![CDATA[a]]>d</ a>e</>f",
            "<?xml a?>B<!doctype a>C<![CDATA[a]]>D</ a>E</>F",
        ),
        ("<style>a</style><script>if (a<b) c()</SCRIPT>d", "<style>a</style><script>if (a<b) c()</SCRIPT>D"),
        ("a <script> b </scripts> c", "A <script> b </scripts> c"),
        ("a <!-- b <p> c", "A <!-- b <p> c"),
        ("1 &lt; 2 &amp; &eacute;", "1 &lt; 2 &amp; É"),
        ("a < b > c", "A &lt; B &gt; C"),
        ("I <3 you", "I &lt;3 YOU"),
        ("a <unfinished", "A &lt;UNFINISHED"),
        ('<a"b">c</a>', '<a"b">C</a>'),
        ('<a b="c><p>d</p>', '&lt;A B="C&gt;<p>D</p>'),
        ("&nbsp;", "&nbsp;"),
        ("", ""),
    ],
)
def test_only_the_text_of_markup_changes(markup, expected):
    assert capitals(markup) == expected


@pytest.mark.parametrize(
    "markup",
    [
        '<p translate="no">a <b>b</b> c</p>',
        "<P TRANSLATE=NO>a</P>",
        "<span class='x notranslate'>a</span>",
        "<code>a <i>b</i> c</code>",
        "<kbd>a</kbd>, <samp>b</samp>; <var>c</var>",
        "<pre>a\n  b\n\n c</pre>",
        "<pre translate=yes>a\n  <b translate=yes>b</b></pre>",
        "<textarea>a\n <b>b</textarea>",
        "<math><mi>x</mi></math>",
        "<p>(<b>42</b>) 1,000.50 – &hellip; &#8220;</p>",
        "a b".join(["<div translate=no>", "</div>"]),
    ],
)
def test_what_is_not_for_translation_is_left_alone(markup):
    fragment = HtmlFragment(markup)
    assert fragment.texts == []
    assert fragment.with_texts([]) == markup


@pytest.mark.parametrize(
    ("markup", "texts"),
    [
        ("<b translate=no>a</b> b", ["b"]),
        ("<br translate=no>a<code/>b", ["a", "b"]),
        ("<p translate=no>a<p>b<ul><li translate=no>c<li>d</ul>", ["b", "d"]),
        ("<div translate=no>a<p translate=yes>b</p>c<b translate>d</b></div>e", ["b", "d", "e"]),
        ("<div><code>a</div>b", ["b"]),
        ("</code>a<pre>b</b></pre></pre>c", ["a", "c"]),
        ("<a title='translate=\"no\"' class=notranslated>a</a>", ["a"]),
    ],
)
def test_translation_goes_on_where_an_element_ends(markup, texts):
    assert HtmlFragment(markup).texts == texts


def test_punctuation_alone_between_two_tags_is_not_translated():
    fragment = HtmlFragment("See <b>a small dog</b>.")
    assert fragment.texts == ["See", "a small dog"]
    assert fragment.with_texts(["Sieh", "ein Hündchen"]) == "Sieh <b>ein Hündchen</b>."


@pytest.mark.parametrize("space", ["&nbsp;", "\u00a0"])
def test_no_break_spaces_survive(space):
    markup = f"<p>{space}in 10{space}km or 3{space}h </p>"
    fragment = HtmlFragment(markup)
    assert fragment.texts == ["in 10\u00a0km or 3\u00a0h"]
    # A tokenizer makes plain spaces of them.
    assert fragment.with_texts(["3 h oder 10 km weit"]) == f"<p>{space}3{space}h oder 10{space}km weit </p>"


def test_a_translation_cannot_add_a_tag():
    assert (
        HtmlFragment("<p>a</p>").with_texts(["<script>x</script>"]) == "<p>&lt;script&gt;x&lt;/script&gt;</p>"
    )


def test_each_text_is_one_line_without_entities():
    assert HtmlFragment("<p>a &amp;\nb</p>  <i>c</i>").texts == ["a & b", "c"]


TAGS = [
    *("<p>", "</p>", "<br>", '<a href="x>y">', "<!-- c -->", "<", ">", "&amp;", '"', "'", "-->", "<script>"),
    *("</script>", "<code>", "</code>", "<p translate=no>", "&nbsp;", '<a b="', "<a b='", "<!", "</", "="),
]


@given(st.lists(st.sampled_from(TAGS) | st.text("ab <>&;\n\u00a0", max_size=4), max_size=12).map("".join))
def test_any_markup_keeps_its_tags_and_its_text(markup):
    fragment = HtmlFragment(markup)
    same = fragment.with_texts(fragment.texts)
    assert " ".join(html.unescape(same).split()) == " ".join(html.unescape(markup).split())
    assert all(text and text == " ".join(re.split("[ \n]+", text)).strip() for text in fragment.texts)
    without = HtmlFragment(markup).with_texts([""] * len(fragment.texts))
    assert re.findall(r"<[/!a-z][^>]*>", without) == re.findall(r"<[/!a-z][^>]*>", same)


ENDLESS = [
    *(
        '<a"',
        "<a b=",
        "<a ",
        "<a\n",
        "<a/",
        '<a b="',
        "<a b=\"'",
        "<!--",
        "<!",
        "</",
        "</a ",
        "<script></script",
    ),
    *("<b>", "x</i>", "<p", "<code>", "&a", "&nbsp;", " "),
]
CODE = """
import sys
from translator.serving.server.markup import HtmlFragment
for part in sys.argv[1:]:
    fragment = HtmlFragment(part * 40_000)
    fragment.with_texts(fragment.texts)
"""


def test_malformed_markup_of_any_length_takes_linear_time():
    """All of them together take seconds; where time is quadratic, a single one takes minutes."""
    subprocess.run([sys.executable, "-c", CODE, *ENDLESS], check=True, timeout=100)
