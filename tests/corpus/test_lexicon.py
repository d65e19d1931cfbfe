"""The lexicon: what it takes from the translation table and which shortlists it makes."""

import numpy as np
import pytest
from references.toy import word_for_word

from translator.corpus.lexicon import Lexicon
from translator.corpus.word_alignment import TranslationTable
from translator.errors import ModelError

VOCABULARY, NUM_SPECIAL = 40, 4


def learned(sources, targets):
    return Lexicon.from_table(TranslationTable.learn(sources, targets, VOCABULARY), NUM_SPECIAL)


def test_the_most_probable_token_is_the_translation():
    lexicon = learned(*word_for_word(2, pairs=300))
    for token in range(NUM_SPECIAL, 22):
        assert lexicon._candidates[token, 0] == token + 18


def test_a_shortlist_has_candidates_source_tokens_and_required_tokens():
    candidates = np.full((10, 2), -1, np.int32)
    candidates[5], candidates[6] = (8, 7), (9, -1)
    lexicon = Lexicon(candidates, np.array([0, 1, 4], np.int32))
    assert lexicon.shortlist(np.array([[5, 0]])).tolist() == [0, 1, 4, 5, 7, 8]
    assert lexicon.shortlist(np.array([[6, 6]]), required=[2, 9]).tolist() == [0, 1, 2, 4, 6, 9]
    assert lexicon.shortlist(np.array([[6]])).dtype == np.int32


@pytest.mark.parametrize(
    "corpus", [([], []), ([[]], [[]]), ([[5]], [[]])], ids=["nothing", "empty", "one side"]
)
def test_a_corpus_without_text_gives_a_lexicon_without_candidates(corpus):
    lexicon = learned(*corpus)
    assert set(range(NUM_SPECIAL)) <= set(lexicon.shortlist(np.array([5])).tolist())


def test_a_lexicon_that_was_written_is_read_back(tmp_path):
    lexicon = learned(*word_for_word(3))
    lexicon.write(tmp_path / "lexicon.npz")
    again = Lexicon.read(tmp_path / "lexicon.npz", VOCABULARY)
    for ids in ([5], [6, 9, 12]):
        assert again.shortlist(np.array(ids)).tolist() == lexicon.shortlist(np.array(ids)).tolist()


def test_a_damaged_lexicon_or_one_of_another_vocabulary_is_reported(tmp_path):
    path = tmp_path / "lexicon.npz"
    learned(*word_for_word(3)).write(path)
    with pytest.raises(ModelError, match=r"lexicon\.npz: made for another vocabulary"):
        Lexicon.read(path, VOCABULARY + 1)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match=r"lexicon\.npz: damaged .*; remove it and translate without"):
        Lexicon.read(path, VOCABULARY)
