"""Unpacks gzip, xz and zstd, told apart by what a file holds and not by its name."""

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

_MAGIC = {  # how files begin; zstd may begin with a frame to be skipped
    "gzip": re.compile(rb"\x1f\x8b"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
_ENDINGS = {".gz": "gzip", ".xz": "xz", ".zst": "zstd"}

_BUFFER_SIZE = 1 << 16
_PACKED_SIZE = 1 << 12  # read at a time; small, as four bytes of a zstd bomb become 128 KiB
_MOST_MEMORY = 1 << 27  # of an unpacker; files packed at any level without special options need less


class _Unpacker(Protocol):
    """Unpacks one frame (of gzip a member, of xz a stream)."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _zstd_unpacker() -> _Unpacker:
    return zstandard.ZstdDecompressor(max_window_size=_MOST_MEMORY).decompressobj()


_UNPACKERS: dict[str, Callable[[], _Unpacker]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_MOST_MEMORY),
    "zstd": _zstd_unpacker,
}


class _Stream(io.RawIOBase):
    """Makes a stream of pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fills the buffer as far as there are pieces, so that a peek sees what a short first frame hides."""
        size = 0
        while size < len(buffer):
            if not self._piece:
                self._piece = memoryview(next(self._pieces, b""))
                if not self._piece:
                    break
            taken = self._piece[: len(buffer) - size]
            buffer[size : size + len(taken)] = taken
            self._piece = self._piece[len(taken) :]
            size += len(taken)
        return size


def _incomplete(name: str, form: str, reason: object) -> DataError:
    return DataError(f"{name}: not a complete {form} file ({reason}); pack it again")


def _unpacked_pieces(packed: BinaryIO, form: str, name: str) -> Iterator[bytes]:
    """Unpacks all frames of a file; no piece is empty."""
    unpacker: _Unpacker | None = None
    rest = b""
    try:
        while chunk := rest or packed.read(_PACKED_SIZE):
            rest = b""
            if unpacker is None:
                chunk = chunk.lstrip(b"\0")  # gzip and xz may be padded between frames and at the end
                if not chunk:
                    continue
                unpacker = _UNPACKERS[form]()
            piece = unpacker.decompress(chunk)
            if unpacker.eof:
                rest, unpacker = unpacker.unused_data, None
            if piece:
                yield piece
    except (zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
        if "memory" in str(error).lower():
            raise DataError(
                f"{name}: needs more than {_MOST_MEMORY >> 20} MiB of memory to be unpacked; "
                "pack it again with a smaller window (zstd --long=27 or less)"
            ) from None
        raise _incomplete(name, form, error) from None
    if unpacker is not None:
        raise _incomplete(name, form, "it ends in the middle")


def decompressed(packed: io.BufferedReader, name: str) -> io.BufferedReader:
    """The content of a stream, unpacked if it is packed, whatever its name.

    Args:
        packed: the stream, at its beginning.
        name: name of the file, for messages; one that ends in .gz, .xz or .zst must hold what it says.

    Returns:
        The stream itself, or another one that unpacks it while it is read. Reading raises a DataError if the
        packed content is damaged, cut off, or needs too much memory.

    Raises:
        DataError: if the content is not what the ending of the name says.
    """
    head = packed.peek(6)[:6]
    found = next((form for form, magic in _MAGIC.items() if magic.match(head)), None)
    named = _ENDINGS.get(PurePath(name).suffix.lower())
    if named is not None and found != named:
        begins = f"it begins with {head!r}" if head else "it is empty"
        raise _incomplete(name, named, f"it is a {found} file" if found else begins)
    if found is None:
        return packed
    return io.BufferedReader(_Stream(_unpacked_pieces(packed, found, name)), _BUFFER_SIZE)


@contextmanager
def open_decompressed(path: Path) -> Iterator[io.BufferedReader]:
    """Opens a file and unpacks it if it is packed.

    Raises:
        DataError: if the file cannot be read, now or later on; see also ``unpacked``.
    """
    try:
        with path.open("rb", _BUFFER_SIZE) as packed:
            yield decompressed(cast(io.BufferedReader, packed), str(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from None
