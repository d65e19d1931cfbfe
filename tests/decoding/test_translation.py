"""A translation is a plain value: it can be compared, kept in sets, and printed."""

from dataclasses import replace

import numpy as np

from translator.decoding.inspection import Inspection
from translator.decoding.translation import Translation

TOKENS = tuple(f"\u2581word{i}" for i in range(100))


def translation(**changes):
    """A translation with attention weights, word alignment and alternatives."""
    one = Translation(
        text="ein Hund",
        score=-0.5,
        log_probability=-1.25,
        tokens=TOKENS,
        source_tokens=TOKENS,
        attention_by_part=(np.full([100, 100], 0.01, np.float32),),
        word_alignment=((0, 0), (1, 1)),
    )
    return replace(one, alternatives=(replace(one, text="der Hund"),), **changes)


def test_translations_are_equal_by_their_values():
    assert translation() == translation()
    assert translation() == translation(attention_by_part=None)
    for changes in ({"text": "ein Hund."}, {"score": -0.25}, {"tokens": ("x",)}, {"word_alignment": None}):
        assert translation() != translation(**changes)


def test_translations_can_be_members_of_sets():
    assert len({translation(), translation(), translation(score=-0.25)}) == 2


def test_a_printed_translation_is_short():
    assert repr(translation()) == "Translation(text='ein Hund', score=-0.5, log_probability=-1.25)"


def test_an_inspection_can_be_compared_and_printed():
    gates = {"encoder/forward": np.zeros([4, 100])}
    one, other = (Inspection("a dog", translation(), TOKENS, gates, (), ()) for _ in range(2))
    assert one == one
    assert one != other
    assert len({one, other}) == 2
    assert len(repr(one)) < 150
