"""Inspects a whole corpus: finds the problems of its lines, of its languages and of its alignment."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from translator.config import DataConfig
from translator.corpus.filters import describe_flaws
from translator.corpus.formats.pair_files import PairFiles
from translator.corpus.quality.languages import FOREIGN, WRONG_SIDE, Languages
from translator.corpus.quality.leaks import TestSet
from translator.corpus.quality.misalignment import Stretch, find_misalignment
from translator.corpus.quality.report import CorpusReport, Example, Finding, LeakCounts, SideSizes
from translator.corpus.quality.survey import Survey, survey_pairs
from translator.corpus.readers import Pair
from translator.corpus.scripts import is_in_scripts, main_scripts

_SIDES = ("source", "target")
_NUM_EXAMPLES = 3  # of each kind of problem
_DOUBTFUL_LINES = 2  # at either end of a misaligned stretch; they are dropped too

# The problems that filters.describe_flaws does not have, as texts to follow a number of pairs. A pair with
# several problems is dropped for the first of them.
_PROBLEMS = {
    "copied": "whose target is an untranslated copy of the source",
    "wrong_encoding": "with characters in a wrong encoding, such as Ã¤ for ä",
    "replacement_character": "with U+FFFD in place of a lost character",
    "control_character": "with control characters",
    "source_script": "whose source is in another script than the source side",
    "target_script": "whose target is in another script than the target side",
    "source_wrong_side": "whose source is in the language of the target side",
    "target_wrong_side": "whose target is in the language of the source side",
    "source_foreign": "whose source seems to be in a third language",
    "target_foreign": "whose target seems to be in a third language",
    "repeated": "repeating an earlier pair",
    "leaked": "containing a sentence of a test set",
    "misaligned": "in misaligned stretches",
}
# What the user should check; cleaning keeps these pairs.
_FOR_REVIEW = {
    "several_targets": "whose source has several targets; those with the most:",
    "markup": "with HTML entities or tags",
}
# Pairs with these problems are not evidence of alignment or misalignment.
_IGNORED_IN_ALIGNMENT = (
    "empty",
    "too_long",
    "copied",
    *(kind for kind in _PROBLEMS if kind.endswith(("script", "side", "foreign"))),
)


class SelectedPairs:
    """Some of the pairs of a corpus, which can be iterated over any number of times.

    Args:
        pairs: all pairs.
        selected: bool [pairs]; which of them to yield.
    """

    def __init__(self, pairs: Iterable[Pair], selected: npt.NDArray[np.bool_]) -> None:
        self._pairs, self._selected = pairs, selected

    def __iter__(self) -> Iterator[Pair]:
        return itertools.compress(self._pairs, self._selected.tolist())


@dataclass(frozen=True)
class Inspection:
    """The problems of a corpus, and which pairs should be dropped.

    Attributes:
        report: the problems.
        reasons: all reasons for which a pair may be dropped, as texts.
        reason_indices: int64 [pairs]; for each pair the index in ``reasons``, or -1 to keep the pair.
    """

    report: CorpusReport
    reasons: list[str]
    reason_indices: npt.NDArray[np.int64]


def inspect_pairs(
    pairs: Iterable[Pair], test_sets: Sequence[TestSet] = (), config: DataConfig | None = None
) -> Inspection:
    """Finds all problems of a corpus.

    Args:
        pairs: the pairs, which are read several times.
        test_sets: test sets whose sentences should not be in the corpus.
        config: the limits of length and length ratio; by default those of training.

    Raises:
        DataError: if the pairs cannot be read.
    """
    config = config or DataConfig()
    for test_set in test_sets:
        test_set.reset()
    survey = survey_pairs(pairs, config.max_words, config.max_ratio, test_sets)
    skipped = dict(pairs.skipped) if isinstance(pairs, PairFiles) else {}
    scripts = [main_scripts(pair[side] for pair in survey.sample) for side in (0, 1)]
    languages = Languages.learn(survey.sample)
    _check_languages(survey, pairs, scripts, languages)
    alignment = find_misalignment(pairs, _has_any(survey, _IGNORED_IN_ALIGNMENT))
    first_equal = _first_equal_pairs(survey)
    _add_problems_of_several_pairs(survey, first_equal, alignment.stretches)
    texts = describe_flaws(config.max_words, config.max_ratio) | _PROBLEMS
    notes = _notes(survey, first_equal, test_sets)
    report = CorpusReport(
        pairs=survey.num_pairs,
        source=_sizes(survey, 0, scripts[0]),
        target=_sizes(survey, 1, scripts[1]),
        ratio=sum(survey.words[1]) / max(sum(survey.words[0]), 1),
        findings=_findings(survey, pairs, texts | _FOR_REVIEW, notes),
        stretches=alignment.stretches,
        fit=alignment.fit,
        parallel=alignment.parallel,
        languages_differ=languages.differ,
        leaks=[_leak_counts(test_set) for test_set in test_sets],
        skipped=skipped,
    )
    return Inspection(report, list(texts.values()), _reason_indices(survey, list(texts)))


def _check_languages(
    survey: Survey, pairs: Iterable[Pair], scripts: Sequence[frozenset[str]], languages: Languages
) -> None:
    """Records the lines that are in another script or another language than their side."""
    is_skipped = _has_any(survey, ("empty", "copied")).tolist()
    names = {WRONG_SIDE: "wrong_side", FOREIGN: "foreign"}
    for index, pair in enumerate(pairs):
        if is_skipped[index]:
            continue
        classes = languages.classify(pair)
        for side, side_name in enumerate(_SIDES):
            if not is_in_scripts(pair[side], scripts[side]):
                survey.add_problem(f"{side_name}_script", index)
            elif side_class := classes[side]:
                survey.add_problem(f"{side_name}_{names[side_class]}", index)


def _has_any(survey: Survey, kinds: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Returns which pairs have a problem of any of these kinds; bool [pairs]."""
    marked = np.zeros(survey.num_pairs, np.bool_)
    for kind in kinds:
        marked[np.array(survey.indices.get(kind, ()), np.int64)] = True
    return marked


