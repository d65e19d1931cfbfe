"""Long lines are cut into parts that fit, and nothing of them is lost."""

import itertools
import math
from dataclasses import replace
from functools import cache

import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from translator.decoding.long_lines import LongLines, join_parts
from translator.decoding.sentence_ends import mark_ends
from translator.decoding.translation import Translation, join_translations
from translator.serving import line_parts

STOPS_AND_COMMAS = [
    ",",
    ";",
    ".",
    "?",
    "\u2026",
    '."',
    ".)",
    ". \u00bb",
    "\u3002",
    "\u0964",
    "\u061f",
    "\u060c",
    "\uff0e",
]
words = st.text("abdeo", min_size=1, max_size=12) | st.sampled_from(["Mr", "z", "3", "No", "\u597d"])
word_with_mark = st.tuples(words, st.sampled_from(["", "", "", *STOPS_AND_COMMAS])).map("".join)
lines = st.lists(word_with_mark, min_size=1, max_size=40).map(" ".join)
lines |= st.lists(word_with_mark, min_size=1, max_size=40).map("".join)
reproducible = settings(max_examples=100, deadline=None, derandomize=True, database=None)


@cache
def long_lines_of(tokenizer, longest):
    """Cuts lines; cached because each traces a graph."""
    return LongLines(tokenizer, longest)


def parts_of(line, tokenizer, longest):
    """The texts of the parts of a line."""
    [parts] = long_lines_of(tokenizer, longest).parts_of(tokenizer.encode([line]))
    return tokenizer.decode(parts)


def reference_kinds(tokens):
    """How good each position before a token is, from the marks of the whole line."""
    as_bytes = [
        bytes([int(token[1:-1], 16)]) if token.startswith("<0x") else token.replace("▁", " ").encode()
        for token in tokens
    ]
    marked = mark_ends(tf.constant(b"".join(as_bytes))).numpy()
    kinds, position = [], 0
    for token in as_bytes:
        marks = b""
        while marked[position] in b"\1\3\4":
            marks += marked[position : position + 1]
            position += 1
        assert marked[position] == token[0]
        first = 2 if token[:1] == b" " else 0 if 0x80 <= token[0] < 0xC0 else 1
        kinds.append(max([first, *(mark for mark in marks if mark > 1)]))
        for byte in token[1:]:
            position += 1
            while marked[position] in b"\1\3\4":
                position += 1
            assert marked[position] == byte
        position += 1
    return kinds


def reference_cuts(tokens, longest):
    """The rule in plain words: where each part of a line of tokens ends."""
    kinds = reference_kinds(tokens)
    ends, start = [], 0
    while (rest := len(tokens) - start) > longest:
        balanced = math.ceil(rest / math.ceil(rest / longest))
        lengths = range(1, longest + 1)
        start += max(lengths, key=lambda n: (kinds[start + n], -abs(n - balanced), n))
        ends.append(start)
    return [*ends, len(tokens)] if tokens else []


@reproducible
@given(line=lines | st.text(max_size=60), longest=st.sampled_from([1, 3, 7, 16]))
@example(line="\U0001f600" * 60, longest=16)  # four bytes each
@example(line="\u0958" * 60, longest=16)  # the normal form has two characters of three bytes
@example(line="\u4f60\u597d\u3002" * 20, longest=7)
@example(line="", longest=5)
def test_parts_fit_lose_nothing_and_follow_the_rule(tokenizer, line, longest):
    [ids] = tokenizer.encode([line])
    [parts] = long_lines_of(tokenizer, longest).parts_of([ids])
    assert list(itertools.chain(*parts)) == ids
    assert all(0 < len(part) <= longest for part in parts)
    assert list(itertools.accumulate(map(len, parts))) == reference_cuts(tokenizer.tokens(ids), longest)


def test_a_line_that_fits_is_one_part_without_the_space_around_it(tokenizer):
    assert parts_of("  ada bob. cid dee  ", tokenizer, 20) == ["ada bob. cid dee"]


@pytest.mark.parametrize("line", ["", "   ", "\t", "\u200b", "\u00a0"])
def test_a_line_without_text_has_no_parts(tokenizer, line):
    assert parts_of(line, tokenizer, 20) == []


def test_no_part_begins_within_a_character_if_it_can_be_avoided(tokenizer):
    line = "\u65e5\u672c" * 9  # three bytes each
    assert parts_of(line, tokenizer, 7)[1:] == ["\u65e5\u672c"] * 8
    assert "\ufffd" in "".join(parts_of(line, tokenizer, 2))  # a character takes more than two byte tokens


