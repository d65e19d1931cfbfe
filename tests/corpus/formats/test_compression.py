import contextlib
import gzip
import lzma
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from references.compressed_files import FORMS, PACK, message_of
from references.memory import peak_memory

from translator.corpus.formats.compression import open_decompressed
from translator.corpus.readers import read_lines
from translator.errors import DataError

CONTENT = "A dog runs.\nZwölf Hühner schlafen.\n".encode()


def content_of(path) -> bytes:
    with open_decompressed(path) as stream:
        return stream.read()


@pytest.mark.parametrize("form", PACK)
@pytest.mark.parametrize("name", ["train.en", "train", "train.tmx", "train.bz2"])
def test_the_content_tells_how_a_file_is_packed_whatever_its_name(tmp_path, form, name):
    path = tmp_path / name
    path.write_bytes(PACK[form](CONTENT))
    assert content_of(path) == CONTENT


@pytest.mark.parametrize("form", PACK)
@pytest.mark.parametrize("ending", FORMS)
def test_a_name_that_says_another_packing_is_told(tmp_path, form, ending):
    path = tmp_path / f"train{ending}"
    path.write_bytes(PACK[form](CONTENT))
    if form == ending:
        assert content_of(path) == CONTENT
        return
    found = f"it is a {FORMS[form]} file" if form else "it begins with b'A dog '"
    assert message_of(content_of, path) == (
        f"{path}: not a complete {FORMS[ending]} file ({found}); pack it again"
    )


@pytest.mark.parametrize("ending", FORMS)
def test_the_ending_may_be_in_upper_case(tmp_path, ending):
    path = tmp_path / f"TRAIN{ending.upper()}"
    path.write_bytes(CONTENT)
    assert "not a complete" in message_of(content_of, path)


@pytest.mark.parametrize("ending", FORMS)
def test_a_packed_file_of_no_bytes_is_told(tmp_path, ending):
    path = tmp_path / f"train{ending}"
    path.write_bytes(b"")
    assert message_of(content_of, path) == (
        f"{path}: not a complete {FORMS[ending]} file (it is empty); pack it again"
    )


@pytest.mark.parametrize("ending", FORMS)
@given(parts=st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_several_packed_files_in_a_row_are_their_contents_in_a_row(tmp_path_factory, ending, parts):
    path = tmp_path_factory.mktemp("packed") / f"train{ending}"
    path.write_bytes(b"".join(map(PACK[ending], parts)))
    assert content_of(path) == b"".join(parts)


@pytest.mark.parametrize("ending", FORMS)
def test_a_frame_longer_than_what_is_read_at_a_time(tmp_path, ending):
    content = b"".join(b"%d times\n" % (n * n * 7919 % 1000003) for n in range(200_000))
    path = tmp_path / f"train{ending}"
    path.write_bytes(PACK[ending](content) + PACK[ending](b"end\n"))
    assert content_of(path) == content + b"end\n"


@pytest.mark.parametrize("ending", [".gz", ".xz"])
@pytest.mark.parametrize("size", [4, 512, 8192])
def test_zeros_between_and_after_frames_are_skipped(tmp_path, ending, size):
    path = tmp_path / f"train{ending}"
    path.write_bytes((PACK[ending](CONTENT) + bytes(size)) * 2)
    assert content_of(path) == CONTENT * 2


def test_a_zstd_file_may_begin_with_a_frame_to_be_skipped(tmp_path):
    path = tmp_path / "train.zst"
    note = b"\x5a\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
    path.write_bytes(note + PACK[".zst"](CONTENT) + note)
    assert content_of(path) == CONTENT


def test_zstd_of_unknown_size_and_at_other_levels(tmp_path):
    path = tmp_path / "train.zst"
    for level in (-5, 1, 19, 22):
        packer = zstandard.ZstdCompressor(level=level).compressobj()
        path.write_bytes(packer.compress(CONTENT) + packer.flush())
        assert content_of(path) == CONTENT


def test_gzip_with_a_file_name_in_its_header_and_xz_without_checks(tmp_path):
    path = tmp_path / "train.gz"
    with gzip.open(path, "wb") as packed:
        packed.write(CONTENT)
    assert b"train" in path.read_bytes()
    assert content_of(path) == CONTENT
    path = tmp_path / "train.xz"
    path.write_bytes(lzma.compress(CONTENT, check=lzma.CHECK_NONE, preset=9 | lzma.PRESET_EXTREME))
    assert content_of(path) == CONTENT


@pytest.mark.parametrize("ending", FORMS)
@pytest.mark.parametrize("first", [b"", CONTENT])
def test_a_packed_file_cut_at_any_byte_is_told(tmp_path, ending, first):
    path = tmp_path / f"train{ending}"
    before = PACK[ending](first) if first else b""
    whole = before + PACK[ending](CONTENT)
    for size in range(len(before) + 1, len(whole)):
        path.write_bytes(whole[:size])
        message = message_of(content_of, path)
        assert message.startswith(f"{path}: not a complete {FORMS[ending]} file (")
        assert message.endswith("); pack it again")


@pytest.mark.parametrize("ending", FORMS)
@pytest.mark.parametrize("flipped", [0x01, 0x80, 0xFF])
def test_a_packed_file_with_a_damaged_byte_is_told_or_unharmed(tmp_path, ending, flipped):
    path = tmp_path / f"train{ending}"
    whole = PACK[ending](CONTENT)
    num_unharmed = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ flipped]) + whole[place + 1 :])
        with contextlib.suppress(DataError):
            assert content_of(path) == CONTENT
            num_unharmed += 1
            continue
        assert message_of(content_of, path).startswith(f"{path}: ")
    # of gzip's header 7 bytes, such as the time, mean nothing for the content
    assert num_unharmed <= (7 if ending == ".gz" else 0)


