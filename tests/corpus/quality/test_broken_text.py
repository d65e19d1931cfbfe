import pytest

from translator.corpus.quality.broken_text import (
    has_control_character,
    has_markup,
    has_replacement_character,
    has_wrong_encoding,
)

SOUND = [
    "Zwölf Hühner, groß“ – «São Paulo» NÃO",
    "Été à la plage…",
    "Собака бежит.",
    "犬が走る",
    "1 < 2 & 3 > 2",
    "",
]


@pytest.mark.parametrize("line", ["Zwölf Hühner", "groß", "10 €", "„so“", "¿Qué?", "à la carte", "собака"])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_utf_8_that_was_decoded_as_another_encoding_is_found(line, encoding):
    raw = line.encode("utf-8")
    broken = "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in raw)
    if not (encoding == "latin-1" and ("€" in line or "„" in line)):  # as Latin-1: control characters
        assert has_wrong_encoding(broken)
    assert has_wrong_encoding(broken) or has_control_character(broken)


@pytest.mark.parametrize("line", SOUND)
def test_sound_lines_are_not_damaged(line):
    checks = (has_wrong_encoding, has_replacement_character, has_control_character, has_markup)
    assert not any(check(line) for check in checks)


@pytest.mark.parametrize(
    "line",
    [
        "“CỨU ĐÃ”",
        "ĐÃ”",
        "CRISTÃ“",
        "«A IRMÃ» disse",
        "IRMÃ… e depois",
        "«MANHÃ»",
        "AMANHÃ – HOJE",
        "«MAÇÃ\xa0»",
        "‘COBORÂ’",
    ],
)
def test_a_capital_with_a_tilde_or_a_circumflex_before_a_punctuation_mark_is_sound(line):
    assert not has_wrong_encoding(line)


@pytest.mark.parametrize(
    "word", ["KÖLN", "ESPAÑA", "TELÉFONO", "São", "Dû", "Là !", "Ó Deus", "«MOT»", "CÔTE", "À"]
)
def test_a_broken_word_with_capitals_is_found(word):
    assert has_wrong_encoding(word.encode().decode("cp1252", "surrogateescape").replace("\udc81", "\x81"))


def test_a_lost_character_is_found():
    assert has_replacement_character("Zw\ufffdlf")


@pytest.mark.parametrize(
    ("line", "found"), [("a\x07b", True), ("a\x85b", True), ("a\rb", True), ("a\tb", False)]
)
def test_control_characters_except_the_tab_are_found(line, found):
    assert has_control_character(line) is found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Q&amp;A", True),
        ("it &#39;s", True),
        ("&#x27;", True),
        ("a <b>dog</b>", True),
        ("<A href='x'>here</A>", True),
        ("one<br/>two", True),
        ("one<br />two</p >", True),
        ("<a href='x' />", True),
        ("a <b and c> d", False),
        ("AT&T; R&D", False),
        ("contiguity <contiguous>", False),
        ("a<b and c>d", False),
    ],
)
def test_markup_is_told_from_other_text_with_angle_brackets_and_ampersands(line, found):
    assert has_markup(line) is found
