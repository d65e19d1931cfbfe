"""Scripts are recognized by Unicode's data: names, spaces between words, direction."""

import sys
import unicodedata

import pytest
import regex

from translator.corpus.scripts import (
    is_in_scripts,
    is_unspaced,
    main_scripts,
    script_of,
    writes_from_the_right,
)

_ALL_LETTERS = [
    letter
    for letter in map(chr, range(sys.maxunicode + 1))
    if letter.isalpha() and "MINNAN" not in unicodedata.name(letter, "")  # tone marks, not letters, in truth
]
_WITHOUT_SPACES = (
    *("Han", "Hiragana", "Katakana", "Bopomofo", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan", "Yi"),
    *("Javanese", "Balinese", "Tai_Le", "New_Tai_Lue", "Tai_Tham", "Tai_Viet"),
)
_WITH_SPACES = (
    *("Latin", "Greek", "Cyrillic", "Armenian", "Georgian", "Hebrew", "Arabic", "Syriac", "Thaana", "Nko"),
    *("Adlam", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Tamil", "Telugu", "Kannada", "Malayalam"),
    *("Sinhala", "Ethiopic", "Cherokee", "Canadian_Aboriginal", "Mongolian", "Hangul", "Ol_Chiki", "Vai"),
    *("Sundanese", "Tifinagh", "Meetei_Mayek", "Lisu", "Hanifi_Rohingya"),
)


@pytest.mark.parametrize("script", [*_WITHOUT_SPACES, *_WITH_SPACES])
def test_all_letters_of_a_script_agree_whether_it_has_spaces(script):
    letters = regex.findall(rf"\p{{Script={script}}}", "".join(_ALL_LETTERS))
    assert {is_unspaced(letter) for letter in letters} == {script in _WITHOUT_SPACES}


@pytest.mark.parametrize("character", "ー々ｱﾝ")
def test_marks_of_repetition_and_halfwidth_kana_have_no_spaces(character):
    assert is_unspaced(character)


@pytest.mark.parametrize("character", "😀👍🏽。、「！１Ａａﾡﻼﷺ\N{MATHEMATICAL BOLD CAPITAL A}1-\u0e31")
def test_emoji_punctuation_digits_and_other_forms_of_spaced_letters_are_no_letters_without_spaces(character):
    assert not is_unspaced(character)


@pytest.mark.parametrize(
    ("character", "script"),
    [
        ("Ａ", "LATIN"),
        ("ｱ", "KATAKANA"),
        ("ﾡ", "HANGUL"),
        ("ﻼ", "ARABIC"),
        ("々", "HAN"),
        ("\N{MATHEMATICAL BOLD CAPITAL A}", None),
        ("\N{MODIFIER LETTER APOSTROPHE}", None),
    ],
)
def test_forms_of_a_letter_are_of_its_script(character, script):
    assert script_of(character) == script


def test_a_script_has_one_name_that_no_letter_of_another_has():
    letters = "".join(_ALL_LETTERS)
    for script in (*_WITHOUT_SPACES, *_WITH_SPACES):
        if "_" in script:  # scripts such as Tai Le and Tai Tham share the first word of their names
            continue
        (name,) = set(map(script_of, regex.findall(rf"\p{{Script={script}}}", letters)))
        assert name not in set(map(script_of, regex.findall(rf"\P{{Script={script}}}", letters)))


@pytest.mark.parametrize(
    ("text", "from_the_right"),
    [
        ("שלום", True),
        ("a سلام", True),
        ("𞤀", True),
        ("ﻼ", True),
        ("hello 1", False),
        ("", False),
        ("你好", False),
    ],
)
def test_text_with_letters_of_a_right_to_left_script_writes_from_the_right(text, from_the_right):
    assert writes_from_the_right(text) is from_the_right


def test_scripts_are_recognized_by_the_unicode_names_of_letters():
    assert [script_of(c) for c in "aßдα語ひ1 ."] == [
        "LATIN", "LATIN", "CYRILLIC", "GREEK", "HAN", "HIRAGANA", None, None, None,
    ]  # fmt: skip


def test_a_rare_script_is_not_a_main_script_of_a_side():
    japanese = ["これは犬です。", "カメラと電話を買いました。"] * 30
    assert main_scripts([*japanese, "привет"]) == {"HIRAGANA", "KATAKANA", "HAN"}
    assert main_scripts(["a dog", "ein Hund"]) == {"LATIN"}
    assert main_scripts(["12", ""]) == set()


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ("A dog runs.", True),
        ("The angle αβγ of a triangle", True),
        ("αβ", True),
        ("12.5 %", True),
        ("", True),
        ("Собака бежит.", False),
        ("Он любит Python", False),
        ("犬が走る", False),
    ],
)
def test_a_line_is_in_a_script_unless_most_of_its_letters_are_in_others(line, fits):
    assert is_in_scripts(line, frozenset({"LATIN"})) is fits
