"""Opens text files whatever they are packed in and encoded with, recognized by their content, not their name.

Files compressed with gzip, bzip2, xz and zstd and zip archives of one file are unpacked, and UTF-16 with a
byte-order mark, which spreadsheets write, becomes UTF-8. The readers of the standard library each expect one
format, and it has none for zstd before Python 3.14. Here one reader takes all formats, also from a pipe, and
limits the memory that a file may take.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePath
from typing import Any, BinaryIO, Protocol, cast

import zstandard

from translator.corpus.formats.archives import (
    ZIP_MAGIC,
    ZipMember,
    only_member,
    open_member,
    refuse_what_is_no_text,
    zip_members,
)
from translator.corpus.formats.byte_stream import BUFFER_SIZE, stream_of
from translator.errors import DataError, ModelError

_MAGIC = {  # the first bytes of a file; zstd may begin with a skippable frame
    "gzip": re.compile(rb"\x1f\x8b"),
    "bzip2": re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
_FORMAT_OF_SUFFIX = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".zip": "zip"}
COMPRESSED_SUFFIXES = frozenset(_FORMAT_OF_SUFFIX)

# The byte-order marks of text in which a character takes two or four bytes; those of UTF-32 begin alike.
_WIDE_ENCODINGS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

_HEAD_SIZE = 512  # bytes in which a file is recognized
_COMPRESSED_SIZE = 1 << 12  # bytes read at a time; few, because 4 bytes of a zstd bomb become 128 KiB
_MAX_MEMORY = 1 << 27  # bytes per decompressor; files made at any level without special options need less


def suffix_of_text(path: PurePath) -> str:
    """Returns the end of a file name in lower case, without that of its compression: .tmx of a.TMX.gz."""
    suffix = path.suffix.lower()
    return PurePath(path.stem).suffix.lower() if suffix in COMPRESSED_SUFFIXES else suffix


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
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_MAX_MEMORY),
    "zstd": _zstd_decompressor,
}


def _decompress(decompressor: _Decompressor, data: bytes) -> Iterator[bytes]:
    """Decompresses some bytes of a frame, piece by piece where a few bytes of it may become gigabytes."""
    if not isinstance(decompressor, bz2.BZ2Decompressor):
        yield decompressor.decompress(data)
        return
    while data or not (decompressor.needs_input or decompressor.eof):
        yield decompressor.decompress(data, BUFFER_SIZE)
        data = b""


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
            yield from filter(None, _decompress(decompressor, data))
            if decompressor.eof:
                unused, decompressor = decompressor.unused_data, None
    except (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # not from bz2, but from reading the file
            raise
        if "memory" in str(error).lower():
            raise DataError(
                f"{name}: decompressing it takes more than {_MAX_MEMORY >> 20} MiB of memory; "
                "compress it again with a smaller window (zstd --long=27 or less)"
            ) from None
        raise _incomplete(name, format_name, error) from None
    if decompressor is not None:
        raise _incomplete(name, format_name, "it ends too early")


def decompressed(stream: io.BufferedReader, name: str) -> io.BufferedReader:
    """Returns a stream of the decompressed text; a stream that is not compressed is returned as it is.

    Args:
        stream: the stream, at its beginning.
        name: name of the file, for messages; if it ends in .gz, .bz2, .xz or .zst, the content must match it.

    Returns:
        The stream itself, or one that decompresses it and recodes UTF-16 as UTF-8 while it is read. Reading
        raises a DataError if the compressed content is damaged, cut off, or takes too much memory.

    Raises:
        DataError: if the content does not match the name, or is known to be no text.
    """
    head = stream.peek(_HEAD_SIZE)[:_HEAD_SIZE]
    found = next((format_name for format_name, magic in _MAGIC.items() if magic.match(head)), None)
    if head.startswith(ZIP_MAGIC):
        raise DataError(f"{name}: this is a zip archive; unpack it and give the text files in it")
    expected = _FORMAT_OF_SUFFIX.get(PurePath(name).suffix.lower())
    if expected is not None and found != expected:
        start = f"it begins with {head[:6]!r}" if head else "it is empty"
        raise _incomplete(name, expected, f"it is a {found} file" if found else start)
    if found is not None:
        stream = stream_of(_decompressed_chunks(stream, found, name))
        head = stream.peek(_HEAD_SIZE)[:_HEAD_SIZE]
    refuse_what_is_no_text(head, name)
    encoding = next((wide for mark, wide in _WIDE_ENCODINGS.items() if head.startswith(mark)), None)
    return stream if encoding is None else stream_of(_recoded_chunks(stream, encoding))


def _recoded_chunks(stream: io.BufferedReader, encoding: str) -> Iterator[bytes]:
    """Recodes text as UTF-8; what is not valid becomes bytes that are not valid UTF-8 either."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    while chunk := stream.read(BUFFER_SIZE):
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError:  # in UTF-32, a number that is no character
            yield b"\xff"
            return
        if text:
            yield text.encode("utf-8", "surrogatepass")
    if decoder.getstate()[0]:  # half a character
        yield b"\xff"


@contextmanager
def open_decompressed(path: Path | ZipMember) -> Iterator[io.BufferedReader]:
    """Opens a file and decompresses it if it is compressed; of a zip archive, it opens the only file.

    Raises:
        DataError: if the file cannot be read, now or later; see also ``decompressed``.
    """
    try:
        if isinstance(path, Path) and (members := zip_members(path)):
            path = only_member(members)
        if isinstance(path, ZipMember):
            with open_member(path) as stream:
                yield decompressed(stream, str(path))
        else:
            with path.open("rb", BUFFER_SIZE) as file:
                yield decompressed(cast(io.BufferedReader, file), str(path))
    except OSError as error:
        raise cannot_be_read(str(path), error) from None


def cannot_be_read(name: str, error: OSError) -> DataError:
    """Returns the error to raise when a file cannot be read."""
    return DataError(f"{name}: cannot be read ({error.strerror}); check the path")


@contextmanager
def open_compressed(path: Path, name: str) -> Iterator[BinaryIO]:
    """Opens a file for writing; what is written is compressed if the name ends in .gz, .bz2, .xz or .zst.

    Args:
        path: the file, which may be a temporary one.
        name: the name that decides.

    Raises:
        ModelError: if the name is that of a zip archive.
    """
    format_name = _FORMAT_OF_SUFFIX.get(PurePath(name).suffix.lower())
    if format_name == "zip":
        raise ModelError(f"{name}: no zip archives are written; give a name that ends in .gz")
    with ExitStack() as stack:
        file: Any = stack.enter_context(path.open("wb"))
        if format_name == "gzip":  # without a name and a time: the same text gives the same file
            file = stack.enter_context(gzip.GzipFile("", "wb", fileobj=file, mtime=0))
        elif format_name == "bzip2":
            file = stack.enter_context(bz2.BZ2File(file, "wb"))
        elif format_name == "xz":
            file = stack.enter_context(lzma.LZMAFile(file, "wb"))
        elif format_name == "zstd":
            file = stack.enter_context(zstandard.ZstdCompressor().stream_writer(file, closefd=False))
        yield file
