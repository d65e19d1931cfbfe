"""Looks through a whole corpus: brings together what its lines, its languages and its order show."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from translator.config import DataConfig
from translator.corpus.filters import describe_flaws
from translator.corpus.quality.languages import FOREIGN, WRONG_SIDE, Languages
from translator.corpus.quality.leaks import TestSet
from translator.corpus.quality.misalignment import Stretch, find_misalignment
from translator.corpus.quality.report import CorpusReport, Example, Finding, LeakCounts, SideSizes
from translator.corpus.quality.scripts import is_in, main_scripts
from translator.corpus.quality.survey import Survey, survey
from translator.corpus.readers import Pair

_SIDES = ("source", "target")
_EXAMPLES = 3  # of each kind of mistake
_DOUBTFUL_LINES = 2  # at each end of a stretch, which are dropped too

# The mistakes that filters.describe_flaws does not know, to be read behind a number of pairs. A pair with
# several is dropped for the first of them.
_MISTAKES = {
    "copied": "whose target is the source once more, untranslated",
    "wrong_encoding": "with characters of a wrong encoding, such as Ã¤ for ä",
    "replacement_character": "with U+FFFD in place of a lost character",
    "control_character": "with control characters",
    "source_script": "with the source in another script than its side",
    "target_script": "with the target in another script than its side",
    "source_wrong_side": "with the source in the language of the target side",
    "target_wrong_side": "with the target in the language of the source side",
    "source_foreign": "with a source so unlike its side as text in another language is",
    "target_foreign": "with a target so unlike its side as text in another language is",
    "repeated": "that repeat an earlier pair",
    "leaked": "that hold a sentence of a test set",
    "misaligned": "in stretches that are not aligned",
}
_TO_JUDGE = {
    "several_targets": "of a source that has several targets; the most:",
    "markup": "with HTML entities or tags",
}
_NO_SAY = (
    "empty",
    "too_long",
    "copied",
    *(k for k in _MISTAKES if k.endswith(("script", "side", "foreign"))),
)


class Selected:
    """Some of the pairs of a corpus, which can be iterated over again and again.

    Args:
        pairs: all pairs.
        kept: bool [pairs]; those to give.
    """

    def __init__(self, pairs: Iterable[Pair], kept: npt.NDArray[np.bool_]) -> None:
        self._pairs, self._kept = pairs, kept

    def __iter__(self) -> Iterator[Pair]:
        return itertools.compress(self._pairs, self._kept.tolist())


@dataclass(frozen=True)
class Inspection:
    """What was found in a corpus, and what of it should go.

    Attributes:
        report: what was found.
        reasons: the texts of all reasons for which a pair should be dropped.
        reason: int64 [pairs]; the number of the reason, or -1 for a pair to keep.
    """

    report: CorpusReport
    reasons: list[str]
    reason: npt.NDArray[np.int64]


def inspect_pairs(
    pairs: Iterable[Pair], test_sets: Sequence[TestSet] = (), config: DataConfig | None = None
) -> Inspection:
    """Looks for all mistakes in a corpus.

    Args:
        pairs: the pairs; they are read several times.
        test_sets: what must not stand among them.
        config: the limits of length and ratio, those of training.

    Raises:
        DataError: if the pairs cannot be read.
    """
    config = config or DataConfig()
    for test_set in test_sets:
        test_set.forget()
    found = survey(pairs, config.max_words, config.max_ratio, test_sets)
    scripts = [main_scripts(pair[side] for pair in found.sample) for side in (0, 1)]
    languages = Languages.learn(found.sample)
    _look_at_languages(found, pairs, scripts, languages)
    alignment = find_misalignment(pairs, _rows(found, _NO_SAY))
    first = _first_of_equals(found)
    _mark_rows(found, first, alignment.stretches)
    texts = describe_flaws(config.max_words, config.max_ratio) | _MISTAKES
    notes = _notes(found, first, test_sets)
    findings = _findings(found, pairs, texts | _TO_JUDGE, notes)
    report = CorpusReport(
        pairs=found.num_pairs,
        source=_sizes(found, 0, scripts[0]),
        target=_sizes(found, 1, scripts[1]),
        ratio=sum(found.words[1]) / max(sum(found.words[0]), 1),
        findings=findings,
        stretches=alignment.stretches,
        fit=alignment.fit,
        parallel=alignment.parallel,
        languages_differ=languages.differ,
        leaks=[_leak_counts(test_set) for test_set in test_sets],
    )
    return Inspection(report, list(texts.values()), _reason_of_each(found, list(texts)))


def _look_at_languages(
    found: Survey, pairs: Iterable[Pair], scripts: Sequence[frozenset[str]], languages: Languages
) -> None:
    """Notes the lines that are in another script or another language than their side."""
    done = _rows(found, ("empty", "copied")).tolist()
    names = {WRONG_SIDE: "wrong_side", FOREIGN: "foreign"}
    for row, pair in enumerate(pairs):
        if done[row]:
            continue
        verdicts = languages.judge(pair)
        for side, name in enumerate(_SIDES):
            if not is_in(pair[side], scripts[side]):
                found.note(f"{name}_script", row)
            elif verdict := verdicts[side]:
                found.note(f"{name}_{names[verdict]}", row)


def _rows(found: Survey, kinds: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Which pairs have a mistake of one of these kinds."""
    marked = np.zeros(found.num_pairs, np.bool_)
    for kind in kinds:
        marked[np.array(found.rows.get(kind, ()), np.int64)] = True
    return marked


