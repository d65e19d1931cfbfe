import itertools
import random

import numpy as np
import pytest

import translator.corpus.batches as module
from translator.config import DataConfig
from translator.corpus.batches import Batches
from translator.corpus.readers import Pair
from translator.corpus.tokenizer import train_tokenizer


def random_pairs(number: int, longest: int) -> list[Pair]:
    """Different pairs of 1 to ``longest`` words on each side."""
    choose = random.Random(7)
    words = [
        "the",
        "a",
        "dog",
        "house",
        "runs",
        "quickly",
        "again",
        "über",
        "grün",
        "Straße",
        "läuft",
        "½",
        "🦊",
    ]
    sides = [" ".join(choose.choices(words, k=choose.randint(1, longest))) for _ in range(2 * number)]
    return [Pair(f"{i} {sides[2 * i]}", f"{i}: {sides[2 * i + 1]}") for i in range(number)]


PAIRS = random_pairs(300, 30)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([side for pair in PAIRS for side in pair], 350)


@pytest.fixture(scope="module")
def lengths(tokenizer):
    """Pieces on the longer side of each pair, the end not counted."""
    sources, targets = (tokenizer.encode(list(side)) for side in zip(*PAIRS, strict=True))
    return [max(len(source), len(target)) for source, target in zip(sources, targets, strict=True)]


def make(tokenizer, pairs=PAIRS, seed=1, **settings) -> Batches:
    return Batches(pairs, tokenizer, DataConfig(**{"batch_tokens": 500, **settings}), seed)


def arrays(batches: Batches, epoch: int = 0, first: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(batch.source_ids.numpy(), batch.target_ids.numpy()) for batch in batches.epoch(epoch, first)]


def rows_of(batches, side: int, end_id: int) -> list[list[int]]:
    """The ids of one side of every pair, up to its end."""
    return [row[: row.index(end_id)] for batch in batches for row in batch[side].tolist()]


def as_sets(plan) -> set[frozenset[int]]:
    """A plan without its order: which pairs share a batch."""
    return {frozenset(rows.tolist()) for rows in plan}


# The plan


@pytest.mark.parametrize("epoch", [0, 1, 9])
def test_every_pair_stands_in_the_plan_of_an_epoch_exactly_once(tokenizer, epoch):
    plan = make(tokenizer).plan(epoch)
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(PAIRS)))
    assert all(len(rows) for rows in plan)


def test_the_same_seed_and_epoch_give_the_same_plan(tokenizer):
    for epoch in (0, 3):
        one, other = make(tokenizer, seed=5).plan(epoch), make(tokenizer, seed=5).plan(epoch)
        assert [rows.tolist() for rows in one] == [rows.tolist() for rows in other]


def test_another_seed_or_epoch_mixes_the_pairs_anew(tokenizer):
    plans = [
        make(tokenizer, seed=seed).plan(epoch) for seed, epoch in [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2)]
    ]
    for one in range(len(plans)):
        for other in range(one):
            shared = as_sets(plans[one]) & as_sets(plans[other])
            assert len(shared) < len(plans[one]) / 4


def test_the_order_of_the_batches_does_not_follow_their_length(tokenizer, lengths):
    longest = [max(lengths[i] for i in rows) for rows in make(tokenizer, batch_tokens=200).plan(0)]
    rises = sum(one < other for one, other in itertools.pairwise(longest))
    assert len(longest) > 30
    assert 0.25 < rises / (len(longest) - 1) < 0.75


@pytest.mark.parametrize("batch_tokens", [16, 100, 500, 100_000])
def test_no_batch_exceeds_its_tokens_unless_it_is_a_single_pair(tokenizer, batch_tokens):
    shapes = [
        source.shape + target.shape for source, target in arrays(make(tokenizer, batch_tokens=batch_tokens))
    ]
    for rows, source_steps, also_rows, target_steps in shapes:
        assert rows == also_rows
        assert rows * max(source_steps, target_steps) <= batch_tokens or rows == 1
    if batch_tokens == 16:
        assert any(source_steps > 16 for _, source_steps, _, _ in shapes)
    if batch_tokens == 100_000:
        assert len(shapes) == 1


