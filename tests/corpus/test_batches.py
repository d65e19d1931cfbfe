import itertools
import random

import numpy as np
import pytest

from translator.corpus.batches import Batches
from translator.corpus.filters import split_into_blocks
from translator.corpus.readers import Pair
from translator.corpus.token_files import TokenFiles, write_token_files
from translator.corpus.tokenizer import train_tokenizer


def random_pairs(num_pairs: int, max_words: int) -> list[Pair]:
    """Returns different pairs of 1 to ``max_words`` words per side."""
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
    texts = [" ".join(choose.choices(words, k=choose.randint(1, max_words))) for _ in range(2 * num_pairs)]
    return [Pair(f"{i} {texts[2 * i]}", f"{i}: {texts[2 * i + 1]}") for i in range(num_pairs)]


PAIRS = random_pairs(300, 30)


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([side for pair in PAIRS for side in pair], 350)


@pytest.fixture(scope="module")
def lengths(tokenizer):
    """Tokens on the longer side of each pair, without the end id."""
    sources, targets = (tokenizer.encode(list(side)) for side in zip(*PAIRS, strict=True))
    return [max(len(source), len(target)) for source, target in zip(sources, targets, strict=True)]


@pytest.fixture(scope="module")
def files_of(tokenizer, tmp_path_factory):
    """A function that writes and opens the token files of a corpus."""

    def write(*parts, max_tokens=200, aligner=None) -> TokenFiles:
        folder = tmp_path_factory.mktemp("corpus")
        write_token_files(
            folder, map(split_into_blocks, parts), tokenizer, max_tokens, aligner, "", [1.0] * len(parts)
        )
        return TokenFiles(folder)

    return write


@pytest.fixture(scope="module")
def files(files_of):
    return files_of(PAIRS)


@pytest.fixture(scope="module")
def make(tokenizer, files):
    def make(corpus=files, seed=1, batch_tokens=500, pairs_per_part=None) -> Batches:
        return Batches(corpus, tokenizer, batch_tokens, seed, pairs_per_part)

    return make


def arrays(batches: Batches, epoch: int = 0, first: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(batch.source_ids.numpy(), batch.target_ids.numpy()) for batch in batches.epoch(epoch, first)]


def rows_of(batches, side: int, end_id: int) -> list[list[int]]:
    """Returns the ids of one side of every pair, up to the end id."""
    return [row[: row.index(end_id)] for batch in batches for row in batch[side].tolist()]


def as_sets(plan) -> set[frozenset[int]]:
    """Returns a plan without its order: which pairs share a batch."""
    return {frozenset(rows.tolist()) for rows in plan}


# The plan


@pytest.mark.parametrize("epoch", [0, 1, 9])
def test_an_epoch_contains_every_pair_exactly_once(make, epoch):
    plan = make().plan(epoch)
    assert sorted(np.concatenate(plan).tolist()) == list(range(len(PAIRS)))
    assert all(len(rows) for rows in plan)


def test_the_same_seed_and_epoch_give_the_same_plan(make):
    for epoch in (0, 3):
        first, second = make(seed=5).plan(epoch), make(seed=5).plan(epoch)
        assert [rows.tolist() for rows in first] == [rows.tolist() for rows in second]


def test_another_seed_or_epoch_groups_the_pairs_differently(make):
    plans = [make(seed=seed).plan(epoch) for seed, epoch in [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2)]]
    for first, second in itertools.combinations(plans, 2):
        assert len(as_sets(first) & as_sets(second)) < len(second) / 4


def test_the_batches_are_not_ordered_by_length(make, lengths):
    longest = [max(lengths[i] for i in rows) for rows in make(batch_tokens=200).plan(0)]
    rises = sum(first < second for first, second in itertools.pairwise(longest))
    assert len(longest) > 30
    assert 0.25 < rises / (len(longest) - 1) < 0.75


@pytest.mark.parametrize("batch_tokens", [16, 100, 500, 100_000])
def test_no_batch_exceeds_its_tokens_unless_it_is_a_single_pair(make, batch_tokens):
    shapes = [source.shape + target.shape for source, target in arrays(make(batch_tokens=batch_tokens))]
    for num_sources, source_length, num_targets, target_length in shapes:
        assert num_sources == num_targets
        assert num_sources * max(source_length, target_length) <= batch_tokens or num_sources == 1
    if batch_tokens == 16:
        assert any(source_length > 16 for _, source_length, _, _ in shapes)
    if batch_tokens == 100_000:
        assert len(shapes) == 1


def test_pairs_of_similar_length_share_a_batch(make, lengths):
    plan = make().plan(0)
    shapes = [(len(rows), max(lengths[i] for i in rows) + 1) for rows in plan]
    padded = sum(size * length for size, length in shapes)
    assert padded < 1.15 * (sum(lengths) + len(lengths))
    assert np.median([size * length for size, length in shapes]) > 0.85 * 500


def reference_sizes(lengths, batch_tokens: int) -> list[int]:
    """Returns the batch sizes if pairs are added one by one while the padded batch has room for another."""
    sizes, size, longest = [], 0, 0
    for length in lengths:
        longest = max(longest, length)
        if size and (size + 1) * longest > batch_tokens:
            sizes.append(size)
            size, longest = 0, length
        size += 1
    return [*sizes, size]


