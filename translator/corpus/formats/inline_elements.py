"""Turns a segment of TMX or XLIFF, text with inline elements, into plain text.

Inline elements stand for codes of the original document, such as HTML tags. Formatting is dropped. What would
divide words on the page, such as a line break, leaves a space. Placeholders for names and numbers, such as
``{0}``, are part of the sentence and stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from translator.corpus.scripts import is_unspaced

INVALID = "\ufdd0"  # stands for a character that XML cannot contain; itself a character that no text contains

_STANDALONE_CODES = {"ph", "x", "ut"}
_NATIVE_CODES = {"bpt", "ept", "it", "sub", *_STANDALONE_CODES}  # what they contain is no text
_EMPTY_CODES = {"bx", "ex", "sc", "ec"}  # like bpt and ept
_DESCRIPTIONS = ("equiv-text", "disp", "equiv")  # attributes that show the code to translators

_MAX_PLACEHOLDER_LENGTH = 40
_PLACEHOLDER = re.compile(
    r"\{\{?[^{}\\<>]+\}?\}"  # {0}, {name}, {{name}}; not RTF, such as {\b}
    r"|[$#%@]\{[^{}<>]+\}|\$\(\w+\)|\$\w+"  # ${name}, #{name}, %{name}, $(name), $name
    r"|%(?:\d+\$)?[-+ 0#']*\d*(?:\.\d+)?(?:hh|h|ll|l|q|j|z|t|L)?[@a-zA-Z]"  # %s, %1$d, %.2f, %@
    r"|%\(\w+\)[a-zA-Z]|%\w+%|%\d+"  # %(name)s, %name%, %1
    r"|@\w+|:\w+|__\w+__"
)
_TAG = re.compile(r"</?([a-zA-Z][\w-]*)")

# Names of tags and types of codes that never divide words, and those that do. Of others, standalone ones do.
_FORMATTING = re.compile(
    "a|abbr|acronym|b|bd[io]|big|bold|cf|cite|code|color|del|dfn|d?ulined|em|fmt|font|g|i|ins|italic|kbd|link|mark|q"
    "|s|samp|scap|small|span|strike|strong|struct|su[bp]|tt|u|underlined|var|wbr|xlf:[biu]"
)
_DIVISION = re.compile(
    "address|article|aside|blockquote|br|caption|cb|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|header|hr"
    "|image|img|(?:xlf:)?[lp]b|li|main|nav|[ou]l|option|p|pre|section|table|tbody|t[dhr]|tfoot|thead|title"
)
_RTF_GROUP = re.compile(r"\{\\.*|\}+", re.DOTALL)  # its beginning, such as {\b, or its end

_BREAK = "\0"  # no XML can contain it
_BREAKS_IN_TEXT = re.compile("\0+")
_OPENING = {"Ps", "Pi"}, "¿¡"  # categories and further characters that stand before a word without a space
_CLOSING = {"Pe", "Pf"}, ".,;:!?%…،؛؟۔।。、，．！？：；"


def plain_text(segment: Any, native_codes: Mapping[str, str] | None = None) -> str:
    """Returns the text of a segment without inline elements, but with the placeholders that they stand for.

    Args:
        segment: an element of ``xml.etree.ElementTree`` or lxml.
        native_codes: the codes that XLIFF 2 stores outside of the segment, by their identifiers.

    Returns:
        The text. It contains ``INVALID`` if the segment has a character that XML cannot contain.
    """
    return _BREAKS_IN_TEXT.sub(_division, "".join(_parts(segment, native_codes or {})))


@lru_cache(1024)
def local_name(name: str) -> str:
    """Returns the name of an element or an attribute without its namespace or prefix."""
    return name.rpartition("}")[2].rpartition(":")[2]


def _division(found: re.Match[str]) -> str:
    """Returns what divides the words at a break: a space, unless there is one or none is written there."""
    before = found.string[max(found.start() - 1, 0) : found.start()]
    after = found.string[found.end() : found.end() + 1]
    if not before or not after or before.isspace() or after.isspace():
        return ""
    for character, (categories, others) in ((before, _OPENING), (after, _CLOSING)):
        if unicodedata.category(character) in categories or character in others:
            return ""
    return "" if is_unspaced(before) or is_unspaced(after) else " "


def _parts(segment: Any, native_codes: Mapping[str, str]) -> Iterator[str]:
    """Yields the pieces of text, with ``_BREAK`` where words are divided."""
    pending = [segment]  # a stack instead of recursion, because a file may nest tags to any depth
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            yield part
            continue
        if not isinstance(part.tag, str):  # a comment
            continue
        name = local_name(part.tag)
        if name in _NATIVE_CODES or name in _EMPTY_CODES:
            yield _text_of_code(name, part, native_codes)
        elif name == "cp":  # a character that XML cannot contain
            yield INVALID
        else:
            is_block = _DIVISION.fullmatch(_kind(part, "")) or part.get("mtype") == "seg"
            if is_block:
                pending.append(_BREAK)
                yield _BREAK
            for child in reversed(part):
                pending += [child.tail or "", child]
            pending.append(part.text or "")


def _text_of_code(name: str, code: Any, native_codes: Mapping[str, str]) -> str:
    """Returns what a code leaves in the text: a placeholder, a break, or nothing."""
    shown = [code.text, native_codes.get(code.get("dataRef") or ""), *map(code.get, _DESCRIPTIONS)]
    texts = [text.strip() for text in shown if text and text.strip()]
    if name in _STANDALONE_CODES:
        for text in texts:
            if len(text) <= _MAX_PLACEHOLDER_LENGTH and _PLACEHOLDER.fullmatch(text):
                return str(text)
    text = texts[0] if texts else ""
    kind = _kind(code, text)
    if _DIVISION.fullmatch(kind):
        return _BREAK
    is_formatting = _FORMATTING.fullmatch(kind) or _RTF_GROUP.fullmatch(text)
    return _BREAK if name in _STANDALONE_CODES and not is_formatting else ""


def _kind(code: Any, text: str) -> str:
    """Returns the name of the tag that a code stands for, or the type that the file gives it."""
    if tag := _TAG.match(text):
        return tag[1].lower()
    kind = code.get("ctype") or code.get("subType") or code.get("type") or ""
    return str(kind).lower().removeprefix("x-").removeprefix("html-")
