from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from references.compressed_files import message_of, write
from references.exchange_files import TMX_UNIT, tmx
from references.memory import peak_memory
from translate.storage.tmx import tmxfile

from translator.corpus.formats.pair_files import stream_pairs
from translator.corpus.readers import Pair
from translator.errors import DataError


def unit(**texts: str) -> str:
    """Returns a unit with these languages and texts; the texts may contain tags."""
    variants = (f'<tuv xml:lang="{language}"><seg>{text}</seg></tuv>' for language, text in texts.items())
    return f"<tu>{''.join(variants)}</tu>\n"


def pairs_of(path, source="en", target="de"):
    return list(stream_pairs(path, None, source, target))


def test_a_handwritten_file_gives_its_pairs(tmp_path):
    path = write(
        tmp_path / "memory.tmx",
        """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4">
  <header creationtool="hand" srclang="en"><note>A note</note></header>
  <body>
    <tu tuid="1">
      <prop type="x">ignored</prop>
      <tuv xml:lang="EN-US"><prop type="y">this too</prop><seg>Press <bpt i="1">&lt;b></bpt>Start<ept i="1"/>
         now &amp; wait.</seg></tuv>
      <tuv xml:lang="de"><seg>Jetzt\t<hi type="b">Start</hi> drücken.</seg></tuv>
      <tuv xml:lang="fr"><seg>Rien</seg></tuv>
    </tu>
    <tu><tuv xml:lang="en"><seg>Only English</seg></tuv></tu>
    <tu><tuv xml:lang="de"><seg>Zwei</seg></tuv><tuv xml:lang="en"><seg>Two</seg></tuv></tu>
    <tu><tuv xml:lang="de"/><tuv xml:lang="en"><seg>No segment</seg></tuv></tu>
  </body>
</tmx>""",
    )
    stream = stream_pairs(path, None, "en", "de")
    assert list(stream) == [Pair("Press Start now & wait.", "Jetzt Start drücken."), Pair("Two", "Zwei")]
    assert stream.skipped == {"without both languages": 2}
    assert pairs_of(path, "fr", "en") == [Pair("Rien", "Press Start now & wait.")]


def test_the_lang_attribute_of_tmx_1_1_is_read(tmp_path):
    path = write(tmp_path / "old.tmx", tmx(TMX_UNIT.replace("xml:lang", "lang")).replace("1.4", "1.1"))
    assert pairs_of(path) == [Pair("A dog.", "Ein Hund.")]


def test_a_namespace_changes_nothing(tmp_path):
    path = write(
        tmp_path / "memory.tmx", tmx(TMX_UNIT).replace("<tmx", '<tmx xmlns="http://www.lisa.org/tmx14"')
    )
    assert pairs_of(path) == [Pair("A dog.", "Ein Hund.")]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252", "gb18030"]
)
@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".zst"])
def test_the_declared_encoding_is_used(tmp_path, encoding, suffix):
    head = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>'
    content = tmx(unit(en="Twelve hens", de="Zwölf Hühner"), head).encode(encoding)
    assert pairs_of(write(tmp_path / f"memory.tmx{suffix}", content)) == [Pair("Twelve hens", "Zwölf Hühner")]


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("utf-16", "utf-8"),
        ("UTF-16LE", "utf-8-sig"),
        ("UCS-2", "utf-8"),
        ("us-ascii", "utf-8"),
        ("iso-8859-1", "utf-8-sig"),
        ("utf-8", "utf-16"),
        ("utf-8", "utf-16-le"),
        ("utf-8", "utf-16-be"),
    ],
)
def test_a_declaration_that_the_bytes_contradict_is_ignored(tmp_path, declared, encoding):
    content = tmx(unit(en="Twelve hens", de="Zwölf Hühner"), f'<?xml version="1.0" encoding="{declared}"?>')
    path = write(tmp_path / "memory.tmx", content.encode(encoding))
    assert pairs_of(path) == [Pair("Twelve hens", "Zwölf Hühner")]


