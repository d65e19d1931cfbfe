import bz2
import contextlib
import gzip
import lzma
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from references.compressed_files import COMPRESS, NAMES, message_of
from references.memory import peak_memory

from translator.corpus.formats.compression import open_compressed, open_decompressed
from translator.corpus.readers import read_lines
from translator.errors import DataError, ModelError

CONTENT = "A dog runs.\nZwölf Hühner schlafen.\n".encode()


def content_of(path) -> bytes:
    with open_decompressed(path) as stream:
        return stream.read()


@pytest.mark.parametrize("content_suffix", COMPRESS)
@pytest.mark.parametrize("name", ["train.en", "train", "train.tmx", "train.Z"])
def test_the_compression_is_recognized_by_content_whatever_the_name(tmp_path, content_suffix, name):
    path = tmp_path / name
    path.write_bytes(COMPRESS[content_suffix](CONTENT))
    assert content_of(path) == CONTENT


@pytest.mark.parametrize("content_suffix", COMPRESS)
@pytest.mark.parametrize("suffix", NAMES)
def test_a_name_of_another_compression_is_reported(tmp_path, content_suffix, suffix):
    path = tmp_path / f"train{suffix}"
    path.write_bytes(COMPRESS[content_suffix](CONTENT))
    if content_suffix == suffix:
        assert content_of(path) == CONTENT
        return
    found = f"it is a {NAMES[content_suffix]} file" if content_suffix else "it begins with b'A dog '"
    assert message_of(content_of, path) == (
        f"{path}: not a complete {NAMES[suffix]} file ({found}); compress it again"
    )


@pytest.mark.parametrize("suffix", NAMES)
def test_the_suffix_may_be_in_upper_case(tmp_path, suffix):
    path = tmp_path / f"TRAIN{suffix.upper()}"
    path.write_bytes(CONTENT)
    assert "not a complete" in message_of(content_of, path)


@pytest.mark.parametrize("suffix", NAMES)
def test_an_empty_file_with_a_compressed_name_is_reported(tmp_path, suffix):
    path = tmp_path / f"train{suffix}"
    path.write_bytes(b"")
    assert message_of(content_of, path) == (
        f"{path}: not a complete {NAMES[suffix]} file (it is empty); compress it again"
    )


@pytest.mark.parametrize("suffix", NAMES)
@given(parts=st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_concatenated_compressed_files_give_their_concatenated_contents(tmp_path_factory, suffix, parts):
    path = tmp_path_factory.mktemp("compressed") / f"train{suffix}"
    parts = [b"text", *parts]
    path.write_bytes(b"".join(map(COMPRESS[suffix], parts)))
    assert content_of(path) == b"".join(parts)


@pytest.mark.parametrize("suffix", NAMES)
def test_a_frame_may_be_longer_than_one_read(tmp_path, suffix):
    content = b"".join(b"%d times\n" % (n * n * 7919 % 1000003) for n in range(200_000))
    path = tmp_path / f"train{suffix}"
    path.write_bytes(COMPRESS[suffix](content) + COMPRESS[suffix](b"end\n"))
    assert content_of(path) == content + b"end\n"


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
@pytest.mark.parametrize("size", [4, 512, 8192])
def test_zeros_between_and_after_frames_are_skipped(tmp_path, suffix, size):
    path = tmp_path / f"train{suffix}"
    path.write_bytes((COMPRESS[suffix](CONTENT) + bytes(size)) * 2)
    assert content_of(path) == CONTENT * 2


def test_a_zstd_file_may_begin_with_a_skippable_frame(tmp_path):
    path = tmp_path / "train.zst"
    note = b"\x5a\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
    path.write_bytes(note + COMPRESS[".zst"](CONTENT) + note)
    assert content_of(path) == CONTENT


def test_zstd_of_unknown_size_and_any_level_is_read(tmp_path):
    path = tmp_path / "train.zst"
    for level in (-5, 1, 19, 22):
        compressor = zstandard.ZstdCompressor(level=level).compressobj()
        path.write_bytes(compressor.compress(CONTENT) + compressor.flush())
        assert content_of(path) == CONTENT


def test_gzip_with_a_name_in_its_header_and_xz_without_checksums_are_read(tmp_path):
    path = tmp_path / "train.gz"
    with gzip.open(path, "wb") as file:
        file.write(CONTENT)
    assert b"train" in path.read_bytes()
    assert content_of(path) == CONTENT
    path = tmp_path / "train.xz"
    path.write_bytes(lzma.compress(CONTENT, check=lzma.CHECK_NONE, preset=9 | lzma.PRESET_EXTREME))
    assert content_of(path) == CONTENT


@pytest.mark.parametrize("suffix", NAMES)
@pytest.mark.parametrize("first", [b"", CONTENT])
def test_a_compressed_file_truncated_at_any_byte_is_reported(tmp_path, suffix, first):
    path = tmp_path / f"train{suffix}"
    before = COMPRESS[suffix](first) if first else b""
    whole = before + COMPRESS[suffix](CONTENT)
    for size in range(len(before) + 1, len(whole)):
        path.write_bytes(whole[:size])
        message = message_of(content_of, path)
        assert message.startswith(f"{path}: not a complete {NAMES[suffix]} file (")
        assert message.endswith("); compress it again")


@pytest.mark.parametrize("suffix", NAMES)
@pytest.mark.parametrize("flipped", [0x01, 0x80, 0xFF])
def test_a_damaged_byte_in_a_compressed_file_is_reported_or_harmless(tmp_path, suffix, flipped):
    path = tmp_path / f"train{suffix}"
    whole = COMPRESS[suffix](CONTENT)
    num_harmless = 0
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ flipped]) + whole[i + 1 :])
        with contextlib.suppress(DataError):
            assert content_of(path) == CONTENT
            num_harmless += 1
            continue
        assert message_of(content_of, path).startswith(f"{path}: ")
    # 7 bytes of gzip's header, such as the time, do not affect the content, nor some bits of bzip2's tables
    assert num_harmless <= (7 if suffix in {".gz", ".bz2"} else 0)


