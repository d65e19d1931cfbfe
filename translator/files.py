"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from translator.errors import ModelError


@contextlib.contextmanager
def replaced_when_complete(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside ``path``, which becomes ``path`` if the block ends well.

    Raises:
        ModelError: if the file cannot be written.
    """
    handle, name = -1, ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The ending stays: Keras tells the format of a file by it.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=f"-{path.name}")
        os.close(handle)
        yield Path(name)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        raise ModelError(
            f"{path}: cannot be written ({error.strerror or error}); check the folder and the free space"
        ) from None
    finally:
        if name:
            with contextlib.suppress(OSError):
                os.unlink(name)
