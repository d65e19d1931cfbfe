"""Readable labels for tokens, and chart axes that show them."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import altair as alt

from translator.corpus.scripts import writes_from_the_right

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_RIGHT_TO_LEFT_MARK = "\u200f"
_DOTTED_CIRCLE = "◌"
_JOINERS = "\u200c\u200d"  # zero-width non-joiner and joiner
COLUMN_WIDTH = 17  # pixels per token on a horizontal axis; enough for slanted labels


def token_labels(tokens: Sequence[str]) -> list[str]:
    """Returns one readable label per token of a text.

    Byte tokens that spell a character show it and the number of the byte, as in ``你 2/3``; bytes of an
    incomplete character are shown as such. Invisible characters show their code point, as in ``U+200B``.
    Combining marks are placed on a dotted circle. In right-to-left text, the ▁ for a space is on the right.
    """
    labels: list[str] = []
    while len(labels) < len(tokens):
        rest = tokens[len(labels) :]
        labels += _byte_labels(rest) or [_visible(rest[0])]
    return labels


def _byte_labels(tokens: Sequence[str]) -> list[str]:
    """Labels for the byte tokens of the first character; empty if the first token is not a byte."""
    matches = itertools.takewhile(bool, map(_BYTE.fullmatch, tokens[:4]))
    byte_values = [int(match[1], 16) for match in matches if match]
    for length in range(1, len(byte_values) + 1):
        try:
            character = bytes(byte_values[:length]).decode("utf-8")
        except UnicodeDecodeError:
            continue
        if length == 1:
            return [_visible("▁" if character == " " else character)]
        return [f"{_visible(character)} {number}/{length}" for number in range(1, length + 1)]
    return [f"byte {value:02X}" for value in byte_values[:1]]


def _visible(token: str) -> str:
    """The token with every character made visible, in reading order."""
    kept_as_is = _JOINERS if token.strip(f"▁{_JOINERS}") else ""  # joiners shape the letters beside them
    visible = "".join(
        character if character.isprintable() or character in kept_as_is else f"U+{ord(character):04X}"
        for character in token
    )
    first = visible.removeprefix("▁")[:1]
    if first and unicodedata.category(first).startswith("M"):
        visible = visible.replace(first, f"{_DOTTED_CIRCLE}{first}", 1)
    return f"{_RIGHT_TO_LEFT_MARK}{visible}" if writes_from_the_right(visible) else visible


def text_of_tokens(tokens: Sequence[str]) -> str:
    """The text that the tokens spell, without surrounding spaces."""
    text = b"".join(
        bytes([int(match[1], 16)]) if (match := _BYTE.fullmatch(token)) else token.encode()
        for token in tokens
    )
    return text.decode("utf-8", errors="replace").replace("▁", " ").strip()


def labelled_axis(labels: Sequence[str], **options: Any) -> alt.Axis:
    """Returns an axis that shows the numbers 0, 1, ... as labels, which need not be unique.

    Args:
        labels: one label per number.
        options: options of ``altair.Axis``.
    """
    options = {"labelOverlap": False, "ticks": False, "domain": False, "labelPadding": 4, **options}
    # Vega mistakes the string literals "if" and "constructor" for names; a bar in front prevents that.
    literals = json.dumps([f"|{label}" for label in labels])
    return alt.Axis(labelExpr=f"slice({literals}[datum.value], 1)", **options)


def slanted_axis(labels: Sequence[str], orient: str = "bottom", **options: Any) -> alt.Axis:
    """Returns a horizontal ``labelled_axis`` with slanted labels, so that long ones have room."""
    is_top = orient == "top"
    return labelled_axis(
        labels,
        orient=orient,
        labelAngle=-60,
        labelAlign="left" if is_top else "right",
        labelBaseline="middle",
        **options,
    )
