"""Which script text is written in."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

_MAIN_SHARE = 0.05  # of the letters of a side, from which on a script belongs to it
_FEWEST_LETTERS = 3  # "α" alone is a sign, no text


@cache
def script_of(character: str) -> str | None:
    """The script of a letter, such as LATIN or CYRILLIC, by its Unicode name; None for all else."""
    if not character.isalpha():
        return None
    return unicodedata.name(character, "UNKNOWN").split(" ")[0].split("-")[0]


def scripts_of(line: str) -> Counter[str]:
    """How many letters of each script a line holds."""
    if line.isascii():
        return Counter(LATIN=sum(map(str.isalpha, line)))
    return Counter(script for script in map(script_of, line) if script)


def main_scripts(lines: Iterable[str]) -> frozenset[str]:
    """The scripts of at least one in twenty letters; Japanese has three."""
    letters: Counter[str] = Counter()
    for line in lines:
        letters.update(scripts_of(line))
    return frozenset(script for script, n in letters.items() if n > 0 and n >= _MAIN_SHARE * letters.total())


def is_in(line: str, scripts: frozenset[str]) -> bool:
    """Whether no more than half of the letters are of other scripts, if there are letters enough to tell."""
    letters = scripts_of(line)
    others = letters.total() - sum(letters[script] for script in scripts)
    return others < _FEWEST_LETTERS or 2 * others <= letters.total()
