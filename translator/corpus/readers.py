"""Reads parallel text files: UTF-8, one sentence per line, plain or compressed."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

from translator.corpus.formats.archives import ZipMember
from translator.corpus.formats.compression import open_decompressed, suffix_of_text
from translator.errors import DataError
from translator.wording import counted

_BLOCK_SIZE = 1 << 15  # bytes read at a time
MAX_LINE_SIZE = 1 << 24  # bytes; without a limit, a small compressed file could fill the memory
# The formats that hold both sides, by the ends of file names; further ones are XLIFF of translation programs.
FORMATS_OF_BOTH_SIDES = {".tmx": "TMX", ".po": "PO"} | dict.fromkeys(
    (".xlf", ".xliff", ".sdlxliff", ".mqxliff", ".mxliff"), "XLIFF"
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_CONVERT = "convert the file to UTF-8 (for example with iconv)"

NOT_UTF_8 = "\udcff"  # in place of a line that cannot be decoded; no other line can contain a surrogate


class Pair(NamedTuple):
    """A sentence and its translation, without line ends."""

    source: str
    target: str


def decode_line(line: bytes, where: str, number: int) -> str:
    """Decodes one line; removes its line end (Unix or Windows) and, in line 1, a byte-order mark.

    Args:
        line: the bytes of the line.
        where: name of the file, for messages.
        number: number of the line, from 1.

    Raises:
        DataError: if the line is not valid UTF-8.
    """
    if number == 1:
        line = line.removeprefix(_BYTE_ORDER_MARK)
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}, line {number}: byte {error.start + 1} is not valid UTF-8; {_CONVERT}"
        ) from None


def read_lines(path: Path | ZipMember, strict: bool = True) -> Iterator[str]:
    """Yields the lines of a text file, decompressed whatever the file is called.

    The text is UTF-8, or UTF-16 with a byte-order mark, compressed with gzip, bzip2, xz or zstd, or in a zip
    archive of one file. Only a line feed ends a line, so that both files of a pair are split alike whatever
    other separators they contain.

    Args:
        path: the file.
        strict: False: a line that is not UTF-8 becomes ``NOT_UTF_8``.

    Raises:
        DataError: if the file cannot be read or decompressed, does not have the compression that its name
            says, or is not UTF-8.
    """
    return chain.from_iterable(_open_lines(path, strict))


def _open_lines(path: Path | ZipMember, strict: bool) -> Iterator[Iterable[str]]:
    """Yields the lines of a file as one iterable, and closes the file once they have been read."""
    with open_decompressed(path) as stream:
        yield decode_lines(stream, str(path), strict)


def decode_lines(stream: BinaryIO, where: str, strict: bool = True) -> Iterator[str]:
    """Yields the lines of a stream as ``read_lines`` does.

    Args:
        stream: the bytes of the file.
        where: name of the file, for messages.
        strict: False: a line that is not UTF-8 becomes ``NOT_UTF_8``.

    Raises:
        DataError: if a line is not UTF-8 or is longer than 16 MiB.
    """
    return chain.from_iterable(_decode_blocks(stream, where, strict))  # in C: no generator step per line


def _decode_blocks(stream: BinaryIO, where: str, strict: bool) -> Iterator[Iterable[str]]:
    """Reads the stream block by block and yields the lines of each block."""
    number = 1
    while block := stream.read(_BLOCK_SIZE):
        if not block.endswith(b"\n"):
            block += stream.readline(MAX_LINE_SIZE)
        lines = block.removesuffix(b"\n").split(b"\n")
        if len(lines[-1]) > MAX_LINE_SIZE:
            raise line_too_long(where, number + len(lines) - 1)
        yield decode_block(block, lines, where, number, strict)
        number += len(lines)


def decode_block(
    block: bytes, lines: list[bytes], where: str, number: int, strict: bool = True
) -> Iterable[str]:
    """Decodes the lines of a block, whose first line has the given number; see ``decode_line``."""
    # Decoding the whole block at once is several times faster. Only a byte-order mark in line 1, Windows line
    # ends, and bytes that are not UTF-8, for the number of their line, need to be handled line by line.
    if number > 1 and b"\r" not in block:
        with contextlib.suppress(UnicodeDecodeError):
            return block.decode("utf-8").removesuffix("\n").split("\n")
    decode = decode_line if strict else _decode_line_if_valid
    return (decode(line, where, number + i) for i, line in enumerate(lines))


def line_too_long(where: str, number: int) -> DataError:
    """Returns the error to raise for a line that could fill the memory."""
    return DataError(
        f"{where}, line {number}: longer than {MAX_LINE_SIZE >> 20} MiB; give text with one sentence per line"
    )


def _decode_line_if_valid(line: bytes, where: str, number: int) -> str:
    try:
        return decode_line(line, where, number)
    except DataError:
        return NOT_UTF_8


def count_skipped(skipped: Counter[str], reason: str, line: int) -> None:
    """Counts a line that is skipped, under its reason and the number of the first line with this reason."""
    known = (entry for entry in skipped if entry.startswith(f"{reason} (first "))
    skipped[next(known, f"{reason} (first in line {line:,})")] += 1


def read_parallel(
    source_path: Path | ZipMember, target_path: Path | ZipMember, skipped: Counter[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Yields the pairs of lines of two parallel files, reading both as it goes.

    Args:
        source_path: the file of the source side.
        target_path: the file of the target side.
        skipped: counts the pairs that are left out because a line is not UTF-8; None: none may be left out.

    Raises:
        DataError: if a file cannot be read, is named as one that holds both sides, both paths are the same
            file, or, at the end, the files have different numbers of lines or none, or most of the pairs were
            left out.
    """
    paths, is_strict = (source_path, target_path), skipped is None
    for path in paths:
        if isinstance(path, Path) and suffix_of_text(path) in FORMATS_OF_BOTH_SIDES and path.exists():
            raise DataError(
                f"{path}: a file of this kind holds both sides; give training text of this kind as --pairs, "
                "and any other text as two files with one sentence per line"
            )
    pairs: Iterator[tuple[str, str]] = zip(*(read_lines(path, is_strict) for path in paths), strict=True)
    if skipped is not None:
        pairs = _without_undecodable(pairs, paths, skipped)
    try:
        first = next(pairs, None)
        if first is not None:
            if _is_same_file(source_path, target_path):
                raise DataError(
                    f"{source_path}: the same file is given as source and target; give two files, "
                    "or, if it is training text with both sides, give it as --pairs"
                )
            yield first
            yield from pairs
            return
    except ValueError:  # from zip: one file is at its end
        _refuse_pipes(source_path, target_path)
        num_sources, num_targets = (
            sum(1 for _ in read_lines(path, strict=False)) for path in (source_path, target_path)
        )
        raise DataError(
            f"{source_path} has {counted(num_sources, 'line')} but {target_path} has {num_targets:,}; "
            "line n of one must be the translation of line n of the other"
        ) from None
    _refuse_pipes(source_path, target_path)
    raise DataError(f"{source_path} and {target_path} are empty; give at least a few hundred pairs")


