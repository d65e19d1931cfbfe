"""Named arrays in one file, as ``numpy.load`` reads them: nothing is run, and none is larger than it."""

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
    """Writes a NumPy archive (``.npz``); the same arrays give the same bytes, which those of NumPy do not.

    Args:
        path: the file.
        arrays: numbers or text by name, of any shape.

    Raises:
        OSError: if the file cannot be written.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            # A ZipInfo has a fixed date; by itself, zipfile takes the time of day.
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


@contextlib.contextmanager
def open_arrays(path: Path, fault: Callable[[str], ModelError]) -> Iterator[Mapping[str, Any]]:
    """Opens what ``write_arrays`` has written.

    Each array is read, and its checksum looked at, when it is asked for. Nothing in the file is run, and
    as nothing in it may be packed, no array is larger than the file.

    Args:
        path: the file.
        fault: makes an error of the reason why the file cannot be read.
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
    except Exception as error:  # a damaged archive fails in ways that no list could hold
        raise fault(first_line(error)) from None


def _check_shape(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Raises ValueError if an array claims to be larger than what stands there of it."""
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, _, dtype = np.lib.format.read_array_header_2_0(file)
        else:
            raise ValueError(f"its arrays are of version {version}")
    if math.prod(shape) * dtype.itemsize > entry.file_size:
        raise ValueError("its arrays are larger than the file")
