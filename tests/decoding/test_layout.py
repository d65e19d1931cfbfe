"""Spaces, blank lines and columns are where they were, and output does not wait for all of the input."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator.decoding.layout import translate_keeping_layout


def one_at_a_time(sentences):
    for sentence in sentences:
        yield sentence.upper()


def in_windows(size):
    """Translates when so many sentences are read, as the translator does."""

    def translated(sentences):
        while window := list(islice(sentences, size)):
            yield from map(str.upper, window)

    return translated


WAYS = [one_at_a_time, in_windows(2), in_windows(3), in_windows(1000)]


@pytest.mark.parametrize("translated", WAYS)
def test_spaces_at_both_ends_are_restored(translated):
    lines = ["  ada bob ", "\tcid\t\t", "\u00a0dee\u3000", " \u00a0\teve fay", "gus  hal", "ivy\r"]
    expected = ["  ADA BOB ", "\tCID\t\t", "\u00a0DEE\u3000", " \u00a0\tEVE FAY", "GUS  HAL", "IVY\r"]
    assert list(translate_keeping_layout(lines, translated)) == expected


@pytest.mark.parametrize("translated", WAYS)
def test_blank_lines_are_unchanged(translated):
    lines = ["", "ada", "", "", "  ", "\t", "\u00a0 \u3000", " bob", "\x1f", ""]
    assert list(translate_keeping_layout(lines, translated)) == [line.upper() for line in lines]


@pytest.mark.parametrize("translated", WAYS)
def test_a_line_without_columns_is_one_sentence(translated):
    assert list(translate_keeping_layout(["ada\tbob", "\tcid\t"], translated)) == ["ADA\tBOB", "\tCID\t"]


@pytest.mark.parametrize("translated", WAYS)
def test_columns_are_translated_separately(translated):
    lines = ["ada\tbob", "cid", "\t dee \t\teve\u00a0", "", "\t\t", " \t\u00a0", "fay\tgus\thal"]
    expected = ["ADA\tBOB", "CID", "\t DEE \t\tEVE\u00a0", "", "\t\t", " \t\u00a0", "FAY\tGUS\tHAL"]
    assert list(translate_keeping_layout(lines, translated, columns=True)) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (False, ["ada", "", "bob\t cid", ""]),
        (True, ["ada", "", "bob", "cid", ""]),
    ],
)
def test_sentences_come_without_the_spaces_around_them(columns, expected):
    seen = []

    def noted(sentences):
        for sentence in sentences:
            seen.append(sentence)
            yield sentence

    lines = [" ada  ", "", " bob\t cid", "\u00a0"]
    assert list(translate_keeping_layout(lines, noted, columns)) == lines
    assert seen == expected


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    lines=st.lists(st.text("ab \t\u00a0\u3000", max_size=8), max_size=12),
    size=st.integers(1, 5),
    columns=st.booleans(),
)
def test_text_that_stays_the_same_gives_the_same_lines(lines, size, columns):
    for translated in (one_at_a_time, in_windows(size)):
        expected = [line.upper() for line in lines]
        assert list(translate_keeping_layout(iter(lines), translated, columns)) == expected


def test_no_lines_give_no_lines():
    for translated in WAYS:
        assert list(translate_keeping_layout([], translated)) == []


def test_translations_may_be_longer_shorter_or_empty():
    changed = {"ada": "x y z", "bob": "", "cid": "w"}
    found = translate_keeping_layout(
        ["  ada ", "\tbob", " cid "], lambda sentences: map(changed.get, sentences)
    )
    assert list(found) == ["  x y z ", "\t", " w "]


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize(("translated", "ahead"), [(one_at_a_time, 1), (in_windows(3), 3)])
def test_output_starts_before_the_input_is_read_to_its_end(translated, ahead, columns):
    read = []

    def endless():
        while True:
            read.append(len(read))
            yield f" {len(read)}"

    found = translate_keeping_layout(endless(), translated, columns)
    assert read == []
    for number in range(1, 8):
        assert next(found) == f" {number}"
        assert len(read) == -(-number // ahead) * ahead


def test_a_line_of_columns_is_returned_when_its_last_column_is_translated():
    events = []

    def lines():
        for line in ["ada\tbob", "", "cid"]:
            events.append(line)
            yield line

    for line in translate_keeping_layout(lines(), one_at_a_time, columns=True):
        events.append(line)
    assert events == ["ada\tbob", "ADA\tBOB", "", "", "cid", "CID"]
