"""Which script a letter is of, and which scripts are written without spaces, by Unicode's data.

Python's own ``unicodedata`` does not know scripts; the ``regex`` package does.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

import regex

# A letter of a script that is written without spaces between words, as a set for a pattern of ``regex``.
#
# Unicode's line breaking algorithm (UAX #14) has classes for such scripts: lines break between any two
# ideographs, kana or syllables (ID, CJ, NS, AK, AS), or where a dictionary finds words (SA, such as Thai).
# It allows the same for halfwidth Hangul, fullwidth Latin and emoji, which are left out. Tibetan separates
# syllables by a mark of its own.
UNSPACED = (
    r"[[\p{Line_Break=SA}\p{Line_Break=ID}\p{Line_Break=CJ}\p{Line_Break=NS}\p{Line_Break=AK}"
    r"\p{Line_Break=AS}\p{Script=Tibetan}]&&\p{L}--[\p{Script=Latin}\p{Script=Hangul}]]"
)

_UNSPACED_LETTER = regex.compile(UNSPACED, regex.V1)
# Scripts with letters whose names begin with another word, such as CJK UNIFIED IDEOGRAPH.
_BY_PROPERTY = {script: regex.compile(rf"\p{{Script={script}}}") for script in ("LATIN", "HAN", "HIRAGANA")}
_OF_SEVERAL_SCRIPTS = regex.compile(r"\p{Script=Common}|\p{Script=Inherited}")
_MIN_SHARE = 0.05  # of the letters of a text that a main script must have
_MIN_LETTERS = 3  # in other scripts: "α" alone is a symbol, not text


def is_unspaced(character: str) -> bool:
    """Returns whether a character is a letter of a script that is written without spaces between words."""
    return _UNSPACED_LETTER.match(character) is not None


def count_unspaced(text: str) -> int:
    """Returns the number of letters in scripts that are written without spaces between words."""
    return 0 if text.isascii() else len(_UNSPACED_LETTER.findall(text))


@cache
def script_of(character: str) -> str | None:
    """Returns the script of a letter, such as LATIN, HAN or CYRILLIC.

    Returns:
        The script, or the first word of its name, as the letter's Unicode name begins with it; None for a
        character that is no letter, or a letter of several scripts, such as a mathematical one.
    """
    if not character.isalpha() or _OF_SEVERAL_SCRIPTS.match(character):
        return None
    for script, letter in _BY_PROPERTY.items():
        if letter.match(character):
            return script
    plain = next(filter(str.isalpha, unicodedata.normalize("NFKC", character)))  # not HALFWIDTH KATAKANA
    return unicodedata.name(plain, "UNKNOWN").split(" ")[0].split("-")[0]


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


def writes_from_the_right(text: str) -> bool:
    """Returns whether a text has a letter of a script that is written from right to left."""
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
