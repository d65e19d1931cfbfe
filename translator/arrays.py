"""Named arrays in one ``.npz`` file, read without running code and without unpacking more than its size.

The format is NumPy's own rather than safetensors, because it needs no further dependency, holds text beside
numbers, has a checksum per array, and any NumPy program can read it.
"""

from __future__ import annotations

import contextlib
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from translator.errors import ModelError, first_line


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Writes a NumPy archive (``.npz``); unlike ``numpy.savez``, equal arrays give equal bytes.

    Args:
        path: the file.
        arrays: numbers or text of any shape, by name.

    Raises:
        OSError: if the file cannot be written.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            # A ZipInfo has a fixed date; by default, zipfile stores the current time.
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


@contextlib.contextmanager
def open_arrays(path: Path, make_error: Callable[[str], ModelError]) -> Iterator[Mapping[str, Any]]:
    """Opens a file that ``write_arrays`` has written.

    Each array is read, and its checksum verified, on access. No code in the file is run. Compressed arrays
    are refused, so no array is larger than the file.

    Args:
        path: the file.
        make_error: makes the error to raise, given the reason why the file cannot be read.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            sizes = [entry.file_size for entry in arrays.zip.infolist()]
            if sum(sizes) > path.stat().st_size:
                raise ValueError("its arrays are larger than the file")
            for entry in arrays.zip.infolist():
                _check_shape(arrays.zip, entry)
            yield arrays
    except (ModelError, MemoryError):
        raise
    except Exception as error:  # a damaged archive can fail in any way
        raise make_error(first_line(error)) from None


def _check_shape(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Raises ValueError if the shape of an array needs more bytes than the archive has for it."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, _, dtype = np.lib.format.read_array_header_2_0(file)
        else:
            raise ValueError(f"its arrays have the unknown version {version}")
    if math.prod(shape) * dtype.itemsize > entry.file_size:
        raise ValueError("its arrays are larger than the file")
