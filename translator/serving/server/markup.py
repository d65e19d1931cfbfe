"""Translation of HTML: tags stay as they are, and every stretch of text between them is translated.

A sentence with tags inside is therefore translated in parts. That is less good than a sentence as a whole,
but never moves or loses a tag.
"""

from __future__ import annotations

import html
import re

# Comments, scripts and styles as a whole; else one tag, whose quoted values may hold a ">". What looks like
# none of them is text.
_MARKUP = re.compile(
    r"""<!--.*?-->|<(script|style)\b.*?</\1\s*>|<[/!?a-z](?:"[^"]*"|'[^']*'|[^'">])*>""",
    re.DOTALL | re.IGNORECASE,
)


class HtmlFragment:
    """A piece of HTML, cut into markup and texts.

    Attributes:
        texts: what is to be translated, on a line each, without entities and without spaces at the ends.

    Args:
        markup: the HTML, however broken.
    """

    def __init__(self, markup: str) -> None:
        self._parts: list[tuple[str, str, str]] = []  # markup or spaces before a text, the text, spaces after
        self.texts: list[str] = []
        start = 0
        for tag in _MARKUP.finditer(markup):
            self._add(markup[start : tag.start()])
            self._parts.append((tag[0], "", ""))
            start = tag.end()
        self._add(markup[start:])

    def _add(self, stretch: str) -> None:
        text = html.unescape(stretch)
        core = " ".join(text.split())  # in HTML a line break is a space
        if not core:
            self._parts.append((stretch, "", ""))
            return
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        self._parts.append((before, core, after))
        self.texts.append(core)

    def with_texts(self, translations: list[str]) -> str:
        """The HTML with a translation in the place of each text; it is escaped and can hold no tag."""
        remaining = iter(translations)
        return "".join(
            before + (html.escape(next(remaining), quote=False) if core else "") + after
            for before, core, after in self._parts
        )
