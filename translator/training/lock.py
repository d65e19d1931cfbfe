"""One training at a time per model folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from translator.errors import ModelError
from translator.files import remove_unfinished, write_error
from translator.model_folder import lock_path


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Locks a model folder for this process, and removes what a killed process left half written in it.

    The operating system holds the lock and releases it with the process, however that ends. The lock file
    always stays: if it were removed, a process that has opened it and one that makes a new file could both
    hold "the" lock.

    Raises:
        ModelError: if another process trains there, or the folder cannot be written.
    """
    path = lock_path(folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror}); give another --output") from None
    # Preserving the file also rules out filelock's other kind of lock, which a killed process would leave.
    lock = FileLock(path, blocking=False, preserve_lock_file=True)
    try:
        lock.acquire()
    except Timeout:
        process = path.read_bytes()[:20].decode("ascii", "replace").strip() or "unknown"
        raise ModelError(
            f"{folder}: another training is running there (process {process}); wait for its end, or give "
            "another --output"
        ) from None
    except OSError as error:
        raise ModelError(
            f"{folder}: its file system has no locks ({error.strerror}); give an --output elsewhere"
        ) from None
    try:
        _write_process_id(path)
        remove_unfinished(folder)
        remove_unfinished(path.parent)
        yield
    finally:
        lock.release()


def _write_process_id(path: Path) -> None:
    """Writes into the lock file which process holds the lock."""
    try:
        path.write_text(f"{os.getpid()}\n", encoding="ascii")
    except OSError as error:
        raise write_error(path, error) from None
