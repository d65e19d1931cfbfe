"""The dictionary table: counts equal those of plain Python, and faulty files are reported."""

from collections import Counter

import numpy as np
import pytest

from translator.arrays import write_arrays
from translator.corpus.dictionary_table import (
    count_translations,
    read_dictionary_table,
    write_dictionary_table,
)
from translator.corpus.word_alignment import UNALIGNED
from translator.errors import ModelError

VOCABULARY, SIZE = 9, 2


def random_text(seed, num_pairs=40):
    """Returns sentences of ids from 4 on, with alignments in which a third of the tokens are unaligned."""
    random = np.random.default_rng(seed)
    sources = [random.integers(4, VOCABULARY, random.integers(1, 6)).tolist() for _ in range(num_pairs)]
    targets = [random.integers(4, VOCABULARY, random.integers(1, 6)).tolist() for _ in range(num_pairs)]
    alignments = []
    for source, target in zip(sources, targets, strict=True):
        row = random.integers(0, len(source), len(target))
        row[random.random(len(target)) < 1 / 3] = UNALIGNED
        alignments.append(row.astype(np.int32))
    return sources, targets, alignments


@pytest.mark.parametrize("seed", range(5))
def test_counts_equal_those_of_plain_python(seed):
    text = random_text(seed)
    table = count_translations(*text, VOCABULARY, SIZE)
    seen, translated = Counter(), [Counter() for _ in range(VOCABULARY)]
    for source, target, row in zip(*text, strict=True):
        seen.update(source)
        for token, position in zip(target, row, strict=True):
            if position != UNALIGNED:
                translated[source[position]][token] += 1
    for token in range(VOCABULARY):
        assert table.counts[token] == seen[token]
        # Of equally frequent translations the lower ids come first.
        expected = sorted(translated[token].items(), key=lambda item: (-item[1], item[0]))[:SIZE]
        assert [(t, s) for t, s in zip(table.translations[token], table.shares[token], strict=True) if s] == [
            (other, pytest.approx((number - 0.4) / max(seen[token], number))) for other, number in expected
        ]


def test_no_text_gives_an_empty_table():
    table = count_translations([], [], [], VOCABULARY, SIZE)
    assert not table.shares.any()
    assert not table.counts.any()


def test_a_table_that_was_written_is_read_back(tmp_path):
    table = count_translations(*random_text(1), VOCABULARY, SIZE)
    write_dictionary_table(tmp_path / "some.npz", table)
    again = read_dictionary_table(tmp_path / "some.npz", VOCABULARY, SIZE)
    for written, read in zip(table, again, strict=True):
        assert written.dtype == read.dtype
        np.testing.assert_array_equal(written, read)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shares": np.zeros((VOCABULARY, SIZE + 1), np.float32)}, "made for another vocabulary"),
        (
            {"translations": np.full((VOCABULARY, SIZE), VOCABULARY, np.int32)},
            "its translations are not token ids",
        ),
        ({"translations": np.full((VOCABULARY, SIZE), -1, np.int32)}, "its translations are not token ids"),
    ],
)
def test_a_table_of_another_model_is_reported(tmp_path, change, reason):
    path = tmp_path / "some.npz"
    write_arrays(path, count_translations(*random_text(1), VOCABULARY, SIZE)._asdict() | change)
    with pytest.raises(
        ModelError, match=f"some.npz: damaged .{reason}.; remove .* to prepare the text again"
    ):
        read_dictionary_table(path, VOCABULARY, SIZE)


def test_a_missing_or_damaged_file_is_reported(tmp_path):
    path = tmp_path / "some.npz"
    with pytest.raises(ModelError, match="to prepare the text again"):
        read_dictionary_table(path, VOCABULARY, SIZE)
    path.write_bytes(b"PK\x03\x04 not an archive")
    with pytest.raises(ModelError, match="to prepare the text again"):
        read_dictionary_table(path, VOCABULARY, SIZE)
