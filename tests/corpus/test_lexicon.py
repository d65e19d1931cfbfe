"""The lexical table: IBM Model 1 against plain Python, and what it offers to search."""

from collections import defaultdict

import numpy as np
import pytest

from translator.corpus.lexicon import _ITERATIONS, Lexicon, _model_1, learn_lexicon
from translator.errors import ModelError

VOCABULARY, RESERVED = 40, 4


def random_corpus(seed, pairs=60):
    """Word-for-word translations (piece n becomes n + 18) in random order, with some noise."""
    random = np.random.default_rng(seed)
    sources = [random.integers(RESERVED, 22, random.integers(1, 7)).tolist() for _ in range(pairs)]
    targets = [(random.permutation(source) + 18).tolist() for source in sources]
    for target in targets[::7]:
        target[0] = int(random.integers(RESERVED, VOCABULARY))
    return sources, targets


def model_1(pairs, iterations):
    """Expectation maximization as in Brown et al. (1993), pair by pair."""
    probs = defaultdict(lambda: 1.0)
    for _ in range(iterations):
        counts, totals = defaultdict(float), defaultdict(float)
        for source, target in pairs:
            for piece in target:
                explained = sum(probs[one, piece] for one in source)
                for one in source:
                    counts[one, piece] += probs[one, piece] / explained
                    totals[one] += probs[one, piece] / explained
        probs = {pair: count / totals[pair[0]] for pair, count in counts.items()}
    return probs


def test_probabilities_are_those_of_model_1():
    pairs = [
        (np.unique(np.array(source, np.int64)), np.array(target, np.int64))
        for source, target in zip(*random_corpus(1), strict=True)
    ]
    keys, probs = _model_1(pairs, VOCABULARY)
    expected = model_1([(source.tolist(), target.tolist()) for source, target in pairs], _ITERATIONS)
    assert {divmod(int(key), VOCABULARY) for key in keys} == set(expected)
    for key, prob in zip(keys, probs, strict=True):
        assert prob == pytest.approx(expected[divmod(int(key), VOCABULARY)], abs=1e-12)


def test_the_likeliest_piece_is_the_translation():
    lexicon = learn_lexicon(*random_corpus(2, pairs=300), VOCABULARY, RESERVED)
    for piece in range(RESERVED, 22):
        assert lexicon._candidates[piece, 0] == piece + 18


def test_pieces_for_a_sentence():
    candidates = np.full((10, 2), -1, np.int32)
    candidates[5], candidates[6] = (8, 7), (9, -1)
    lexicon = Lexicon(candidates, np.array([0, 1, 4], np.int32))
    assert lexicon.pieces_for(np.array([[5, 0]])).tolist() == [0, 1, 4, 5, 7, 8]
    assert lexicon.pieces_for(np.array([[6, 6]]), wanted=[2, 9]).tolist() == [0, 1, 2, 4, 6, 9]
    assert lexicon.pieces_for(np.array([[6]])).dtype == np.int32


@pytest.mark.parametrize(
    "corpus", [([], []), ([[]], [[]]), ([[5]], [[]])], ids=["nothing", "empty", "one side"]
)
def test_a_corpus_without_text_gives_a_table_without_candidates(corpus):
    lexicon = learn_lexicon(*corpus, VOCABULARY, RESERVED)
    assert set(range(RESERVED)) <= set(lexicon.pieces_for(np.array([5])).tolist())


def test_what_was_written_is_read(tmp_path):
    lexicon = learn_lexicon(*random_corpus(3), VOCABULARY, RESERVED)
    lexicon.write(tmp_path / "lexicon.npz")
    again = Lexicon.read(tmp_path / "lexicon.npz", VOCABULARY)
    for ids in ([5], [6, 9, 12]):
        assert again.pieces_for(np.array(ids)).tolist() == lexicon.pieces_for(np.array(ids)).tolist()


def test_a_damaged_table_or_one_of_another_vocabulary_is_told(tmp_path):
    path = tmp_path / "lexicon.npz"
    learn_lexicon(*random_corpus(3), VOCABULARY, RESERVED).write(path)
    with pytest.raises(ModelError, match=r"lexicon\.npz: made for another vocabulary"):
        Lexicon.read(path, VOCABULARY + 1)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match=r"lexicon\.npz: damaged .*; remove it and translate without"):
        Lexicon.read(path, VOCABULARY)
