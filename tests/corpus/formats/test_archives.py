import zipfile

import pytest
from references.compressed_files import COMPRESS, message_of, write
from references.exchange_files import TMX_UNIT, tmx

from translator.corpus.formats.pair_files import stream_pairs
from translator.corpus.readers import Pair, read_lines, read_pairs
from translator.errors import DataError

EN, DE = "A dog.\nA cat.\n", "Ein Hund.\nEine Katze.\n"
TSV = "A dog.\tEin Hund.\n"
PAIRS = [Pair("A dog.", "Ein Hund."), Pair("A cat.", "Eine Katze.")]
OPUS = {
    "README": "about",
    "LICENSE": "CC",
    "Books.de-en.de": DE,
    "Books.de-en.en": EN,
    "Books.de-en.ids": "1\n2\n",
}
AS_TEXT = "save it as text in UTF-8, one sentence per line, or as a table of two columns separated by tabs"


def zipped(path, files, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def pairs_of(source, target=None, languages=("en", "de")):
    return list(stream_pairs(source, target, *languages))


@pytest.mark.parametrize(
    "files",
    [
        OPUS,
        {"en.txt": EN, "de.txt": DE},
        {
            "a/train.de.gz": COMPRESS[".gz"](DE.encode()),
            "a/train.en": EN.encode("utf-16"),
            "__MACOSX/a/._train.en": "x",
        },
    ],
)
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_two_files_in_a_zip_archive_are_found_by_their_languages(tmp_path, files, compression):
    path = zipped(tmp_path / "en-de.txt.zip", files, compression)
    assert pairs_of(path) == PAIRS
    assert pairs_of(path, languages=("de", "en")) == [Pair(*pair[::-1]) for pair in PAIRS]


def test_a_zip_archive_without_these_languages_or_with_several_of_them_is_reported(tmp_path):
    path = zipped(tmp_path / "en-de.txt.zip", OPUS)
    assert message_of(pairs_of, path, None, ("en", "fr")) == (
        f"{path}: this is a zip archive of 3 files (Books.de-en.de, Books.de-en.en, Books.de-en.ids); it "
        "takes one whose name ends in .en and one in .fr: unpack it and give --source and --target"
    )
    path = zipped(
        tmp_path / "both.zip", {f"{part}.{side}": EN for part in ("train", "dev") for side in ("en", "de")}
    )
    assert message_of(pairs_of, path).startswith(
        f"{path}: this is a zip archive of 4 files (train.en, train.de, "
    )


def test_different_line_counts_in_a_zip_archive_are_reported_with_both_counts(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.en": EN, "a.de": "eins\n"})
    assert message_of(pairs_of, path).startswith(f"{path}/a.en has 2 lines but {path}/a.de has 1;")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "A dog.\tEin Hund.\n"),
        ("memory.tmx", tmx(TMX_UNIT)),
        ("a.txt.gz", COMPRESS[".gz"](b"A dog.\tEin Hund.")),
    ],
)
def test_the_only_file_in_a_zip_archive_may_have_any_format(tmp_path, name, content):
    path = zipped(tmp_path / f"{name}.zip", {"readme.txt": "about", name: content})
    assert pairs_of(path) == [Pair("A dog.", "Ein Hund.")]


def test_the_two_sides_may_each_be_packed(tmp_path):
    source = zipped(tmp_path / "train.en.zip", {"train.en": EN})
    target = write(tmp_path / "train.de.bz2", DE)
    assert pairs_of(source, target) == read_pairs(source, target) == PAIRS


def test_a_side_that_is_an_archive_of_several_files_is_reported(tmp_path):
    path = zipped(tmp_path / "a.zip", {f"{n}.txt": "x" for n in range(7)})
    assert message_of(list, read_lines(path)) == (
        f"{path}: this is a zip archive of 7 files (0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more); "
        "unpack it and give the text files in it"
    )


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("xl/workbook.xml", "an Excel workbook"),
        ("word/document.xml", "a Word document"),
        ("ppt/presentation.xml", "a PowerPoint presentation"),
        ("content.xml", "an OpenDocument file"),
    ],
)
def test_a_document_is_named_for_what_it_is(tmp_path, part, what):
    path = zipped(tmp_path / "terms.xlsx", {"[Content_Types].xml": "<x/>", part: "<x/>"})
    for read in (pairs_of, lambda path: list(read_lines(path))):
        assert message_of(read, path) == f"{path}: this is {what}; {AS_TEXT}"


TAR = bytes(257) + b"ustar\x0000" + bytes(248)


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (TAR, "a tar archive", "unpack it and give the text files in it (tar -xf)"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive", "unpack it and give the text files in it"),
        (b"Rar!\x1a\x07\x01\0", "a RAR archive", "unpack it and give the text files in it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.doc, .xls)", AS_TEXT),
        (b"%PDF-1.7\n", "a PDF", AS_TEXT),
        (b"PAR1\x15\x04", "a Parquet table", AS_TEXT),
    ],
)
@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_file_that_is_no_text_is_named_for_what_it_is(tmp_path, content, what, remedy, suffix):
    path = tmp_path / f"corpus.x{suffix}"
    path.write_bytes(COMPRESS[suffix](content))
    for read in (pairs_of, lambda path: list(read_lines(path))):
        assert message_of(read, path) == f"{path}: this is {what}; {remedy}"


def test_a_zip_archive_truncated_or_damaged_anywhere_is_reported_or_harmless(tmp_path):
    whole = zipped(tmp_path / "a.zip", {"a.en": EN, "a.de": DE}).read_bytes()
    for at in range(1, len(whole)):
        path = tmp_path / "damaged.zip"
        path.write_bytes(whole[:at])
        assert message_of(pairs_of, path).startswith(f"{path}")
        for flipped in (0x20, 0xFF):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ flipped]) + whole[at + 1 :])
            try:
                assert pairs_of(path) == PAIRS
            except DataError:
                assert message_of(pairs_of, path).startswith(f"{path}")


def test_an_archive_with_a_password_a_rare_compression_or_no_file_is_reported(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.en": EN})
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\1\2")
    content[6] |= 1
    content[directory + 8] |= 1
    path.write_bytes(content)
    assert "cannot be unpacked here (it takes a password)" in message_of(list, read_lines(path))
    path = zipped(tmp_path / "b.zip", {"a.en": EN}, zipfile.ZIP_LZMA)
    assert "cannot be unpacked here (it uses a rare compression method)" in message_of(list, read_lines(path))
    path = zipped(tmp_path / "c.zip", {})
    assert message_of(list, read_lines(path)) == f"{path}: this is a zip archive without a text file"


def test_a_file_that_is_called_zip_and_is_none_is_reported(tmp_path):
    path = tmp_path / "a.zip"
    path.write_text(EN)
    assert message_of(list, read_lines(path)).startswith(
        f"{path}: not a complete zip file (it begins with b'A dog.'"
    )
