"""Reads the text files in zip archives, and names files that are no text for what they are."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from translator.corpus.formats.byte_stream import BUFFER_SIZE, stream_of
from translator.errors import DataError

ZIP_MAGIC = b"PK\x03\x04"
_EMPTY_ZIP_MAGIC = b"PK\x05\x06"

_AS_TEXT = "save it as text in UTF-8, one sentence per line, or as a table of two columns separated by tabs"
_UNPACK = "unpack it and give the text files in it"
# How files begin that are no text: the bytes, their offset, what the file is, and what to do.
_NO_TEXT: Sequence[tuple[bytes, int, str, str]] = [
    (b"ustar\0", 257, "a tar archive", f"{_UNPACK} (tar -xf)"),
    (b"ustar  \0", 257, "a tar archive", f"{_UNPACK} (tar -xf)"),
    (b"7z\xbc\xaf\x27\x1c", 0, "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", 0, "a RAR archive", _UNPACK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "an old Office document (.doc, .xls)", _AS_TEXT),
    (b"%PDF-", 0, "a PDF", _AS_TEXT),
    (b"{\\rtf1", 0, "an RTF document", _AS_TEXT),
    (b"PAR1\x15", 0, "a Parquet table", _AS_TEXT),
    (b"SQLite format 3\0", 0, "an SQLite database", _AS_TEXT),
    (b"\x1f\x9d", 0, "a file compressed with compress (.Z)", "decompress it"),
    (b"\x04\x22\x4d\x18", 0, "a file compressed with lz4", "decompress it"),
    (b"LZIP\x01", 0, "a file compressed with lzip", "decompress it"),
]
# Documents that are zip archives, by a file in them.
_ZIPPED_DOCUMENTS = {
    "xl/workbook.xml": "an Excel workbook",
    "xl/workbook.bin": "an Excel workbook",
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a PowerPoint presentation",
    "META-INF/container.xml": "an e-book",
    "content.xml": "an OpenDocument file",
    "META-INF/MANIFEST.MF": "a Java archive",
}
# What zipfile raises for a damaged archive; RuntimeError includes NotImplementedError.
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError)
_NO_TEXT_NAMES = re.compile(r"(?:readme|licen[cs]e|copying|notice)(?:\.\w+)?", re.IGNORECASE)
_MAX_LISTED_NAMES = 5  # in an error message


def refuse_what_is_no_text(head: bytes, name: str) -> None:
    """Raises a DataError that says what a file is, if its first bytes are those of a format without text."""
    for magic, offset, what, remedy in _NO_TEXT:
        if head.startswith(magic, offset):
            raise DataError(f"{name}: this is {what}; {remedy}")


@dataclass(frozen=True)
class ZipMember:
    """A file in a zip archive."""

    archive: Path
    name: str

    def __str__(self) -> str:
        return f"{self.archive}/{self.name}"


def zip_members(path: Path) -> list[ZipMember] | None:
    """Returns the files in a zip archive that may hold text; None if the file is not a zip archive.

    Raises:
        DataError: if the archive is damaged, has no such file, or is the document of an office program.
    """
    if not path.is_file():  # a pipe, from which nothing may be taken
        return None
    try:
        with path.open("rb") as file:
            if file.read(4) not in (ZIP_MAGIC, _EMPTY_ZIP_MAGIC):
                return None
    except OSError:  # whoever opens it next reports it
        return None
    with _open_zip(path) as archive:
        names = [name for name in archive.namelist() if name and not name.endswith("/")]
    for part, what in _ZIPPED_DOCUMENTS.items():
        if part in names:
            raise DataError(f"{path}: this is {what}; {_AS_TEXT}")
    names = [name for name in names if not _is_incidental(PurePosixPath(name))]
    if not names:
        raise DataError(f"{path}: this is a zip archive without a text file")
    return [ZipMember(path, name) for name in names]


def only_member(members: Sequence[ZipMember]) -> ZipMember:
    """Returns the only file of an archive; raises a DataError if it has several."""
    if len(members) > 1:
        raise DataError(f"{members[0].archive}: this is a zip archive of {list_members(members)}; {_UNPACK}")
    return members[0]


def list_members(members: Sequence[ZipMember]) -> str:
    """Returns the names of the files in an archive, for messages."""
    names = ", ".join(member.name for member in members[:_MAX_LISTED_NAMES])
    num_hidden = len(members) - _MAX_LISTED_NAMES
    return f"{len(members)} files ({names}{f' and {num_hidden} more' if num_hidden > 0 else ''})"


@contextlib.contextmanager
def open_member(member: ZipMember) -> Iterator[io.BufferedReader]:
    """Opens a file in a zip archive; reading it raises a DataError if the archive is damaged."""
    with _open_zip(member.archive) as archive:
        info = archive.getinfo(member.name)
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            reason = "it takes a password" if info.flag_bits & 1 else "it uses a rare compression method"
            raise DataError(f"{member}: cannot be unpacked here ({reason}); {_UNPACK}")
        yield stream_of(_chunks(archive, member))


def _is_incidental(path: PurePosixPath) -> bool:
    """Whether a file is one that accompanies the text: hidden, of macOS, a readme or a licence."""
    is_hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return is_hidden or _NO_TEXT_NAMES.fullmatch(path.name) is not None


def _chunks(archive: zipfile.ZipFile, member: ZipMember) -> Iterator[bytes]:
    try:
        with archive.open(member.name) as file:
            while chunk := file.read(BUFFER_SIZE):
                yield chunk
    except _ZIP_ERRORS as error:
        raise _damaged(member.archive, error) from None


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: not a complete zip file ({error}); compress it again")
