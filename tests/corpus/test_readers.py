import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from references.compressed_files import message_of, write

from translator.corpus.readers import NOT_UTF_8, Pair, decode_line, read_lines, read_pairs, read_parallel
from translator.errors import DataError
from translator.wording import counted


def lines_of(path: Path) -> list[str]:
    return list(read_lines(path))


# Lines


@pytest.mark.parametrize("name", ["text.en", "text.en.gz", "text.en.xz", "text.en.zst"])
@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("", []),
        ("\n", [""]),
        ("A dog.\nZwölf Hühner.\n", ["A dog.", "Zwölf Hühner."]),
        ("no end\nat the last line", ["no end", "at the last line"]),
        ("one\n\n three \n", ["one", "", " three "]),
        ("Windows\r\nline ends\r\n", ["Windows", "line ends"]),
        ("\ufeffbyte-order mark\n\ufeffkept here\n", ["byte-order mark", "\ufeffkept here"]),
        ("\ufeff\n", [""]),
        ("日本語\n👩‍🚀\n", ["日本語", "👩‍🚀"]),
    ],
)
def test_lines_are_read_without_line_ends(tmp_path, name, content, lines):
    assert lines_of(write(tmp_path / name, content)) == lines


@pytest.mark.parametrize(
    "separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e", "\r", "\0"]
)
@pytest.mark.parametrize("name", ["text.en", "text.en.gz", "text.en.xz", "text.en.zst"])
def test_only_a_line_feed_ends_a_line(tmp_path, name, separator):
    line = f"before{separator}after"
    assert lines_of(write(tmp_path / name, f"{line}\nnext\n")) == [line, "next"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\ufeff")), st.integers(1, 3))
def test_decoding_a_line_gives_back_what_was_encoded(text, number):
    assert decode_line(f"{text}\n".encode(), "text", number) == text
    assert decode_line(f"{text}\r\n".encode(), "text", number) == text


@pytest.mark.parametrize("name", ["text.en", "text.en.gz", "text.en.xz", "text.en.zst"])
def test_a_byte_that_is_not_utf_8_is_reported_with_file_line_and_position(tmp_path, name):
    path = write(tmp_path / name, b"one\ntwo\nthr\xe9e\nfour\n")
    assert message_of(lines_of, path) == (
        f"{path}, line 3: byte 4 is not valid UTF-8; convert the file to UTF-8 (for example with iconv)"
    )


@pytest.mark.parametrize("at", [2, 5_000, 50_000, 99_999])
def test_a_bad_byte_far_into_a_file_is_reported_with_its_line_after_the_lines_before_it(tmp_path, at):
    lines = [f"line {i}\n".encode() for i in range(1, 100_001)]
    lines[at - 1] = b"a\xff\n"
    path, found = write(tmp_path / "text.en", b"".join(lines)), []
    with pytest.raises(DataError, match=f"line {at}: byte 2 is not valid UTF-8"):
        found.extend(read_lines(path))
    assert found == [f"line {i}" for i in range(1, at)]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("long", [10, 10_000, 100_000])
def test_lines_of_any_length_are_those_of_the_text(tmp_path, end, long):
    random = np.random.default_rng(long)
    lines = ["ä" * int(random.integers(long)) + " \r x"[: int(random.integers(5))] for _ in range(200)] + [
        "y"
    ]
    path = write(tmp_path / "text.en", "\n".join(lines) + end)
    expected = [line.rstrip("\r\n") for line in lines]
    assert lines_of(path) == ([*expected, ""] if end == "\n\n" else expected)


@pytest.mark.parametrize("name", ["text.en", "text.en.gz", "text.en.xz", "text.en.zst"])
@pytest.mark.parametrize("before", [0, 3, 9_000])
def test_a_line_longer_than_16_mib_is_reported(tmp_path, name, before):
    longest = 2**24
    path = write(tmp_path / name, b"line\n" * before + b"a" * longest + b"\nlast\n")
    assert [len(line) for line in lines_of(path)[-2:]] == [longest, 4]
    path = write(tmp_path / name, b"line\n" * before + b"a" * (longest + 1) + b"\nlast\n")
    assert message_of(lines_of, path) == (
        f"{path}, line {before + 1}: longer than 16 MiB; give text with one sentence per line"
    )


@pytest.mark.parametrize("name", ["text.en", "text.en.gz"])
def test_utf_16_with_a_byte_order_mark_is_read(tmp_path, name):
    path = write(tmp_path / name, "A dog.\r\nZwölf Hühner.\r\n".encode("utf-16"))
    assert lines_of(path) == ["A dog.", "Zwölf Hühner."]


def test_utf_16_without_a_byte_order_mark_is_reported(tmp_path):
    path = write(tmp_path / "text.en", "Ädam\n".encode("utf-16-le"))
    assert message_of(lines_of, path).startswith(f"{path}, line 1: byte 1 is not valid UTF-8; convert")


def test_if_asked_for_a_line_that_is_not_utf_8_is_marked_and_the_others_are_read(tmp_path):
    lines = [f"line {i}\n".encode() for i in range(1, 20_001)]
    lines[0] = lines[4_999] = lines[19_999] = b"a\xff\n"
    found = list(read_lines(write(tmp_path / "text.en", b"".join(lines)), strict=False))
    assert [i for i, line in enumerate(found, start=1) if line == NOT_UTF_8] == [1, 5_000, 20_000]
    assert [line for line in found if line != NOT_UTF_8] == [
        f"line {i}" for i in range(1, 20_001) if i not in (1, 5_000, 20_000)
    ]


@pytest.mark.parametrize("name", ["none.en", "none.en.gz", "none.xz", "none.zst"])
def test_a_missing_file_is_reported(tmp_path, name):
    path = tmp_path / name
    assert message_of(lines_of, path) == (
        f"{path}: cannot be read (No such file or directory); check the path"
    )


@pytest.mark.parametrize("name", ["folder", "folder.gz"])
def test_a_folder_in_place_of_a_file_is_reported(tmp_path, name):
    path = tmp_path / name
    path.mkdir()
    assert message_of(lines_of, path) == f"{path}: cannot be read (Is a directory); check the path"


# Pairs


@pytest.mark.parametrize("source_name", ["train.en", "train.en.gz", "train.en.xz"])
@pytest.mark.parametrize("target_name", ["train.de", "train.de.gz", "train.de.zst"])
def test_line_n_of_one_file_is_paired_with_line_n_of_the_other(tmp_path, source_name, target_name):
    source = write(tmp_path / source_name, "\ufeffA dog.\r\nA\u2028cat.\r\n\r\n")
    target = write(tmp_path / target_name, "Ein Hund.\nEine Katze.\nNichts.")
    assert read_pairs(source, target) == [
        Pair("A dog.", "Ein Hund."),
        Pair("A\u2028cat.", "Eine Katze."),
        Pair("", "Nichts."),
    ]


@pytest.mark.parametrize(("num_sources", "num_targets"), [(3, 2), (2, 3), (0, 1), (1, 0), (9, 2), (2, 9)])
def test_different_line_counts_are_reported_with_both_counts(tmp_path, num_sources, num_targets):
    source = write(tmp_path / "train.en", "line\n" * num_sources)
    target = write(tmp_path / "train.de", "Zeile\n" * num_targets)
    assert message_of(read_pairs, source, target) == (
        f"{source} has {counted(num_sources, 'line')} but {target} has {num_targets}; "
        "line n of one must be the translation of line n of the other"
    )


def test_pairs_are_returned_before_the_files_have_been_read_to_the_end(tmp_path):
    source = write(tmp_path / "train.en", "A dog.\nA cat.\nA hen.\n")
    target = write(tmp_path / "train.de", b"Ein Hund.\nEine K\xe4tzin.\n")
    pairs = read_parallel(source, target)
    assert next(pairs) == Pair("A dog.", "Ein Hund.")
    assert message_of(next, pairs).startswith(f"{target}, line 2: byte 7 is not valid UTF-8")


def test_if_asked_for_pairs_with_a_line_that_is_not_utf_8_are_left_out_and_counted(tmp_path):
    source = write(tmp_path / "train.en", b"A dog.\nA \xe9.\nA cat.\nA hen.\nA cow.\n")
    target = write(tmp_path / "train.de", b"Ein Hund.\nEin.\nEine K\xe4tzin.\nEine Henne.\nEine Kuh.\n")
    skipped = Counter()
    assert list(read_parallel(source, target, skipped)) == [
        ("A dog.", "Ein Hund."),
        ("A hen.", "Eine Henne."),
        ("A cow.", "Eine Kuh."),
    ]
    assert skipped == {"not valid UTF-8 (first in line 2)": 2}


def test_if_most_pairs_have_a_line_that_is_not_utf_8_the_first_is_reported(tmp_path):
    source = write(tmp_path / "train.en", "A hen.\n" * 3)
    target = write(tmp_path / "train.de", b"Eine Henne.\nH\xfchner.\nH\xfchner.\n")
    assert message_of(list, read_parallel(source, target, Counter())) == (
        f"{target}, line 2: not valid UTF-8, like most lines; "
        "convert the file to UTF-8 (for example with iconv)"
    )


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".zst"])
def test_an_empty_corpus_is_reported(tmp_path, suffix):
    source, target = (write(tmp_path / f"train.{language}{suffix}", "") for language in ("en", "de"))
    assert message_of(read_pairs, source, target) == (
        f"{source} and {target} are empty; give at least a few hundred pairs"
    )


