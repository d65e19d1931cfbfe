"""Traces of text that was damaged on its way: wrong encodings, control characters, markup."""

from __future__ import annotations

import re

# "Ã¤" for "ä": the bytes of UTF-8 shown as Windows-1252. Only its most common beginnings are looked for,
# since others are found in sound text: "groß“" ends in such a pair.
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
    """Whether UTF-8 seems to have been read as another encoding on the way, as in ``Ã¤`` for ``ä``."""
    return not line.isascii() and _WRONG_ENCODING.search(line) is not None


def has_replacement(line: str) -> bool:
    """Whether a character was lost and U+FFFD put in its place."""
    return "\ufffd" in line


def has_control(line: str) -> bool:
    """Whether there is a control character; the tab is none here."""
    return _CONTROL.search(line) is not None


def has_markup(line: str) -> bool:
    """Whether there are HTML entities or tags."""
    return ("&" in line or "<" in line) and _MARKUP.search(line) is not None
