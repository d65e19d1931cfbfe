"""Inside a graph, long lines are cut exactly as the translator cuts them."""

import numpy as np
import pytest
import tensorflow as tf
from references.toy import WORDS

from translator.decoding.long_lines import LongLines
from translator.serving.line_parts import LineSplitter

MARKS = ["", "", "", "", ",", ";", ".", "!", "\u3002", "\u597d\u3002"]


def random_line(random, number):
    return " ".join(random.choice(WORDS) + random.choice(MARKS) for _ in range(number))


@pytest.mark.parametrize("longest", [1, 2, 7, 30])
def test_cuts_are_those_of_the_translator(tokenizer, longest):
    random = np.random.default_rng(longest)
    lines = [random_line(random, number) for number in (0, 1, 5, 60, 0, 3, 200, 8, 0)]
    rows = tokenizer.encode([*lines, "\u65e5\u672c" * 30])
    parts = LineSplitter(tokenizer, longest)(tf.ragged.constant(rows, tf.int32))
    expected = [LongLines(tokenizer, longest).parts_of(row) for row in rows]
    assert parts.ids.to_list() == [part for of_line in expected for part in of_line]
    assert parts.lines.numpy().tolist() == [i for i, of_line in enumerate(expected) for _ in of_line]


@pytest.mark.parametrize("rows", [[], [[]], [[], [], []]], ids=str)
def test_lines_without_tokens_have_no_parts(tokenizer, rows):
    parts = LineSplitter(tokenizer, 5)(tf.ragged.constant(rows, tf.int32, ragged_rank=1))
    assert parts.ids.to_list() == []
    assert parts.lines.shape == (0,)
