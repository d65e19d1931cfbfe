"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from translator.errors import ModelError

_UNFINISHED = ".unfinished-"


@contextlib.contextmanager
def replaced_when_complete(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside ``path``, which becomes ``path`` if the block ends well.

    The content is on the disk before it gets its name: a power failure leaves the old file or the new one.

    Args:
        path: the file to write.

    Raises:
        ModelError: if the file cannot be written.
    """
    handle, name = -1, ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
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