@pytest.mark.parametrize("batch_tokens", [16, 77, 500, 3000])
def test_each_batch_takes_as_many_pairs_as_fit(make, lengths, batch_tokens, monkeypatch):
    class Unshuffled(np.random.Generator):
        def shuffle(self, rows):
            pass

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Unshuffled(np.random.PCG64(seed)))
    plan = make(batch_tokens=batch_tokens).plan(0)
    order = np.concatenate(plan)
    assert [len(rows) for rows in plan] == reference_sizes([lengths[i] + 1 for i in order], batch_tokens)


def test_each_epoch_draws_other_pairs_of_a_part(make, files_of, tokenizer):
    batches = make(files_of(PAIRS[:60], PAIRS[60:]), pairs_per_part=[60, 20])
    assert batches.num_pairs == 80
    choices = []
    for epoch in range(3):
        rows = sorted(np.concatenate(batches.plan(epoch)).tolist())
        assert rows[:60] == list(range(60)), "no pair of the first part is left out"
        assert len(set(rows)) == 80
        choices.append(set(rows[60:]))
        assert rows == sorted(np.concatenate(batches.plan(epoch)).tolist())
    assert len(choices[0] & choices[1]) < 10
    chosen = tokenizer.encode([PAIRS[i].source for i in np.concatenate(batches.plan(0))])
    assert rows_of(arrays(batches), 0, tokenizer.end_id) == chosen


def test_pairs_are_repeated_if_an_epoch_takes_more_than_a_part_has(make, files_of):
    batches = make(files_of(PAIRS[:10], PAIRS[10:14], []), pairs_per_part=[25, 4, 0])
    counts = np.bincount(np.concatenate(batches.plan(0)))
    assert counts.sum() == batches.num_pairs == 29
    assert set(counts[:10].tolist()) == {2, 3}
    assert counts[10:].tolist() == [1] * 4


# The alignments


class Backwards:
    """Aligns every target token to the source token that is as far from the other end."""

    def align(self, sources, targets):
        return [
            np.array([len(source) - 1 - i if i < len(source) else -1 for i in range(len(target))], np.int32)
            for source, target in zip(sources, targets, strict=True)
        ]


def test_alignments_match_the_tokens_and_the_end_is_aligned_to_the_end(make, files_of, tokenizer):
    for batch in make(files_of(PAIRS, max_tokens=30, aligner=Backwards())).epoch(0):
        assert batch.alignments.dtype == batch.target_ids.dtype
        for source, target, row in zip(*(part.numpy().tolist() for part in batch), strict=True):
            num_source, num_target = source.index(tokenizer.end_id), target.index(tokenizer.end_id)
            expected = [num_source - 1 - i if i < num_source else -1 for i in range(num_target)]
            assert row == [*expected, num_source, *[-1] * (len(target) - num_target - 1)]


def test_without_an_aligner_every_token_is_unaligned(make):
    for batch in make().epoch(0):
        assert batch.alignments.shape == batch.target_ids.shape
        assert (batch.alignments.numpy() == -1).all()


# The batches


def test_ids_are_those_of_sentencepiece_in_the_order_of_the_plan(make, tokenizer):
    batches = make()
    order = np.concatenate(batches.plan(2))
    epoch = arrays(batches, epoch=2)
    for side in (0, 1):
        expected = tokenizer.encode([PAIRS[i][side] for i in order])
        assert rows_of(epoch, side, tokenizer.end_id) == expected


def test_each_row_is_tokens_then_one_end_then_padding(make, tokenizer):
    some_padding = False
    for batch in arrays(make()):
        for ids in batch:
            assert ids.dtype == np.int32
            ends = ids == tokenizer.end_id
            after = np.cumsum(ends, axis=1) - ends > 0
            assert (ends.sum(axis=1) == 1).all()
            assert ((ids == tokenizer.padding_id) == after).all()
            assert ends[:, -1].any(), "no column is all padding"
            some_padding |= bool(after.any())
    assert some_padding


def test_an_epoch_resumes_at_any_batch(make):
    batches = make()
    whole = arrays(batches, epoch=1)
    for first in (0, 1, len(whole) // 2, len(whole) - 1, len(whole)):
        rest = arrays(make(), epoch=1, first=first)
        assert len(rest) == len(whole) - first
        for (source, target), (same_source, same_target) in zip(rest, whole[first:], strict=True):
            np.testing.assert_array_equal(source, same_source)
            np.testing.assert_array_equal(target, same_target)


def test_an_epoch_is_the_same_each_time_it_is_read(make):
    batches = make()
    for first, second in zip(arrays(batches), arrays(batches), strict=True):
        np.testing.assert_array_equal(first[0], second[0])
        np.testing.assert_array_equal(first[1], second[1])


def test_an_empty_side_is_just_an_end_id(make, files_of, tokenizer):
    [(source_ids, target_ids)] = arrays(make(files_of([Pair("", "a dog")])))
    assert source_ids.tolist() == [[tokenizer.end_id]]
    assert rows_of([(source_ids, target_ids)], 1, tokenizer.end_id) == tokenizer.encode(["a dog"])
