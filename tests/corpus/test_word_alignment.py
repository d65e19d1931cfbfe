"""Word alignments equal those of a plain Python reference, and are right where the truth is known."""

import tracemalloc

import numpy as np
import pytest
from references import word_alignment as reference
from references.toy import word_for_word

import translator.corpus.word_alignment as module
from translator.corpus.word_alignment import UNALIGNED, TranslationTable, WordAligner

VOCABULARY = 40


def lists(alignments):
    return [row.tolist() for row in alignments]


def test_probabilities_are_those_of_the_reference():
    sources, targets = word_for_word(1)
    table = TranslationTable.learn(sources, targets, VOCABULARY)
    expected = reference.learn(sources, targets, VOCABULARY)
    assert {divmod(int(key), VOCABULARY) for key in table.keys} == set(expected)
    for key, prob in zip(table.keys, table.probs, strict=True):
        assert prob == pytest.approx(expected[divmod(int(key), VOCABULARY)], abs=1e-12)
    totals = np.bincount(table.keys // VOCABULARY, table.probs)
    np.testing.assert_allclose(totals[totals > 0], 1)


@pytest.mark.parametrize("reorder", [False, True])
def test_alignments_are_those_of_the_reference(reorder):
    sources, targets = word_for_word(4, reorder=reorder)
    targets = [[*target, 39] for target in targets]  # an article that translates no source token
    found = lists(WordAligner(sources, targets, VOCABULARY).align(sources, targets))
    assert found == reference.align(sources, targets, VOCABULARY)
    assert any(UNALIGNED in row for row in found)


def test_the_true_alignment_is_found_in_any_word_order():
    sources, targets = word_for_word(5, pairs=400)
    found = WordAligner(sources, targets, VOCABULARY).align(sources, targets)
    right = known = 0
    for source, target, row in zip(sources, targets, found, strict=True):
        for token, position in zip(target, row, strict=True):
            if source.count(token - 18) == 1:
                known += 1
                right += bool(position == source.index(token - 18))
    assert known > 1000
    assert right > 0.97 * known


def test_of_two_equal_tokens_the_one_at_a_similar_position_is_chosen():
    sources, targets = word_for_word(6, pairs=300, reorder=False)
    [row] = WordAligner(sources, targets, VOCABULARY).align([[5, 9, 7, 5]], [[23, 27, 25, 23]])
    assert row.tolist() == [0, 1, 2, 3]


def test_new_pairs_with_unknown_tokens_are_aligned():
    aligner = WordAligner(*word_for_word(7, pairs=300), VOCABULARY)
    [row] = aligner.align([[5, 1, 9]], [[27, 2, 23]])
    assert [row[0], row[2]] == [2, 0]
    assert row.dtype == np.int32


def test_pairs_with_an_empty_side_have_no_alignments():
    sources, targets = [[], [5], [], [6, 7]], [[], [], [24], [25, 24]]
    for aligner in (
        WordAligner(sources, targets, VOCABULARY),
        WordAligner([], [], VOCABULARY),
        WordAligner([[]], [[]], VOCABULARY),
    ):
        rows = aligner.align(sources, targets)
        assert [len(row) for row in rows] == [0, 0, 1, 2]
        assert rows[2].tolist() == [UNALIGNED]
    assert aligner.align([], []) == []


def test_the_limits_change_nothing_but_the_pairs_that_are_learned_from(monkeypatch):
    sources, targets = word_for_word(8, pairs=200)
    expected = lists(WordAligner(sources, targets, VOCABULARY).align(sources, targets))
    monkeypatch.setattr(module, "_MAX_LINKS_PER_CALL", 50)
    assert lists(WordAligner(sources, targets, VOCABULARY).align(sources, targets)) == expected
    num_links = sum(len(s) * len(t) for s, t in zip(sources, targets, strict=True))
    monkeypatch.setattr(module, "_MAX_TRAINING_LINKS", (num_links + 1) // 2)
    half = WordAligner(sources, targets, VOCABULARY)
    np.testing.assert_array_equal(
        half.table.probs, TranslationTable.learn(sources[::2], targets[::2], VOCABULARY).probs
    )


def test_the_memory_of_an_alignment_does_not_grow_with_the_text():
    sources = np.random.default_rng(1).integers(4, 300, [2_000, 25]).tolist()
    aligner = WordAligner(sources[:50], sources[:50], 300)
    tracemalloc.start()
    try:
        aligner.align(sources, sources)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20e6, "all links at once take 80 MB"


def test_real_text_is_aligned_as_a_person_would(corpora):
    from translator.corpus.readers import read_pairs
    from translator.corpus.tokenizer import train_tokenizer

    folder = corpora / "multi30k-en-de"
    pairs = read_pairs(folder / "train.en.gz", folder / "train.de.gz")[:8000]
    tokenizer = train_tokenizer([side for pair in pairs for side in pair], 6000)
    sources, targets = (tokenizer.encode([pair[side] for pair in pairs]) for side in (0, 1))
    aligner = WordAligner(sources, targets, tokenizer.vocabulary_size)
    english, german = tokenizer.encode(["A man in a blue shirt.", "Ein Mann in einem blauen Hemd."])
    [row] = aligner.align([english], [german])
    links = {
        (target, tokenizer.tokens(english)[position])
        for target, position in zip(tokenizer.tokens(german), row, strict=True)
        if position != UNALIGNED
    }
    assert {("▁Mann", "▁man"), ("▁in", "▁in"), ("▁blauen", "▁blue"), ("▁Hemd", "▁shirt")} <= links