def test_sampling_changes_the_cuts_but_not_the_plan(tokenizer):
    plans = [make(tokenizer, subword_sampling=sampling).plan(0) for sampling in (0.0, 0.3)]
    assert [rows.tolist() for rows in plans[0]] == [rows.tolist() for rows in plans[1]]


def test_pairs_of_similar_length_share_a_batch(tokenizer, lengths):
    plan = make(tokenizer).plan(0)
    steps = [(len(rows), max(lengths[i] for i in rows) + 1) for rows in plan]
    padded = sum(number * longest for number, longest in steps)
    assert padded < 1.15 * (sum(lengths) + len(lengths))
    assert np.median([number * longest for number, longest in steps]) > 0.85 * 500


def test_counting_pieces_in_parts_changes_nothing(tokenizer, monkeypatch):
    whole = make(tokenizer).plan(0)
    monkeypatch.setattr(module, "_LINES_A_CALL", 7)
    assert [rows.tolist() for rows in make(tokenizer).plan(0)] == [rows.tolist() for rows in whole]


def test_each_epoch_mixes_in_another_choice_of_as_many_pairs_as_their_share_asks_for(tokenizer):
    own, mixed = PAIRS[:60], PAIRS[60:]
    batches = Batches(own, tokenizer, DataConfig(batch_tokens=500, mixed_share=0.25), 1, mixed)
    assert (batches.num_pairs, batches.num_mixed) == (60, 20)
    choices = []
    for epoch in range(3):
        rows = sorted(np.concatenate(batches.plan(epoch)).tolist())
        assert rows[:60] == list(range(60)), "no pair of the corpus itself is left out"
        assert len(set(rows)) == 80
        choices.append(set(rows[60:]))
        assert rows == sorted(np.concatenate(batches.plan(epoch)).tolist())
    assert len(choices[0] & choices[1]) < 10
    ids = rows_of(arrays(batches), 0, tokenizer.end_id)
    chosen = tokenizer.encode([PAIRS[i].source for i in np.concatenate(batches.plan(0))])
    assert ids == chosen


def test_where_few_pairs_are_to_be_mixed_in_an_epoch_holds_all_of_them(tokenizer):
    batches = Batches(PAIRS[:60], tokenizer, DataConfig(mixed_share=0.5), 1, PAIRS[60:70])
    assert batches.num_mixed == 10
    assert sorted(np.concatenate(batches.plan(4)).tolist()) == list(range(70))


def test_mixed_pairs_that_are_too_long_are_left_out_too(tokenizer):
    mixed = [Pair("the dog " * 30, "a"), Pair("a dog", "the dog")]
    batches = Batches([Pair("a", "b")] * 5, tokenizer, DataConfig(max_pieces=20), 1, mixed)
    assert (batches.num_pairs, batches.num_mixed) == (5, 1)
    assert rows_of(arrays(batches), 0, tokenizer.end_id).count(tokenizer.encode(["a dog"])[0]) == 1


# The alignments


class Backwards:
    """Says of every target piece that it comes from the source piece as far from the other end."""

    def align(self, sources, targets):
        return [
            np.array([len(source) - 1 - i if i < len(source) else -1 for i in range(len(target))], np.int32)
            for source, target in zip(sources, targets, strict=True)
        ]


def test_alignments_stand_beside_the_pieces_and_an_end_comes_from_an_end(tokenizer, monkeypatch):
    monkeypatch.setattr(module, "_LINES_A_CALL", 70)
    batches = Batches(PAIRS, tokenizer, DataConfig(batch_tokens=500, max_pieces=30), 1, aligner=Backwards())
    assert 0 < batches.num_pairs < len(PAIRS)
    for batch in batches.epoch(0):
        assert batch.alignments.dtype == batch.target_ids.dtype
        for source, target, row in zip(*(part.numpy().tolist() for part in batch), strict=True):
            num_source, num_target = source.index(tokenizer.end_id), target.index(tokenizer.end_id)
            expected = [num_source - 1 - i if i < num_source else -1 for i in range(num_target)]
            assert row == [*expected, num_source, *[-1] * (len(target) - num_target - 1)]


def test_without_an_aligner_no_alignment_is_known(tokenizer):
    for batch in make(tokenizer).epoch(0):
        assert batch.alignments.shape == batch.target_ids.shape
        assert (batch.alignments.numpy() == -1).all()


# The batches


