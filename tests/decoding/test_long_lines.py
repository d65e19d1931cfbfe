"""Long lines are cut into parts that fit, and nothing of them is lost."""

import itertools

import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from translator.decoding.long_lines import LongLines, join_parts
from translator.decoding.translation import Translation, join_translations
from translator.serving import line_parts

words = st.text("abdeo", min_size=1, max_size=12)
word_with_mark = st.tuples(words, st.sampled_from(["", "", "", ",", ";", ".", "?", "…"])).map("".join)
lines = st.lists(word_with_mark, min_size=1, max_size=40).map(" ".join)
reproducible = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def parts_of(line, tokenizer, longest):
    """The texts of the parts of a line."""
    [ids] = tokenizer.encode([line])
    return tokenizer.decode(LongLines(tokenizer, longest).parts_of(ids))


def reference_cuts(tokens, longest):
    """The rule in plain words: where each part of a line of tokens ends."""
    read = {"<0x2E>": ".", "<0x2C>": ",", "<0x3B>": ";", "<0x3A>": ":", "<0x3F>": "?", "<0x21>": "!"}
    ends, start = [], 0
    while len(tokens) - start > longest:
        best = start, -1
        for end in range(start + 1, start + longest + 1):
            last, after = read.get(tokens[end - 1], tokens[end - 1])[-1], tokens[end]
            if after.startswith("▁"):
                kind = 4 if last in ".!?…。！？" else 3 if last in ",;:" else 2
            elif last in "。！？":
                kind = 4
            else:
                kind = 0 if after.startswith(("<0x8", "<0x9", "<0xA", "<0xB")) else 1
            if kind >= best[1]:
                best = end, kind
        start = best[0]
        ends.append(start)
    return [*ends, len(tokens)] if tokens else []


@reproducible
@given(line=lines | st.text(max_size=60), longest=st.integers(1, 60))
@example(line="\U0001f600" * 60, longest=16)  # four bytes each
@example(line="\u0958" * 60, longest=16)  # the normal form has two characters of three bytes
@example(line="\u4f60\u597d\u3002" * 20, longest=7)
@example(line="", longest=5)
def test_parts_fit_lose_nothing_and_follow_the_rule(tokenizer, line, longest):
    [ids] = tokenizer.encode([line])
    parts = LongLines(tokenizer, longest).parts_of(ids)
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
    [ids] = tokenizer.encode(["ada bob cid xyzxyz dee"])
    parts = long_lines.parts_of(ids)
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
        ("ada bob cid dee eve fay gus", ["ada bob cid dee eve fay", "gus"]),
        ("ada! bob? cid dee, eve fay", ["ada! bob?", "cid dee, eve fay"]),
    ],
    ids=["at the sentence end", "at the comma", "at a space", "short sentences share a part"],
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
