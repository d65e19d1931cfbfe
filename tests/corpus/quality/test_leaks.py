import pytest

from translator.corpus.quality.leaks import Leak, TestSet, bare
from translator.corpus.readers import Pair

TEST_PAIRS = [
    Pair("A dog runs.", "Ein Hund rennt."),
    Pair("A cat sleeps.", "Eine Katze schläft."),
    Pair("...", "!"),
]


def meet(test_set, pair):
    return test_set.meet((bare(pair.source), bare(pair.target)), pair)


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
def test_lines_that_are_the_same_but_for_case_spaces_and_punctuation(line, same):
    assert bare(line) == bare(same)


@pytest.mark.parametrize(("line", "other"), [("a dog", "a dot"), ("की", "का"), ("1+1", "11"), ("mas", "más")])
def test_lines_that_differ(line, other):
    assert bare(line) != bare(other)


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
def test_which_test_sentence_a_pair_holds(pair, leak):
    assert meet(TestSet("dev", TEST_PAIRS), pair) == leak


def test_sides_of_two_test_pairs_are_no_pair():
    test_set = TestSet("dev", TEST_PAIRS)
    assert meet(test_set, Pair("a dog runs", "Eine Katze schläft.")) == Leak("target", 2, True)
    assert test_set.met == {"source": {1}, "target": {2}, "pair": set()}
    assert test_set.exact == {"source": set(), "target": {2}, "pair": set()}


def test_each_test_sentence_counts_once():
    test_set = TestSet("dev", [*TEST_PAIRS, TEST_PAIRS[0]])
    for _ in range(2):
        meet(test_set, TEST_PAIRS[0])
    assert test_set.met["pair"] == test_set.exact["pair"] == {1, 4}
    test_set.forget()
    assert test_set.met["pair"] == set()
