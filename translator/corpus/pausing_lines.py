"""Reads lines from a stream that may pause, such as a pipe or a terminal, and says when it does."""

from __future__ import annotations

import io
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from translator.corpus.formats.compression import cannot_be_read, decompressed, open_decompressed
from translator.corpus.readers import MAX_LINE_SIZE, decode_block, line_too_long

_PAUSE = 0.02  # seconds without new text


class PausingLines:
    """The lines of a stream, as ``readers.read_lines`` yields them.

    Args:
        stream: the decompressed text, at its beginning.
        where: name of the stream, for messages.

    Raises:
        DataError: while reading, if the stream cannot be read, or a line is not UTF-8 or longer than 16 MiB.
    """

    def __init__(self, stream: io.BufferedReader, where: str) -> None:
        self._stream, self._where = stream, where
        self._lines: Iterator[str] = iter(())
        self._num_left = 0  # in self._lines
        self._num_read = 0
        self._unended: list[bytes] = []  # the beginning of a line whose end has not been read
        self._is_at_end = False
        self._is_buffered = True  # whether bytes that were read to recognize a format are still to come
        self._can_pause = _has_number(stream)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self._num_left and not self._is_at_end:
            self._read()
        if not self._num_left:
            raise StopIteration
        self._num_left -= 1
        return next(self._lines)

    def is_pausing(self) -> bool:
        """Whether the next line has not been written yet; False at the end, and of a compressed stream."""
        while self._can_pause and not self._num_left and not self._is_at_end:
            if not self._is_buffered and not select.select([self._stream], [], [], _PAUSE)[0]:
                return True
            self._read()
        return False

    def _read(self) -> None:
        """Reads what has been written, or waits until something is, and decodes the lines that have ended."""
        try:
            block = self._stream.read1()
        except OSError as error:
            raise cannot_be_read(self._where, error) from None
        self._is_at_end, self._is_buffered = not block, False
        end = block.rfind(b"\n") + 1
        if block and not end:
            self._unended.append(block)
            if sum(map(len, self._unended)) > MAX_LINE_SIZE:
                raise line_too_long(self._where, self._num_read + 1)
            return
        text = b"".join([*self._unended, block[:end]])
        self._unended = [block[end:]]
        lines = text.removesuffix(b"\n").split(b"\n") if text else []
        self._lines = iter(decode_block(text, lines, self._where, self._num_read + 1))
        self._num_left = len(lines)
        self._num_read += len(lines)


@contextmanager
def open_pausing(path: Path | None) -> Iterator[PausingLines]:
    """Opens a file, which may be a named pipe and compressed, or standard input.

    Args:
        path: the file; None: standard input.

    Raises:
        DataError: if it cannot be read or decompressed; see also ``PausingLines``.
    """
    if path is None:
        name = "standard input"
        yield PausingLines(decompressed(cast(io.BufferedReader, sys.stdin.buffer), name), name)
        return
    opened = open_decompressed(path)
    lines = PausingLines(opened.__enter__(), str(path))
    try:
        yield lines
    finally:
        opened.__exit__(None, None, None)  # an error of the caller is not one of this file


def _has_number(stream: io.BufferedReader) -> bool:
    """Whether a stream is a file or pipe of the operating system, and not decompressed or in memory."""
    try:
        stream.fileno()
    except io.UnsupportedOperation:
        return False
    return True
