"""A glossary: when this source term occurs, that target term must appear."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from translator.corpus.readers import read_lines
from translator.errors import DataError

# Thai, Lao, Burmese, Khmer, Japanese and Chinese are written without spaces between words.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]"
)


class Glossary:
    """Source terms with the target term that each must become.

    Source terms are found as whole words (in scripts without spaces: anywhere); case, the number of spaces
    and the way accents are written do not matter. Of two terms that begin at the same position, the longer
    one counts.

    Args:
        terms: source term -> target term.

    Raises:
        DataError: if a source term is empty.
    """

    def __init__(self, terms: Mapping[str, str]) -> None:
        self._targets = {_plain(source): target for source, target in terms.items()}
        if "" in self._targets:
            raise DataError("a source term of the glossary is empty")
        longest_first = sorted(self._targets, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_whole, longest_first)))

    @classmethod
    def read(cls, path: str | Path) -> Glossary:
        """Reads a file of two columns, source term and target term, separated by a tab.

        Blank lines, and lines that begin with ``#``, are skipped.

        Raises:
            DataError: if the file cannot be read, a line does not have two columns, or there is no term.
        """
        terms: dict[str, str] = {}
        for number, line in enumerate(read_lines(Path(path)), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            columns = [column.strip() for column in line.split("\t")]
            if len(columns) != 2 or not all(columns):
                raise DataError(
                    f"{path}, line {number}: expected a source term, a tab and a target term, got {line!r}"
                )
            source, target = columns
            if terms.setdefault(_plain(source), target) != target:
                raise DataError(
                    f"{path}, line {number}: {source!r} appears twice with different target terms; keep one"
                )
        if not terms:
            raise DataError(f"{path}: has no terms; write one per line: source term, tab, target term")
        return cls(terms)

    def targets_for(self, text: str) -> list[str]:
        """The target terms that a translation of the text must contain, each once."""
        if not self._targets:
            return []
        text = _plain(text)
        found = [
            match.group()
            for match in self._pattern.finditer(text)
            if not _is_mark(text[match.end() : match.end() + 1])  # otherwise the last letter goes on
        ]
        return list(dict.fromkeys(self._targets[term] for term in found))


def _plain(text: str) -> str:
    """Text in the form in which terms are compared: one case, single spaces, composed accents."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())


def _whole(term: str) -> str:
    """A pattern for a term as a whole word, at those ends where its script puts spaces between words."""
    before = "" if _UNSPACED.match(term[0]) else r"(?<!\w)"
    after = "" if _UNSPACED.match(term[-1]) else r"(?!\w)"
    return before + re.escape(term) + after


def _is_mark(character: str) -> bool:
    """Whether a character (or an empty string) is an accent or vowel sign of the letter before."""
    return bool(character) and unicodedata.category(character).startswith("M")
