"""RaggedArray of different lengths in one array, beside lists of lists."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from translator.corpus.ragged import RaggedArray, start_offsets

LISTS = st.lists(st.lists(st.integers(0, 65535), max_size=4), max_size=6)


@given(LISTS, st.lists(st.integers(0, 100), max_size=8))
def test_chosen_rows_are_those_of_the_lists(lists, numbers):
    numbers = [number % len(lists) for number in numbers] if lists else []
    chosen = RaggedArray.from_lists(lists, np.uint16).select(np.array(numbers, np.int64))
    assert chosen.to_lists() == [lists[number] for number in numbers]
    assert chosen.values.dtype == np.uint16
    assert chosen.lengths.dtype == np.int64


@given(LISTS, LISTS)
def test_rows_come_back_and_others_follow_them(lists, others):
    rows = RaggedArray.from_lists(lists, np.uint32)
    assert rows.to_lists() == lists
    both = rows.concatenate(RaggedArray.from_lists(others, np.uint32))
    assert both.to_lists() == lists + others
    assert both.values.dtype == np.uint32


def test_rows_begin_where_those_before_them_end():
    assert start_offsets(np.array([3, 0, 2], np.uint16)).tolist() == [0, 3, 3]
    assert start_offsets(np.array([60_000] * 3, np.uint16)).tolist() == [0, 60_000, 120_000]
    assert start_offsets(np.zeros(0, np.int64)).tolist() == []
