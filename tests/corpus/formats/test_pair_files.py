import io
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from references.compressed_files import COMPRESS, message_of, write
from references.exchange_files import PO, PO_PAIRS, TMX_UNIT, XLIFF_1, XLIFF_2, XLIFF_PAIRS, tmx
from references.memory import peak_memory

from translator.corpus.formats.pair_files import PairStream, stream_pairs
from translator.corpus.readers import Pair
from translator.errors import DataError
from translator.wording import counted

TSV = "A dog.\tEin Hund.\n"
DOG = Pair("A dog.", "Ein Hund.")


def pairs_of(source, target=None):
    return list(stream_pairs(source, target, "en", "de"))


# Two files


def test_two_files_are_read_line_by_line(tmp_path):
    source = write(tmp_path / "train.en.gz", "A dog.\n\tA\tcat.\r\n\n")
    target = write(tmp_path / "train.de.zst", "Ein Hund.\nEine\rKatze.\nNichts.")
    assert pairs_of(source, target) == [DOG, Pair(" A cat.", "Eine Katze."), Pair("", "Nichts.")]


@pytest.mark.parametrize(("num_sources", "num_targets"), [(3, 2), (2, 30), (0, 1)])
def test_different_line_counts_are_reported_with_both_counts(tmp_path, num_sources, num_targets):
    source = write(tmp_path / "train.en", "line\n" * num_sources)
    target = write(tmp_path / "train.de", "Zeile\n" * num_targets)
    pairs = stream_pairs(source, target, "en", "de")
    assert [next(pairs) for _ in range(min(num_sources, num_targets))] == [Pair("line", "Zeile")] * min(
        num_sources, num_targets
    )
    assert message_of(next, pairs) == (
        f"{source} has {counted(num_sources, 'line')} but {target} has {num_targets}; "
        "line n of one must be the translation of line n of the other"
    )


def test_the_same_file_twice_is_reported(tmp_path):
    path = write(tmp_path / "train.en", "A dog.\n")
    assert message_of(pairs_of, path, path) == (
        f"{path}: the same file is given as source and target; give two files, or, if it is training text "
        "with both sides, give it as --pairs"
    )


def test_a_missing_file_is_reported(tmp_path):
    path, missing = write(tmp_path / "train.en", "A dog.\n"), tmp_path / "none.tmx"
    for arguments in [(missing,), (missing, path), (path, missing)]:
        assert message_of(pairs_of, *arguments) == (
            f"{missing}: cannot be read (No such file or directory); check the path"
        )


def test_two_files_of_any_size_are_read_in_little_memory(tmp_path):
    source = write(tmp_path / "train.en", "".join(f"Sentence number {n}.\n" for n in range(200_000)))
    target = write(tmp_path / "train.de", "".join(f"Satz mit der Nummer {n}.\n" for n in range(200_000)))

    def read():
        assert sum(1 for _ in stream_pairs(source, target, "en", "de")) == 200_000

    assert peak_memory(read) < 1e6


# TSV


@pytest.mark.parametrize("name", ["pairs.tsv", "pairs.txt", "PAIRS.TSV", "pairs", "pairs.en-de"])
@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_file_of_two_columns_gives_its_pairs(tmp_path, name, suffix):
    content = "\ufeffA dog.\tEin Hund.\r\n<b>Bold</b>\tFett\n\tleft empty\n"
    assert pairs_of(write(tmp_path / f"{name}{suffix}", content)) == [
        DOG,
        Pair("<b>Bold</b>", "Fett"),
        Pair("", "left empty"),
    ]


