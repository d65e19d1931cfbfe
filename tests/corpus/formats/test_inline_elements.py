from xml.etree import ElementTree

import lxml.etree
import pytest

from translator.corpus.formats.inline_elements import INVALID, plain_text


def text_of(segment: str, **native_codes: str) -> str:
    return plain_text(ElementTree.fromstring(f"<seg>{segment}</seg>"), native_codes)


@pytest.mark.parametrize("parse", [ElementTree.fromstring, lxml.etree.fromstring])
@pytest.mark.parametrize(
    ("segment", "text"),
    [
        ("plain &amp; <![CDATA[<simple>]]>", "plain & <simple>"),
        ("", ""),
        ("a <bpt>{\\b</bpt>bold<ept>}</ept> word", "a bold word"),
        ("a <hi>marked <hi>word</hi></hi> here", "a marked word here"),
        ("see<ph>&lt;img alt='<sub>a dog</sub>'></ph> this", "see this"),
        ("<ut>\\par</ut>one<it>x</it> two<ph/>", "one two"),
        ("<g>all of <x/>it</g> and <mrk>more</mrk>.", "all of it and more."),
        ("before<!-- a comment -->after<?app do?>.", "beforeafter."),
    ],
)
def test_text_is_kept_and_native_codes_are_dropped(parse, segment, text):
    assert plain_text(parse(f"<seg>{segment}</seg>")) == text
    assert plain_text(parse(f'<seg xmlns="urn:of:something">{segment}</seg>')) == text


def test_tags_may_be_nested_to_any_depth():
    depth = 50_000
    assert plain_text(ElementTree.fromstring("<hi>" * depth + "deep" + "</hi>" * depth)) == "deep"


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        ("Press<ph>&lt;br/&gt;</ph>the button.", "Press the button."),
        ('First line<x ctype="lb"/>second line', "First line second line"),
        ("Stop.<x/><x/>Go.", "Stop. Go."),
        ("one<ut>\\par</ut>two", "one two"),
        ('<ph id="1" subType="xlf:lb"/>one<ph id="2" subType="xlf:lb"/>two', "one two"),
        ("End.<bpt>&lt;p&gt;</bpt>Next<ept>&lt;/p&gt;</ept>", "End. Next"),
        ('<g ctype="x-html-li">One</g><g ctype="x-html-li">Two</g>', "One Two"),
        ('<mrk mtype="seg">One.</mrk><mrk mtype="seg">Two.</mrk>', "One. Two."),
        ("caf\u00e9<x/>\u0434\u043e\u043c", "caf\u00e9 \u0434\u043e\u043c"),
    ],
)
def test_a_code_between_two_words_leaves_a_space(segment, text):
    assert text_of(segment) == text


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        ("a <x/>b<x/> c", "a b c"),  # there is one
        ("<x/>a<x/>", "a"),
        ("a dog<x/>, a cat<x/>.", "a dog, a cat."),
        ("(<x/>see \u00ab<x/>here\u00bb<x/>)", "(see \u00abhere\u00bb)"),
        ("\u7b2c\u4e00\u884c<x/>\u7b2c\u4e8c\u884c", "\u7b2c\u4e00\u884c\u7b2c\u4e8c\u884c"),
        ("\u7b2c\u4e00\u3002<x/>\u7b2c\u4e8c", "\u7b2c\u4e00\u3002\u7b2c\u4e8c"),
    ],
)
def test_a_code_leaves_no_space_where_none_is_written(segment, text):
    assert text_of(segment) == text


@pytest.mark.parametrize(
    "segment",
    [
        "Win<ph>&lt;b&gt;</ph>dow<ph>&lt;/b&gt;</ph>",
        'Win<x ctype="x-b" equiv-text="&lt;b&gt;"/>dow',
        "<bpt>{\\b</bpt>W<ept>}</ept>indow",
        "<ut>{\\b </ut>W<ut>}</ut>indow",
        'W<bx id="1"/>in<ex id="1"/>dow',
        '<pc type="fmt" subType="xlf:b">W</pc>indow',
    ],
)
def test_formatting_inside_a_word_does_not_divide_it(segment):
    assert text_of(segment) == "Window"


@pytest.mark.parametrize(
    "code",
    [
        "{0}",
        "{{name}}",
        "${user}",
        "%s",
        "%1$d",
        "%.2f",
        "%(count)d",
        "%{count}",
        "$name",
        "%@",
        "@count",
        "%1",
    ],
)
def test_a_short_placeholder_stays_in_the_text_however_it_is_given(code):
    for element in (
        f"<ph>{code}</ph>",
        f'<x id="INTERPOLATION" equiv-text="{code}"/>',
        f'<ph id="0" equiv="INTERPOLATION" disp="{code}"/>',
        f'<ph id="0" equiv="{code}"/>',
        '<ph id="0" dataRef="d1"/>',
    ):
        assert text_of(f"Hello {element}!", d1=code) == f"Hello {code}!"


@pytest.mark.parametrize(
    "code",
    [
        "{VAR_PLURAL, plural, =1 {one dog} other {many dogs}}",
        "{" + "x" * 50 + "}",
        "some words",
        "{\\b}",
        "1",
    ],
)
def test_other_codes_and_long_ones_are_dropped(code):
    assert text_of(f"Hello<ph>{code}</ph> you") == "Hello you"


def test_a_character_that_xml_cannot_contain_is_marked():
    assert text_of('a<cp hex="001F"/>b') == f"a{INVALID}b"
