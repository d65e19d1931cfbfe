"""The character rules inside the tokenizer: Unicode's canonical composition, and plain spaces.

SentencePiece's usual rules (NFKC) rewrite text that a translation should keep: they turn "1.º" into
"1.o", "…" into "..." and "½" into "1⁄2". Ours only give each character one spelling: an accent written
apart is joined to its letter (Unicode NFC), every kind of space becomes a space, and marks that nobody
sees are dropped. The rules are compiled into the tokenizer, so that training, translation and an
exported model all apply the same ones.
"""

from __future__ import annotations

import itertools
import sys
import unicodedata
from functools import cache

_INVISIBLE = "\ufeff\u200b\u00ad"  # byte-order mark, zero-width space, soft hyphen


def is_visible(text: str) -> bool:
    """Whether anything is left of a text once spaces, control characters and invisible marks are gone."""
    if text[:1].isalnum():  # nearly always, and quickly told
        return True
    return any(not c.isspace() and c not in _INVISIBLE and unicodedata.category(c) != "Cc" for c in text)


def _spellings(character: str) -> set[str]:
    """All canonically equivalent spellings: its marks in any order, the first of them joined or not.

    What stays apart are letters whose own composition needs two characters, which are very rare.
    """
    base, *marks = list(unicodedata.normalize("NFD", character))
    spellings = {character, base + "".join(marks)}
    parts = unicodedata.decomposition(character)
    if parts and not parts.startswith("<"):
        spellings.add("".join(chr(int(part, 16)) for part in parts.split()))
    for order in itertools.permutations(marks):
        for joined in range(len(order) + 1):
            start = unicodedata.normalize("NFC", base + "".join(order[:joined]))
            spellings.add(start + "".join(order[joined:]))
    composed = unicodedata.normalize("NFC", character)
    return {text for text in spellings if unicodedata.normalize("NFC", text) == composed}


def _rules() -> dict[str, str]:
    """Text -> what it is replaced by; SentencePiece applies the longest rule that matches."""
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
    """The rules as the tab-separated code points that ``normalization_rule_tsv`` reads."""

    def code_points(text: str) -> str:
        return " ".join(f"{ord(character):X}" for character in text)

    return "".join(f"{code_points(text)}\t{code_points(to)}\n" for text, to in sorted(_rules().items()))