def test_parts_know_whether_a_space_was_between_them(tokenizer):
    long_lines = LongLines(tokenizer, 3)
    [parts] = long_lines.parts_of(tokenizer.encode(["ada bob cid xyzxyz dee"]))
    texts = ["".join(tokenizer.tokens(part)) for part in parts]
    assert long_lines.continues_word(parts) == [
        i > 0 and not text.startswith("▁") for i, text in enumerate(texts)
    ]
    assert long_lines.continues_word(parts)[:2] == [False, False]
    assert True in long_lines.continues_word(parts)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("ada bob. cid dee, eve fay", ["ada bob.", "cid dee, eve fay"]),
        ("ada bob, cid dee eve fay", ["ada bob,", "cid dee eve fay"]),
        ("ada bob cid dee eve fay gus", ["ada bob cid dee", "eve fay gus"]),
        (
            "ada bob cid dee eve fay gus hal ivy jon kim leo mia",
            ["ada bob cid dee eve", "fay gus hal ivy", "jon kim leo mia"],
        ),
        ("ada. bob. cid. dee. eve.", ["ada. bob. cid.", "dee. eve."]),
        ("ada 3. bob cid dee eve fay", ["ada 3. bob", "cid dee eve fay"]),
        ("ada! bob? cid dee, eve fay", ["ada! bob?", "cid dee, eve fay"]),
    ],
    ids=[
        "sentence end",
        "comma",
        "space",
        "three parts",
        "sentences",
        "an ordinal",
        "short sentences share a part",
    ],
)
def test_lines_are_cut_at_the_best_position_within_reach(tokenizer, line, parts):
    assert parts_of(line, tokenizer, 6) == parts


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["ada.", "bob"], "ada. bob"),
        (["\u6211\u3002", "\u4f60"], "\u6211\u3002\u4f60"),
        (["\u6211", "ada", "\u30ab\u30bf"], "\u6211ada\u30ab\u30bf"),
        (["ada", "\uff21", "bob"], "ada\uff21bob"),
        (["\u201c\u6211\u201d", "\u4f60", "\U00020000"], "\u201c\u6211\u201d\u4f60\U00020000"),
        (["\uc548\ub155.", "\uc138\uacc4", "\u0e01", "\u0e02"], "\uc548\ub155. \uc138\uacc4 \u0e01 \u0e02"),
        (["\u6211", "", "", "\u4f60"], "\u6211\u4f60"),
        (["", "ada", "", "bob", ""], "ada bob"),
        (["", "", "\u6211", ""], "\u6211"),
        (["", ""], ""),
        (["\u6211 ", "\u4f60"], "\u6211 \u4f60"),
        (["ada"], "ada"),
        ([""], ""),
    ],
    ids=ascii,
)
def test_no_space_is_put_beside_chinese_and_japanese(texts, expected):
    assert join_parts(texts) == expected
    assert line_parts.join_parts(tf.constant(["\n".join(texts)])).numpy()[0].decode() == expected


def part(text, *links):
    """The translation of a part whose source is three words."""
    tokens = tuple(f"\u2581{word}" for word in text.split())
    source = ("\u2581x", "\u2581y", "\u2581z", "</s>")
    return Translation(
        text, -1.0, -1.0, (*tokens, "</s>"), source, attention_by_part=(), word_alignment=links
    )


def test_a_word_that_goes_on_in_the_next_part_is_one_word_of_the_alignment():
    first, third = part("ada \u6211", (0, 0), (1, 1)), part("\u4f60 bob", (0, 0), (2, 1))
    one = join_translations([first, part(""), third, part("cid", (0, 0))], [False] * 4, alignments=True)
    assert one.text == "ada \u6211\u4f60 bob cid"
    assert one.word_alignment == ((0, 0), (1, 1), (6, 1), (8, 2), (9, 3))


def hypotheses_of_part(*scores_and_terms):
    """The translation of a part from (score, unmet terms) of its hypotheses, best first."""
    best, *others = (
        Translation(f"{score:g}", score, score, ("x", "</s>"), ("a", "</s>"), unmet_terms=unmet)
        for score, unmet in scores_and_terms
    )
    return replace(best, alternatives=tuple(others))


def test_the_best_hypotheses_of_a_line_lack_the_fewest_terms_and_then_have_the_highest_scores():
    parts = [
        hypotheses_of_part((-5.0, ()), (-1.0, ("S",)), (-2.0, ("S",))),
        hypotheses_of_part((-3.0, ()), (-4.0, ()), (-1.0, ("T",))),
    ]
    one = join_translations(parts, [False, False], alignments=False)
    found = [(each.text, each.score, each.unmet_terms) for each in (one, *one.alternatives)]
    assert found == [("-5 -3", -4.0, ()), ("-5 -4", -4.5, ()), ("-1 -3", -2.0, ("S",))]
