"""What was found in a corpus, as lines for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from translator.corpus.quality.misalignment import Stretch

_SHOWN_CHARACTERS = 60  # of each side of an example
_SHOWN_STRETCHES = 10


@dataclass(frozen=True)
class SideSizes:
    """The sizes of one side.

    Attributes:
        words, characters: in all.
        median, percentile_95, longest: of the words of a line.
        scripts: those that it is written in.
    """

    words: int
    characters: int
    median: float
    percentile_95: float
    longest: int
    scripts: list[str]


@dataclass(frozen=True)
class Example:
    """A line of the corpus.

    Attributes:
        line: its number, from 1.
        source, target: its text.
        note: what there is to say about it, or nothing.
    """

    line: int
    source: str
    target: str
    note: str = ""

    def __str__(self) -> str:
        note = f" ({self.note})" if self.note else ""
        return f"line {self.line:,}{note}: {_shown(self.source)} | {_shown(self.target)}"


@dataclass(frozen=True)
class Finding:
    """Lines with one kind of mistake.

    Attributes:
        kind: its name in JSON.
        text: what is wrong, to be read behind a number of pairs.
        count: number of pairs.
        examples: the first of them.
        dropped: whether cleaning drops them; else they are for the user to judge.
    """

    kind: str
    text: str
    count: int
    examples: list[Example]
    dropped: bool = True

    def __str__(self) -> str:
        return "\n      ".join([f"  {self.count:,} {self.text}", *map(str, self.examples)])


@dataclass(frozen=True)
class LeakCounts:
    """How many sentences of a test set stand in the corpus.

    Attributes:
        name: the files of the test set.
        pairs: how many pairs it has.
        exact: how many of its sources, targets and whole pairs are in the corpus to the letter.
        normalized: the same, with other case, spaces and punctuation too.
    """

    name: str
    pairs: int
    exact: dict[str, int]
    normalized: dict[str, int]

    def __str__(self) -> str:
        parts = [
            f"{self.normalized[part]:,} {part}s ({self.exact[part]:,} to the letter)"
            for part in ("source", "target", "pair")
        ]
        return f"  of the {self.pairs:,} of {self.name}: {', '.join(parts)}"


@dataclass
class CorpusReport:
    """What was found in a corpus.

    Attributes:
        pairs: number of pairs.
        source, target: sizes of the sides.
        ratio: target words for each source word.
        findings: mistakes, and what else is to know, the mistakes first.
        stretches: lines in a row that are not translated by the line of the same number.
        fit: how often a line fits its own translation better than another line nearby; None: too few pairs.
        parallel: whether the sides belong together at all.
        languages_differ: whether the two sides could be told apart by their letters.
        leaks: of each test set.
    """

    pairs: int
    source: SideSizes
    target: SideSizes
    ratio: float
    findings: list[Finding]
    stretches: list[Stretch]
    fit: float | None
    parallel: bool
    languages_differ: bool
    leaks: list[LeakCounts] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing that cleaning would drop."""
        return self.parallel and not self.stretches and not any(f.dropped for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"{self.pairs:,} pairs, {self.ratio:.2f} target words for each source word", *self._sizes()]
        mistakes = [str(finding) for finding in self.findings if finding.dropped]
        lines += ["found:", *mistakes] if mistakes else []
        lines += self._alignment()
        lines += ["sentences of test sets:", *map(str, self.leaks)] if self.leaks else []
        notes = [str(finding) for finding in self.findings if not finding.dropped]
        lines += ["worth a look:", *notes] if notes else []
        if self.is_clean:
            lines.append("nothing that should be dropped")
        return "\n".join(lines)

    def _sizes(self) -> list[str]:
        rows: list[tuple[str, ...]] = [
            ("", "words", "characters", "words a line: median", "95 % up to", "longest", "script")
        ]
        for name, side in (("source", self.source), ("target", self.target)):
            numbers = (side.words, side.characters, side.median, side.percentile_95, side.longest)
            rows.append((name, *(f"{number:,.0f}" for number in numbers), ", ".join(side.scripts).lower()))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return [
            "  ".join(
                cell.rjust(width) if 0 < i < len(row) - 1 else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]

    def _alignment(self) -> list[str]:
        if self.fit is None:
            return ["which lines belong together: not looked at, there are too few pairs"]
        if not self.parallel:
            return [
                "NOT PARALLEL: the lines fit each other no better than by chance; was one side sorted anew?"
            ]
        if not self.stretches:
            return []
        lines = [f"  {stretch}" for stretch in self.stretches[:_SHOWN_STRETCHES]]
        more = len(self.stretches) - len(lines)
        return [
            "not aligned:",
            *lines,
            *([f"  and {more:,} more stretches (--json lists them)"] if more else []),
        ]


def _shown(text: str) -> str:
    """A text as it fits on a terminal, without what would harm it there."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"
