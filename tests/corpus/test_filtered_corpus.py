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
