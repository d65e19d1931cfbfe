import sys
from collections import Counter
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from references.compressed_files import message_of, write
from references.exchange_files import PO, PO_PAIRS, XLIFF_1, XLIFF_2, XLIFF_PAIRS
from references.memory import peak_memory
from translate.storage import pypo
from translate.storage.xliff import xlifffile
from translate.storage.xliff2 import Xliff2File

from translator.corpus.formats.pair_files import stream_pairs
from translator.corpus.readers import Pair
from translator.errors import ConfigError, DataError


def pairs_of(path, source="en", target="de"):
    return list(stream_pairs(path, None, source, target))


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".zst"])
@pytest.mark.parametrize(
    ("name", "content", "pairs", "skipped"),
    [
        ("texts.po", PO, PO_PAIRS, {"fuzzy": 1, "untranslated": 2, "obsolete": 1}),
        ("texts.xlf", XLIFF_1, XLIFF_PAIRS, {"untranslated": 2}),
        ("texts.xliff", XLIFF_2, XLIFF_PAIRS, {"untranslated": 2}),
        ("texts", XLIFF_2, XLIFF_PAIRS, {"untranslated": 2}),
    ],
)
def test_a_handwritten_file_gives_its_pairs(tmp_path, name, suffix, content, pairs, skipped):
    stream = stream_pairs(write(tmp_path / f"{name}{suffix}", content), None, "en", "de")
    assert list(stream) == pairs
    assert stream.skipped == skipped


# PO


@pytest.mark.parametrize("charset", ["UTF-8", "utf-8", "ISO-8859-1", "cp1252", "gb18030"])
def test_the_charset_in_the_header_is_used(tmp_path, charset):
    header = f'msgid ""\nmsgstr "Content-Type: text/plain; charset={charset}\\n"\n'
    content = f'{header}\nmsgid "hens"\nmsgstr "Hühner"\n'
    assert pairs_of(write(tmp_path / "texts.po", content.encode(charset))) == [Pair("hens", "Hühner")]


def test_an_unknown_or_wrong_charset_in_the_header_is_reported(tmp_path):
    path = write(tmp_path / "texts.po", PO.replace("UTF-8", "no-charset"))
    assert message_of(pairs_of, path) == (
        f"{path}: the charset 'no-charset' in its header is unknown; correct the header"
    )
    for content, charset, line in [(PO.encode("cp1252"), "UTF-8", 10), (PO.encode(), "ascii", 10)]:
        path = write(tmp_path / "texts.po", content.replace(b"UTF-8", charset.encode()))
        assert message_of(pairs_of, path) == (
            f"{path}, line {line}: not valid {charset}, the charset in its header; correct the header"
        )


def test_a_charset_placeholder_and_a_byte_order_mark_are_read_as_utf_8(tmp_path):
    assert pairs_of(write(tmp_path / "texts.po", PO.replace("UTF-8", "CHARSET"))) == PO_PAIRS
    assert pairs_of(write(tmp_path / "texts.po", "\ufeff" + PO)) == PO_PAIRS


def test_a_plural_is_paired_with_the_last_of_one_or_three_plural_forms(tmp_path):
    entry = 'msgid "dog"\nmsgid_plural "dogs"\n'
    one = write(tmp_path / "one.po", f'{entry}msgstr[0] "inu"\n')
    three = write(tmp_path / "three.po", f'{entry}msgstr[0] "pes"\nmsgstr[1] "psi"\nmsgstr[2] "psů"\n')
    assert pairs_of(one) == [Pair("dog", "inu"), Pair("dogs", "inu")]
    assert pairs_of(three) == [Pair("dog", "pes"), Pair("dogs", "psů")]


