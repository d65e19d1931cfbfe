"""Filtering a corpus: which pairs are kept, and a uniform sample of them."""

from collections import Counter

import numpy as np
import pytest

import translator.corpus.filters as filters
from translator.corpus.filtered_corpus import FilteredCorpus
from translator.corpus.filters import PairFilter, split_into_blocks
from translator.corpus.formats.pair_files import PairStream, stream_pairs
from translator.corpus.readers import Pair

# Every three pairs are equal; every fifth pair has an empty side.
PAIRS = [Pair(f" number {i - i % 3}", "" if i % 5 == 0 else f"Zahl {i - i % 3} ") for i in range(1000)]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(filters, "_PAIRS_PER_BLOCK", 37)


def corpus_of(pairs, sample_size=10_000, skipped=None):
    return FilteredCorpus(lambda: PairStream(iter(pairs), Counter(skipped or {})), 10, 3.0, sample_size)


def kept_pairs(corpus):
    return [pair for block in corpus.blocks() for pair in block.pairs()]


def test_the_kept_pairs_are_those_of_the_filter_in_every_reading():
    corpus = corpus_of(PAIRS)
    pair_filter, expected = PairFilter(10, 3.0), []
    for block in split_into_blocks(PAIRS):
        expected += [pair for pair, good in zip(block.pairs(), pair_filter.mask(block), strict=True) if good]
    assert 300 < len(expected) < 700
    assert kept_pairs(corpus) == kept_pairs(corpus) == corpus.sample == expected
    assert corpus.report == pair_filter.report
    assert corpus.report.num_read == 1000


def test_the_sample_of_a_large_corpus_has_the_full_size_is_reproducible_and_uniform():
    pairs = [Pair(f"number {i}", f"Zahl {i}") for i in range(3000)]
    sample = corpus_of(pairs, sample_size=600).sample
    assert sample == corpus_of(pairs, sample_size=600).sample
    numbers = np.array([int(pair.source.split()[1]) for pair in sample])
    assert len(set(numbers.tolist())) == 600
    counts = np.histogram(numbers, 6, (0, 3000))[0]
    assert counts.min() > 70, "100 are expected, with a standard deviation of 9"
    assert counts.max() < 130


def test_an_empty_corpus_has_no_pairs():
    corpus = corpus_of([])
    assert (corpus.sample, kept_pairs(corpus), corpus.report.num_read) == ([], [], 0)


def test_units_that_the_format_skips_are_counted_too():
    report = corpus_of([Pair("one", "eins")] * 2, skipped={"untranslated": 3}).report
    assert str(report) == "1 of 5 pairs kept; dropped: 1 repeated, 3 untranslated"


def test_lines_that_are_no_pairs_are_counted_with_the_number_of_the_first(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("one\teins\nno tab\ntwo\tzwei\nno tab\n")
    corpus = FilteredCorpus(lambda: stream_pairs(path, None, "en", "de"), 10, 3.0, 100)
    assert str(corpus.report) == "2 of 4 pairs kept; dropped: 2 with too few columns (first in line 2)"
    assert kept_pairs(corpus) == [Pair("one", "eins"), Pair("two", "zwei")]


@pytest.mark.parametrize("sample_size", [10_000, 100])
def test_pairs_that_are_left_out_are_in_no_reading_and_not_in_the_sample(sample_size):
    corpus = corpus_of(PAIRS, sample_size)
    kept = kept_pairs(corpus)
    is_large = [int(pair.source.split()[1]) >= 600 for pair in kept]
    expected = [pair for pair, large in zip(kept, is_large, strict=True) if not large]

    def mask(block):
        return np.array([int(source.split()[1]) >= 600 for source in block.sources], np.bool_)

    corpus.leave_out(mask, "too large")
    assert kept_pairs(corpus) == expected
    assert corpus.report.num_kept == len(expected)
    assert corpus.report.dropped["too large"] == sum(is_large)
    assert set(corpus.sample) <= set(expected)
    assert len(corpus.sample) == len(expected) or 40 < len(corpus.sample) < sample_size == 100
    before = str(corpus.report)
    corpus.leave_out(mask, "too large, seen again")
    assert str(corpus.report) == before


def test_a_corpus_that_its_sample_contains_is_not_read_again():
    readings = []

    def pairs():
        readings.append(1)
        return PairStream(iter(PAIRS), Counter())

    corpus = FilteredCorpus(pairs, 10, 3.0, 10_000)
    assert kept_pairs(corpus) == kept_pairs(corpus)
    assert len(readings) == 1
    large = FilteredCorpus(pairs, 10, 3.0, 100)
    assert kept_pairs(large) == kept_pairs(corpus)
    assert len(readings) == 3
