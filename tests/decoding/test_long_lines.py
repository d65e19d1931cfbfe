"""Long lines are cut into parts that fit, and nothing of them is lost."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from translator.decoding.long_lines import parts_of

words = st.text("abdeo", min_size=1, max_size=12)
word_with_mark = st.tuples(words, st.sampled_from(["", "", "", ",", ";", ".", "?", "…"])).map("".join)
lines = st.lists(word_with_mark, min_size=1, max_size=40).map(" ".join)
reproducible = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def num_pieces(text, tokenizer):
    return len(tokenizer.encode([text])[0])


def without_spaces(text):
    return "".join(text.split())


@reproducible
@given(line=lines, max_pieces=st.integers(16, 60))
def test_parts_fit_and_hold_the_same_words_in_order(tokenizer, line, max_pieces):
    parts = parts_of(line, tokenizer, max_pieces)
    assert max(num_pieces(part, tokenizer) for part in parts) <= max_pieces
    assert " ".join(parts).split() == line.split()


@reproducible
@given(line=st.text(max_size=60), max_pieces=st.integers(16, 60))
@example(line="\U0001f600" * 60, max_pieces=16)  # four bytes each
@example(line="\u0958" * 60, max_pieces=16)  # the normal form has two characters of three bytes
def test_parts_of_any_text_fit_and_lose_nothing(tokenizer, line, max_pieces):
    parts = parts_of(line, tokenizer, max_pieces)
    assert all(0 < num_pieces(part, tokenizer) <= max_pieces for part in parts)
    if num_pieces(line, tokenizer):
        assert without_spaces("".join(parts)) == without_spaces(line)


@given(max_pieces=st.integers(2, 8))
@reproducible
def test_nothing_is_lost_under_the_smallest_limits(tokenizer, max_pieces):
    line = "adabob evefay, xxxxx. \u00e4\u00e4\u00e4"
    assert without_spaces("".join(parts_of(line, tokenizer, max_pieces))) == without_spaces(line)


def test_a_line_that_fits_is_one_part_without_the_space_around_it(tokenizer):
    assert parts_of("  ada bob. cid dee  ", tokenizer, 20) == ["ada bob. cid dee"]


@pytest.mark.parametrize("line", ["", "   ", "\t", "\u200b", "\u00a0"])
def test_a_line_without_text_has_no_parts(tokenizer, line):
    assert parts_of(line, tokenizer, 20) == []


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
def test_lines_are_cut_where_it_hurts_least(tokenizer, line, parts):
    assert parts_of(line, tokenizer, 6) == parts


def test_text_without_spaces_is_not_joined_with_spaces(tokenizer):
    line = "\u4f60\u597d\u3002\u518d\u89c1\u3002\u597d\u3002"  # three sentences of 9, 9 and 6 bytes
    parts = parts_of(line, tokenizer, 22)
    assert len(parts) == 2
    assert "".join(parts) == line
