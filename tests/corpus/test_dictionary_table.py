"""Counting translations: against a count with plain dictionaries, and what is wrong with a file is told."""

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

VOCABULARY, MOST = 9, 2


def random_text(seed, number=40):
    """Sentences of pieces from 4 on, and alignments of which a third are nowhere."""
    random = np.random.default_rng(seed)
    sources = [random.integers(4, VOCABULARY, random.integers(1, 6)).tolist() for _ in range(number)]
    targets = [random.integers(4, VOCABULARY, random.integers(1, 6)).tolist() for _ in range(number)]
    alignments = []
    for source, target in zip(sources, targets, strict=True):
        row = random.integers(0, len(source), len(target))
        row[random.random(len(target)) < 1 / 3] = UNALIGNED
        alignments.append(row.astype(np.int32))
    return sources, targets, alignments


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_those_of_plain_dictionaries(seed):
    text = random_text(seed)
    table = count_translations(*text, VOCABULARY, MOST)
    seen, became = Counter(), [Counter() for _ in range(VOCABULARY)]
    for source, target, row in zip(*text, strict=True):
        seen.update(source)
        for piece, position in zip(target, row, strict=True):
            if position != UNALIGNED:
                became[source[position]][piece] += 1
    for piece in range(VOCABULARY):
        assert table.counts[piece] == seen[piece]
        # Of equally frequent ones the first pieces.
        expected = sorted(became[piece].items(), key=lambda item: (-item[1], item[0]))[:MOST]
        assert [(t, s) for t, s in zip(table.translations[piece], table.shares[piece], strict=True) if s] == [
            (other, pytest.approx((number - 0.4) / max(seen[piece], number))) for other, number in expected
        ]


def test_no_text_gives_an_empty_table():
    table = count_translations([], [], [], VOCABULARY, MOST)
    assert not table.shares.any()
    assert not table.counts.any()


def test_what_is_written_is_read(tmp_path):
    table = count_translations(*random_text(1), VOCABULARY, MOST)
    write_dictionary_table(tmp_path / "some.npz", table)
    again = read_dictionary_table(tmp_path / "some.npz", VOCABULARY, MOST)
    for one, other in zip(table, again, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shares": np.zeros((VOCABULARY, MOST + 1), np.float32)}, "made for another vocabulary"),
        (
            {"translations": np.full((VOCABULARY, MOST), VOCABULARY, np.int32)},
            "its translations are no pieces",
        ),
        ({"translations": np.full((VOCABULARY, MOST), -1, np.int32)}, "its translations are no pieces"),
    ],
)
def test_a_table_that_does_not_fit_is_told(tmp_path, change, reason):
    path = tmp_path / "some.npz"
    write_arrays(path, count_translations(*random_text(1), VOCABULARY, MOST)._asdict() | change)
    with pytest.raises(
        ModelError, match=f"some.npz: damaged .{reason}.; remove .* to prepare the text again"
    ):
        read_dictionary_table(path, VOCABULARY, MOST)


def test_a_file_that_is_gone_or_damaged_is_told(tmp_path):
    path = tmp_path / "some.npz"
    with pytest.raises(ModelError, match="to prepare the text again"):
        read_dictionary_table(path, VOCABULARY, MOST)
    path.write_bytes(b"PK\x03\x04 not an archive")
    with pytest.raises(ModelError, match="to prepare the text again"):
        read_dictionary_table(path, VOCABULARY, MOST)
