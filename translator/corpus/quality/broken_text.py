"""Detects damaged text: wrong encodings, lost characters, control characters, markup."""

from __future__ import annotations

import re

# "Ã¤" for "ä": the bytes of UTF-8 decoded as Windows-1252. Only the most common first characters are looked
# for, because others also occur in sound text: "groß“" ends in such a pair.
_CONTINUATION = (
    "[" + re.escape("".join(bytes([n]).decode("cp1252", "ignore") for n in range(0x80, 0xC0))) + "\x80-\x9f]"
)
_WRONG_ENCODING = re.compile(f"[ÃÂ]{_CONTINUATION}|â€|â‚¬|ï»¿|ï¿½|(?:[ÐÑ]{_CONTINUATION}){{2}}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")  # all but the tab
_TAGS = "a|b|br|code|div|em|font|h[1-6]|i|img|li|ol|p|pre|script|span|strong|style|sub|sup|t[dhr]|table|u|ul"
_MARKUP = re.compile(
    rf"&(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[0-9a-f]+);|</?(?:{_TAGS})(?:\s+[\w-]+=[^<>]*|\s*/?)>",
    re.IGNORECASE,
)


def has_wrong_encoding(line: str) -> bool:
    """Returns whether UTF-8 seems to have been decoded as another encoding, as in ``Ã¤`` for ``ä``."""
    return not line.isascii() and _WRONG_ENCODING.search(line) is not None


def has_replacement_character(line: str) -> bool:
    """Returns whether a character was lost and replaced by U+FFFD."""
    return "\ufffd" in line


def has_control_character(line: str) -> bool:
    """Returns whether the line has a control character other than the tab."""
    return _CONTROL.search(line) is not None


def has_markup(line: str) -> bool:
    """Returns whether the line has HTML entities or tags."""
    return ("&" in line or "<" in line) and _MARKUP.search(line) is not None
