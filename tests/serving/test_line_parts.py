"""Inside a graph, long lines are cut exactly as the translator cuts them."""

import numpy as np
import pytest
import tensorflow as tf
from references.toy import WORDS

from translator.decoding.long_lines import LongLines

MARKS = [
    "",
    "",
    "",
    "",
    ",",
    ";",
    ".",
    "!",
    '."',
    "\u3002",
    "\u597d\u3002",
    "\u0964",
    "\u061f",
    " Mr.",
    " z. B.",
]


def random_line(random, number):
    return " ".join(random.choice(WORDS) + random.choice(MARKS) for _ in range(number))


@pytest.mark.parametrize("longest", [2, 30])
def test_many_lines_in_a_graph_are_cut_as_the_translator_cuts_each(tokenizer, longest):
    random = np.random.default_rng(longest)
    lines = [random_line(random, number) for number in (0, 1, 5, 60, 0, 3, 100, 8, 0)]
    rows = tokenizer.encode([*lines, "\u65e5\u672c" * 30])
    long_lines = LongLines(tokenizer, longest)
    parts = tf.function(long_lines.cut, autograph=False)(tf.ragged.constant(rows, tf.int32))
    expected = [long_lines.parts_of([row])[0] for row in rows]
    assert parts.ids.to_list() == [part for of_line in expected for part in of_line]
    assert parts.lines.numpy().tolist() == [i for i, of_line in enumerate(expected) for _ in of_line]
    assert long_lines.parts_of(rows) == expected


@pytest.mark.parametrize("rows", [[], [[]], [[], [], []]], ids=str)
def test_lines_without_tokens_have_no_parts(tokenizer, rows):
    long_lines = LongLines(tokenizer, 5)
    parts = long_lines.cut(tf.ragged.constant(rows, tf.int32, ragged_rank=1))
    assert parts.ids.to_list() == []
    assert parts.lines.shape == (0,)
    assert long_lines.parts_of(rows) == [[] for _ in rows]
