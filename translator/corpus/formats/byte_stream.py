"""Makes a readable stream of the byte chunks that an iterator yields."""

from __future__ import annotations

import io
from collections.abc import Iterator

BUFFER_SIZE = 1 << 16  # bytes


class _ChunkStream(io.RawIOBase):
    """A readable stream of byte chunks that an iterator yields."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fills the whole buffer if it can, so that a peek sees more than a short first frame."""
        size = 0
        while size < len(buffer):
            if not self._chunk:
                self._chunk = memoryview(next(self._chunks, b""))
                if not self._chunk:
                    break
            taken = self._chunk[: len(buffer) - size]
            buffer[size : size + len(taken)] = taken
            self._chunk = self._chunk[len(taken) :]
            size += len(taken)
        return size


def stream_of(chunks: Iterator[bytes]) -> io.BufferedReader:
    """Returns a stream of the chunks, none of which may be empty."""
    return io.BufferedReader(_ChunkStream(chunks), BUFFER_SIZE)
