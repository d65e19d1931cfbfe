"""What spoils the scores of a test set is reported."""

from translator.corpus.readers import Pair
from translator.evaluation.test_set_check import warnings_about_test_set

PAIRS = [
    Pair("a dog runs", "ein Hund rennt"),
    Pair("the cat sleeps", "die Katze schl\u00e4ft"),
    Pair("a big house", "ein gro\u00dfes Haus"),
]


def references(pairs):
    return [pair.target for pair in pairs]


def test_a_sound_test_set_has_no_warnings():
    assert warnings_about_test_set(PAIRS, references(PAIRS)) == []
    assert warnings_about_test_set(PAIRS, ["", "", ""]) == []
    assert warnings_about_test_set([], []) == []


def test_empty_references_and_sources_are_counted():
    pairs = [*PAIRS, Pair("one", ""), Pair("two", " \u200b"), Pair("", "drei")]
    found = warnings_about_test_set(pairs, references(pairs))
    assert found[0].startswith("1 of 6 sources is empty (line 6), which lowers the scores")
    assert found[1].startswith("2 of 6 references are empty (the first is line 4), which lowers the scores")
    assert len(found) == 2


def test_a_line_that_is_blank_on_both_sides_is_sound():
    assert warnings_about_test_set([*PAIRS, Pair("", " ")], [*references(PAIRS), ""]) == []


def test_swapped_sides_are_noticed():
    swapped = [Pair(target, source) for source, target in PAIRS]
    translations = ["ein Hund rennt", "ein Katze", "Haus Haus"]
    [found] = warnings_about_test_set(swapped, translations)
    assert found.startswith("source and reference look swapped")
    assert warnings_about_test_set(PAIRS, translations) == []
