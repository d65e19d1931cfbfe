"""Tables of text and numbers as HTML, for the sections of a page; whatever stands in them is escaped."""

from __future__ import annotations

import difflib
import html
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Markup:
    """HTML whose text is escaped already."""

    text: str


Cell = str | int | float | Markup


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A table with a head.

    Args:
        columns: what stands above each column.
        rows: their cells; text is escaped, numbers stand to the right with at most two decimals.
    """
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _cell(value: Cell) -> str:
    if isinstance(value, Markup):
        return f'<td dir="auto">{value.text}</td>'
    if isinstance(value, str):
        return f'<td dir="auto">{html.escape(value)}</td>'
    number = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
    return f'<td style="text-align: right; font-variant-numeric: tabular-nums">{number}</td>'


def lines(texts: Sequence[str]) -> Markup:
    """Several lines in a cell."""
    return Markup("<br>".join(map(html.escape, texts)))


def signature(text: str) -> Markup:
    """A signature of sacreBLEU, which may be broken after each of its parts."""
    return Markup(html.escape(text).replace("|", "|<wbr>"))


def with_differences(text: str, other: str) -> Markup:
    """A text in which the words that another has not, or has elsewhere, are bold."""
    words, other_words = text.split(), other.split()
    found = []
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, words, other_words, False).get_opcodes():
        part = html.escape(" ".join(words[start:end]))
        if part:
            found.append(part if kind == "equal" else f"<b>{part}</b>")
    return Markup(" ".join(found))
