"""Ragged arrays do what lists of lists do."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from translator.corpus.ragged import RaggedArray, start_offsets

LISTS = st.lists(st.lists(st.integers(0, 65535), max_size=4), max_size=6)


@given(LISTS, st.lists(st.integers(0, 100), max_size=8))
def test_selected_rows_are_those_of_the_lists(lists, indices):
    indices = [index % len(lists) for index in indices] if lists else []
    selected = RaggedArray.from_lists(lists, np.uint16).select(np.array(indices, np.int64))
    assert selected.to_lists() == [lists[index] for index in indices]
    assert selected.values.dtype == np.uint16
    assert selected.lengths.dtype == np.int64


@given(LISTS, LISTS)
def test_arrays_convert_to_lists_and_concatenate(lists, others):
    rows = RaggedArray.from_lists(lists, np.uint32)
    assert rows.to_lists() == lists
    both = rows.concatenate(RaggedArray.from_lists(others, np.uint32))
    assert both.to_lists() == lists + others
    assert both.values.dtype == np.uint32


def test_each_row_starts_where_the_previous_one_ends():
    assert start_offsets(np.array([3, 0, 2], np.uint16)).tolist() == [0, 3, 3]
    assert start_offsets(np.array([60_000] * 3, np.uint16)).tolist() == [0, 60_000, 120_000]
    assert start_offsets(np.zeros(0, np.int64)).tolist() == []