def test_a_pipe_that_would_have_to_be_read_twice_is_reported(tmp_path):
    target = write(tmp_path / "train.de", "")
    ends = os.pipe()
    os.close(ends[1])
    source = Path(f"/dev/fd/{ends[0]}")
    try:
        assert message_of(read_pairs, source, target) == (
            f"{source}: this is a pipe, which can be read only once; write the text to a file first"
        )
    finally:
        os.close(ends[0])


def test_the_same_file_twice_is_reported(tmp_path):
    path = write(tmp_path / "train.en", "A dog.\n")
    symbolic, hard = tmp_path / "symbolic.de", tmp_path / "hard.de"
    symbolic.symlink_to(path)
    os.link(path, hard)
    roundabout = tmp_path / "folder" / ".." / "train.en"
    (tmp_path / "folder").mkdir()
    for other in (path, symbolic, hard, roundabout):
        assert message_of(read_pairs, path, other) == (
            f"{path}: the same file is given as source and target; give two files, or, if it is training "
            "text with both sides, give it as --pairs"
        )


def test_two_files_of_equal_content_are_not_the_same_file(tmp_path):
    source, target = write(tmp_path / "a.en", "Amen.\n"), write(tmp_path / "a.de", "Amen.\n")
    assert read_pairs(source, target) == [Pair("Amen.", "Amen.")]


