"""Detects damaged text: wrong encodings, lost characters, control characters, markup."""

from __future__ import annotations

import re

# "Ã¤" for "ä": the bytes of UTF-8 decoded as Windows-1252. Only the most common first characters are looked
# for, because others also occur in sound text: "groß“" ends in such a pair.
_CONTINUATION = (
    "[" + re.escape("".join(bytes([n]).decode("cp1252", "ignore") for n in range(0x80, 0xC0))) + "\x80-\x9f]"
)
_WRONG_ENCODING = re.compile(f"[ÃÂ]{_CONTINUATION}|â€|â‚¬|ï»¿|ï¿½|(?:[ÐÑ]{_CONTINUATION}){{2}}")
# Words in capitals that end in Ã or Â before punctuation are sound: "ĐÃ”", "CRISTÃ“". Some of these marks
# also are the last byte of a small letter, as "»" does in "DÃ»" for "Dû"; they need two capitals before.
_AFTER_A_CAPITAL = "‘’‚“”„‹›…–—•"
_AFTER_CAPITALS = _AFTER_A_CAPITAL + "«»¡¿·\xa0"
_WORD_END = re.compile(r"[^\W\d_]{2,}\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")  # all but the tab
_TAGS = "a|b|br|code|div|em|font|h[1-6]|i|img|li|ol|p|pre|script|span|strong|style|sub|sup|t[dhr]|table|u|ul"
_MARKUP = re.compile(
    rf"&(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[0-9a-f]+);|</?(?:{_TAGS})(?:\s+[\w-]+=[^<>]*|\s*/?)>",
    re.IGNORECASE,
)


def has_wrong_encoding(line: str) -> bool:
    """Returns whether UTF-8 seems to have been decoded as another encoding, as in ``Ã¤`` for ``ä``."""
    return not line.isascii() and any(
        not _ends_a_word_of_capitals(line, found) for found in _WRONG_ENCODING.finditer(line)
    )


def _ends_a_word_of_capitals(line: str, found: re.Match[str]) -> bool:
    """Returns whether what was found is sound: the end of a word in capitals, and a punctuation mark."""
    word = _WORD_END.search(line, max(found.start() - 2, 0), found.start() + 1)
    if word is None or word[0][-1] not in "ÃÂ" or not word[0].isupper():
        return False
    if line[found.end() : found.end() + 1].isalnum():
        return False
    return line[found.start() + 1] in (_AFTER_CAPITALS if len(word[0]) > 2 else _AFTER_A_CAPITAL)


def has_replacement_character(line: str) -> bool:
    """Returns whether a character was lost and replaced by U+FFFD."""
    return "\ufffd" in line


def has_control_character(line: str) -> bool:
    """Returns whether the line has a control character other than the tab."""
    return _CONTROL.search(line) is not None


def has_markup(line: str) -> bool:
    """Returns whether the line has HTML entities or tags."""
    return ("&" in line or "<" in line) and _MARKUP.search(line) is not None
