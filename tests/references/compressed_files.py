"""Writes compressed files for tests, and checks that error messages are one line."""

import bz2
import gzip
import lzma
from pathlib import Path

import pytest
import zstandard

from translator.errors import DataError, TranslatorError

COMPRESS = {
    "": bytes,
    ".gz": lambda content: gzip.compress(content, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda content: zstandard.ZstdCompressor(write_checksum=True).compress(content),
}
NAMES = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}


def write(path: Path, content: str | bytes) -> Path:
    """Writes a file with the compression that its suffix says."""
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(COMPRESS.get(path.suffix, bytes)(raw))
    return path


def message_of(action, *arguments, error_class: type[TranslatorError] = DataError) -> str:
    """Returns the message of the error that the call must raise; it must be one line."""
    with pytest.raises(error_class) as error:
        action(*arguments)
    message = str(error.value)
    assert len(message.splitlines()) == 1, message
    return message
