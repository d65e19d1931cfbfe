import sys
import unicodedata

import pytest

from translator.corpus.filters import PairBlock
from translator.corpus.quality.leaks import Leak, TestSet, normalize, normalize_all
from translator.corpus.readers import Pair

TEST_PAIRS = [
    Pair("A dog runs.", "Ein Hund rennt."),
    Pair("A cat sleeps.", "Eine Katze schläft."),
    Pair("...", "!"),
]


def record(test_set, pair):
    return test_set.record((normalize(pair.source), normalize(pair.target)), pair)


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("A dog runs.", "a dog runs"),
        ("“Hello”, he said!", "Hello he said"),
        ("STRASSE", "Straße"),
        ("ﬁne", "fine"),
        ("a\u00a0dog", "a dog"),
        ("schla\u0308ft", "schläft"),
    ],
)
def test_lines_that_differ_in_case_spaces_and_punctuation_have_equal_normal_forms(line, same):
    assert normalize(line) == normalize(same)


@pytest.mark.parametrize(("line", "other"), [("a dog", "a dot"), ("की", "का"), ("1+1", "11"), ("mas", "más")])
def test_lines_that_differ_otherwise_have_different_normal_forms(line, other):
    assert normalize(line) != normalize(other)


@pytest.mark.parametrize(
    ("pair", "leak"),
    [
        (Pair("A dog runs.", "Ein Hund rennt."), Leak("pair", 1, True)),
        (Pair("a dog runs!", "Ein Hund rennt."), Leak("pair", 1, False)),
        (Pair("A dog runs.", "Ein Hund läuft."), Leak("source", 1, True)),
        (Pair("A kitten sleeps.", "eine Katze schläft"), Leak("target", 2, False)),
        (Pair("A dog sleeps.", "Ein Hund schläft."), None),
        (Pair("...", "!"), None),
    ],
)
def test_the_test_sentence_that_a_pair_contains_is_found(pair, leak):
    assert record(TestSet("dev", TEST_PAIRS), pair) == leak


def test_the_sides_of_two_test_pairs_are_not_a_leaked_pair():
    test_set = TestSet("dev", TEST_PAIRS)
    assert record(test_set, Pair("a dog runs", "Eine Katze schläft.")) == Leak("target", 2, True)
    assert test_set.normalized == {"source": {1}, "target": {2}, "pair": set()}
    assert test_set.exact == {"source": set(), "target": {2}, "pair": set()}


def test_each_test_sentence_counts_once():
    test_set = TestSet("dev", [*TEST_PAIRS, TEST_PAIRS[0]])
    for _ in range(2):
        record(test_set, TEST_PAIRS[0])
    assert test_set.normalized["pair"] == test_set.exact["pair"] == {1, 4}
    test_set.reset()
    assert test_set.normalized["pair"] == set()


def test_many_lines_at_once_have_the_same_normal_forms_as_each_by_itself():
    characters = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) != "Cs"]
    characters.remove("\n")
    lines = ["".join(characters[start : start + 50]) for start in range(0, len(characters), 50)]
    lines = ["", *lines[:400], "Schla\u0308ft er?", "", *lines[400::100], "ﬁn", ""]
    assert normalize_all(lines) == [normalize(line) for line in lines]
    assert normalize_all([]) == []


def test_pairs_with_a_sentence_of_the_test_set_on_either_side_are_found_in_a_block():
    test_set = TestSet("dev", [*TEST_PAIRS, Pair("Unseen.", "Ungesehen.")])
    block = PairBlock(
        ["a dog runs", "A kitten sleeps.", "A dog sleeps.", "...", "?", "A cat sleeps!"],
        ["Der Hund rennt.", "EINE KATZE SCHLÄFT", "Ein Hund schläft.", "Äh ...", "?!", "Eine Katze schläft?"],
    )
    assert test_set.mask(block).tolist() == [True, True, False, True, False, True]
    assert test_set.normalized == {"source": {1, 2, 3}, "target": {2}, "pair": {2}}
    assert test_set.num_found == 3
