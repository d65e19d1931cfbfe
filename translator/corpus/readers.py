"""Reads parallel text: UTF-8, one sentence a line, plain or gzip."""

from __future__ import annotations

import collections
import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from translator.errors import DataError

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
    """Yields the lines of a text file, read as UTF-8; a name that ends in .gz is unpacked.

    Only a line feed ends a line, so that both files of a pair are cut alike whatever odd characters
    they hold.

    Raises:
        DataError: if the file cannot be read, is no gzip file though its name says so, or is not UTF-8.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield decode_line(line, str(path), number)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: not a complete gzip file ({error}); pack it again") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from None


class PairFiles:
    """The pairs of two parallel files, read anew each time that they are iterated over.

    Iterating raises a ``DataError`` if a file cannot be read, both are the same file, their line counts
    differ, or they hold no line.

    Args:
        source_path: the file of the source side.
        target_path: the file of the target side.
    """

    def __init__(self, source_path: Path, target_path: Path) -> None:
        self._paths = source_path, target_path

    def __iter__(self) -> Iterator[Pair]:
        source_path, target_path = self._paths
        if source_path.exists() and target_path.exists() and os.path.samefile(source_path, target_path):
            raise DataError(f"{source_path}: the same file is given as source and target; give two files")
        sources, targets = counts = _Counted(read_lines(source_path)), _Counted(read_lines(target_path))
        for source in sources:
            target = next(targets, None)
            if target is None:
                break
            yield Pair(source, target)
        for lines in counts:
            collections.deque(lines, maxlen=0)  # to their ends
        if sources.number != targets.number:
            raise DataError(
                f"{source_path} has {sources.number} lines but {target_path} has {targets.number}; "
                "line n of one must be the translation of line n of the other"
            )
        if not sources.number:
            raise DataError(f"{source_path} and {target_path} are empty; give at least some hundred pairs")


class _Counted(Iterator[str]):
    """Lines, and how many of them have been read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self.number = lines, 0

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        return line


def read_pairs(source_path: Path, target_path: Path) -> list[Pair]:
    """Reads two parallel files.

    Raises:
        DataError: if a file cannot be read, both are the same file, their line counts differ, or they
            hold no line.
    """
    return list(PairFiles(source_path, target_path))
