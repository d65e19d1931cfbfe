"""Reads parallel text: UTF-8, one sentence a line, plain or packed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

from translator.corpus.formats.compression import open_decompressed
from translator.errors import DataError

_BLOCK_SIZE = 1 << 15
_LONGEST_LINE = 1 << 24  # bytes; more is no sentence, and a small packed file could fill the memory with it
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Pair(NamedTuple):
    """A sentence and its translation, without line ends."""

    source: str
    target: str


def decode_line(line: bytes, where: str, number: int) -> str:
    """Decodes one line and takes off its line end (Unix or Windows) and a leading byte-order mark.

    Args:
        line: the bytes of the line.
        where: name of the file, for the message.
        number: number of the line, from 1.

    Raises:
        DataError: if the line is not UTF-8.
    """
    if number == 1:
        line = line.removeprefix(_BYTE_ORDER_MARK)
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}, line {number}: byte {error.start + 1} is not valid UTF-8; convert the file to UTF-8 "
            "(for example with iconv)"
        ) from None


def read_lines(path: Path) -> Iterator[str]:
    """Yields the lines of a text file, read as UTF-8; gzip, xz and zstd are unpacked, whatever the name.

    Only a line feed ends a line, so that both files of a pair are cut alike whatever odd characters
    they hold.

    Raises:
        DataError: if the file cannot be read or unpacked, is not packed as its name says (.gz, .xz, .zst),
            or is not UTF-8.
    """
    return chain.from_iterable(_opened(path))


def _opened(path: Path) -> Iterator[Iterable[str]]:
    with open_decompressed(path) as stream:
        yield decode_lines(stream, str(path))


def decode_lines(stream: BinaryIO, where: str) -> Iterator[str]:
    """Yields the lines of a stream as ``read_lines`` does.

    Args:
        stream: the bytes.
        where: name of the file, for messages.

    Raises:
        DataError: if a line is not UTF-8 or is longer than 16 MiB.
    """
    return chain.from_iterable(_some_lines(stream, where))  # without a step of Python's own for each


def _some_lines(stream: BinaryIO, where: str) -> Iterator[Iterable[str]]:
    """Yields the lines of a block at a time."""
    number = 1
    while block := stream.read(_BLOCK_SIZE):
        if not block.endswith(b"\n"):
            block += stream.readline(_LONGEST_LINE)
        lines = block.removesuffix(b"\n").split(b"\n")
        if len(lines[-1]) > _LONGEST_LINE:
            raise DataError(
                f"{where}, line {number + len(lines) - 1}: longer than {_LONGEST_LINE >> 20} MiB; "
                "give text with one sentence a line"
            )
        yield _decoded(block, lines, where, number)
        number += len(lines)


def _decoded(block: bytes, lines: list[bytes], where: str, number: int) -> Iterable[str]:
    """Decodes the lines of a block, the first of which has the given number; see ``decode_line``."""
    if number > 1 and b"\r" not in block:
        with contextlib.suppress(UnicodeDecodeError):
            return block.decode("utf-8").removesuffix("\n").split("\n")  # several times as fast
    return (decode_line(line, where, number + i) for i, line in enumerate(lines))


def read_parallel(source_path: Path, target_path: Path) -> Iterator[tuple[str, str]]:
    """Yields the source and target sides of two parallel files, both read line by line.

    Raises:
        DataError: if a file cannot be read, both are the same file, or, at the end, their line counts differ
            or they hold no line.
    """
    both = zip(read_lines(source_path), read_lines(target_path), strict=True)
    try:
        first = next(both, None)
        if first is not None:
            if os.path.samefile(source_path, target_path):
                raise DataError(f"{source_path}: the same file is given as source and target; give two files")
            yield first
            yield from both  # without a step of Python's own for each
            return
    except ValueError:  # one is at its end
        _refuse_pipes(source_path, target_path)
        num_sources, num_targets = (sum(1 for _ in read_lines(path)) for path in (source_path, target_path))
        raise DataError(
            f"{source_path} has {num_sources} lines but {target_path} has {num_targets}; "
            "line n of one must be the translation of line n of the other"
        ) from None
    _refuse_pipes(source_path, target_path)
    raise DataError(f"{source_path} and {target_path} are empty; give at least some hundred pairs")


def _refuse_pipes(*paths: Path) -> None:
    for path in paths:
        if path.is_fifo():
            raise DataError(
                f"{path}: is a pipe, which can be read only once; write the text to a file and give that"
            )


def read_pairs(source_path: Path, target_path: Path) -> list[Pair]:
    """Reads two parallel files.

    Raises:
        DataError: if a file cannot be read, both are the same file, their line counts differ, or they
            hold no line.
    """
    return [Pair(*sides) for sides in read_parallel(source_path, target_path)]
