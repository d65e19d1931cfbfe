"""A glossary: when this source term occurs, that target term must appear."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from translator.corpus.readers import read_lines
from translator.errors import DataError


class Glossary:
    """Source terms with the target term that each must become.

    Source terms are found as whole words, whatever their case; where two begin at the same place, the
    longer one counts.

    Args:
        terms: source term -> target term.
    """

    def __init__(self, terms: Mapping[str, str]) -> None:
        self._targets = {source.casefold(): target for source, target in terms.items()}
        longest_first = sorted(self._targets, key=len, reverse=True)
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")

    @classmethod
    def read(cls, path: str | Path) -> Glossary:
        """Reads a file of two columns, source term and target term, with a tab between them.

        Blank lines, and lines that begin with ``#``, are passed over.

        Raises:
            DataError: if the file cannot be read, a line has not two columns, or no term is there.
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
            if terms.setdefault(source.casefold(), target) != target:
                raise DataError(
                    f"{path}, line {number}: {source!r} stands twice, with different target terms; keep one"
                )
        if not terms:
            raise DataError(f"{path}: holds no term; write a source term, a tab and a target term a line")
        return cls(terms)

    def targets_for(self, text: str) -> list[str]:
        """The target terms that a translation of the text must hold, each once."""
        if not self._targets:
            return []
        found: Iterable[str] = self._pattern.findall(text.casefold())
        return list(dict.fromkeys(self._targets[term] for term in found))
