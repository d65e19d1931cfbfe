"""Makes the tokenizer's normalization rules: Unicode NFC and plain spaces.

SentencePiece's default rules (NFKC) rewrite text that a translation should keep: they turn "1.º" into "1.o",
"…" into "..." and "½" into "1⁄2". These rules only give each character one spelling: a combining accent is
composed with its letter (Unicode NFC), every kind of space becomes a plain space, and invisible marks are
dropped, but not the zero-width joiner and non-joiner, which change words and emoji. The rules are compiled
into the tokenizer, so training, translation and exported models all apply the same ones.
"""

from __future__ import annotations

import itertools
import sys
import unicodedata
from functools import cache

import regex

_INVISIBLE = "".join(
    [
        "\ufeff\u200b\u00ad",  # byte-order mark, zero-width space, soft hyphen
        "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # direction of writing
        "\u2060\u2061\u2062\u2063\u2064",  # word joiner, invisible operators
        "\u206a\u206b\u206c\u206d\u206e\u206f\ufff9\ufffa\ufffb",  # deprecated marks, annotations
    ]
)
_HANGUL_FILLERS = "\u115f\u1160\u3164\uffa0"  # letters by their category
# What shows nothing by itself: besides the invisible marks also joiners, variation selectors and fillers.
_BLANK = regex.compile(r"[\s\p{Cc}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\u2800]*")


def is_visible(text: str) -> bool:
    """Whether a text contains anything but spaces, control characters and invisible marks."""
    if text[:1].isalnum() and text[0] not in _HANGUL_FILLERS:  # a quick test that nearly all lines pass
        return True
    return _BLANK.fullmatch(text) is None


def _spellings(character: str) -> set[str]:
    """Returns the canonically equivalent spellings: its marks in any order, the first few composed or not.

    Letters whose composed form takes two characters, which are very rare, are not covered.
    """
    base, *marks = list(unicodedata.normalize("NFD", character))
    spellings = {character, base + "".join(marks)}
    parts = unicodedata.decomposition(character)
    if parts and not parts.startswith("<"):
        spellings.add("".join(chr(int(part, 16)) for part in parts.split()))
    for order in itertools.permutations(marks):
        for num_composed in range(len(order) + 1):
            start = unicodedata.normalize("NFC", base + "".join(order[:num_composed]))
            spellings.add(start + "".join(order[num_composed:]))
    composed = unicodedata.normalize("NFC", character)
    return {text for text in spellings if unicodedata.normalize("NFC", text) == composed}


def _rules() -> dict[str, str]:
    """Returns a map from text to its replacement; SentencePiece applies the longest rule that matches."""
    rules = {}
    for code in range(1, sys.maxunicode + 1):  # the compiled rules cannot hold U+0000
        character = chr(code)
        category = unicodedata.category(character)
        if category in ("Cs", "Cn", "Co"):
            continue
        if category == "Zs" or character in "\t\r\n\v\f\x85\u2028\u2029":
            rules[character] = " "
        elif category == "Cc" or character in _INVISIBLE:
            rules[character] = ""
        composed = unicodedata.normalize("NFC", character)
        if category != "Zs" and unicodedata.normalize("NFD", character) != character:
            rules |= dict.fromkeys(_spellings(character) - {composed}, composed)
    return {text: replacement for text, replacement in rules.items() if text != replacement}


@cache
def rules_tsv() -> str:
    """Returns the rules in SentencePiece's ``normalization_rule_tsv`` format: tab-separated code points."""

    def code_points(text: str) -> str:
        return " ".join(f"{ord(character):X}" for character in text)

    return "".join(f"{code_points(text)}\t{code_points(to)}\n" for text, to in sorted(_rules().items()))
