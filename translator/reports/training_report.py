"""Collects how a training went: the data of ``report.json``, which ``report.html`` shows as charts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from translator.corpus.readers import Pair
from translator.decoding.translator import Translator
from translator.evaluation.dev_metric import bleu_tokenizer
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

_VERSION = 2
_NUM_SHOWN = 10  # best sentences, and as many worst ones


@dataclass(frozen=True)
class CorpusUse:
    """How many pairs of a corpus were read, dropped and trained on.

    Attributes:
        name: the files of the corpus.
        read: number of pairs in the files.
        dropped: number of dropped pairs by reason.
        used: number of pairs trained on; the rest were dropped or have too many tokens.
    """

    name: str
    read: int
    dropped: dict[str, int]
    used: int


@dataclass(frozen=True)
class ScoredSentence:
    """A sentence of the dev set with its translation.

    Attributes:
        source: the source sentence.
        reference: the reference translation.
        translation: the model's translation.
        chrf: sentence chrF of the translation, from 0 to 100.
    """

    source: str
    reference: str
    translation: str
    chrf: float


@dataclass(frozen=True)
class DevReport:
    """Scores of the dev set, translated with the best weights and the model's default search options.

    Attributes:
        scores: scores of the whole dev set.
        by_length: BLEU by source length in words.
        best: the sentences with the highest chrF, highest first.
        worst: the sentences with the lowest chrF, lowest first; disjoint from ``best``.
    """

    scores: Scores
    by_length: list[LengthScore]
    best: list[ScoredSentence]
    worst: list[ScoredSentence]


@dataclass(frozen=True)
class TrainingReport:
    """How a training went.

    Attributes:
        version: version of this format.
        source_language, target_language: the languages as the user named them.
        finished: whether training ended by itself; otherwise it was stopped.
        epochs, steps, seconds: how long the model was trained, in epochs, steps and seconds.
        best_step: the step with the best dev score by greedy search.
        dev_metric: name of the metric of the dev score.
        best_dev_score: that score, from 0 to 100; None if there was no evaluation yet.
        evaluations: all evaluations in order, including those before a resume.
        corpora: the training corpora, followed by the corpus that is mixed in, if any.
        recipe: name of the recipe.
        settings: the settings that differ from their defaults.
        dev: scores of the dev set; None if there are no weights yet.
    """

    version: int
    source_language: str
    target_language: str
    finished: bool
    epochs: int
    steps: int
    seconds: float
    best_step: int
    dev_metric: str
    best_dev_score: float | None
    evaluations: list[Evaluation]
    corpora: list[CorpusUse]
    recipe: str
    settings: list[ExplainedSetting]
    dev: DevReport | None

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON."""
        return asdict(self)


def build_training_report(
    folder: Path, prepared: Prepared, state: TrainingState, initial: Path | None, dev: DevReport | None
) -> TrainingReport:
    """Collects the report of a training.

    Args:
        folder: the model folder.
        prepared: settings, corpus and dev set of the training.
        state: counters of the training.
        initial: folder of the model whose weights training started from, or None.
        dev: scores of the dev set, if it could be translated.
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
        dev_metric=config.training.dev_metric_name,
        best_dev_score=state.best_score if state.best_score >= 0 else None,
        evaluations=read_log(folder),
        corpora=[CorpusUse(**asdict(counts), used=used) for counts, used in uses],
        recipe=recipe_for(prepared.num_pairs).name,
        settings=explained_settings(config, prepared.num_pairs, initial),
        dev=dev,
    )


def build_dev_report(translator: Translator, dev: Sequence[Pair]) -> DevReport:
    """Translates the dev set and scores it as a whole, by length and sentence by sentence."""
    sources, references = [pair.source for pair in dev], [pair.target for pair in dev]
    translations = translate_pairs(translator, dev)
    tokenizer = bleu_tokenizer(translator.config.training.dev_metric, references)
    scores = sentence_scores(translations, references)
    rows = zip(sources, references, translations, scores, strict=True)
    sentences = [ScoredSentence(*row) for row in rows]
    # Of equal scores, those of longer sentences count more: as a greater success, or a greater failure.
    sentences.sort(key=lambda sentence: (-sentence.chrf, -len(sentence.reference)))
    num_best = min(_NUM_SHOWN, (len(sentences) + 1) // 2)
    others = sorted(sentences[num_best:], key=lambda sentence: (sentence.chrf, -len(sentence.reference)))
    return DevReport(
        scores=evaluate(translations, references, tokenizer),
        by_length=bleu_by_length(sources, translations, references, tokenizer),
        best=sentences[:num_best],
        worst=others[:_NUM_SHOWN],
    )


def write_report_json(folder: Path, report: TrainingReport) -> None:
    """Writes ``report.json`` into a model folder.

    Raises:
        ModelError: if the file cannot be written.
    """
    with atomic_write(report_path(folder)) as path:
        text = json.dumps(report.to_dict(), ensure_ascii=False, indent=2) + "\n"
        path.write_text(text, encoding="utf-8", errors="replace")  # file names may hold undecodable bytes
