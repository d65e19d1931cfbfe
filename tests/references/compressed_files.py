"""Packed files by the libraries' own packers, and the one line that every failure must be."""

import gzip
import lzma
from pathlib import Path

import pytest
import zstandard

from translator.errors import DataError, TranslatorError

PACK = {
    "": bytes,
    ".gz": lambda content: gzip.compress(content, mtime=0),
    ".xz": lzma.compress,
    ".zst": lambda content: zstandard.ZstdCompressor(write_checksum=True).compress(content),
}
FORMS = {".gz": "gzip", ".xz": "xz", ".zst": "zstd"}


def write(path: Path, content: str | bytes) -> Path:
    """Writes a file, packed as the ending of its name says."""
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(PACK.get(path.suffix, bytes)(raw))
    return path


def message_of(action, *arguments, error_class: type[TranslatorError] = DataError) -> str:
    """The message of the error that the call must raise; it is one line."""
    with pytest.raises(error_class) as error:
        action(*arguments)
    message = str(error.value)
    assert len(message.splitlines()) == 1, message
    return message