def test_an_error_in_the_target_file_names_the_target_file(tmp_path):
    source = write(tmp_path / "train.en", "A dog.\nA cat.\n")
    target = write(tmp_path / "train.de", b"Ein Hund.\nEine K\xe4tzin.\n")
    assert message_of(read_pairs, source, target).startswith(f"{target}, line 2: byte 7 is not valid UTF-8")
    assert message_of(read_pairs, source, tmp_path / "none").startswith(
        f"{tmp_path / 'none'}: cannot be read"
    )


@pytest.mark.parametrize(
    "name",
    [
        *("memory.tmx", "MEMORY.TMX.gz", "app.po", "app.xliff", "app.xlf.zst"),
        *("talk.sdlxliff", "talk.mqxliff.bz2", "talk.mxliff", "memory.tmx.zip"),
    ],
)
def test_a_file_of_both_sides_that_is_given_as_one_side_is_reported(tmp_path, name):
    both, text = write(tmp_path / name, "<tmx>\n"), write(tmp_path / "train.de", "Amen.\n")
    for source, target in ((both, both), (both, text), (text, both)):
        assert message_of(read_pairs, source, target) == (
            f"{both}: a file of this kind holds both sides; give training text of this kind as --pairs, and "
            "any other text as two files with one sentence per line"
        )