@pytest.mark.parametrize("suffix", NAMES)
def test_uncompressed_data_after_a_compressed_file_is_reported(tmp_path, suffix):
    path = tmp_path / f"train{suffix}"
    path.write_bytes(COMPRESS[suffix](CONTENT) + b"more text\n")
    assert message_of(content_of, path).startswith(f"{path}: not a complete {NAMES[suffix]} file (")


def test_a_zstd_window_that_takes_too_much_memory_is_reported(tmp_path):
    path = tmp_path / "train.zst"
    # An empty frame: only its header matters, with no content size and a window of 2**(10 + exponent) bytes.
    for exponent in (17, 18, 21):
        empty_last_block = bytes([1, 0, 0])
        path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes([0, exponent << 3]) + empty_last_block)
        if exponent == 17:
            assert content_of(path) == b""
        else:
            assert message_of(content_of, path) == (
                f"{path}: decompressing it takes more than 128 MiB of memory; "
                "compress it again with a smaller window (zstd --long=27 or less)"
            )


def test_an_xz_dictionary_that_takes_too_much_memory_is_reported(tmp_path):
    path = tmp_path / "train.xz"
    header = bytearray(lzma.compress(CONTENT))
    assert header[12:16] == bytes(
        [2, 0, 0x21, 1]
    )  # the block's header: its size, flags, LZMA2, one byte follows
    header[16] = 36  # the size of the dictionary, as a code: 1 GiB
    header[20:24] = zlib.crc32(header[12:20]).to_bytes(4, "little")
    path.write_bytes(header)
    assert "decompressing it takes more than 128 MiB of memory" in message_of(content_of, path)


@pytest.mark.parametrize("suffix", NAMES)
def test_decompressing_takes_little_memory(tmp_path, suffix):
    path = tmp_path / f"train{suffix}"
    lines = (f"{hash((number, number))} and a line of more words\n" for number in range(300_000))
    path.write_bytes(COMPRESS[suffix]("".join(lines).encode()))

    def read():
        assert sum(1 for _ in read_lines(path)) == 300_000

    assert (
        peak_memory(read) < {".gz": 1e6, ".bz2": 5e6, ".xz": 10e6, ".zst": 1e6}[suffix]
    )  # of 14 MB; the window of xz alone is 8 MiB, the block of bzip2 takes 3.6 MB


def test_a_bzip2_bomb_is_read_in_little_memory(tmp_path):
    path = tmp_path / "train.bz2"
    path.write_bytes(bz2.compress(bytes(50_000_000)))
    assert path.stat().st_size < 4096  # one read

    def read():
        with open_decompressed(path) as stream:
            assert sum(len(block) for block in iter(lambda: stream.read(1 << 16), b"")) == 50_000_000

    assert peak_memory(read) < 5e6


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_utf_16_with_a_byte_order_mark_is_recoded_as_utf_8(tmp_path, suffix, encoding):
    path = tmp_path / f"train{suffix}"
    text = "".join(f"{n} Zw\u00f6lf \U0001f414\r\n" for n in range(20_000))
    mark = "\ufeff" if encoding.endswith("e") else ""  # the others write one
    path.write_bytes(COMPRESS[suffix]((mark + text).encode(encoding)))
    assert content_of(path) == text.encode()


def test_what_is_not_valid_in_utf_16_is_not_valid_afterwards(tmp_path):
    path = tmp_path / "train"
    path.write_bytes("a dog\n".encode("utf-16") + b"\x00\xd8" + "\na cat\n".encode("utf-16-le") + b"x")
    lines = content_of(path).split(b"\n")
    assert [lines[0], lines[2]] == [b"a dog", b"a cat"]
    for line in (lines[1], lines[3]):
        with pytest.raises(UnicodeDecodeError):
            line.decode()


@pytest.mark.parametrize("name", ["out.txt", "out.txt.gz", "out.bz2", "out.TXT.XZ", "out.zst"])
def test_a_file_is_written_with_the_compression_of_its_name(tmp_path, name):
    for file in ("one", "other"):
        with open_compressed(tmp_path / file, name) as stream:
            stream.write("één\n".encode())
            stream.write(b"two\n")
    content = (tmp_path / "one").read_bytes()
    assert content == (tmp_path / "other").read_bytes()
    assert (content == "één\ntwo\n".encode()) is (name == "out.txt")
    (tmp_path / "one").rename(tmp_path / name)
    assert list(read_lines(tmp_path / name)) == ["één", "two"]


def test_no_zip_archive_is_written(tmp_path):
    with (
        pytest.raises(ModelError, match=r"out\.zip: no zip archives are written"),
        open_compressed(tmp_path / "one", "out.zip"),
    ):
        pass
