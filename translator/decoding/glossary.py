"""A glossary: when this source term occurs, that target term must appear.

Terms are looked up by their first letters, so that the time per line hardly depends on the number of terms.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from translator.corpus.readers import read_lines
from translator.corpus.scripts import is_unspaced
from translator.corpus.tokenizer import token_bytes
from translator.decoding.particles import MAX_ARABIC_BEFORE, are_korean_particles, is_arabic_article
from translator.decoding.word_boundaries import is_word_character
from translator.errors import DataError

_KEY_LENGTH = 4  # letters that terms are looked up by


class TermMatch(NamedTuple):
    """A source term in a text.

    Attributes:
        start: its first character.
        end: the character after its last one.
        target: the target term.
    """

    start: int
    end: int
    target: str


class _Key(NamedTuple):
    """What terms are compared by.

    Attributes:
        text: the term in the form of ``_fold``.
        is_capital: whether it is found in capitals alone.
    """

    text: str
    is_capital: bool

    @classmethod
    def of(cls, term: str) -> _Key:
        """Returns the key of a source term."""
        composed = unicodedata.normalize("NFC", term).strip()
        return cls(_fold(composed)[0], composed.isupper())


class Glossary:
    """Source terms with the target term that each must become.

    Source terms are found as whole words (in scripts without spaces: anywhere), also with a Korean particle
    after them or the Arabic article before them. The number of spaces and the way accents are written do not
    matter. Neither does case, except that a term in capitals is found in capitals alone: ``US`` is not "us".
    Of two terms that begin at the same position, the longer one counts.

    Args:
        terms: source term -> target term.

    Raises:
        DataError: if a term is empty or no text, or a source term has two different target terms.
    """

    def __init__(self, terms: Mapping[str, str]) -> None:
        self._targets: dict[_Key, str] = {}
        for source, target in terms.items():
            for side, term in (("source", source), ("target", target)):
                if not isinstance(term, str):
                    raise DataError(f"a {side} term of the glossary is not text: {term!r}")
                if not term.strip():
                    raise DataError(f"a {side} term of the glossary is empty")
            if self._targets.setdefault(_Key.of(source), target) != target:
                raise DataError(f"{source!r} appears twice with different target terms; keep one")
        lengths: dict[str, set[int]] = {}
        for key in self._targets:
            lengths.setdefault(key.text[:_KEY_LENGTH], set()).add(len(key.text))
        # The lengths of the terms that begin with these letters, the longest first.
        self._lengths = {letters: sorted(found, reverse=True) for letters, found in lengths.items()}

    @classmethod
    def read(cls, path: str | Path) -> Glossary:
        """Reads a file of two columns, source term and target term, separated by a tab.

        Blank lines and comments are skipped. A comment is a line that begins with ``#`` and a space, or with
        ``#`` and has no tab.

        Raises:
            DataError: if the file cannot be read, a line does not have two columns, or there is no term.
        """
        terms: dict[str, str] = {}
        targets: dict[_Key, str] = {}
        for number, line in enumerate(read_lines(Path(path)), start=1):
            if not line.strip() or _is_comment(line):
                continue
            columns = [column.strip() for column in line.split("\t")]
            if len(columns) != 2 or not all(columns):
                raise DataError(
                    f"{path}, line {number}: expected a source term, a tab and a target term, got {line!r}"
                )
            source, target = columns
            if targets.setdefault(_Key.of(source), target) != target:
                raise DataError(
                    f"{path}, line {number}: {source!r} appears twice with different target terms; keep one"
                )
            terms[source] = target
        if not terms:
            raise DataError(f"{path}: has no terms; write one per line: source term, tab, target term")
        return cls(terms)

    def targets_for(self, text: str) -> list[str]:
        """The target terms that a translation of the text must contain, each once."""
        return list(dict.fromkeys(match.target for match in self.find(text)))

    def source_positions(self, tokens: Sequence[str]) -> dict[str, list[int]]:
        """The target terms that a translation must contain, with the source tokens that they translate.

        Args:
            tokens: the tokens of the source.

        Returns:
            Target term -> the positions of the tokens of its source terms, in ascending order.
        """
        text, positions = _characters(tokens)
        found: dict[str, set[int]] = {}
        for match in self.find(text):
            found.setdefault(match.target, set()).update(positions[match.start : match.end])
        return {target: sorted(of_target) for target, of_target in found.items()}

    def find(self, text: str) -> list[TermMatch]:
        """The source terms in a text, in order; they do not overlap.

        Args:
            text: the text; in NFC, or else the positions are those in its NFC form.
        """
        text = unicodedata.normalize("NFC", text)
        folded, origins = _fold(text)
        matches, position = [], 0
        while position < len(folded):
            match_end = position + 1
            for end in self._possible_ends(folded, position):
                start_in_text, end_in_text = origins[position], origins[end - 1] + 1
                target = self._target(folded[position:end], text[start_in_text:end_in_text])
                if target is not None and _begins_word(folded, position) and _ends_word(folded, end):
                    matches.append(TermMatch(start_in_text, end_in_text, target))
                    match_end = end
                    break
            position = match_end
        return matches

    def _possible_ends(self, folded: str, start: int) -> Iterator[int]:
        """Where terms may end that begin at a position, by their first letters; the longest first."""
        if folded[start].isascii() and folded[start - 1 : start].isalpha() and folded[start - 1].isascii():
            return  # the most frequent case, within a word of Latin letters, costs no look-up
        for num_letters in range(min(_KEY_LENGTH, len(folded) - start), 0, -1):
            for length in self._lengths.get(folded[start : start + num_letters], ()):
                if start + length <= len(folded):
                    yield start + length

    def _target(self, folded: str, text: str) -> str | None:
        """The target of a source term, given in both forms; None: there is no such term."""
        in_any_case = self._targets.get(_Key(folded, False))
        return self._targets.get(_Key(folded, True), in_any_case) if text.isupper() else in_any_case


def _characters(tokens: Sequence[str]) -> tuple[str, list[int]]:
    """The text of tokens, and for each of its characters the position of the token that it begins in."""
    data, positions_of_bytes = bytearray(), []
    for position, token in enumerate(tokens):
        part = token_bytes(token)
        data += part
        positions_of_bytes += [position] * len(part)
    # A long line may be cut within a character that is spelled in bytes.
    text = data.decode("utf-8", "surrogateescape")
    positions, start = [], 0
    for character in text:
        positions.append(positions_of_bytes[start])
        start += len(character.encode("utf-8", "surrogateescape"))
    return text, positions


def _is_comment(line: str) -> bool:
    return line.startswith("#") and ("\t" not in line or line.startswith("# "))


def _fold(text: str) -> tuple[str, list[int]]:
    """The form in which terms are compared: one case, single spaces, composed accents.

    Args:
        text: in NFC.

    Returns:
        The text in that form, and for each of its characters the position of its origin.
    """
    folded: list[str] = []
    origins: list[int] = []
    for position, character in enumerate(text):
        if character.isspace():
            parts = "" if folded[-1:] == [" "] else " "
        else:
            parts = character.lower() if character.isascii() else _fold_character(character)
        folded += parts
        origins += [position] * len(parts)
    return "".join(folded), origins


def _fold_character(character: str) -> str:
    return unicodedata.normalize("NFC", character.casefold())


def _begins_word(text: str, position: int) -> bool:
    """Whether a term may begin here: after no letter, or after the Arabic article."""
    if is_unspaced(text[position]):
        return True
    start = position
    while start > 0 and position - start <= MAX_ARABIC_BEFORE and is_word_character(text[start - 1]):
        start -= 1
    return start == position or is_arabic_article(text[start:position])


def _ends_word(text: str, position: int) -> bool:
    """Whether a term may end here: before no letter or mark, or before Korean particles."""
    rest = text[position : position + 1]
    if not rest or not (is_word_character(rest) or unicodedata.category(rest).startswith("M")):
        return True
    if unicodedata.category(rest).startswith("M"):
        return False
    if is_unspaced(text[position - 1]):
        return True
    end = position
    while end < len(text) and is_word_character(text[end]):
        end += 1
    return are_korean_particles(text[position - 1], text[position:end])
