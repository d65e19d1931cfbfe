"""Pieces as people can read them, and axes that are labelled with them."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import altair as alt

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_RIGHT_TO_LEFT_MARK = "\u200f"
_DOTTED_CIRCLE = "◌"
_JOINERS = "\u200c\u200d"  # zero-width non-joiner and joiner
STEP = 17  # pixels between two pieces of an axis, enough for slanted labels


def readable(tokens: Sequence[str]) -> list[str]:
    """The pieces of a text as labels, one each.

    Bytes that spell a character show it and which byte of it each is, as ``你 2/3``, and an incomplete
    character its bytes; what has no shape of its own shows its number, as ``U+200B``; a mark that sits on
    other characters sits on a dotted circle; and in right-to-left text the sign of a space stands on the
    right.
    """
    labels: list[str] = []
    while len(labels) < len(tokens):
        rest = tokens[len(labels) :]
        labels += _spelled(rest) or [_visible(rest[0])]
    return labels


def _spelled(tokens: Sequence[str]) -> list[str]:
    """The labels of the character that bytes spell at the beginning of some pieces; empty if none do."""
    matches = itertools.takewhile(bool, map(_BYTE.fullmatch, tokens[:4]))
    values = [int(match[1], 16) for match in matches if match]
    for length in range(1, len(values) + 1):
        try:
            character = bytes(values[:length]).decode("utf-8")
        except UnicodeDecodeError:
            continue
        if length == 1:
            return [_visible("▁" if character == " " else character)]
        return [f"{_visible(character)} {number}/{length}" for number in range(1, length + 1)]
    return [f"byte {value:02X}" for value in values[:1]]


def _visible(token: str) -> str:
    """A piece in which every character can be seen, in the order in which it is read."""
    in_word = _JOINERS if token.strip(f"▁{_JOINERS}") else ""  # there they shape the letters beside them
    shown = "".join(
        character if character.isprintable() or character in in_word else f"U+{ord(character):04X}"
        for character in token
    )
    first = shown.removeprefix("▁")[:1]
    if first and unicodedata.category(first).startswith("M"):
        shown = shown.replace(first, f"{_DOTTED_CIRCLE}{first}", 1)
    is_right_to_left = any(unicodedata.bidirectional(character) in ("R", "AL") for character in shown)
    return f"{_RIGHT_TO_LEFT_MARK}{shown}" if is_right_to_left else shown


def text_of(tokens: Sequence[str]) -> str:
    """The text that pieces spell, without spaces around it."""
    spelled = b"".join(
        bytes([int(match[1], 16)]) if (match := _BYTE.fullmatch(token)) else token.encode()
        for token in tokens
    )
    return spelled.decode("utf-8", errors="replace").replace("▁", " ").strip()


def axis_of(labels: Sequence[str], **options: Any) -> alt.Axis:
    """An axis on which the numbers 0, 1, ... are shown as labels, which may be alike.

    Args:
        labels: one for each number.
        options: of ``altair.Axis``.
    """
    options = {"labelOverlap": False, "ticks": False, "domain": False, "labelPadding": 4, **options}
    # Vega takes a string literal that is "if" or "constructor" for a name; none begins with a bar.
    literals = json.dumps([f"|{label}" for label in labels])
    return alt.Axis(labelExpr=f"slice({literals}[datum.value], 1)", **options)


def slanted(labels: Sequence[str], orient: str = "bottom", **options: Any) -> alt.Axis:
    """``axis_of`` for a horizontal axis, on which labels stand aslant so that long ones have room."""
    is_top = orient == "top"
    return axis_of(
        labels,
        orient=orient,
        labelAngle=-60,
        labelAlign="left" if is_top else "right",
        labelBaseline="middle",
        **options,
    )