PO_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(st.lists(st.tuples(PO_TEXT, PO_TEXT), min_size=1, max_size=5, unique_by=lambda pair: pair[0]))
def test_texts_are_read_back_as_they_were_written(tmp_path_factory, texts):
    def quoted(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    content = "\n".join(f"msgid {quoted(source)}\nmsgstr {quoted(target)}\n" for source, target in texts)
    assert pairs_of(write(tmp_path_factory.mktemp("po") / "texts.po", content)) == texts


def test_a_po_file_larger_than_256_mib_is_reported(tmp_path):
    path = write(tmp_path / "large.po.zst", PO.encode() + b" " * 2**28)
    assert message_of(pairs_of, path) == f"{path}: larger than 256 MiB; split it or convert it to TMX"


def test_a_syntax_error_in_a_po_file_is_reported_with_its_line(tmp_path):
    path = write(tmp_path / "texts.po", PO.replace('msgstr "Geraten"', 'msgstr "Geraten'))
    assert message_of(pairs_of, path) == (
        f"{path}: cannot be read (end-of-line within string on line 28: 'msgstr \"Geraten\\n'); "
        "repair the file or export it again"
    )


def test_a_po_file_without_translations_is_reported(tmp_path):
    path = write(tmp_path / "texts.po", 'msgid "a"\nmsgstr ""\n\nmsgid "b"\nmsgstr ""\n')
    assert message_of(pairs_of, path) == f"{path}: contains no sentence pairs; skipped: 2 untranslated"


def with_language(code, source_code=""):
    header = f'"Language: {code}\\n"\n"X-Source-Language: {source_code}\\n"\n"Plural-Forms'
    return PO.replace('"Plural-Forms', header)


@pytest.mark.parametrize("code", ["de", "de_DE", "de_AT.UTF-8", "de@latin", "DE", ""])
@pytest.mark.parametrize("source_code", ["en", "en_US", ""])
def test_a_po_file_whose_header_names_these_languages_or_none_is_read(tmp_path, code, source_code):
    assert pairs_of(write(tmp_path / "texts.po", with_language(code, source_code))) == PO_PAIRS


@pytest.mark.parametrize(
    ("code", "source_code", "found"),
    [
        ("fr", "", "to 'fr'"),
        ("en", "de", "'de' to 'en'"),
        ("de", "fr", "'fr' to 'de'"),
        ("en", "", "to 'en'"),
    ],
)
def test_a_po_file_whose_header_names_other_languages_is_reported(tmp_path, code, source_code, found):
    path = write(tmp_path / "texts.po", with_language(code, source_code))
    assert message_of(pairs_of, path) == (
        f"{path}: translates {found}, not 'en' to 'de'; use the languages of the file, in this order"
    )


# XLIFF


def xliff_1(units: str) -> str:
    """Returns an XLIFF file from English to German with the namespaces of translation programs."""
    namespaces = (
        'xmlns="urn:oasis:names:tc:xliff:document:1.2" xmlns:sdl="http://sdl.com/FileTypes/SdlXliff/1.0" '
        'xmlns:mq="MQXliff" xmlns:m="http://www.memsource.com/mxlf/2.0"'
    )
    return (
        f'<xliff version="1.2" {namespaces}><file source-language="en" target-language="de"><body>'
        f"<trans-unit><source>Two</source><target>Zwei</target></trans-unit>{units}</body></file></xliff>"
    )


def read_after_two(path, content):
    """Returns the pairs after that of every file of ``xliff_1``, and what was skipped."""
    stream = stream_pairs(write(path, content), None, "en", "de")
    pairs = list(stream)
    assert pairs[0] == Pair("Two", "Zwei")
    return pairs[1:], stream.skipped


def mark(number: int, text: str) -> str:
    return f'<mrk mtype="seg" mid="{number}">{text}</mrk>'


SEGMENTED_SOURCE = (
    "<source>One dog. Two dogs.</source>"
    f"<seg-source><g id='1'>{mark(7, 'One dog.')} {mark(8, 'Two <x/>dogs.')}</g></seg-source>"
)
ONE, TWO = Pair("One dog.", "Ein Hund."), Pair("Two dogs.", "Zwei Hunde.")


@pytest.mark.parametrize(
    ("target", "pairs", "num_untranslated"),
    [
        (f"<target><g id='1'>{mark(7, ONE.target)} {mark(8, TWO.target)}</g></target>", [ONE, TWO], 0),
        (f"<target>{mark(8, TWO.target)} {mark(7, ONE.target)}</target>", [ONE, TWO], 0),
        (f"<target>{mark(7, ONE.target)} {mark(8, ' ')}</target>", [ONE], 1),
        (f"<target>{mark(8, TWO.target)}</target>", [TWO], 1),
        ("<target/>", [], 2),
        ("", [], 2),
        (
            f"<target>{ONE.target} {TWO.target}</target>",
            [Pair("One dog. Two dogs.", "Ein Hund. Zwei Hunde.")],
            0,
        ),
    ],
)
def test_the_segments_of_a_unit_become_one_pair_each(tmp_path, target, pairs, num_untranslated):
    content = xliff_1(f"<trans-unit>{SEGMENTED_SOURCE}{target}</trans-unit>")
    found, skipped = read_after_two(tmp_path / "a.xlf", content)
    assert found == pairs
    assert skipped == ({"untranslated": num_untranslated} if num_untranslated else {})


def test_a_unit_whose_source_is_not_segmented_is_no_pair_if_it_is_half_translated(tmp_path):
    source = "<source>One dog. Two dogs.</source>"
    half = f"<trans-unit>{source}<target>{mark(1, 'Ein Hund.')}{mark(2, '')}</target></trans-unit>"
    whole = (
        f"<trans-unit>{source}<target>{mark(1, 'Ein Hund.')}{mark(2, 'Zwei Hunde.')}</target></trans-unit>"
    )
    found, skipped = read_after_two(tmp_path / "a.xlf", xliff_1(half + whole))
    assert found == [Pair("One dog. Two dogs.", "Ein Hund. Zwei Hunde.")]
    assert skipped == {"untranslated": 1}


@pytest.mark.parametrize(
    ("confirmation", "text", "reason"),
    [
        ('conf="Translated" origin="tm" percent="100"', "Ein Hund.", None),
        ('conf="ApprovedSignOff"', "Ein Hund.", None),
        ("", "Ein Hund.", None),
        ('conf="Translated"', "One dog.", None),
        ("", "One dog.", "untranslated"),  # Trados copies the source
        ('conf="Draft" origin="mt"', "Ein Hund.", "fuzzy"),
        ('conf="RejectedTranslation"', "Ein Hund.", "fuzzy"),
    ],
)
def test_a_segment_of_trados_is_kept_or_skipped_by_its_confirmation(tmp_path, confirmation, text, reason):
    definitions = (
        f'<sdl:seg-defs><sdl:seg id="7" {confirmation}/><sdl:seg id="8" conf="Translated"/></sdl:seg-defs>'
    )
    target = f"<target>{mark(7, text)} {mark(8, TWO.target)}</target>"
    content = xliff_1(f"<trans-unit>{SEGMENTED_SOURCE}{target}{definitions}</trans-unit>")
    found, skipped = read_after_two(tmp_path / "a.docx.sdlxliff", content)
    assert found == ([TWO] if reason else [Pair("One dog.", text), TWO])
    assert skipped == ({reason: 1} if reason else {})


@pytest.mark.parametrize(
    ("name", "attribute", "reason"),
    [
        ("a.mqxliff", 'mq:status="ManuallyConfirmed"', None),
        ("a.mqxliff", 'mq:status="Proofread"', None),
        ("a.mqxliff", 'mq:status="NotStarted"', "untranslated"),
        ("a.mqxliff", 'mq:status="PartiallyEdited"', "fuzzy"),
        ("a.mqxliff", 'mq:status="MachineTranslated"', "fuzzy"),
        ("a.mxliff", 'm:confirmed="1"', None),
        ("a.mxliff", 'm:confirmed="0"', "fuzzy"),
    ],
)
def test_a_unit_of_memoq_or_phrase_is_kept_or_skipped_by_its_confirmation(tmp_path, name, attribute, reason):
    content = xliff_1(
        f"<trans-unit {attribute}><source>One dog.</source><target>Ein Hund.</target></trans-unit>"
    )
    found, skipped = read_after_two(tmp_path / name, content)
    assert found == ([] if reason else [ONE])
    assert skipped == ({reason: 1} if reason else {})


def test_units_that_are_not_to_be_translated_are_left_out_and_counted(tmp_path):
    texts = "<source>API_KEY</source><target>API_KEY</target>"
    units = (
        f'<trans-unit translate="no">{texts}</trans-unit>'
        f'<group translate="no"><trans-unit>{texts}</trans-unit><trans-unit translate="yes">'
        "<source>One dog.</source><target>Ein Hund.</target></trans-unit></group>"
    )
    found, skipped = read_after_two(tmp_path / "a.xlf", xliff_1(units))
    assert (found, skipped) == ([ONE], {"not for translation": 2})
    content = XLIFF_2.replace(
        '<unit id="1"><segment><source>Two', '<unit translate="no"><segment><source>Two'
    )
    stream = stream_pairs(write(tmp_path / "b.xlf", content), None, "en", "de")
    assert list(stream) == XLIFF_PAIRS[:-1]
    assert stream.skipped == {"untranslated": 2, "not for translation": 1}


def test_a_copy_of_the_source_that_is_not_approved_is_left_out_and_counted(tmp_path):
    def unit(approved, target):
        return f"<trans-unit {approved}><source>One dog.</source><target>{target}</target></trans-unit>"

    units = unit('approved="no"', " One  dog."), unit('approved="no"', ONE.target), unit("", "One dog.")
    found, skipped = read_after_two(tmp_path / "a.xlf", xliff_1("".join(units)))
    assert (found, skipped) == ([ONE, Pair("One dog.", "One dog.")], {"untranslated": 1})


def test_units_in_other_languages_are_left_out_and_counted(tmp_path):
    unit = "<trans-unit><source>One dog.</source><target {}>Un chien.</target></trans-unit>"
    units = (
        unit.format('xml:lang="fr"')
        + '</body></file><file source-language="en" target-language="fr"><body>'
        + unit.format("") * 2
    )
    found, skipped = read_after_two(tmp_path / "a.xlf", xliff_1(units))
    assert (found, skipped) == ([], {"without both languages": 3})


def test_a_control_character_in_xliff_costs_its_unit_only(tmp_path):
    unit = "<trans-unit><source>One&#x1F;dog.</source><target>Ein Hund.</target></trans-unit>"
    found, skipped = read_after_two(tmp_path / "a.xlf", xliff_1(unit))
    assert (found, skipped) == ([], {"with invalid characters (first in line 1)": 1})


def test_the_codes_that_xliff_2_stores_with_the_unit_are_placeholders_in_its_segments(tmp_path):
    data = '<originalData><data id="d">%d</data></originalData>'
    unit = '<unit id="1"><segment><source>Two'
    content = XLIFF_2.replace(unit, f'<unit id="1">{data}<segment><source>Two <ph dataRef="d"/>')
    assert pairs_of(write(tmp_path / "a.xlf", content))[-1] == Pair("Two %d", "Zwei")


def test_an_xliff_file_of_any_size_is_read_in_little_memory(tmp_path):
    path = tmp_path / "a.xlf"
    unit = "<trans-unit><source>Sentence {} about dogs.</source><target>Satz {}.</target></trans-unit>\n"
    path.write_text(xliff_1("".join(unit.format(n, n) for n in range(5_000))))

    def read():
        assert sum(1 for _ in stream_pairs(path, None, "en", "de")) == 5_001

    assert peak_memory(read) < 1e6  # a tree of 20,000 elements takes several times as much


@given(st.lists(st.tuples(PO_TEXT, PO_TEXT), min_size=1, max_size=5))
@pytest.mark.parametrize("file_class", [xlifffile, Xliff2File])
def test_what_translate_toolkit_writes_is_read(tmp_path_factory, file_class, texts):
    file = file_class()
    for source, target in texts:
        file.addsourceunit(source).target = target
    path = write(tmp_path_factory.mktemp("xliff") / "texts.xlf", bytes(file))
    assert pairs_of(path) == texts


@pytest.mark.parametrize(
    ("content", "source", "target"),
    [
        *((XLIFF_1, *languages) for languages in (("de", "en-US"), ("fr", "de"))),
        *(
            (XLIFF_2, *languages)
            for languages in (("de", "en-US"), ("en", "fr"), ("fr", "de"), ("en-GB", "de"))
        ),
    ],
)
def test_other_languages_and_swapped_languages_are_reported(tmp_path, content, source, target):
    path = write(tmp_path / "texts.xlf", content)
    assert message_of(pairs_of, path, source, target) == (
        f"{path}: translates 'en-US' to 'de', not {source!r} to {target!r}; "
        "use the languages of the file, in this order"
    )


def test_a_file_may_declare_only_one_language_or_none(tmp_path):
    path = write(tmp_path / "texts.xlf", XLIFF_2.replace(' trgLang="de"', ""))
    assert pairs_of(path, "en", "fr") == XLIFF_PAIRS
    assert message_of(pairs_of, path, "de", "en").startswith(
        f"{path}: translates 'en-US' to an unnamed language, not 'de' to 'en';"
    )
    path = write(tmp_path / "texts.xlf", XLIFF_2.replace(' srcLang="en-US" trgLang="de"', ""))
    assert pairs_of(path, "nl", "fr") == XLIFF_PAIRS


def test_xliff_in_utf_16_is_read(tmp_path):
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
    assert message_of(pairs_of, path).startswith(
        f"{path}, line 2: declares the entity 'a'; entities are refused"
    )


def test_an_undeclared_entity_is_reported(tmp_path):
    content = XLIFF_2.replace("<xliff", '<!DOCTYPE xliff SYSTEM "xliff.dtd">\n<xliff', 1)
    path = write(tmp_path / "texts.xlf", content.replace("Zwei", "Z&nbsp;wei"))
    assert message_of(pairs_of, path) == (
        f"{path}, line 10: the entity 'nbsp' is unknown; replace it by its text"
    )


def test_broken_xml_is_reported_with_line_and_column(tmp_path):
    path = write(tmp_path / "texts.xlf", XLIFF_2.replace("<file", "<file<", 1))
    assert message_of(pairs_of, path) == (
        f"{path}, line 3, column 6: broken XML (not well-formed (invalid token)); "
        "repair the file or export it again"
    )


def test_xml_that_only_claims_to_be_xliff_is_reported(tmp_path):
    for content in ("<xliff/>", '<xliff version="2.0"/>', '<a:xliff xmlns:a="b"/>', '<xliff version="1.2"/>'):
        path = write(tmp_path / "texts.xlf", content)
        assert message_of(pairs_of, path).startswith(f"{path}: ")


# Both


@pytest.mark.parametrize(("name", "content"), [("a.po", PO), ("a.xlf", XLIFF_1), ("a.xlf", XLIFF_2)])
def test_a_file_truncated_at_any_byte_gives_pairs_or_is_reported(tmp_path, name, content):
    whole, expected = content.strip().encode(), PO_PAIRS if name == "a.po" else XLIFF_PAIRS
    num_reported = 0
    for size in range(len(whole)):
        path = write(tmp_path / name, whole[:size])
        try:
            found = pairs_of(path)
        except DataError:
            assert message_of(pairs_of, path).startswith(str(path))
            num_reported += 1
        else:
            complete = found[:-1]  # the last pair may be cut at a line end, which is valid syntax
            assert complete == expected[: len(complete)]
    assert num_reported > (len(whole) // 4 if name == "a.po" else len(whole) - 1)


@pytest.mark.parametrize(("name", "content"), [("a.po", PO), ("a.xlf", XLIFF_1), ("a.xlf", XLIFF_2)])
@pytest.mark.parametrize("flipped", [0x01, 0xFF])
def test_a_damaged_byte_gives_pairs_or_is_reported(tmp_path, name, content, flipped):
    whole = content.encode()
    for i in range(len(whole)):
        path = write(tmp_path / name, whole[:i] + bytes([whole[i] ^ flipped]) + whole[i + 1 :])
        try:
            assert 1 <= len(pairs_of(path)) <= 6
        except DataError:
            assert message_of(pairs_of, path).startswith(str(path))


def test_a_missing_translate_toolkit_is_reported(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "translate.storage.pypo", None)
    path = write(tmp_path / "a.po", PO)
    assert message_of(pairs_of, path, error_class=ConfigError) == (
        f"{path}: reading PO takes translate-toolkit, which is not installed; "
        "run: pip install 'translate-toolkit>=3.20'"
    )


def test_xliff_1_is_read_as_translate_toolkit_reads_it(tmp_path):
    units = "".join(
        f"<trans-unit id='{n}'><source>{escape(f'Dog <{n}>')}</source><target>Hund {n} &amp; Söhne</target>"
        "</trans-unit>"
        for n in range(50)
    )
    content = XLIFF_1.partition("<trans-unit")[0] + units + "</body></file></xliff>"
    expected = [(unit.source, unit.target) for unit in xlifffile.parsestring(content.encode()).units]
    assert len(expected) == 50
    assert pairs_of(write(tmp_path / "a.xlf", content)) == expected


def test_po_is_read_as_translate_toolkit_writes_it(tmp_path):
    file = pypo.pofile()
    for number in range(50):
        file.addsourceunit(f'A "long" sentence \\ {number} ' * 9).target = f"Ein {number} langer Satz " * 9
    pairs = pairs_of(write(tmp_path / "a.po", bytes(file)))
    assert pairs == [Pair(f'A "long" sentence \\ {n} ' * 9, f"Ein {n} langer Satz " * 9) for n in range(50)]


@pytest.mark.parametrize(
    ("content", "text", "with_state"),
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
def test_units_are_kept_or_skipped_by_their_state(tmp_path, content, text, with_state, state, reason):
    assert content.count(text) == 1
    path = write(tmp_path / "texts.xlf", content.replace(text, with_state(state)))
    stream = stream_pairs(path, None, "en", "de")
    assert list(stream) == (XLIFF_PAIRS if reason is None else XLIFF_PAIRS[:-1])
    expected = Counter({"untranslated": 2})
    expected.update([] if reason is None else [reason])
    assert stream.skipped == expected
