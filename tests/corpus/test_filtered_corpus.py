"""The first look at a corpus: what is kept, and a fair sample of it."""

from collections import Counter

import numpy as np
import pytest

import translator.corpus.filters as filters
from translator.corpus.filtered_corpus import FilteredCorpus
from translator.corpus.filters import PairFilter, split_into_blocks
from translator.corpus.formats.pair_files import PairStream
from translator.corpus.readers import Pair

# Every third is repeated, every fifth has an empty side.
PAIRS = [Pair(f" number {i - i % 3}", "" if i % 5 == 0 else f"Zahl {i - i % 3} ") for i in range(1000)]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(filters, "_PAIRS_A_BLOCK", 37)


def selection_of(pairs, most=10_000, skipped=None):
    return FilteredCorpus(lambda: PairStream(iter(pairs), Counter(skipped or {})), 10, 3.0, most)


def kept_of(selection):
    return [pair for block in selection.blocks() for pair in block.pairs()]


def test_the_kept_pairs_are_those_of_the_filter_each_time_they_are_read():
    selection = selection_of(PAIRS)
    pair_filter, expected = PairFilter(10, 3.0), []
    for block in split_into_blocks(PAIRS):
        expected += [pair for pair, good in zip(block.pairs(), pair_filter.mask(block), strict=True) if good]
    assert 300 < len(expected) < 700
    assert kept_of(selection) == kept_of(selection) == selection.sample == expected
    assert selection.report == pair_filter.report
    assert selection.report.num_read == 1000


def test_a_sample_of_a_large_corpus_is_as_large_as_it_may_be_the_same_each_time_and_from_everywhere():
    pairs = [Pair(f"number {i}", f"Zahl {i}") for i in range(3000)]
    sample = selection_of(pairs, most=600).sample
    assert sample == selection_of(pairs, most=600).sample
    numbers = np.array([int(pair.source.split()[1]) for pair in sample])
    assert len(set(numbers.tolist())) == 600
    counts = np.histogram(numbers, 6, (0, 3000))[0]
    assert counts.min() > 70, "100 are expected, with a standard deviation of 9"
    assert counts.max() < 130


def test_an_empty_corpus_has_nothing_to_keep():
    selection = selection_of([])
    assert (selection.sample, kept_of(selection), selection.report.num_read) == ([], [], 0)


def test_units_that_the_format_left_out_are_counted_too():
    report = selection_of([Pair("one", "eins")] * 2, skipped={"untranslated": 3}).report
    assert str(report) == "1 of 5 pairs kept; dropped: 1 repeated, 3 untranslated"
