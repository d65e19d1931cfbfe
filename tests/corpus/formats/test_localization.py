import sys
from collections import Counter
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from references.compressed_files import message_of, write
from references.exchange_files import PO, PO_PAIRS, XLIFF_1, XLIFF_2, XLIFF_PAIRS
from translate.storage import pypo
from translate.storage.xliff import xlifffile
from translate.storage.xliff2 import Xliff2File

from translator.corpus.formats.pair_files import stream_pairs
from translator.corpus.readers import Pair
from translator.errors import ConfigError, DataError


def pairs_of(path, source="en", target="de"):
    return list(stream_pairs(path, None, source, target))


@pytest.mark.parametrize("ending", ["", ".gz", ".xz", ".zst"])
@pytest.mark.parametrize(
    ("name", "content", "pairs", "skipped"),
    [
        ("texts.po", PO, PO_PAIRS, {"fuzzy": 1, "untranslated": 2, "obsolete": 1}),
        ("texts.xlf", XLIFF_1, XLIFF_PAIRS, {"untranslated": 2}),
        ("texts.xliff", XLIFF_2, XLIFF_PAIRS, {"untranslated": 2}),
        ("texts", XLIFF_2, XLIFF_PAIRS, {"untranslated": 2}),
    ],
)
def test_the_pairs_of_a_file_by_hand(tmp_path, name, ending, content, pairs, skipped):
    stream = stream_pairs(write(tmp_path / f"{name}{ending}", content), None, "en", "de")
    assert list(stream) == pairs
    assert stream.skipped == skipped


# PO


@pytest.mark.parametrize("charset", ["UTF-8", "utf-8", "ISO-8859-1", "cp1252", "gb18030"])
def test_the_charset_of_the_header_is_read(tmp_path, charset):
    header = f'msgid ""\nmsgstr "Content-Type: text/plain; charset={charset}\\n"\n'
    content = f'{header}\nmsgid "hens"\nmsgstr "Hühner"\n'
    assert pairs_of(write(tmp_path / "texts.po", content.encode(charset))) == [Pair("hens", "Hühner")]


def test_what_is_not_in_the_charset_of_the_header_is_told(tmp_path):
    path = write(tmp_path / "texts.po", PO.replace("UTF-8", "no-charset"))
    assert message_of(pairs_of, path) == (
        f"{path}: its header names the unknown charset 'no-charset'; mend the header"
    )
    for content, charset, line in [(PO.encode("cp1252"), "UTF-8", 10), (PO.encode(), "ascii", 10)]:
        path = write(tmp_path / "texts.po", content.replace(b"UTF-8", charset.encode()))
        assert message_of(pairs_of, path) == (
            f"{path}, line {line}: not valid {charset}, as the header has it; mend the header"
        )


def test_a_template_and_a_byte_order_mark(tmp_path):
    assert pairs_of(write(tmp_path / "texts.po", PO.replace("UTF-8", "CHARSET"))) == PO_PAIRS
    assert pairs_of(write(tmp_path / "texts.po", "\ufeff" + PO)) == PO_PAIRS


def test_a_language_with_one_plural_form_and_one_with_three(tmp_path):
    entry = 'msgid "dog"\nmsgid_plural "dogs"\n'
    one = write(tmp_path / "one.po", f'{entry}msgstr[0] "inu"\n')
    three = write(tmp_path / "three.po", f'{entry}msgstr[0] "pes"\nmsgstr[1] "psi"\nmsgstr[2] "psů"\n')
    assert pairs_of(one) == [Pair("dog", "inu"), Pair("dogs", "inu")]
    assert pairs_of(three) == [Pair("dog", "pes"), Pair("dogs", "psů")]


