"""Lines on the wrong side or in a third language are found, without false alarms."""

import pytest
from references.corpora import NAMES, read

from translator.corpus.quality.languages import FOREIGN, WRONG_SIDE, Languages
from translator.corpus.readers import Pair, read_pairs


def classify_all(pairs, learned=None):
    languages = Languages.learn(learned or pairs)
    assert languages.differ
    return [languages.classify(pair) for pair in pairs]


@pytest.fixture(scope="module")
def captions(corpora):
    return read(corpora, "multi30k-en-de", 2000)


def test_swapped_sides_are_on_the_wrong_side(captions):
    swapped = [Pair(pair.target, pair.source) for pair in captions[500:600]]
    classes = classify_all([*captions[:500], *swapped, *captions[600:]])
    assert classes[500:600].count((WRONG_SIDE, WRONG_SIDE)) >= 98
    assert classes[:500] + classes[600:] == [(None, None)] * 1900


def test_a_source_sentence_on_the_target_side_is_on_the_wrong_side(captions):
    pairs = list(captions)
    for row in range(0, 2000, 40):
        pairs[row] = Pair(pairs[row].source, captions[row + 1].source)
    classes = classify_all(pairs)
    found = {row for row in range(2000) if classes[row] == (None, WRONG_SIDE)}
    assert found <= set(range(0, 2000, 40))
    assert len(found) >= 45


def test_lines_in_a_third_language_are_foreign(captions, corpora):
    spanish = [pair.target for pair in read(corpora, "tatoeba-en-es", 20, 80_000)]
    pairs = list(captions)
    for number, line in enumerate(spanish):
        pairs[100 * number] = Pair(pairs[100 * number].source, line)
    classes = classify_all(pairs)
    found = [row for row in range(2000) if classes[row][1] == FOREIGN]
    assert len(found) >= 15
    assert set(found) <= set(range(0, 2000, 100))


@pytest.mark.parametrize("name", NAMES)
def test_sound_corpora_have_hardly_any_false_alarms(corpora, name):
    pairs = read(corpora, name, 4000)
    classes = classify_all(pairs)
    assert sum(pair_classes != (None, None) for pair_classes in classes) <= 2


def test_the_sample_corpus_has_no_false_alarms(sample_pairs):
    classes = classify_all([*sample_pairs, Pair(sample_pairs[0].target, sample_pairs[0].source)])
    assert classes == [(None, None)] * len(sample_pairs) + [(WRONG_SIDE, WRONG_SIDE)]


def test_names_on_both_sides_are_not_classified(sample_pairs):
    name = "Shakespeare Christopher Marlowe Thackeray"
    pair_classes = classify_all([Pair(name, name)], [*sample_pairs, Pair(name, name)])
    assert pair_classes == [(None, None)]


def test_two_sides_in_the_same_language_are_not_classified(sample_pairs):
    lines = [pair.source for pair in sample_pairs]
    languages = Languages.learn([Pair(*pair) for pair in zip(lines, lines[::-1], strict=True)])
    assert not languages.differ
    assert languages.classify(Pair("Wir haben heute keinen grünen Stuhl.", "")) == (None, None)


@pytest.fixture(scope="module")
def sample_pairs():
    from pathlib import Path

    sample = Path(__file__).parents[3] / "data" / "sample"
    return read_pairs(sample / "train.en", sample / "train.de")[:2000]
