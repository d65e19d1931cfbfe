"""The lexical table: what it takes from the translation table and offers to search."""

import numpy as np
import pytest
from references.toy import word_for_word

from translator.corpus.lexicon import Lexicon
from translator.corpus.word_alignment import TranslationTable
from translator.errors import ModelError

VOCABULARY, RESERVED = 40, 4


def learned(sources, targets):
    return Lexicon.from_table(TranslationTable.learn(sources, targets, VOCABULARY), RESERVED)


def test_the_likeliest_piece_is_the_translation():
    lexicon = learned(*word_for_word(2, pairs=300))
    for piece in range(RESERVED, 22):
        assert lexicon._candidates[piece, 0] == piece + 18


def test_pieces_for_a_sentence():
    candidates = np.full((10, 2), -1, np.int32)
    candidates[5], candidates[6] = (8, 7), (9, -1)
    lexicon = Lexicon(candidates, np.array([0, 1, 4], np.int32))
    assert lexicon.shortlist(np.array([[5, 0]])).tolist() == [0, 1, 4, 5, 7, 8]
    assert lexicon.shortlist(np.array([[6, 6]]), wanted=[2, 9]).tolist() == [0, 1, 2, 4, 6, 9]
    assert lexicon.shortlist(np.array([[6]])).dtype == np.int32


@pytest.mark.parametrize(
    "corpus", [([], []), ([[]], [[]]), ([[5]], [[]])], ids=["nothing", "empty", "one side"]
)
def test_a_corpus_without_text_gives_a_table_without_candidates(corpus):
    lexicon = learned(*corpus)
    assert set(range(RESERVED)) <= set(lexicon.shortlist(np.array([5])).tolist())


def test_what_was_written_is_read(tmp_path):
    lexicon = learned(*word_for_word(3))
    lexicon.write(tmp_path / "lexicon.npz")
    again = Lexicon.read(tmp_path / "lexicon.npz", VOCABULARY)
    for ids in ([5], [6, 9, 12]):
        assert again.shortlist(np.array(ids)).tolist() == lexicon.shortlist(np.array(ids)).tolist()


def test_a_damaged_table_or_one_of_another_vocabulary_is_told(tmp_path):
    path = tmp_path / "lexicon.npz"
    learned(*word_for_word(3)).write(path)
    with pytest.raises(ModelError, match=r"lexicon\.npz: made for another vocabulary"):
        Lexicon.read(path, VOCABULARY + 1)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match=r"lexicon\.npz: damaged .*; remove it and translate without"):
        Lexicon.read(path, VOCABULARY)
