"""Files that are written completely or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from translator.errors import ModelError

_UNFINISHED = ".unfinished-"


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside ``path``, and renames it to ``path`` if the block succeeds.

    The content is flushed to the disk before the renaming, so a power failure leaves the old file or the new
    one. A symbolic link is kept and its target replaced. A device or a pipe gets the content at the end.

    Args:
        path: the file to write.

    Raises:
        ModelError: if the file cannot be written.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder, path.name)
                # To the path as given: /dev/stdout may lead to a pipe, which has no path of its own.
                _copy(Path(folder, path.name), path)
            return
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}-{target.name}")
        try:
            unfinished.touch(exist_ok=False)
            yield unfinished
            _flush_to_disk(unfinished)
            unfinished.replace(target)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()
    except OSError as error:
        raise write_error(path, error) from None


def check_writable(path: Path) -> None:
    """Checks before long work that a file can be written, and makes its folder.

    Raises:
        ModelError: if it cannot be written.
    """
    with contextlib.suppress(_NothingToWriteError), atomic_write(path):
        raise _NothingToWriteError


class _NothingToWriteError(Exception):
    """Ends ``atomic_write`` so that it leaves the file unchanged."""


def write_error(path: Path, error: OSError) -> ModelError:
    """Returns the error to raise when a file cannot be written."""
    return ModelError(
        f"{path}: cannot be written ({error.strerror or error}); check the folder and the free space"
    )


def _copy(path: Path, target: Path) -> None:
    """Copies the content of a file to a device or a pipe."""
    with path.open("rb") as content, target.open("wb") as file:
        shutil.copyfileobj(content, file)


def _flush_to_disk(path: Path) -> None:
    """Waits until the content of a file is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def is_unfinished(path: Path) -> bool:
    """Whether this is a temporary file of ``atomic_write``, in use or left by a killed process."""
    return path.name.startswith(_UNFINISHED)


def remove_unfinished(folder: Path) -> None:
    """Removes the temporary files that killed processes left in a folder."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            path.unlink()
