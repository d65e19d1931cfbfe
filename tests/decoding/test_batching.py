"""Batches: everything once, within the budget, as many as can be translated at the same time."""

import numpy as np
import pytest

from translator.decoding.batching import for_each_batch, group_by_length, num_parallel_batches

LENGTHS = np.random.default_rng(1).integers(1, 60, 500).tolist()


@pytest.mark.parametrize("width", [1, 5, 5000])
@pytest.mark.parametrize("min_batches", [1, 2, 16])
@pytest.mark.parametrize("number", [0, 1, 2, 3, 500])
def test_batches_hold_every_sentence_once_longest_first(number, min_batches, width):
    lengths = LENGTHS[:number]
    batches = group_by_length(lengths, width, min_batches)
    order = [i for batch in batches for i in batch]
    assert sorted(order) == list(range(number))
    assert [lengths[i] for i in order] == sorted(lengths, reverse=True)
    for batch in batches:
        assert len(batch) == 1 or len(batch) * (lengths[batch[0]] + 1) * width <= 4096
    assert len(batches) >= min(min_batches, number) / 2


def test_a_few_sentences_are_divided_over_the_batches():
    assert group_by_length([9, 9, 9, 9], 5) == [[0, 1, 2, 3]]
    assert group_by_length([9, 9, 9, 9], 5, min_batches=2) == [[0, 1], [2, 3]]
    assert group_by_length([9, 9, 9, 9], 5, min_batches=16) == [[0], [1], [2], [3]]


def test_results_come_in_the_order_of_the_batches():
    batches = [[3, 1], [0], [2]]
    assert num_parallel_batches() >= 1
    assert list(for_each_batch(sum, batches)) == [([3, 1], 4), ([0], 0), ([2], 2)]
