"""How a training went, as data: what is in ``report.json`` and drawn in ``report.html``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from translator.corpus.readers import Pair
from translator.decoding.translator import Translator
from translator.evaluation.scores import (
    LengthScore,
    Scores,
    bleu_by_length,
    evaluate,
    sentence_scores,
)
from translator.evaluation.translations import translate_pairs
from translator.files import atomic_write
from translator.model_folder import report_path
from translator.recipes import recipe_for
from translator.training.checkpoint import TrainingState
from translator.training.log import Evaluation, read_log
from translator.training.preparation import Prepared
from translator.training.settings import ExplainedSetting, explained_settings

_VERSION = 1
_NUM_SHOWN = 10  # sentences among the best, and among the worst


@dataclass(frozen=True)
class CorpusUse:
    """What became of the pairs of a corpus.

    Attributes:
        name: its files.
        read: pairs in them.
        dropped: reason -> how many were dropped for it.
        used: pairs that are trained on; others that were not dropped are held out, or have too many pieces.
    """

    name: str
    read: int
    dropped: dict[str, int]
    used: int


@dataclass(frozen=True)
class ScoredSentence:
    """A sentence of the dev set.

    Attributes:
        source, reference, translation: its texts.
        chrf: of the translation, from 0 to 100.
    """

    source: str
    reference: str
    translation: str
    chrf: float


@dataclass(frozen=True)
class DevReport:
    """The dev set, translated with the best weights and the search that the model has by default.

    Attributes:
        scores: of all of it.
        by_length: BLEU by the words of the source.
        best: sentences with the highest chrF, the highest first.
        worst: those with the lowest, the lowest first; none of the best.
    """

    scores: Scores
    by_length: list[LengthScore]
    best: list[ScoredSentence]
    worst: list[ScoredSentence]


@dataclass(frozen=True)
class TrainingReport:
    """How a training went.

    Attributes:
        version: of this form.
        source_language, target_language: as the user named them.
        finished: whether it ended by itself; else it was stopped.
        epochs, steps, seconds: how much was trained.
        best_step: the step with the best dev BLEU by greedy search.
        best_dev_bleu: that BLEU; None: it was never computed.
        evaluations: in order, over all pauses.
        corpora: those to learn from, and then the one to mix in, if any.
        recipe: the name of the recipe.
        settings: those that are not as by default.
        dev: the dev set; None where there are no weights yet.
    """

    version: int
    source_language: str
    target_language: str
    finished: bool
    epochs: int
    steps: int
    seconds: float
    best_step: int
    best_dev_bleu: float | None
    evaluations: list[Evaluation]
    corpora: list[CorpusUse]
    recipe: str
    settings: list[ExplainedSetting]
    dev: DevReport | None

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


def training_report(
    folder: Path, prepared: Prepared, state: TrainingState, initial: Path | None, dev: DevReport | None
) -> TrainingReport:
    """Brings together what is known of a training.

    Args:
        folder: the model folder.
        prepared: what it began with.
        state: its counters.
        initial: the folder of the model whose weights it began with, or None.
        dev: the dev set, translated.
    """
    config = prepared.config
    uses = zip(prepared.counts, prepared.corpus.parts, strict=True) if prepared.counts else ()
    return TrainingReport(
        version=_VERSION,
        source_language=config.source_language,
        target_language=config.target_language,
        finished=state.finished,
        epochs=state.epoch,
        steps=state.step,
        seconds=state.seconds,
        best_step=state.best_step,
        best_dev_bleu=state.best_score if state.best_score >= 0 else None,
        evaluations=read_log(folder),
        corpora=[CorpusUse(**asdict(counts), used=used) for counts, used in uses],
        recipe=recipe_for(prepared.num_pairs).name,
        settings=explained_settings(config, prepared.num_pairs, initial),
        dev=dev,
    )


def report_on_dev(translator: Translator, dev: Sequence[Pair]) -> DevReport:
    """Translates the dev set and scores it, whole and by the sentence."""
    sources, references = [pair.source for pair in dev], [pair.target for pair in dev]
    translations = translate_pairs(translator, dev)
    scores = sentence_scores(translations, references)
    rows = zip(sources, references, translations, scores, strict=True)
    scored = [ScoredSentence(*row) for row in rows]
    # Of equally good ones the longer are more of an achievement, of equally bad ones more of a failure.
    scored.sort(key=lambda one: (one.chrf, len(one.reference)), reverse=True)
    num_best = min(_NUM_SHOWN, (len(scored) + 1) // 2)
    others = sorted(scored[num_best:], key=lambda one: (one.chrf, -len(one.reference)))
    return DevReport(
        scores=evaluate(translations, references),
        by_length=bleu_by_length(sources, translations, references),
        best=scored[:num_best],
        worst=others[:_NUM_SHOWN],
    )


def write_report(folder: Path, report: TrainingReport) -> None:
    """Writes ``report.json`` into a model folder.

    Raises:
        ModelError: if it cannot be written.
    """
    with atomic_write(report_path(folder)) as path:
        text = json.dumps(report.to_dict(), ensure_ascii=False, indent=2) + "\n"
        path.write_text(text, encoding="utf-8", errors="replace")  # a file's name may be no text
