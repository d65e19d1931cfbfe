"""Finds out which script text is written in."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

_MIN_SHARE = 0.05  # of the letters of a side that a main script must have
_MIN_LETTERS = 3  # in other scripts: "α" alone is a symbol, not text


@cache
def script_of(character: str) -> str | None:
    """Returns the script of a letter by its Unicode name, such as LATIN or CYRILLIC; else None."""
    if not character.isalpha():
        return None
    return unicodedata.name(character, "UNKNOWN").split(" ")[0].split("-")[0]


def count_scripts(line: str) -> Counter[str]:
    """Returns the number of letters of each script in a line."""
    if line.isascii():
        return Counter(LATIN=sum(map(str.isalpha, line)))
    return Counter(script for script in map(script_of, line) if script)


def main_scripts(lines: Iterable[str]) -> frozenset[str]:
    """Returns the scripts with at least one in twenty of the letters; Japanese has three of them."""
    letters: Counter[str] = Counter()
    for line in lines:
        letters.update(count_scripts(line))
    return frozenset(script for script, n in letters.items() if n > 0 and n >= _MIN_SHARE * letters.total())


def is_in_scripts(line: str, scripts: frozenset[str]) -> bool:
    """Returns whether at most half of the letters, or only one or two, belong to other scripts."""
    letters = count_scripts(line)
    num_others = letters.total() - sum(letters[script] for script in scripts)
    return num_others < _MIN_LETTERS or 2 * num_others <= letters.total()
