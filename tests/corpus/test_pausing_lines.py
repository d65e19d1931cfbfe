"""Lines are read as they are written, and a pause is noticed."""

import gzip
import io
import os
import threading
import time
from itertools import islice

import pytest

from translator.corpus.formats.compression import decompressed, open_compressed
from translator.corpus.pausing_lines import PausingLines, open_pausing
from translator.corpus.readers import MAX_LINE_SIZE
from translator.errors import DataError


@pytest.fixture
def pipe():
    """The lines of a pipe, and the number of its writing end."""
    reading, writing = os.pipe()
    os.write(writing, b"one\ntwo\nthr")
    with open(reading, "rb") as stream:
        yield PausingLines(stream, "standard input"), writing


def test_a_pause_is_noticed_once_all_lines_that_have_ended_are_read(pipe):
    lines, writing = pipe
    assert not lines.is_pausing()
    assert next(lines) == "one"
    assert not lines.is_pausing()
    assert next(lines) == "two"
    assert lines.is_pausing()
    os.write(writing, b"e")
    assert lines.is_pausing()  # the third line has not ended yet
    os.write(writing, b"e\n\nfive")
    assert not lines.is_pausing()
    assert [next(lines), next(lines)] == ["three", ""]
    assert lines.is_pausing()
    os.close(writing)
    assert not lines.is_pausing()
    assert list(lines) == ["five"]
    assert not lines.is_pausing()


def test_a_line_that_has_not_been_written_is_waited_for(pipe):
    lines, writing = pipe
    assert [next(lines), next(lines)] == ["one", "two"]

    def write():
        time.sleep(0.05)
        os.write(writing, b"ee\n")
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    assert list(lines) == ["three"]
    writer.join()


def lines_of(content):
    stream = decompressed(io.BufferedReader(io.BytesIO(content)), "standard input")
    return PausingLines(stream, "standard input")


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", []),
        ("\n", [""]),
        ("one", ["one"]),
        ("\ufeffone\r\n\ntwo\r", ["one", "", "two"]),
        ("a\u2028b\x0cc\x85d\n", ["a\u2028b\x0cc\x85d"]),
        ("\u00fc" * 70_000 + "\n" + "two\n" * 9000, ["\u00fc" * 70_000, *["two"] * 9000]),
    ],
    ids=["nothing", "a blank line", "no line end", "Windows", "other separators", "several blocks"],
)
def test_lines_are_those_of_a_file(pack, content, expected):
    lines = lines_of(pack(content.encode()))
    assert list(lines) == expected
    assert not lines.is_pausing()


def test_lines_before_one_that_is_not_utf8_can_be_read():
    lines = lines_of(b"one\n" * 1500 + b"\xff\n" + b"more\n" * 9)
    assert list(islice(lines, 1500)) == ["one"] * 1500
    with pytest.raises(DataError, match=r"standard input, line 1501: byte 1 is not valid UTF-8"):
        next(lines)


def test_a_line_that_would_fill_the_memory_is_refused():
    bomb = gzip.compress(b"one\n" + bytes(MAX_LINE_SIZE + 100_000))
    lines = lines_of(bomb)
    assert next(lines) == "one"
    with pytest.raises(DataError, match="standard input, line 2: longer than 16 MiB"):
        next(lines)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "in.txt.gz").write_bytes(b"no gzip")
    for name, message in (
        ("nothing.txt", r"nothing.txt: cannot be read \(No such file"),
        ("in.txt.gz", "in.txt.gz: not a complete gzip file"),
    ):
        with pytest.raises(DataError, match=message), open_pausing(tmp_path / name):
            pass


@pytest.mark.parametrize("name", ["in.txt", "in.txt.bz2"])
def test_a_file_is_closed_and_errors_of_the_caller_stay_what_they_are(tmp_path, name):
    with open_compressed(tmp_path / name, name) as file:
        file.write(b"one\ntwo\n")
    with open_pausing(tmp_path / name) as lines:
        assert not lines.is_pausing()
        assert list(lines) == ["one", "two"]
    with pytest.raises(BrokenPipeError), open_pausing(tmp_path / name):
        raise BrokenPipeError
