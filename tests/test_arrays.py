"""Arrays in a file: readable by NumPy, and never trusted."""

import io
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from translator.arrays import open_arrays, write_arrays
from translator.errors import ModelError

ARRAYS = {"a": np.arange(12, dtype=np.float32).reshape(3, 4), "b/c": np.array(5), "text": np.array("é€")}


def make_error(reason):
    return ModelError(f"refused: {reason}")


def read(path):
    with open_arrays(path, make_error) as arrays:
        return {name: arrays[name] for name in arrays}


def refusal(path):
    with pytest.raises(ModelError, match=r"^refused: ") as error:
        read(path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "some.npz"
    write_arrays(path, ARRAYS)
    return path


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text("abc/_ 12", min_size=1),
        arrays_of.arrays(
            st.one_of(arrays_of.floating_dtypes(endianness="="), arrays_of.integer_dtypes(endianness="=")),
            arrays_of.array_shapes(min_dims=0, max_side=4),
        ),
    )
)
def test_numpy_and_open_arrays_read_what_was_written(tmp_path_factory, arrays):
    path = tmp_path_factory.mktemp("arrays") / "some.npz"
    write_arrays(path, arrays)
    with np.load(path, allow_pickle=False) as by_numpy:
        for loaded in (by_numpy, read(path)):
            assert set(loaded) == set(arrays)
            for name, array in arrays.items():
                np.testing.assert_array_equal(loaded[name], array)
                assert loaded[name].dtype == array.dtype


def test_equal_arrays_give_equal_bytes_at_any_time(path, monkeypatch):
    again = path.with_name("again.npz")
    later = time.localtime(time.time() + 1e6)
    monkeypatch.setattr(time, "localtime", lambda *_: later)
    write_arrays(again, ARRAYS)
    assert again.read_bytes() == path.read_bytes()


def test_what_numpy_writes_is_read(tmp_path):
    np.savez(tmp_path / "some.npz", **ARRAYS)
    np.testing.assert_array_equal(read(tmp_path / "some.npz")["a"], ARRAYS["a"])


def test_compressed_arrays_are_refused_before_they_take_memory(tmp_path):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, zeros=np.zeros(10_000_000, np.int8))
    assert path.stat().st_size < 20_000
    assert refusal(path) == "refused: its arrays are larger than the file"


def test_entries_that_share_their_bytes_are_refused(path):
    """In such an archive, a hundred names refer to the same bytes."""
    with zipfile.ZipFile(path, "a") as archive:
        entry = archive.getinfo("a.npy")
        for i in range(100):
            twin = zipfile.ZipInfo(f"twin_{i}.npy")
            for name in ("header_offset", "CRC", "compress_size", "file_size"):
                setattr(twin, name, getattr(entry, name))
            archive.filelist.append(twin)
        archive._didModify = True
    assert refusal(path) == "refused: its arrays are larger than the file"


def test_a_shape_larger_than_the_bytes_is_refused(tmp_path):
    content = io.BytesIO()
    np.save(content, np.zeros(10, np.float32))
    boast = content.getvalue().replace(b"(10,), }" + b" " * 10, b"(" + b"9" * 12 + b",), }")
    assert len(boast) == len(content.getvalue())
    with zipfile.ZipFile(tmp_path / "boast.npz", "w") as archive:
        archive.writestr("a.npy", boast)
    refusal(tmp_path / "boast.npz")


def test_pickled_objects_are_refused(tmp_path):
    np.savez(tmp_path / "some.npz", objects=np.array([{}], dtype=object))
    assert "allow_pickle=False" in refusal(tmp_path / "some.npz")


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04", b"\x80\x04K\x01."])
def test_a_file_of_another_format_is_refused(tmp_path, content):
    (tmp_path / "some.npz").write_bytes(content)
    refusal(tmp_path / "some.npz")


def test_a_single_array_is_refused(tmp_path):
    with (tmp_path / "some.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    refusal(tmp_path / "some.npz")


def test_a_missing_file_is_refused(tmp_path):
    assert "No such file" in refusal(tmp_path / "none.npz")


def test_every_flipped_bit_of_the_numbers_is_detected(path):
    content = bytearray(path.read_bytes())
    start = bytes(content).index(ARRAYS["a"].tobytes())
    for position in range(start, start + ARRAYS["a"].nbytes):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        assert "Bad CRC-32" in refusal(path)