def _first_equal_pairs(survey: Survey) -> npt.NDArray[np.int64]:
    """Returns for each pair the index of the first pair equal to it, which may be its own; int64 [pairs]."""
    _, first, inverse = np.unique(
        np.array(survey.pair_hashes, np.int64), return_index=True, return_inverse=True
    )
    return first[inverse]


def _add_problems_of_several_pairs(
    survey: Survey, first_equal: npt.NDArray[np.int64], stretches: Sequence[Stretch]
) -> None:
    """Records the problems that no pair shows by itself."""
    indices = np.arange(survey.num_pairs)
    for index in np.flatnonzero((first_equal != indices) & ~_has_any(survey, ["empty"])).tolist():
        survey.add_problem("repeated", index)
    for index in sorted(set().union(*survey.leaks)):
        survey.add_problem("leaked", index)
    is_misaligned = np.zeros(survey.num_pairs, np.bool_)
    for stretch in stretches:
        is_misaligned[max(stretch.first - 1 - _DOUBTFUL_LINES, 0) : stretch.last + _DOUBTFUL_LINES] = True
    for index in np.flatnonzero(is_misaligned).tolist():
        survey.add_problem("misaligned", index)


def _notes(
    survey: Survey, first_equal: npt.NDArray[np.int64], test_sets: Sequence[TestSet]
) -> dict[str, dict[int, str]]:
    """Returns for some kinds of findings the examples to show: the index of each pair, and a note on it."""
    notes: dict[str, dict[int, str]] = {"repeated": {}, "leaked": {}}
    for index in survey.indices.get("repeated", ())[:_NUM_EXAMPLES]:
        notes["repeated"][index] = f"repeats line {first_equal[index] + 1:,}"
    for test_set, leaks in zip(test_sets, survey.leaks, strict=True):
        for index, leak in itertools.islice(leaks.items(), _NUM_EXAMPLES):
            difference = "" if leak.exact else ", except for case, spaces or punctuation"
            notes["leaked"][index] = f"same {leak.part} as line {leak.line:,} of {test_set.name}{difference}"
    notes["several_targets"] = _several_targets(survey, first_equal)
    return notes


def _several_targets(survey: Survey, first_equal: npt.NDArray[np.int64]) -> dict[int, str]:
    """Records the pairs whose source has several targets; returns notes on the sources with the most."""
    distinct = np.unique(first_equal)
    hashes = np.array(survey.source_hashes, np.int64)[distinct]
    _, first, inverse, counts = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
    for index in distinct[counts[inverse] > 1].tolist():
        survey.add_problem("several_targets", index)
    most = np.argsort(-counts, kind="stable")[:_NUM_EXAMPLES]
    return {int(distinct[first[i]]): f"{counts[i]:,} targets" for i in most if counts[i] > 1}


def _findings(
    survey: Survey, pairs: Iterable[Pair], texts: dict[str, str], notes: dict[str, dict[int, str]]
) -> list[Finding]:
    """Returns all kinds of problems that were found, with examples."""
    kinds = [kind for kind in texts if survey.indices.get(kind) and kind != "misaligned"]
    chosen = {kind: list(notes.get(kind) or survey.indices[kind])[:_NUM_EXAMPLES] for kind in kinds}
    wanted = {index for indices in chosen.values() for index in indices}
    wanted_pairs = ((index, pair) for index, pair in enumerate(pairs) if index in wanted)
    texts_of_pairs = dict(itertools.islice(wanted_pairs, len(wanted)))
    findings = []
    for kind in kinds:
        kind_notes = notes.get(kind, {})
        examples = [Example(i + 1, *texts_of_pairs[i], kind_notes.get(i, "")) for i in chosen[kind]]
        count = len(survey.indices[kind])
        findings.append(Finding(kind, texts[kind], count, examples, dropped=kind not in _FOR_REVIEW))
    return findings


def _reason_indices(survey: Survey, kinds: Sequence[str]) -> npt.NDArray[np.int64]:
    """Returns for each pair the index of the first kind of problem that it has, or -1; int64 [pairs]."""
    reason_indices = np.full(survey.num_pairs, -1)
    for i in reversed(range(len(kinds))):
        reason_indices[np.array(survey.indices.get(kinds[i], ()), np.int64)] = i
    return reason_indices


def _sizes(survey: Survey, side: int, scripts: frozenset[str]) -> SideSizes:
    words = np.array(survey.words[side])
    return SideSizes(
        words=int(words.sum()),
        characters=sum(survey.characters[side]),
        median=float(np.median(words)),
        percentile_95=float(np.percentile(words, 95)),
        longest=int(words.max()),
        scripts=sorted(scripts),
    )


def _leak_counts(test_set: TestSet) -> LeakCounts:
    exact, normalized = (
        {part: len(lines) for part, lines in found.items()} for found in (test_set.exact, test_set.normalized)
    )
    return LeakCounts(test_set.name, len(test_set.pairs), exact, normalized)