def test_ids_are_those_of_sentencepiece_in_the_order_of_the_plan(tokenizer):
    batches = make(tokenizer)
    order = np.concatenate(batches.plan(2))
    epoch = arrays(batches, epoch=2)
    for side in (0, 1):
        expected = tokenizer.encode([PAIRS[i][side] for i in order])
        assert rows_of(epoch, side, tokenizer.end_id) == expected


def test_each_row_is_pieces_then_one_end_then_padding(tokenizer):
    some_padding = False
    for batch in arrays(make(tokenizer)):
        for ids in batch:
            assert ids.dtype == np.int32
            ends = ids == tokenizer.end_id
            after = np.cumsum(ends, axis=1) - ends > 0
            assert (ends.sum(axis=1) == 1).all()
            assert ((ids == tokenizer.padding_id) == after).all()
            assert ends[:, -1].any(), "no column holds padding alone"
            some_padding |= bool(after.any())
    assert some_padding


def test_an_empty_side_is_an_end_alone(tokenizer):
    [(source_ids, target_ids)] = arrays(make(tokenizer, pairs=[Pair("", "a dog")]))
    assert source_ids.tolist() == [[tokenizer.end_id]]
    assert rows_of([(source_ids, target_ids)], 1, tokenizer.end_id) == tokenizer.encode(["a dog"])


def test_pairs_with_too_many_pieces_are_left_out(tokenizer, lengths):
    limit = sorted(lengths)[150]
    short = [pair for pair, length in zip(PAIRS, lengths, strict=True) if length <= limit]
    assert limit in lengths
    assert 0 < len(short) < len(PAIRS)
    batches = make(tokenizer, max_pieces=limit)
    assert batches.num_pairs == len(short)
    epoch = arrays(batches)
    sides = (tokenizer.decode(rows_of(epoch, side, tokenizer.end_id)) for side in (0, 1))
    assert sorted(zip(*sides, strict=True)) == sorted(short)


def test_a_side_too_long_leaves_the_pair_out_whichever_side_it_is(tokenizer):
    long = "the dog " * 10
    pairs = [Pair(long, "a"), Pair("a", "b"), Pair("a", long)]
    assert make(tokenizer, pairs=pairs, max_pieces=5).num_pairs == 1
    assert make(tokenizer, pairs=pairs[::2], max_pieces=5).num_pairs == 0
    assert make(tokenizer, pairs=pairs).num_pairs == 3


def test_the_longest_source_counts_only_pairs_that_are_used(tokenizer):
    pairs = [Pair("a dog", "the dog " * 3), Pair("the dog " * 2, "a"), Pair("the dog " * 30, "a")]
    expected = max(len(ids) for ids in tokenizer.encode([pairs[0].source, pairs[1].source]))
    assert make(tokenizer, pairs=pairs, max_pieces=20).longest_source == expected
    assert make(tokenizer, pairs=pairs[2:], max_pieces=20).longest_source == 0


def test_an_epoch_starts_again_at_any_batch(tokenizer):
    batches = make(tokenizer)
    whole = arrays(batches, epoch=1)
    for first in (0, 1, len(whole) // 2, len(whole) - 1, len(whole)):
        rest = arrays(make(tokenizer), epoch=1, first=first)
        assert len(rest) == len(whole) - first
        for (source, target), (same_source, same_target) in zip(rest, whole[first:], strict=True):
            np.testing.assert_array_equal(source, same_source)
            np.testing.assert_array_equal(target, same_target)


def test_sampled_cuts_differ_from_time_to_time_and_decode_to_the_same_text(tokenizer):
    batches = make(tokenizer, subword_sampling=0.3)
    order = np.concatenate(batches.plan(0))
    one, other = arrays(batches), arrays(batches)
    for side in (0, 1):
        cuts = rows_of(one, side, tokenizer.end_id), rows_of(other, side, tokenizer.end_id)
        assert sum(left != right for left, right in zip(*cuts, strict=True)) > len(PAIRS) / 2
        for rows in cuts:
            assert tokenizer.decode(rows) == [PAIRS[i][side] for i in order]


def test_without_sampling_an_epoch_is_the_same_each_time(tokenizer):
    batches = make(tokenizer)
    for one, other in zip(arrays(batches), arrays(batches), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
