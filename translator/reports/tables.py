"""HTML tables of text and numbers for the sections of a page; all text is escaped."""

from __future__ import annotations

import difflib
import html
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Markup:
    """HTML whose text is already escaped."""

    text: str


Cell = str | int | float | Markup


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Returns a table with a header row.

    Args:
        columns: headings of the columns.
        rows: cells of each row; text is escaped, numbers are right-aligned and floats get two decimals.
    """
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _cell(value: Cell) -> str:
    """A cell as HTML."""
    if isinstance(value, Markup):
        return f'<td dir="auto">{value.text}</td>'
    if isinstance(value, str):
        return f'<td dir="auto">{html.escape(value)}</td>'
    number = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
    return f'<td style="text-align: right; font-variant-numeric: tabular-nums">{number}</td>'


def lines(texts: Sequence[str]) -> Markup:
    """Puts several lines into one cell."""
    return Markup("<br>".join(map(html.escape, texts)))


def signature(text: str) -> Markup:
    """A signature of sacreBLEU that may wrap after each of its parts."""
    return Markup(html.escape(text).replace("|", "|<wbr>"))


def with_differences(text: str, other: str) -> Markup:
    """Marks in bold the words of a text that ``other`` lacks or has in another position."""
    words, other_words = text.split(), other.split()
    parts = []
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, words, other_words, False).get_opcodes():
        part = html.escape(" ".join(words[start:end]))
        if part:
            parts.append(part if kind == "equal" else f"<b>{part}</b>")
    return Markup(" ".join(parts))
