"""Stretches of lines that are shifted against each other are found with their first and last lines."""

import random

import numpy as np
import pytest
from references.corpora import NAMES, added_targets, lost_target, read, with_targets

from translator.corpus.quality.misalignment import (
    MIN_PAIRS,
    Misalignment,
    Stretch,
    _most_probable_states,
    find_misalignment,
)
from translator.corpus.readers import Pair

NEAR = 4  # lines
NEAR_IN_SORTED_TEXT = 10  # lines, because neighbours look alike


def misalignment(pairs) -> Misalignment:
    return find_misalignment(pairs, np.zeros(len(pairs), np.bool_))


def check(found, *expected, near=NEAR):
    """Checks that the stretches are these, except for a few lines at their ends."""
    assert [stretch.offset for stretch in found.stretches] == [offset for _, _, offset in expected]
    for stretch, (first, last, _) in zip(found.stretches, expected, strict=True):
        assert abs(stretch.first - first) <= near, stretch
        assert abs(stretch.last - last) <= near, stretch


@pytest.fixture(scope="module")
def captions(corpora):
    return read(corpora, "multi30k-en-de", 2000)


@pytest.fixture(scope="module")
def sorted_text(corpora):
    return read(corpora, "tatoeba-en-es", 2000, 2000)


def test_a_lost_target_line_shifts_all_lines_after_it(captions, sorted_text):
    check(misalignment(lost_target(captions, 1200)), (1200, 1999, -1))
    check(misalignment(lost_target(sorted_text, 1200)), (1200, 1999, -1), near=NEAR_IN_SORTED_TEXT)


def test_a_shift_of_most_of_the_corpus_is_found(captions):
    check(misalignment(lost_target(captions, 151)), (151, 1999, -1))


def test_a_shift_from_the_first_line_on_is_found(captions):
    check(misalignment(lost_target(captions, 1)), (1, 1999, -1))


def test_two_added_target_lines_shift_all_lines_after_them(sorted_text):
    check(
        misalignment(added_targets(sorted_text, 901, ["xyz xyz", "xyz"])),
        (901, 2000, 2),
        near=NEAR_IN_SORTED_TEXT,
    )


def test_several_stretches_in_the_middle_are_found(captions):
    moved = added_targets(lost_target(captions, 301), 600, ["Ein Hund."])
    moved = lost_target(added_targets(moved, 1001, ["a", "b"]), 1301, 2)
    check(misalignment(moved), (301, 600, -1), (1001, 1300, 2))


def test_shifts_add_up(captions):
    moved = lost_target(lost_target(captions, 1500), 700)
    check(misalignment(moved), (700, 1498, -1), (1499, 1998, -2))


def test_a_stretch_of_unrelated_text_is_found(captions):
    targets = [pair.target for pair in captions]
    check(
        misalignment(with_targets(captions, targets[:800] + targets[1700:1900] + targets[1000:])),
        (801, 1000, None),
    )


def test_one_side_in_another_order_is_not_parallel(sorted_text):
    targets = [pair.target for pair in sorted_text]
    random.Random(2).shuffle(targets)
    found = misalignment(with_targets(sorted_text, targets))
    assert not found.parallel
    assert 0.45 < found.fit < 0.55


@pytest.mark.parametrize("name", NAMES)
def test_sound_corpora_have_no_false_alarms(corpora, name):
    for first in (0, 1500):
        found = misalignment(read(corpora, name, 1500, first))
        assert found.stretches == []
        assert found.parallel
        assert found.fit > 0.75


def test_the_first_lines_may_be_short_idioms_with_many_translations(corpora):
    assert misalignment(read(corpora, "tatoeba-en-de", 3000)).stretches == []


def test_a_corpus_may_be_longer_than_one_part_and_than_the_sample(corpora, monkeypatch):
    monkeypatch.setattr("translator.corpus.quality.misalignment._PART_LINES", 300)
    monkeypatch.setattr("translator.corpus.quality.misalignment._MAX_SAMPLE", 1200)
    pairs = read(corpora, "multi30k-en-de", 2000)
    check(misalignment(lost_target(pairs, 901)), (901, 1999, -1))
    check(misalignment(lost_target(pairs, 299)), (299, 1999, -1))


def test_alignment_is_unknown_with_too_few_pairs():
    pairs = [Pair(f"number {i}", f"Zahl {i}") for i in range(MIN_PAIRS - 1)]
    assert misalignment(pairs) == Misalignment([], None)
    assert misalignment(pairs).parallel


def test_ignored_pairs_are_not_evidence(captions):
    targets = [pair.target for pair in captions]
    moved = with_targets(captions, targets[:800] + targets[1000:1200] + targets[1000:])
    ignored = np.zeros(len(moved), np.bool_)
    assert len(find_misalignment(moved, ignored).stretches) == 1
    ignored[800:1000] = True
    assert find_misalignment(moved, ignored).stretches == []


def test_a_change_of_state_costs_evidence():
    """By hand: two changes cost 40, which 11 lines with evidence 4 against -1 outweigh and 7 do not."""
    evidence = np.full([60, 12], -1.0)
    evidence[:, 5], evidence[:, 11] = 1.0, 0.0
    for number, expected in ((7, []), (11, list(range(20, 31)))):
        changed = evidence.copy()
        changed[20 : 20 + number, 5], changed[20 : 20 + number, 6] = -1.0, 4.0
        states = _most_probable_states([changed[:25], changed[25:]])
        assert np.flatnonzero(states == 6).tolist() == expected
        assert set(states.tolist()) <= {5, 6}


def test_a_stretch_names_the_lines_of_the_translation():
    assert str(Stretch(2000, 29_000, -1)) == (
        "lines 2,000 to 29,000: source line n belongs to target line n - 1"
    )
    assert str(Stretch(1, 9, 3)) == "lines 1 to 9: source line n belongs to target line n + 3"
    assert (
        str(Stretch(1, 9, None)) == "lines 1 to 9: the target lines do not translate any source line nearby"
    )
