"""Files that are written whole or not at all."""

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
    """Gives a temporary path beside ``path``, which becomes ``path`` if the block ends well.

    The content is on the disk before it gets its name: a power failure leaves the old file or the new one.

    A link stays, and what it points at is replaced. A device or a pipe gets the content when it is complete.

    Args:
        path: the file to write.

    Raises:
        ModelError: if the file cannot be written.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder, path.name)
                _copy(Path(folder, path.name), path)  # the pipe behind /dev/stdout has no path of its own
            return
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f"{_UNFINISHED}{secrets.token_hex(8)}-{target.name}")
        try:
            unfinished.touch(exist_ok=False)
            yield unfinished
            _to_disk(unfinished)
            unfinished.replace(target)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()
    except OSError as error:
        raise write_error(path, error) from None


def check_writable(path: Path) -> None:
    """Tells before the work, not after it, that a file cannot be written; its folder is made.

    Raises:
        ModelError: if it cannot.
    """
    with contextlib.suppress(_NothingToWriteError), atomic_write(path):
        raise _NothingToWriteError


class _NothingToWriteError(Exception):
    """Keeps the file as it is."""


def write_error(path: Path, error: OSError) -> ModelError:
    """What to raise where a file cannot be written."""
    return ModelError(
        f"{path}: cannot be written ({error.strerror or error}); check the folder and the free space"
    )


def _copy(path: Path, target: Path) -> None:
    """Writes the content of a file to a device or a pipe."""
    with path.open("rb") as content, target.open("wb") as file:
        shutil.copyfileobj(content, file)


def _to_disk(path: Path) -> None:
    """Waits until what was written is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def is_unfinished(path: Path) -> bool:
    """Whether this is what a process was writing when it was killed, if it does not run any more."""
    return path.name.startswith(_UNFINISHED)


def remove_unfinished(folder: Path) -> None:
    """Removes from a folder what a process that was killed was writing there."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            path.unlink()