PO_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(st.lists(st.tuples(PO_TEXT, PO_TEXT), min_size=1, max_size=5, unique_by=lambda pair: pair[0]))
def test_texts_come_back_as_they_were_written(tmp_path_factory, texts):
    def quoted(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    content = "\n".join(f"msgid {quoted(source)}\nmsgstr {quoted(target)}\n" for source, target in texts)
    assert pairs_of(write(tmp_path_factory.mktemp("po") / "texts.po", content)) == texts


@pytest.mark.parametrize("name", ["large.po.zst", "large.xlf.zst"])
def test_a_file_that_would_fill_the_memory_is_told(tmp_path, name):
    path = write(tmp_path / name, (PO if ".po" in name else XLIFF_1).encode() + b" " * 2**28)
    assert message_of(pairs_of, path) == f"{path}: larger than 256 MiB; split it, or convert it to TMX"


def test_a_fault_in_a_po_file_is_told_with_its_line(tmp_path):
    path = write(tmp_path / "texts.po", PO.replace('msgstr "Geraten"', 'msgstr "Geraten'))
    assert message_of(pairs_of, path) == (
        f"{path}: cannot be read (end-of-line within string on line 28: 'msgstr \"Geraten\\n'); "
        "mend the file or export it again"
    )


def test_a_po_file_without_translations_is_told(tmp_path):
    path = write(tmp_path / "texts.po", 'msgid "a"\nmsgstr ""\n\nmsgid "b"\nmsgstr ""\n')
    assert message_of(pairs_of, path) == f"{path}: holds no pair of sentences; skipped: 2 untranslated"


# XLIFF


@given(st.lists(st.tuples(PO_TEXT, PO_TEXT), min_size=1, max_size=5))
@pytest.mark.parametrize("file_class", [xlifffile, Xliff2File])
def test_what_translate_toolkit_writes_is_read(tmp_path_factory, file_class, texts):
    file = file_class()
    for source, target in texts:
        file.addsourceunit(source).target = target
    path = write(tmp_path_factory.mktemp("xliff") / "texts.xlf", bytes(file))
    assert pairs_of(path) == texts


@pytest.mark.parametrize("content", [XLIFF_1, XLIFF_2])
@pytest.mark.parametrize(("source", "target"), [("de", "en-US"), ("en", "fr"), ("fr", "de"), ("en-GB", "de")])
def test_other_languages_and_the_other_direction_are_told(tmp_path, content, source, target):
    path = write(tmp_path / "texts.xlf", content)
    assert message_of(pairs_of, path, source, target) == (
        f"{path}: translates 'en-US' to 'de', not {source!r} to {target!r}; "
        "give the languages that it has, in this order"
    )


def test_a_file_that_names_one_language_only(tmp_path):
    path = write(tmp_path / "texts.xlf", XLIFF_2.replace(' trgLang="de"', ""))
    assert pairs_of(path, "en", "fr") == XLIFF_PAIRS
    assert message_of(pairs_of, path, "de", "en").startswith(
        f"{path}: translates 'en-US' to an unnamed language, not 'de' to 'en';"
    )
    path = write(tmp_path / "texts.xlf", XLIFF_2.replace(' srcLang="en-US" trgLang="de"', ""))
    assert pairs_of(path, "nl", "fr") == XLIFF_PAIRS


def test_utf_16(tmp_path):
    for content in (XLIFF_1, XLIFF_2):
        declared = content.replace(' encoding="UTF-8"', "")
        assert pairs_of(write(tmp_path / "texts.xlf", declared.encode("utf-16"))) == XLIFF_PAIRS


@pytest.mark.parametrize("content", [XLIFF_1, XLIFF_2])
@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "secret.txt">',
        '<!ENTITY % a SYSTEM "secret.dtd"> %a;',
    ],
)
def test_entity_declarations_are_refused(tmp_path, content, declaration):
    (tmp_path / "secret.txt").write_text("secret")
    content = content.replace("<xliff", f"<!DOCTYPE xliff [{declaration}]>\n<xliff", 1)
    path = write(tmp_path / "texts.xlf", content.replace("Zwei", "&a;"))
    assert message_of(pairs_of, path).startswith(f"{path}, line 2: declares the entity 'a', which is refused")


def test_an_entity_that_nothing_declares_is_told(tmp_path):
    content = XLIFF_2.replace("<xliff", '<!DOCTYPE xliff SYSTEM "xliff.dtd">\n<xliff', 1)
    path = write(tmp_path / "texts.xlf", content.replace("Zwei", "Z&nbsp;wei"))
    assert message_of(pairs_of, path) == (
        f"{path}, line 10: the entity 'nbsp' is not known; replace it by its text"
    )


def test_broken_xml_is_told_with_line_and_column(tmp_path):
    path = write(tmp_path / "texts.xlf", XLIFF_2.replace("<file", "<file<", 1))
    assert message_of(pairs_of, path) == (
        f"{path}, line 3, column 6: broken XML (not well-formed (invalid token)); "
        "mend the file or export it again"
    )


def test_xml_that_says_xliff_and_is_none_is_told(tmp_path):
    for content in ("<xliff/>", '<xliff version="2.0"/>', '<a:xliff xmlns:a="b"/>', '<xliff version="1.2"/>'):
        path = write(tmp_path / "texts.xlf", content)
        assert message_of(pairs_of, path).startswith(f"{path}: ")