BAD = [
    "&#x1F;",
    "&#31;",
    "&#0;",
    "&#xFFFF;",
    "&#xD800;",
    "&#x110000;",
    "\x1f",
    "\uffff",
    b"\xff",
    b"\xed\xa0\x80",
]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("padding", [0, *range(16_100, 16_130, 3)])  # across the end of a read
def test_a_character_that_xml_cannot_contain_costs_its_unit_only(tmp_path, bad, padding):
    bad = bad if isinstance(bad, bytes) else bad.encode()
    content = tmx(f"<!--{'-x' * padding}-->" + TMX_UNIT + "\n" + unit(en="a BAD dog", de="b") + TMX_UNIT)
    stream = stream_pairs(
        write(tmp_path / "memory.tmx", content.encode().replace(b"BAD", bad)), None, "en", "de"
    )
    assert list(stream) == [Pair("A dog.", "Ein Hund.")] * 2
    assert stream.skipped == {"with invalid characters (first in line 4)": 1}


def test_if_most_units_are_not_in_the_declared_encoding_it_is_reported(tmp_path):
    content = tmx(TMX_UNIT + "\n" + unit(en="hens", de="Hühner") * 2).encode("cp1252")
    path = write(tmp_path / "memory.tmx", content)
    assert message_of(pairs_of, path) == (
        f"{path}, line 4: not valid UTF-8, like most units; "
        "correct the encoding in the first line or convert the file to UTF-8"
    )


@pytest.mark.parametrize(
    "unit",
    ["<tu><tuv xml:lang='en'><seg>{}</seg></tuv></tu>", "<prop>{}</prop>", "<!--{}-->", "<tu a='{}'/>"],
)
def test_a_unit_of_more_than_a_mebibyte_is_reported_with_its_line_and_takes_little_memory(tmp_path, unit):
    path = write(tmp_path / "memory.tmx.gz", tmx(f"{TMX_UNIT}\n{unit.format('a' * 24_000_000)}"))

    def read():
        assert message_of(pairs_of, path) == (
            f"{path}, line 4: a unit is longer than 1 MiB; give text with one sentence per unit"
        )

    assert peak_memory(read) < 16e6


def test_a_unit_of_very_many_elements_takes_little_memory(tmp_path):
    path = write(tmp_path / "memory.tmx.gz", tmx(unit(en="<hi/>" * 1_000_000, de="b")))
    assert peak_memory(lambda: message_of(pairs_of, path)) < 60e6  # about 210,000 of them


@pytest.mark.parametrize("encoding", ["no-such-encoding", "base64", "idna"])
def test_an_unsupported_encoding_is_reported(tmp_path, encoding):
    path = write(tmp_path / "memory.tmx", tmx(TMX_UNIT, f'<?xml version="1.0" encoding="{encoding}"?>'))
    message = message_of(pairs_of, path)
    assert message.startswith(f"{path}: the encoding declared in its first line is not supported (")
    assert message.endswith("); convert the file to UTF-8")


XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff\ufdd0")
)


@given(st.lists(st.tuples(XML_TEXT, XML_TEXT), min_size=1, max_size=8))
def test_texts_are_read_back_as_they_were_written(tmp_path_factory, texts):
    units = "".join(unit(en=escape(source), de=escape(target)) for source, target in texts)
    path = write(tmp_path_factory.mktemp("tmx") / "memory.tmx", tmx(units))
    assert pairs_of(path) == texts


@given(st.lists(st.tuples(XML_TEXT.filter(bool), XML_TEXT.filter(bool)), min_size=1, max_size=8))
def test_what_translate_toolkit_writes_is_read(tmp_path_factory, texts):
    memory = tmxfile()
    for source, target in texts:
        memory.addtranslation(source, "en", target, "de")
    path = write(tmp_path_factory.mktemp("tmx") / "memory.tmx", bytes(memory))
    assert pairs_of(path) == texts


def test_translate_toolkit_reads_the_same(tmp_path):
    content = tmx("".join(unit(en=f"Dog &lt;{n}&gt;", de=f"Hund {n} &amp; Söhne") for n in range(50)))
    expected = [(unit.source, unit.target) for unit in tmxfile.parsestring(content.encode()).units]
    assert len(expected) == 50
    assert pairs_of(write(tmp_path / "memory.tmx", content)) == expected


def test_missing_languages_are_reported_with_those_in_the_file(tmp_path):
    path = write(tmp_path / "memory.tmx", tmx(unit(en="a", fr="b") + unit(fr="c", es="d") + unit(de="e")))
    assert message_of(pairs_of, path, "en", "es") == (
        f"{path}: no unit has both 'en' and 'es'; the file has 'en', 'fr', 'es', 'de'; "
        "use the language codes of the file"
    )


