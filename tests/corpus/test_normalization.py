"""Text that is tokenized and decoded comes back in Unicode's composed form (NFC), with single spaces."""

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator.corpus.graph_tokenizer import graph_tokenizer
from translator.corpus.normalization import is_visible
from translator.corpus.tokenizer import train_tokenizer

# Dropped, as are control characters.
DIRECTIONS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
OPERATORS = "\u2060\u2061\u2062\u2063\u2064"
DEPRECATED = "\u206a\u206b\u206c\u206d\u206e\u206f\ufff9\ufffa\ufffb"
INVISIBLE = "\ufeff\u200b\u00ad" + DIRECTIONS + OPERATORS + DEPRECATED
SPACE_MARK = "\u2581"  # SentencePiece writes it for a space, so it comes back as a space


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(["The quick brown fox jumps.", "Zwölf Boxkämpfer jagen Viktor."] * 20, 400)


@pytest.fixture(scope="module")
def round_trip(tokenizer):
    def through_the_tokenizer(text: str) -> str:
        [line] = tokenizer.decode(tokenizer.encode([text]))
        return line

    return through_the_tokenizer


def normalized(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


@pytest.mark.parametrize(
    "text",
    [
        "1.º and 2.ª, ½ of x² … “ﬁne” № ™ Ⅳ ① ﷺ ｆｕｌｌ",  # NFKC would rewrite all of these
        "éàñöç ÅΩ Ĳ ŀ ſ",
        "Tiếng Việt: Nguyễn Thị Hường, ậ ổ ữ ẵ",
        "한국어 각 값 훑다",
        "がぎぐ パピプ ヴ",
        "ἐν ἀρχῇ ἦν ὁ λόγος ᾧ",
        "क़ख़ग़ ড় ਸ਼ שּׁ",  # excluded from composition by Unicode
        "👩‍👩‍👧 🇪🇸 👍🏽 ☺️ 🏴󠁧󠁢󠁷󠁬󠁳󠁿",
        "می‌خواهم क्‍ष",  # zero-width joiner and non-joiner mean something
        "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 𠜎 \ue000 \U0010fffd",
        "<s> </s> <pad> <unk> <0x41> [MASK]",
    ],
)
def test_text_comes_back_composed_however_it_is_encoded(round_trip, text):
    for form in ("NFC", "NFD"):
        assert round_trip(unicodedata.normalize(form, text)) == normalized(text)
    assert round_trip(text) == normalized(text)


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("e\u0301", "é"),
        ("Tiê\u0301ng", "Tiếng"),  # one accent composed, one combining
        ("Tie\u0302\u0301ng", "Tiếng"),
        ("\u1112\u1161\u11ab", "한"),
        ("\u212b", "Å"),
        ("\u2126", "Ω"),
        ("か\u3099", "が"),
        ("q\u0301", "q\u0301"),  # has no composed form
    ],
)
def test_a_combining_accent_is_composed_with_its_letter(round_trip, spelling, expected):
    assert round_trip(spelling) == expected
    assert round_trip(f"x {spelling} y") == f"x {expected} y"


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [("Viê\u0323t", "Việt"), ("Vie\u0302\u0323t", "Việt"), ("가\u11a8", "각")],
)
def test_marks_in_another_order_and_a_separate_final_consonant_are_composed(round_trip, spelling, expected):
    assert unicodedata.normalize("NFC", spelling) == expected
    assert round_trip(spelling) == expected


@pytest.mark.parametrize(
    "space",
    [
        *"\t\n\r\v\f\x85\u2028\u2029\u00a0\u1680\u2002\u2003\u2007\u2009\u200a\u202f\u205f\u3000",
        *(pytest.param(quad) for quad in "\u2000\u2001"),
    ],
    ids=ascii,
)
def test_every_kind_of_space_becomes_a_space(round_trip, space):
    assert round_trip(f"a{space}b") == "a b"
    assert round_trip(f"{space}a{space} {space}b{space}") == "a b"


@pytest.mark.parametrize("invisible", [*INVISIBLE, "\x01", "\x1b", "\x7f", "\x9f"], ids=ascii)
def test_invisible_characters_are_dropped(round_trip, invisible):
    assert round_trip(f"wo{invisible}rd") == "word"
    assert round_trip(invisible) == ""


def test_a_line_has_the_same_ids_with_and_without_invisible_marks_in_training_and_in_the_graph(tokenizer):
    plain = ["The fox jumps.", "Zwölf Boxkämpfer", ""]
    for mark in INVISIBLE:
        marked = [
            f"{mark} {mark}The{mark} fox{mark} {mark}ju{mark}mps.{mark} {mark}",
            f"Zwölf{mark} Boxkämpfer",
            mark,
        ]
        assert tokenizer.encode(marked) == tokenizer.encode(plain), ascii(mark)
        assert graph_tokenizer(tokenizer).tokenize(marked).to_list() == tokenizer.encode(plain), ascii(mark)


@pytest.mark.parametrize(
    "text",
    [
        *INVISIBLE,
        "",
        " \t\u3000\x07",
        "\u200e \u200f",
        "\u200d\u200c",
        "\ufe0f",
        "\u3164",
        "\u115f\u1160",
        "\u2800",
    ],
    ids=ascii,
)
def test_a_side_of_nothing_but_invisible_marks_is_empty(text):
    assert not is_visible(text)
    assert is_visible(f"{text}.{text}")
    assert is_visible(f"{text}가")


def test_every_character_of_unicode_comes_back_composed(round_trip):
    characters = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) not in ("Cs", "Cc", "Cn", "Co", "Zs", "Zl", "Zp")
        and character not in INVISIBLE + SPACE_MARK
    ]
    for form in ("NFC", "NFD"):
        text = " ".join(unicodedata.normalize(form, character) for character in characters)
        wrong = [
            (character, actual)
            for character, actual in zip(characters, round_trip(text).split(" "), strict=True)
            if actual != unicodedata.normalize("NFC", character)
        ]
        assert wrong == []


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=INVISIBLE + SPACE_MARK)))
@settings(deadline=None, max_examples=500)
def test_composed_text_comes_back_unchanged(round_trip, text):
    text = unicodedata.normalize("NFC", text)
    assert round_trip(text) == normalized(text)


@given(
    st.text(
        st.one_of(
            st.characters(exclude_categories=("Cs", "Cc", "M"), exclude_characters=INVISIBLE + SPACE_MARK),
            st.characters(min_codepoint=0xC0, max_codepoint=0x24F),  # Latin with accents
            st.characters(min_codepoint=0x1E00, max_codepoint=0x1EFF),  # and with two, as in Vietnamese
            st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3),  # Hangul syllables
            st.sampled_from(" \t\u00a0\u3000"),
        )
    )
)
@settings(deadline=None, max_examples=500)
def test_decomposed_text_comes_back_composed(round_trip, text):
    text = unicodedata.normalize("NFD", text)
    assert round_trip(text) == normalized(text)