# Both


@pytest.mark.parametrize(("name", "content"), [("a.po", PO), ("a.xlf", XLIFF_1), ("a.xlf", XLIFF_2)])
def test_a_file_cut_at_any_byte_gives_pairs_or_is_told(tmp_path, name, content):
    whole, expected = content.strip().encode(), PO_PAIRS if name == "a.po" else XLIFF_PAIRS
    num_told = 0
    for size in range(len(whole)):
        path = write(tmp_path / name, whole[:size])
        try:
            found = pairs_of(path)
        except DataError:
            assert message_of(pairs_of, path).startswith(str(path))
            num_told += 1
        else:
            whole_pairs = found[:-1]  # the last one may end with a line, which is no fault of the form
            assert whole_pairs == expected[: len(whole_pairs)]
    assert num_told > (len(whole) // 4 if name == "a.po" else len(whole) - 1)


@pytest.mark.parametrize(("name", "content"), [("a.po", PO), ("a.xlf", XLIFF_1), ("a.xlf", XLIFF_2)])
@pytest.mark.parametrize("flipped", [0x01, 0xFF])
def test_a_damaged_byte_gives_pairs_or_is_told(tmp_path, name, content, flipped):
    whole = content.encode()
    for place in range(len(whole)):
        path = write(tmp_path / name, whole[:place] + bytes([whole[place] ^ flipped]) + whole[place + 1 :])
        try:
            assert 1 <= len(pairs_of(path)) <= 6
        except DataError:
            assert message_of(pairs_of, path).startswith(str(path))


@pytest.mark.parametrize(("name", "content"), [("a.po", PO), ("a.xlf", XLIFF_1), ("a.xlf", XLIFF_2)])
def test_a_missing_translate_toolkit_is_told(tmp_path, monkeypatch, name, content):
    for module in ("translate.storage.pypo", "translate.storage.xliff", "translate.storage.xliff2"):
        monkeypatch.setitem(sys.modules, module, None)
    path = write(tmp_path / name, content)
    assert message_of(pairs_of, path, error_class=ConfigError) == (
        f"{path}: reading PO and XLIFF takes translate-toolkit, which is not installed; "
        "run: pip install 'translate-toolkit>=3.20'"
    )


def test_xliff_1_as_translate_toolkit_reads_it(tmp_path):
    units = "".join(
        f"<trans-unit id='{n}'><source>{escape(f'Dog <{n}>')}</source><target>Hund {n} &amp; Söhne</target>"
        "</trans-unit>"
        for n in range(50)
    )
    content = XLIFF_1.partition("<trans-unit")[0] + units + "</body></file></xliff>"
    expected = [(unit.source, unit.target) for unit in xlifffile.parsestring(content.encode()).units]
    assert len(expected) == 50
    assert pairs_of(write(tmp_path / "a.xlf", content)) == expected


def test_po_as_translate_toolkit_writes_it(tmp_path):
    file = pypo.pofile()
    for number in range(50):
        file.addsourceunit(f'A "long" sentence \\ {number} ' * 9).target = f"Ein {number} langer Satz " * 9
    pairs = pairs_of(write(tmp_path / "a.po", bytes(file)))
    assert pairs == [Pair(f'A "long" sentence \\ {n} ' * 9, f"Ein {n} langer Satz " * 9) for n in range(50)]


@pytest.mark.parametrize(
    ("content", "place", "fits"),
    [
        (XLIFF_1, "<target>Zwei", lambda state: f"<target state='{state}'>Zwei"),
        (XLIFF_2, "<segment><source>Two", lambda state: f"<segment state='{state}'><source>Two"),
    ],
)
@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("new", "untranslated"),
        ("needs-translation", "untranslated"),
        ("initial", "untranslated"),
        ("needs-review-translation", "fuzzy"),
        ("needs-adaptation", "fuzzy"),
        ("translated", None),
        ("reviewed", None),
        ("final", None),
    ],
)
def test_a_unit_that_says_how_far_its_translation_is(tmp_path, content, place, fits, state, reason):
    assert content.count(place) == 1
    path = write(tmp_path / "texts.xlf", content.replace(place, fits(state)))
    stream = stream_pairs(path, None, "en", "de")
    assert list(stream) == (XLIFF_PAIRS if reason is None else XLIFF_PAIRS[:-1])
    expected = Counter({"untranslated": 2})
    expected.update([] if reason is None else [reason])
    assert stream.skipped == expected