def _without_undecodable(
    pairs: Iterable[tuple[str, str]], paths: tuple[Path | ZipMember, Path | ZipMember], skipped: Counter[str]
) -> Iterator[tuple[str, str]]:
    """Leaves out the pairs with a line that is not UTF-8; raises a DataError at the end if these are most."""
    first = ""
    num_pairs = num_skipped = 0
    for number, pair in enumerate(pairs, start=1):
        if NOT_UTF_8 in pair:
            count_skipped(skipped, "not valid UTF-8", number)
            num_skipped += 1
            first = first or f"{paths[pair.index(NOT_UTF_8)]}, line {number}"
        else:
            num_pairs += 1
            yield pair
    if num_skipped > num_pairs:
        raise DataError(f"{first}: not valid UTF-8, like most lines; {_CONVERT}")


def _is_same_file(path: Path | ZipMember, other: Path | ZipMember) -> bool:
    if isinstance(path, ZipMember) or isinstance(other, ZipMember):
        return path == other
    return os.path.samefile(path, other)


def _refuse_pipes(*paths: Path | ZipMember) -> None:
    """Raises a DataError if a path is a pipe, whose lines cannot be read again to be counted."""
    for path in paths:
        if isinstance(path, Path) and path.is_fifo():
            raise DataError(
                f"{path}: this is a pipe, which can be read only once; write the text to a file first"
            )


def read_pairs(source_path: Path, target_path: Path) -> list[Pair]:
    """Reads all pairs of two parallel files.

    Raises:
        DataError: if a file cannot be read, both paths are the same file, or the files have different numbers
            of lines or none.
    """
    return [Pair(*lines) for lines in read_parallel(source_path, target_path)]
