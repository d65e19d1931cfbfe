"""Runs a training job from files to trained models: one, several of different seeds, or a diversification."""

from __future__ import annotations

import dataclasses
import shlex
import tempfile
from functools import partial
from pathlib import Path

from translator.config import CorpusFacts
from translator.decoding.translator import Translator
from translator.devices import unused_gpu_message
from translator.errors import ModelError
from translator.evaluation.scores import ScoreStatistics
from translator.evaluation.translations import dev_score
from translator.model_folder import (
    config_path,
    diversification_path,
    load_config,
    seed_folders,
    weights_path,
)
from translator.recipes import recipe_for, small_corpus_warning
from translator.reports.report_files import write_report_files
from translator.training.callbacks import tensorboard_callbacks
from translator.training.corpus_files import keep_standard_input
from translator.training.diversification import Diversification
from translator.training.interruption import StoppedError
from translator.training.job import TrainingJob
from translator.training.lock import locked
from translator.training.preparation import Prepared, check_folder, holds_only_leftovers, prepare
from translator.training.settings import write_config
from translator.training.trainer import Trainer


def run_job(job: TrainingJob) -> None:
    """Trains all models of a job, or resumes them where a training was interrupted.

    Raises:
        ConfigError, DataError, ModelError: as ``translator.train``.
    """
    if message := unused_gpu_message():
        job.report(f"warning: {message}")
    with tempfile.TemporaryDirectory() as folder_for_input:
        job = dataclasses.replace(job, files=keep_standard_input(job.files, Path(folder_for_input)))
        if job.num_seeds == 1:
            check_folder(job.folder, has_diversification=job.diversify)
        backward = None
        if job.diversify:
            diversification = train_first_models(job)
            backward = diversification.first_models[1].folder
            job = dataclasses.replace(job, files=diversification.files)
        if job.num_seeds == 1:
            train_one(job)
        else:
            train_several(job)
    if backward is not None and weights_path(backward).exists():
        job.report(f"to rerank with the backward model: --backward {shlex.quote(str(backward))}")


def train_first_models(job: TrainingJob) -> Diversification:
    """Trains the first models of a diversification and translates the text with them.

    Args:
        job: what the final model is trained on; it has no text to mix in.

    Returns:
        The diversification, whose ``files`` the final model learns from.

    Raises:
        ConfigError, DataError, ModelError: as ``translator.train``.
    """
    folder = diversification_path(job.folder)
    if holds_only_leftovers(folder) and (config_path(job.folder).exists() or seed_folders(job.folder)):
        raise ModelError(
            f"{job.folder}: holds a model that was trained without diversify; give another --output"
        )
    with locked(folder):
        diversification = Diversification(job)
        forward, backward = diversification.first_models
        model_pairs = ((forward, backward), (backward, forward))
        for model, other in model_pairs:
            is_needed = not model.has_translated() or (other.is_reranked and not other.has_translated())
            if is_needed and model.job is not None:
                job.report(f"the {model.name} model:")
                train_one(model.job)
        for model, other in model_pairs:
            if model.has_translated():
                job.report(f"the {model.name} model has translated the text")
                continue
            job.report(f"the {model.name} model translates the text")
            reranker = other.folder if model.is_reranked else None
            translator = Translator.load(model.folder, backward=reranker)
            model.write_translations(partial(_translated_lines, translator))
        job.report("final model (text + forward + backward translations):")
    return diversification


def _translated_lines(translator: Translator, lines: list[str]) -> list[str]:
    return [translation.text for translation in translator.translate(lines, alignments=False)]


def train_several(job: TrainingJob) -> None:
    """Trains the models of the seeds 1 to ``num_seeds``, each in a folder of its own.

    Raises:
        ConfigError, DataError, ModelError: as ``translator.train``.
    """
    if config_path(job.folder).exists():
        raise ModelError(f"{job.folder}: holds one model; give a new folder as --output for several seeds")
    best_scores = []
    for seed in range(1, job.num_seeds + 1):
        job.report(f"model {seed} of {job.num_seeds}:")
        seed_job = job.for_seed(seed)
        check_folder(seed_job.folder)
        best_scores.append(train_one(seed_job))
    statistics = ScoreStatistics.of(best_scores)
    metric = load_config(seed_folders(job.folder)[0]).training.dev_metric_name
    job.report(
        f"{job.num_seeds} models: best dev {metric} {statistics}; {job.folder} translates with all of them "
        "together"
    )


def train_one(job: TrainingJob) -> float:
    """Trains one model, or resumes a training that was interrupted.

    Returns:
        Its best dev score.

    Raises:
        ConfigError, DataError, ModelError: as ``translator.train``.
    """
    more_callbacks = tensorboard_callbacks(job.tensorboard)
    with locked(job.folder):
        prepared = prepare(job)
        trainer = Trainer(
            prepared.config,
            prepared.tokenizer,
            prepared.corpus,
            job.folder,
            initial_model=job.initial_model,
            report=job.report,
        )
        config = dataclasses.replace(prepared.config, corpus=_corpus_facts(job, trainer))
        metric = config.training.dev_metric_name
        _report_start(job, prepared, config.corpus.num_pairs)
        write_config(job.folder, config)
        job.report(f"model: {trainer}")
        if trainer.resumed:
            state = trainer.state
            best = f"; best dev {metric} {state.best_score:.2f}" if state.best_score >= 0 else ""
            job.report(f"resumed after epoch {state.epoch}, step {state.step:,}{best}")
        translator = Translator([trainer.network], prepared.tokenizer, config)
        try:
            trainer.train(dev_score(translator, prepared.dev), job.report, more_callbacks)
        except StoppedError:
            write_report_files(job, prepared, trainer.state)
            raise
        job.report(f"done: best dev {metric} {trainer.state.best_score:.2f}; model in {job.folder}")
        write_report_files(job, prepared, trainer.state)
        return trainer.state.best_score


def _corpus_facts(job: TrainingJob, trainer: Trainer) -> CorpusFacts:
    """Returns the facts about the corpus that the configuration keeps."""
    facts = trainer.corpus
    if job.initial_model is None:
        return facts
    # The initial weights may have been trained on longer sentences than this corpus has.
    longest = max(facts.longest_source, load_config(job.initial_model).max_source_tokens)
    return dataclasses.replace(facts, longest_source=longest)


def _report_start(job: TrainingJob, prepared: Prepared, num_pairs: int) -> None:
    """Reports the recipe, and warns if few of the ``num_pairs`` training pairs were written by people."""
    if warning := small_corpus_warning(min(num_pairs, prepared.num_pairs)):
        job.report(f"warning: {warning}")
    job.report(f"recipe: {recipe_for(prepared.num_pairs).name}; all settings in {config_path(job.folder)}")
