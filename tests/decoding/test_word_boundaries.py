"""Which tokens begin a word, lengthen the word before them, or leave theirs open."""

from types import SimpleNamespace

import numpy as np
import pytest

from translator.decoding.word_boundaries import WordBoundaries


def boundaries(token):
    """Whether the token continues a word and whether it leaves one open."""
    tokenizer = SimpleNamespace(vocabulary_size=1, is_word_start=np.array([True]), tokens=lambda _: [token])
    found = WordBoundaries.of(tokenizer)
    return bool(found.continues_word[0]), bool(found.leaves_word_open[0])


@pytest.mark.parametrize(
    "token", ["n", "n.", "e", "7", "_", "\u0301", "\u094d", "ä", "кот", "가", "ال", "\u200dक"]
)
def test_a_letter_digit_or_mark_without_a_space_continues_a_word(token):
    assert boundaries(token)[0]


@pytest.mark.parametrize(
    "token", ["▁n", "▁", ",", ".", ".n", "-", "’s", "&", "猫", "ね", "แมว", "</s>", "<unk>", "(", "।", "…"]
)
def test_what_follows_a_space_punctuation_and_scripts_without_spaces_continue_no_word(token):
    assert not boundaries(token)[0]


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("<0x6E>", True),  # n
        ("<0x2C>", False),  # ,
        ("<0x20>", False),
        ("<0xC3>", True),  # the first byte of ä
        ("<0xA4>", True),  # and its second one
        ("<0xE7>", False),  # the first byte of a Chinese character
        ("<0xF0>", True),
    ],
)
def test_a_byte_continues_a_word_unless_it_is_sure_not_to(token, expected):
    assert boundaries(token)[0] == expected


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("▁Kater", True),
        ("n", True),
        ("▁", False),
        ("▁C#", False),
        ("▁Nr.", False),
        ("猫", False),
        ("e\u0301", True),
        ("<0x6E>", True),
        ("<0x2E>", False),
        ("<0xA4>", True),
        ("</s>", False),
    ],
)
def test_a_word_is_open_after_a_letter_digit_or_mark(token, expected):
    assert boundaries(token)[1] == expected
