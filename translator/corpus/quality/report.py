"""The report on a corpus, printed for people or as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from translator.corpus.quality.misalignment import MIN_PAIRS, Stretch
from translator.wording import counted

_MAX_CHARACTERS = 60  # shown of each side of an example
_MAX_STRETCHES = 10  # shown


@dataclass(frozen=True)
class SideSizes:
    """The sizes of one side.

    Attributes:
        words, characters: the totals.
        median, percentile_95, longest: words per line.
        scripts: the scripts that the side is written in.
    """

    words: int
    characters: int
    median: float
    percentile_95: float
    longest: int
    scripts: list[str]


@dataclass(frozen=True)
class Example:
    """A pair of the corpus that has a problem.

    Attributes:
        line: the line number, from 1.
        source, target: the text.
        note: a remark on this pair, or an empty string.
    """

    line: int
    source: str
    target: str
    note: str = ""

    def __str__(self) -> str:
        note = f" ({self.note})" if self.note else ""
        return f"line {self.line:,}{note}: {_shortened(self.source)} | {_shortened(self.target)}"


@dataclass(frozen=True)
class Finding:
    """The pairs with one kind of problem.

    Attributes:
        kind: the name of the kind in JSON.
        text: the problem, as a text to follow a number of pairs.
        count: the number of pairs.
        examples: the first few of them.
        dropped: whether cleaning drops them; if not, the user should check them.
    """

    kind: str
    text: str
    count: int
    examples: list[Example]
    dropped: bool = True

    def __str__(self) -> str:
        return "\n      ".join([f"  {counted(self.count, 'pair')} {self.text}", *map(str, self.examples)])


@dataclass(frozen=True)
class LeakCounts:
    """How many sentences of a test set are in the corpus.

    Attributes:
        name: the paths of the test set.
        pairs: the number of its pairs.
        exact: how many of its sources, targets and whole pairs are in the corpus exactly as they are.
        normalized: the same, also counting those that differ in case, spaces or punctuation.
    """

    name: str
    pairs: int
    exact: dict[str, int]
    normalized: dict[str, int]

    def __str__(self) -> str:
        parts = [
            f"{self.normalized[part]:,} of {counted(self.pairs, part)} ({self.exact[part]:,} verbatim)"
            for part in ("source", "target", "pair")
        ]
        return f"  {self.name}: {', '.join(parts)}"


@dataclass
class CorpusReport:
    """The sizes and problems of a corpus.

    Attributes:
        pairs: the number of pairs.
        source, target: the sizes of the two sides.
        ratio: target words per source word.
        findings: the problems, then what the user should check.
        stretches: consecutive lines that are not translated by the line of the same number.
        fit: how often a line fits its own translation better than another line nearby; None: there are too
            few pairs to tell.
        parallel: whether the two sides are translations of each other at all.
        languages_differ: whether the two sides can be told apart by their letters.
        leaks: the counts for each test set.
        skipped: how many lines or units of the file are no pairs and were left out, for each reason.
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
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether cleaning would drop nothing."""
        return self.parallel and not self.stretches and not any(f.dropped for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        pairs = counted(self.pairs, "pair")
        lines = [f"{pairs}, {self.ratio:.2f} target words per source word", *self._sizes()]
        if self.skipped:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.skipped.items())
            lines.append(f"no pairs, and left out of the line numbers below: {reasons}")
        if problems := [str(finding) for finding in self.findings if finding.dropped]:
            lines += ["problems, with the first examples (source | target); --clean drops these pairs:"]
            lines += problems
        lines += self._alignment()
        if self.leaks:
            lines += ["test sentences in the corpus, compared without case, spaces and punctuation:"]
            lines += map(str, self.leaks)
        if for_review := [str(finding) for finding in self.findings if not finding.dropped]:
            lines += ["worth checking; --clean keeps these pairs:", *for_review]
        if self.is_clean:
            lines.append("no problems found")
        return "\n".join(lines)

    def _sizes(self) -> list[str]:
        """Returns the lines of the table of sizes."""
        rows: list[tuple[str, ...]] = [
            ("", "words", "characters", "words per line: median", "95th percentile", "longest", "script")
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
        """Returns the lines on the alignment; none if all lines are aligned."""
        if self.fit is None:
            return [f"alignment: not checked, because there are too few pairs (it needs {MIN_PAIRS:,})"]
        if not self.parallel:
            return [
                "NOT PARALLEL: the lines of the two sides fit each other no better than by chance; "
                "was one side sorted or shuffled by itself?"
            ]
        if not self.stretches:
            return []
        lines = ["misaligned lines, which --clean drops:"]
        lines += [f"  {stretch}" for stretch in self.stretches[:_MAX_STRETCHES]]
        if (num_hidden := len(self.stretches) - _MAX_STRETCHES) > 0:
            hidden = counted(num_hidden, "more stretch", "more stretches")
            lines.append(f"  and {hidden} (--json lists them all)")
        return lines


def _shortened(text: str) -> str:
    """Returns the beginning of a text, without characters that could disturb a terminal."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"
