"""Translation of HTML: tags are kept unchanged, and each text between two tags is translated by itself.

A sentence with tags inside is therefore translated in parts. This is worse than translating it as a whole,
but no tag is ever moved or lost. Every character of markup is given back as it was, also where it is
malformed. Tags end where the HTML standard says (13.2.5, tokenization). Time is linear in the length of the
fragment, as with ``html.parser`` it is not (Python 3.11.7): no pattern backtracks, and nothing is searched
twice for an end that it does not have.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

# One attribute, with its value in quotes or without; a quoted value may contain ">".
_ATTRIBUTE = r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|(?!["'])[^\s>]*+)|(?!\s*+=))"""
_TAG = re.compile(rf"<(/?)([a-z][^\s/>]*+)((?:[\s/]++|{_ATTRIBUTE})*+)(>?)", re.IGNORECASE)
_COMMENT = re.compile(r"<!--(?:-?>|.*?--!?>|.*)|<[!?/][^>]*+>", re.DOTALL)
_NAME_AND_VALUE = re.compile(r"""([^\s/>][^\s/>=]*+)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s>]*+))?""")
_MARKUP_BEGINS = re.compile(r"<(?:/?([a-z])|[!?/])", re.IGNORECASE)
# What stands inside these is no markup and no prose.
_RAW = {"iframe", "noembed", "noframes", "script", "style", "textarea", "xmp"}
_NEVER_TRANSLATED = {"code", "kbd", "math", "pre", "samp", "var"}
_WITHOUT_CONTENT = {"area", "base", "br", "col", "embed", "hr", "img", "input"}
_WITHOUT_CONTENT |= {"link", "meta", "param", "source", "track", "wbr"}
_END_IS_OPTIONAL = {"dd", "dt", "li", "option", "p", "td", "th", "tr"}
_SPACE = re.compile(r"[ \t\n\r\f]+")  # in HTML, a no-break space is a character like others
_NO_BREAK_SPACE = "\xa0"


class _Part(NamedTuple):
    """A piece of the fragment.

    Attributes:
        before: markup, or the spaces before a text.
        text: the text to translate; empty: nothing is.
        after: the spaces after it.
        no_break_space: how no-break spaces are written in the text.
    """

    before: str
    text: str = ""
    after: str = ""
    no_break_space: str = _NO_BREAK_SPACE


class _Element(NamedTuple):
    """An element that has begun.

    Attributes:
        name: its name in lower case.
        is_translated: whether the text directly inside is translated.
        is_verbatim: whether nothing inside is ever translated.
    """

    name: str
    is_translated: bool
    is_verbatim: bool


class HtmlFragment:
    """A fragment of HTML, split into markup and texts.

    Attributes:
        texts: the texts to translate, each one line, without entities and without spaces at the ends.

    Args:
        markup: the HTML; it need not be well formed.
    """

    def __init__(self, markup: str) -> None:
        self._parts = [_part(part) if is_text else _Part(part) for part, is_text in _split(markup)]
        self.texts = [part.text for part in self._parts if part.text]

    def with_texts(self, translations: list[str]) -> str:
        """Returns the HTML with the translation of each text, which is escaped and can add no tag."""
        remaining = iter(translations)
        return "".join(
            part.before + (_escaped(next(remaining), part) if part.text else "") + part.after
            for part in self._parts
        )


def _part(escaped: str) -> _Part:
    """Returns the part of a text; without letters, as the full stop after a tag, nothing is translated."""
    text = html.unescape(escaped)
    core = text.strip()
    if not any(map(str.isalpha, core)):
        return _Part(escaped)
    no_break_space = "&nbsp;" if "&nbsp;" in escaped else _NO_BREAK_SPACE
    before, after = (
        space.replace(_NO_BREAK_SPACE, no_break_space)
        for space in (text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :])
    )
    return _Part(before, _SPACE.sub(" ", core), after, no_break_space)  # a line break is a space


def _escaped(translation: str, part: _Part) -> str:
    """Returns a translation as HTML, with no-break spaces between the words that they join in the source."""
    joined = {
        pair for words in part.text.split(" ") for pair in pairwise(words.split(_NO_BREAK_SPACE)) if all(pair)
    }
    words = translation.split(" ")
    spaces = [_NO_BREAK_SPACE if pair in joined else " " for pair in pairwise(words)]
    text = "".join(word + space for word, space in zip(words, [*spaces, ""], strict=True))
    return html.escape(text, quote=False).replace(_NO_BREAK_SPACE, part.no_break_space)


def _split(markup: str) -> Iterator[tuple[str, bool]]:
    """Cuts HTML into markup and texts; yields each part, and whether it is a text to translate."""
    elements, start, position = _OpenElements(), 0, 0
    while begin := _MARKUP_BEGINS.search(markup, position):
        tag = _TAG.match(markup, begin.start()) if begin[1] else None
        found = tag or _COMMENT.match(markup, begin.start())
        if found is None:  # it has no end, and so nothing has
            break
        if tag and not tag[4]:  # a quotation mark without its partner, or the end: this is text
            position = tag.end()
            continue
        yield markup[start : begin.start()], elements.are_translated
        position = found.end()
        if tag and tag[1]:
            elements.end(tag[2].lower())
        elif tag and tag[2].lower() in _RAW:
            end = re.compile(rf"</{tag[2]}(?=[\s/>])", re.IGNORECASE).search(markup, position)
            position = end.start() if end else len(markup)
        elif tag and not tag[3].endswith("/"):
            elements.begin(tag[2].lower(), tag[3])
        yield markup[begin.start() : position], False
        start = position
    yield markup[start:], elements.are_translated


class _OpenElements:
    """The elements that have begun and not ended, outermost first."""

    def __init__(self) -> None:
        self._elements: list[_Element] = []
        self._counts: Counter[str] = Counter()

    @property
    def are_translated(self) -> bool:
        """Whether the text at this position is to be translated."""
        return not self._elements or self._elements[-1].is_translated

    def begin(self, name: str, attributes: str) -> None:
        """Handles a start tag."""
        if name in _END_IS_OPTIONAL and self._elements and self._elements[-1].name == name:
            self.end(name)
        if name in _WITHOUT_CONTENT:
            return
        is_verbatim = name in _NEVER_TRANSLATED or (bool(self._elements) and self._elements[-1].is_verbatim)
        wanted = _translate_attribute(attributes)
        is_translated = not is_verbatim and (self.are_translated if wanted is None else wanted)
        self._elements.append(_Element(name, is_translated, is_verbatim))
        self._counts[name] += 1

    def end(self, name: str) -> None:
        """Handles an end tag, which also ends the elements inside; one without a start tag is ignored."""
        while self._counts[name]:
            ended = self._elements.pop().name
            self._counts[ended] -= 1
            if ended == name:
                return


def _translate_attribute(attributes: str) -> bool | None:
    """Returns whether the attributes of a tag ask for translation; None: they do not say."""
    if "translate" not in attributes.lower():
        return None
    for name, value in _NAME_AND_VALUE.findall(attributes):
        values = value.strip("\"'").lower().split()
        if name.lower() == "translate" and values in ([], ["yes"], ["no"]):
            return bool(values != ["no"])
        if name.lower() == "class" and "notranslate" in values:  # a convention of translation services
            return False
    return None
