"""Translation of HTML: tags are kept unchanged, and each text between two tags is translated by itself.

A sentence with tags inside is therefore translated in parts. This is worse than translating it as a whole,
but no tag is ever moved or lost. Markup is found by a pattern rather than by ``html.parser``, because every
character of it is given back as it was, also where tags are malformed.
"""

from __future__ import annotations

import html
import re

# Whole comments, scripts and styles; otherwise single tags, whose quoted values may contain ">". Everything
# else is text.
_MARKUP = re.compile(
    r"""<!--.*?-->|<(script|style)\b.*?</\1\s*>|<[/!?a-z](?:"[^"]*"|'[^']*'|[^'">])*>""",
    re.DOTALL | re.IGNORECASE,
)


class HtmlFragment:
    """A fragment of HTML, split into markup and texts.

    Attributes:
        texts: the texts to translate, each one line, without entities and without spaces at the ends.

    Args:
        markup: the HTML; it need not be well formed.
    """

    def __init__(self, markup: str) -> None:
        # (markup or the spaces before a text, the text, the spaces after it)
        self._parts: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        start = 0
        for tag in _MARKUP.finditer(markup):
            self._add(markup[start : tag.start()])
            self._parts.append((tag[0], "", ""))
            start = tag.end()
        self._add(markup[start:])

    def _add(self, escaped: str) -> None:
        """Adds what stands between two tags."""
        text = html.unescape(escaped)
        core = " ".join(text.split())  # in HTML a line break is a space
        if not core:
            self._parts.append((escaped, "", ""))
            return
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        self._parts.append((before, core, after))
        self.texts.append(core)

    def with_texts(self, translations: list[str]) -> str:
        """Returns the HTML with the translation of each text, which is escaped and can add no tag."""
        remaining = iter(translations)
        return "".join(
            before + (html.escape(next(remaining), quote=False) if core else "") + after
            for before, core, after in self._parts
        )