@given(
    st.lists(
        st.tuples(
            *[st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters='"'))] * 2
        ),
        min_size=1,
    )
)
def test_texts_are_read_back_as_they_were_written(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("tsv") / "pairs.tsv"
    write(path, "first\terste\n" + "".join(f"{source}\t{target}\n" for source, target in texts))
    assert pairs_of(path)[1:] == texts


def test_an_empty_file_is_reported(tmp_path):
    for name in ("pairs.tsv", "pairs"):
        path = write(tmp_path / name, "")
        assert message_of(pairs_of, path) == f"{path}: contains no sentence pairs"


@pytest.mark.parametrize("flipped", [0x01, 0x80, 0xFF])
def test_a_damaged_byte_changes_a_text_or_is_reported(tmp_path, flipped):
    whole = ("Zwölf Hühner\tTwelve hens\n" * 2).encode()
    for i in range(len(whole)):
        path = write(tmp_path / "pairs.tsv", whole[:i] + bytes([whole[i] ^ flipped]) + whole[i + 1 :])
        try:
            assert len(pairs_of(path)) in (1, 2)
        except DataError:
            assert message_of(pairs_of, path).startswith(f"{path}, line ")


def test_a_file_truncated_at_any_byte_gives_pairs_or_is_reported(tmp_path):
    whole = (TSV * 2).encode()
    for size in range(len(whole)):
        path = write(tmp_path / "pairs.tsv", whole[:size])
        if b"\t" not in whole[:size]:
            assert message_of(pairs_of, path).startswith(f"{path}")
        else:
            found = pairs_of(path)
            assert found[:-1] == [DOG] * (len(found) - 1)
            assert DOG.target.startswith(found[-1].target)


# The format


CONTENTS = {
    "TSV": (TSV, [DOG]),
    "TMX": (tmx(TMX_UNIT), [DOG]),
    "PO": (PO, PO_PAIRS),
    "XLIFF 1": (XLIFF_1, XLIFF_PAIRS),
    "XLIFF 2": (XLIFF_2, XLIFF_PAIRS),
}
NAMED = {".tsv": "TSV", ".txt": "TSV", ".tmx": "TMX", ".po": "PO", ".xlf": "XLIFF", ".XLIFF": "XLIFF"}
NAMED |= {".sdlxliff": "XLIFF", ".mqxliff": "XLIFF", ".mxliff": "XLIFF"}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("suffix", ["", *NAMED])
@pytest.mark.parametrize("compression", ["", ".gz"])
def test_content_and_name_must_agree(tmp_path, content, suffix, compression):
    text, pairs = CONTENTS[content]
    path = write(tmp_path / f"pairs{suffix}{compression}", text)
    found = content.partition(" ")[0]
    if NAMED.get(suffix, found) == found:
        assert pairs_of(path) == pairs
    elif found == "TSV":
        assert message_of(pairs_of, path) == f"{path}: contains plain text, not {NAMED[suffix]}"
    else:
        assert message_of(pairs_of, path) == (
            f"{path}: contains {found}, but its name says {NAMED[suffix]}; rename it"
        )


@pytest.mark.parametrize(
    ("name", "content", "found", "expected"),
    [
        ("a.tmx", "", "nothing", "TMX"),
        ("a.po", "", "nothing", "PO"),
        ("a.xlf", "<?xml version='1.0'?><html/>", "XML whose root is 'html'", "XLIFF"),
        ("a.tsv", "<!DOCTYPE html><html><body/></html>", "XML whose root is 'html'", "TSV"),
        ("a", "<?xml version='1.0'?>\n<rss/>", "XML whose root is 'rss'", "TSV, TMX, PO or XLIFF"),
        ("a", "<!-- only a comment -->", "XML without a root", "TSV, TMX, PO or XLIFF"),
        ("a.po", "# only a comment\n", "plain text", "PO"),
    ],
)
def test_a_file_of_no_known_format_is_reported(tmp_path, name, content, found, expected):
    path = write(tmp_path / name, content)
    assert message_of(pairs_of, path) == f"{path}: contains {found}, not {expected}"


def test_xml_that_is_broken_before_its_root_is_reported_with_line_and_column(tmp_path):
    for name in ("a.tmx", "a.xlf", "a.tsv", "a"):
        path = write(tmp_path / name, '<?xml version="1.0"?>\n<!OOPS>')
        assert message_of(pairs_of, path).startswith(f"{path}, line 2, column 7: broken XML (")


@pytest.mark.parametrize("start", ["\ufeff", "\n \n", "# A comment\n#\n", '#, fuzzy\nmsgctxt "a"\n', "#~ "])
def test_a_po_file_may_begin_with_comments_and_blank_lines(tmp_path, start):
    path = write(tmp_path / "texts", f'{start}msgid "old"\nmsgstr "alt"\n\nmsgid "dog"\nmsgstr "Hund"\n')
    assert pairs_of(path)[-1] == Pair("dog", "Hund")


# Standard input


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("content", CONTENTS)
def test_standard_input_may_have_any_format_and_compression(monkeypatch, content, suffix):
    text, pairs = CONTENTS[content]
    stream = io.BufferedReader(io.BytesIO(COMPRESS[suffix](text.encode())))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    assert pairs_of(Path("-")) == pairs


def test_an_error_in_standard_input_is_reported(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"A dog.\n"))))
    assert message_of(pairs_of, Path("-")) == (
        "standard input, line 1: with too few columns, like 1 of 1 lines; "
        "each line must be a sentence, a tab and its translation"
    )


@pytest.mark.parametrize("odd", ["a\tb", "a \r b", "a\n\nb", "a\u2028b", "a\x07b", "\u00a0a\u0085b", "a"])
def test_blocks_have_the_same_pairs_as_reading_one_by_one(odd):
    pairs = [("line", "Zeile"), (odd, "ungerade"), ("odd", f"ä{odd}"), ("", "漢字")]
    streams = [PairStream(iter(pairs), Counter()) for _ in range(2)]
    expected = [Pair(*map(str.strip, pair)) for pair in streams[0]]
    assert [pair for block in streams[1].blocks() for pair in block.pairs()] == expected


@pytest.mark.parametrize("start", ["<!-- a comment", "<?php", "<!", "<", "<!-- a --> <b>dog</b>"])
def test_the_first_sentence_may_begin_like_xml(tmp_path, start):
    path = write(tmp_path / "pairs.tsv", f"{start}\tso etwas\na dog\tein Hund\n")
    assert pairs_of(path) == [Pair(start, "so etwas"), Pair("a dog", "ein Hund")]


def test_messages_may_use_another_name_for_a_file(tmp_path):
    path = write(tmp_path / "pairs.tsv", "a dog\n")
    stream = stream_pairs(path, None, "en", "de", "standard input")
    assert message_of(list, stream).startswith("standard input, line 1: ")
