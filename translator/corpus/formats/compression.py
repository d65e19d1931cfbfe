"""Decompresses gzip, xz and zstd files, recognized by their content rather than their name.

The readers of the standard library each expect one format, and it has none for zstd before Python 3.14. Here
one reader takes all formats, also from a pipe, and limits the memory that a file may take.
"""

from __future__ import annotations

import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO, Protocol, cast

import zstandard

from translator.errors import DataError

_MAGIC = {  # the first bytes of a file; zstd may begin with a skippable frame
    "gzip": re.compile(rb"\x1f\x8b"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
_FORMAT_OF_SUFFIX = {".gz": "gzip", ".xz": "xz", ".zst": "zstd"}

_BUFFER_SIZE = 1 << 16
_COMPRESSED_SIZE = 1 << 12  # bytes read at a time; few, because 4 bytes of a zstd bomb become 128 KiB
_MAX_MEMORY = 1 << 27  # bytes per decompressor; files made at any level without special options need less


class _Decompressor(Protocol):
    """Decompresses one frame (which gzip calls a member and xz a stream)."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _zstd_decompressor() -> _Decompressor:
    return zstandard.ZstdDecompressor(max_window_size=_MAX_MEMORY).decompressobj()


_DECOMPRESSORS: dict[str, Callable[[], _Decompressor]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_MAX_MEMORY),
    "zstd": _zstd_decompressor,
}


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


def _incomplete(name: str, format_name: str, reason: object) -> DataError:
    return DataError(f"{name}: not a complete {format_name} file ({reason}); compress it again")


def _decompressed_chunks(compressed: BinaryIO, format_name: str, name: str) -> Iterator[bytes]:
    """Decompresses all frames of a file; no chunk is empty."""
    decompressor: _Decompressor | None = None
    unused = b""
    try:
        while data := unused or compressed.read(_COMPRESSED_SIZE):
            unused = b""
            if decompressor is None:
                data = data.lstrip(b"\0")  # gzip and xz may be padded between frames and at the end
                if not data:
                    continue
                decompressor = _DECOMPRESSORS[format_name]()
            chunk = decompressor.decompress(data)
            if decompressor.eof:
                unused, decompressor = decompressor.unused_data, None
            if chunk:
                yield chunk
    except (zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
        if "memory" in str(error).lower():
            raise DataError(
                f"{name}: decompressing it takes more than {_MAX_MEMORY >> 20} MiB of memory; "
                "compress it again with a smaller window (zstd --long=27 or less)"
            ) from None
        raise _incomplete(name, format_name, error) from None
    if decompressor is not None:
        raise _incomplete(name, format_name, "it ends too early")


def decompressed(stream: io.BufferedReader, name: str) -> io.BufferedReader:
    """Returns a stream of the decompressed content; a stream that is not compressed is returned as it is.

    Args:
        stream: the stream, at its beginning.
        name: name of the file, for messages; if it ends in .gz, .xz or .zst, the content must match it.

    Returns:
        The stream itself, or one that decompresses it while it is read. Reading raises a DataError if the
        compressed content is damaged, cut off, or takes too much memory.

    Raises:
        DataError: if the content does not match the name.
    """
    head = stream.peek(6)[:6]
    found = next((format_name for format_name, magic in _MAGIC.items() if magic.match(head)), None)
    expected = _FORMAT_OF_SUFFIX.get(PurePath(name).suffix.lower())
    if expected is not None and found != expected:
        start = f"it begins with {head!r}" if head else "it is empty"
        raise _incomplete(name, expected, f"it is a {found} file" if found else start)
    if found is None:
        return stream
    return io.BufferedReader(_ChunkStream(_decompressed_chunks(stream, found, name)), _BUFFER_SIZE)


@contextmanager
def open_decompressed(path: Path) -> Iterator[io.BufferedReader]:
    """Opens a file and decompresses it if it is compressed.

    Raises:
        DataError: if the file cannot be read, now or later; see also ``decompressed``.
    """
    try:
        with path.open("rb", _BUFFER_SIZE) as stream:
            yield decompressed(cast(io.BufferedReader, stream), str(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from None