def _first_of_equals(found: Survey) -> npt.NDArray[np.int64]:
    """The row of the first pair that each pair is equal to; its own, if it is the first."""
    _, first, inverse = np.unique(
        np.array(found.pair_hashes, np.int64), return_index=True, return_inverse=True
    )
    return first[inverse]


def _mark_rows(found: Survey, first: npt.NDArray[np.int64], stretches: Sequence[Stretch]) -> None:
    """Notes the mistakes that no single line shows."""
    rows = np.arange(found.num_pairs)
    for row in np.flatnonzero((first != rows) & ~_rows(found, ["empty"])).tolist():
        found.note("repeated", row)
    for row in sorted(set().union(*found.leaks)):
        found.note("leaked", row)
    in_stretch = np.zeros(found.num_pairs, np.bool_)
    for stretch in stretches:
        in_stretch[max(stretch.first - 1 - _DOUBTFUL_LINES, 0) : stretch.last + _DOUBTFUL_LINES] = True
    for row in np.flatnonzero(in_stretch).tolist():
        found.note("misaligned", row)


def _notes(
    found: Survey, first: npt.NDArray[np.int64], test_sets: Sequence[TestSet]
) -> dict[str, dict[int, str]]:
    """What there is to say about single lines, by the kind of the finding; it also tells examples."""
    notes: dict[str, dict[int, str]] = {"repeated": {}, "leaked": {}}
    for row in found.rows.get("repeated", ())[:_EXAMPLES]:
        notes["repeated"][row] = f"as line {first[row] + 1:,}"
    for test_set, leaks in zip(test_sets, found.leaks, strict=True):
        for row, leak in itertools.islice(leaks.items(), _EXAMPLES):
            same = "" if leak.exact else ", but for case, spaces or punctuation"
            notes["leaked"][row] = f"{leak.part} of line {leak.line:,} of {test_set.name}{same}"
    notes["several_targets"] = _several_targets(found, first)
    return notes


def _several_targets(found: Survey, first: npt.NDArray[np.int64]) -> dict[int, str]:
    """Notes the pairs whose source has other targets too; returns the sources with the most of them."""
    distinct = np.unique(first)
    hashes = np.array(found.source_hashes, np.int64)[distinct]
    _, place, inverse, number = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
    for row in distinct[number[inverse] > 1].tolist():
        found.note("several_targets", row)
    most = np.argsort(-number, kind="stable")[:_EXAMPLES]
    return {int(distinct[place[i]]): f"{number[i]:,} targets" for i in most if number[i] > 1}


def _findings(
    found: Survey, pairs: Iterable[Pair], texts: dict[str, str], notes: dict[str, dict[int, str]]
) -> list[Finding]:
    """All kinds of mistakes that were found, with examples."""
    kinds = [kind for kind in texts if found.rows.get(kind) and kind != "misaligned"]
    chosen = {kind: list(notes.get(kind) or found.rows[kind])[:_EXAMPLES] for kind in kinds}
    wanted = {row for rows in chosen.values() for row in rows}
    lines = dict(itertools.islice(((i, p) for i, p in enumerate(pairs) if i in wanted), len(wanted)))
    return [
        Finding(
            kind,
            texts[kind],
            len(found.rows[kind]),
            [Example(row + 1, *lines[row], notes.get(kind, {}).get(row, "")) for row in chosen[kind]],
            kind not in _TO_JUDGE,
        )
        for kind in kinds
    ]


def _reason_of_each(found: Survey, kinds: Sequence[str]) -> npt.NDArray[np.int64]:
    """The number of the first kind of mistake that each pair has, or -1."""
    reason = np.full(found.num_pairs, -1)
    for number in reversed(range(len(kinds))):
        reason[np.array(found.rows.get(kinds[number], ()), np.int64)] = number
    return reason


def _sizes(found: Survey, side: int, scripts: frozenset[str]) -> SideSizes:
    words = np.array(found.words[side])
    return SideSizes(
        words=int(words.sum()),
        characters=sum(found.characters[side]),
        median=float(np.median(words)),
        percentile_95=float(np.percentile(words, 95)),
        longest=int(words.max()),
        scripts=sorted(scripts),
    )


def _leak_counts(test_set: TestSet) -> LeakCounts:
    exact, met = (
        {part: len(numbers) for part, numbers in counts.items()} for counts in (test_set.exact, test_set.met)
    )
    return LeakCounts(test_set.name, len(test_set.pairs), exact, met)