@pytest.mark.parametrize("ending", FORMS)
def test_what_follows_a_packed_file_and_is_not_packed_is_told(tmp_path, ending):
    path = tmp_path / f"train{ending}"
    path.write_bytes(PACK[ending](CONTENT) + b"more text\n")
    assert message_of(content_of, path).startswith(f"{path}: not a complete {FORMS[ending]} file (")


def test_a_zstd_window_that_takes_too_much_memory_is_told(tmp_path):
    path = tmp_path / "train.zst"
    # a frame of which only the header counts: no content size, a window of 2**(10 + exponent) bytes
    for exponent in (17, 18, 21):
        empty_last_block = bytes([1, 0, 0])
        path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes([0, exponent << 3]) + empty_last_block)
        if exponent == 17:
            assert content_of(path) == b""
        else:
            assert message_of(content_of, path) == (
                f"{path}: needs more than 128 MiB of memory to be unpacked; "
                "pack it again with a smaller window (zstd --long=27 or less)"
            )


def test_an_xz_dictionary_that_takes_too_much_memory_is_told(tmp_path):
    path = tmp_path / "train.xz"
    header = bytearray(lzma.compress(CONTENT))
    assert header[12:16] == bytes(
        [2, 0, 0x21, 1]
    )  # the block's header: its size, flags, LZMA2, one byte follows
    header[16] = 36  # the size of the dictionary, as a code: 1 GiB
    header[20:24] = zlib.crc32(header[12:20]).to_bytes(4, "little")
    path.write_bytes(header)
    assert "needs more than 128 MiB of memory to be unpacked" in message_of(content_of, path)


@pytest.mark.parametrize("ending", FORMS)
def test_unpacking_takes_little_memory(tmp_path, ending):
    path = tmp_path / f"train{ending}"
    lines = (f"{hash((number, number))} and a line of more words\n" for number in range(300_000))
    path.write_bytes(PACK[ending]("".join(lines).encode()))

    def read():
        assert sum(1 for _ in read_lines(path)) == 300_000

    assert (
        peak_memory(read) < {".gz": 1e6, ".xz": 10e6, ".zst": 1e6}[ending]
    )  # of 14 MB; the window of xz alone is 8 MiB
