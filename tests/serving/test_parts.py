"""Long lines are cut on pieces: the rule, against plain Python; nothing is lost."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from references.toy import WORDS

from translator.serving.parts import Cutter

BYTES = {"<0x2E>": ".", "<0x2C>": ",", "<0x3B>": ";", "<0x21>": "!"}
MARKS = ["", "", "", "", ",", ";", ".", "!", "\u3002", "\u597d\u3002"]


def reference_cuts(pieces, longest):
    """The rule in plain Python: where each part of a row of pieces ends."""
    start, ends = 0, []
    while len(pieces) - start > longest:
        best = start, -1
        for end in range(start + 1, start + longest + 1):
            last = BYTES.get(pieces[end - 1], pieces[end - 1])[-1]
            space_follows = pieces[end].startswith("▁")
            kind = 1 if space_follows else 0
            if space_follows and last in ",;:":
                kind = 2
            if (space_follows and last in ".!?…") or last in "。！？":
                kind = 3
            best = max(best, (end, kind), key=lambda place: (place[1], place[0]))
        start = best[0]
        ends.append(start)
    return [*ends, len(pieces)] if pieces else []


def random_line(random, number):
    return " ".join(random.choice(WORDS) + random.choice(MARKS) for _ in range(number))


@pytest.mark.parametrize("longest", [1, 2, 7, 30])
def test_cuts_equal_the_rule(tokenizer, longest):
    random = np.random.default_rng(longest)
    lines = [random_line(random, number) for number in (0, 1, 5, 60, 0, 3, 200, 8, 0)]
    rows = tokenizer.encode(lines)
    parts = Cutter(tokenizer, longest)(tf.ragged.constant(rows, tf.int32))
    expected, expected_lines = [], []
    for number, row in enumerate(rows):
        ends = reference_cuts(tokenizer.pieces(row), longest)
        for start, end in zip([0, *ends], ends, strict=False):
            expected.append(row[start:end])
            expected_lines.append(number)
    assert parts.ids.to_list() == expected
    assert parts.lines.numpy().tolist() == expected_lines
    assert max(map(len, expected)) <= longest
    assert list(itertools.chain(*expected)) == list(itertools.chain(*rows))


@pytest.mark.parametrize("rows", [[], [[]], [[], [], []]], ids=str)
def test_lines_without_pieces_have_no_parts(tokenizer, rows):
    parts = Cutter(tokenizer, 5)(tf.ragged.constant(rows, tf.int32, ragged_rank=1))
    assert parts.ids.to_list() == []
    assert parts.lines.shape == (0,)


def test_a_line_is_cut_where_it_hurts_least(tokenizer):
    def texts(line, longest):
        rows = tf.ragged.constant(tokenizer.encode([line]), tf.int32)
        return tokenizer.decode(Cutter(tokenizer, longest)(rows).ids.to_list())

    assert texts("ada. bob cid dee", 4) == ["ada.", "bob cid dee"]
    assert texts("ada, bob cid dee", 4) == ["ada,", "bob cid dee"]
    assert texts("ada, bob. cid dee, eve", 7) == ["ada, bob.", "cid dee, eve"]
    assert texts("ada bob cid", 2) == ["ada bob", "cid"]