def test_a_file_without_units_is_reported(tmp_path):
    path = write(tmp_path / "memory.tmx", tmx(""))
    assert message_of(pairs_of, path) == (
        f"{path}: no unit has both 'en' and 'de'; the file has no translation unit; "
        "use the language codes of the file"
    )


def test_an_error_lists_only_some_of_very_many_languages(tmp_path):
    units = "".join(unit(**{f"x-{n}": "text"}) for n in range(1000))
    assert len(message_of(pairs_of, write(tmp_path / "memory.tmx", tmx(units)))) < 400


@pytest.mark.parametrize("padding", [0, 100, 70_000])  # the error is in the first read or later
def test_broken_xml_is_reported_with_line_and_column(tmp_path, padding):
    path = write(tmp_path / "memory.tmx", tmx(f"{' ' * padding}\n{TMX_UNIT}\n<tu></ut>"))
    assert message_of(pairs_of, path) == (
        f"{path}, line 5, column 7: broken XML (mismatched tag); repair the file or export it again"
    )


def test_a_file_truncated_at_any_byte_is_reported(tmp_path):
    whole = tmx(TMX_UNIT + TMX_UNIT).strip().encode()
    for size in range(len(whole)):
        path = write(tmp_path / "memory.tmx", whole[:size])
        assert message_of(pairs_of, path).startswith(str(path))


@pytest.mark.parametrize("flipped", [0x01, 0x20, 0xFF])
def test_a_damaged_byte_is_reported_or_changes_a_text(tmp_path, flipped):
    whole = tmx(TMX_UNIT).encode()
    outcomes = set()
    for i in range(len(whole)):
        path = write(tmp_path / "memory.tmx", whole[:i] + bytes([whole[i] ^ flipped]) + whole[i + 1 :])
        try:
            outcomes.add(len(pairs_of(path)))
        except DataError:
            outcomes.add(0)
            assert message_of(pairs_of, path).startswith(str(path))
    assert outcomes <= {0, 1}
    assert 0 in outcomes


BOMB = """<!DOCTYPE tmx [
<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
]>"""


@pytest.mark.parametrize(
    "declaration",
    [
        BOMB,
        '<!DOCTYPE tmx [\n<!ENTITY a SYSTEM "secret.txt">]>',
        '<!DOCTYPE tmx [\n<!ENTITY a PUBLIC "p" "http://localhost/secret">]>',
        '<!DOCTYPE tmx [\n<!ENTITY % a SYSTEM "secret.dtd"> %a;]>',
        f'<!-- {"long " * 30_000} --><!DOCTYPE tmx [\n<!ENTITY a "ha">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entity_declarations_are_refused(tmp_path, declaration, encoding):
    (tmp_path / "secret.txt").write_text("secret")
    content = f'<?xml version="1.0" encoding="{encoding}"?>{declaration}' + tmx(unit(en="&a;", de="b"), "")
    path = write(tmp_path / "memory.tmx", content.encode(encoding))
    assert message_of(pairs_of, path) == (
        f"{path}, line 2: declares the entity 'a'; entities are refused because they can fill the memory "
        "or read other files; replace it by its text"
    )


@pytest.mark.parametrize("doctype", ["", '<!DOCTYPE tmx SYSTEM "tmx14.dtd">'])
def test_an_undeclared_entity_is_reported(tmp_path, doctype):
    (tmp_path / "tmx14.dtd").write_text('<!ENTITY nbsp "text of another file">')
    path = write(tmp_path / "memory.tmx", tmx(f"{TMX_UNIT}\n{unit(en='a&nbsp;b', de='c')}", doctype))
    assert message_of(pairs_of, path).startswith(f"{path}, line 4")


def test_a_file_of_any_size_is_read_in_little_memory(tmp_path):
    path = tmp_path / "memory.tmx"
    with path.open("w") as file:
        head, tail = tmx("UNITS").split("UNITS")
        file.write(head)
        for number in range(50_000):
            file.write(unit(en=f"Sentence number {number} about dogs.", de=f"Satz {number}.", fr="Non"))
        file.write(tail)
    assert path.stat().st_size > 8e6

    def read():
        assert sum(1 for _ in stream_pairs(path, None, "en", "de")) == 50_000

    assert peak_memory(read) < 2e6
