"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from translator.errors import ModelError

_UNFINISHED = ".unfinished-"


@contextlib.contextmanager
def replaced_when_complete(path: Path, size: int = 0) -> Iterator[Path]:
    """Gives a temporary path beside ``path``, which becomes ``path`` if the block ends well.

    The content is on the disk before it gets its name: a power failure leaves the old file or the new one.

    Args:
        path: the file to write.
        size: bytes that must be free, for writers that cannot say themselves that the disk is full.

    Raises:
        ModelError: if the file cannot be written.
    """
    handle, name = -1, ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(path.parent).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        # The ending stays: Keras tells the format of a file by it.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED, suffix=f"-{path.name}")
        os.close(handle)
        yield Path(name)
        _to_disk(Path(name))
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        if name:
            with contextlib.suppress(OSError):
                os.unlink(name)


def unwritable(path: Path, error: OSError) -> ModelError:
    """What to raise where a file cannot be written."""
    return ModelError(
        f"{path}: cannot be written ({error.strerror or error}); check the folder and the free space"
    )


def _to_disk(path: Path) -> None:
    """Waits until what was written is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def remove_unfinished(folder: Path) -> None:
    """Removes from a folder what a process that was killed was writing there."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            path.unlink()
