"""One training at a time in a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from translator.errors import ModelError
from translator.files import remove_unfinished, write_error
from translator.model_folder import config_path, lock_path


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps a model folder for this process, and clears away what a killed one left half written in it.

    The operating system holds the lock and lets it go with the process, however that ends.

    Raises:
        ModelError: if another process trains there, or the folder cannot be written.
    """
    path = lock_path(folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab+", buffering=0)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror}); give another --output") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            process = file.read(20).decode("ascii", "replace").strip()
            raise ModelError(
                f"{folder}: another training is running there (process {process}); wait for its end, or give "
                "another --output"
            ) from None
        except OSError as error:
            raise ModelError(
                f"{folder}: its file system has no locks ({error.strerror}); give an --output elsewhere"
            ) from None
        try:
            _write_process(file, path)
            remove_unfinished(folder)
            remove_unfinished(path.parent)
            yield
        finally:
            if not config_path(folder).exists():  # it failed before anything was made
                with contextlib.suppress(OSError):
                    path.unlink()
                    path.parent.rmdir()
                    folder.rmdir()


def _write_process(file: FileIO, path: Path) -> None:
    """Says in the file of the lock which process holds it."""
    try:
        file.truncate(0)
        file.write(b"%d\n" % os.getpid())
    except OSError as error:
        raise write_error(path, error) from None
