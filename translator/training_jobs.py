"""From files to trained models: one, several of different seeds, and the first ones of a diversification."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from translator.decoding.translator import Translator
from translator.errors import ModelError
from translator.evaluation.scores import ScoreStatistics
from translator.evaluation.translations import dev_score
from translator.model_folder import (
    config_path,
    diversification_path,
    load_config,
    seed_folder,
    seed_folders,
)
from translator.recipes import recipe_for, small_corpus_warning
from translator.reports.report_files import write_report_files
from translator.training.callbacks import tensorboard_callbacks
from translator.training.corpus_files import CorpusFiles
from translator.training.diversification import Diversification
from translator.training.interruption import StoppedError
from translator.training.lock import locked
from translator.training.preparation import check_folder, prepare
from translator.training.settings import write_config
from translator.training.trainer import Trainer


def diversified(
    files: CorpusFiles,
    folder: Path,
    overrides: Mapping[str, Any],
    teacher: Path | None,
    tensorboard: str | Path | None,
    report: Callable[[str], None],
) -> Diversification:
    """Trains the first models of a diversification and translates the text with them.

    Args:
        files: the text; none of it to mix in.
        folder: the model folder, or that of the models of several seeds; all is kept within it.
        overrides: settings by dotted path, in place of the recipe's.
        teacher: the folder of the model, or of those of several seeds, to take as the forward one, or None.
        tensorboard: a folder for TensorBoard logs, or None.
        report: takes each line for the user.

    Returns:
        It, with what the final model learns from.

    Raises:
        ConfigError, DataError, ModelError: as ``translator.train``.
    """
    kept = diversification_path(folder)
    if not kept.exists() and (config_path(folder).exists() or seed_folders(folder)):
        raise ModelError(f"{folder}: holds a model that was trained without diversify; give another --output")
    with locked(kept):
        diversification = Diversification(files, overrides, teacher, kept, report)
        forward, backward = diversification.first_models
        each_and_other = ((forward, backward), (backward, forward))
        for model, other in each_and_other:
            is_needed = not model.has_translated() or (other.is_reranked and not other.has_translated())
            if is_needed and model.overrides is not None:
                report(f"the {model.name} model:")
                logs = None if tensorboard is None else Path(tensorboard) / model.name
                train_one(model.files, model.folder, model.overrides, None, None, logs, report)
        for model, other in each_and_other:
            if model.has_translated():
                report(f"the {model.name} model has translated the text")
                continue
            report(f"the {model.name} model translates the text")
            judge = other.folder if model.is_reranked else None
            translator = Translator.load(model.folder, backward=judge)
            model.write_translations(partial(_texts_by, translator))
        report("the model that learns from the text and from both translations of it:")
    return diversification


def _texts_by(translator: Translator, lines: list[str]) -> list[str]:
    return [translation.text for translation in translator.translate(lines, alignments=False)]


def train_several(
    files: CorpusFiles,
    folder: Path,
    overrides: dict[str, Any],
    initial: Path | None,
    vocabulary_of: Path | None,
    seeds: int,
    tensorboard: str | Path | None,
    report: Callable[[str], None],
) -> None:
    """Trains models of the seeds 1 to ``seeds``, each into a folder of its own in ``folder``.

    All other arguments, and errors, are as of ``train_one``.
    """
    if config_path(folder).exists():
        raise ModelError(f"{folder}: holds one model; give a new folder as --output for several seeds")
    best = []
    for seed in range(1, seeds + 1):
        report(f"model {seed} of {seeds}:")
        check_folder(seed_folder(folder, seed))
        logs = None if tensorboard is None else seed_folder(Path(tensorboard), seed)
        its = overrides | {"training.seed": seed}
        one = train_one(files, seed_folder(folder, seed), its, initial, vocabulary_of, logs, report)
        best.append(one)
    statistics = ScoreStatistics.of(best)
    report(f"{seeds} models: best dev BLEU {statistics}; {folder} translates with all of them together")


def train_one(
    files: CorpusFiles,
    folder: Path,
    overrides: Mapping[str, Any],
    initial: Path | None,
    vocabulary_of: Path | None,
    tensorboard: str | Path | None,
    report: Callable[[str], None],
) -> float:
    """Trains one model, or goes on with a training that was interrupted.

    Args:
        files: the text.
        folder: the model folder.
        overrides: settings by dotted path, in place of the recipe's.
        initial: the folder of a model whose weights training begins with, or None.
        vocabulary_of: the folder of a model whose vocabulary to take; None: of ``initial``, or a new one.
        tensorboard: a folder for TensorBoard logs, or None.
        report: takes each line for the user.

    Returns:
        Its best dev BLEU.

    Raises:
        ConfigError, DataError, ModelError: as ``translator.train``.
    """
    more_callbacks = tensorboard_callbacks(tensorboard)
    with locked(folder):
        prepared = prepare(files, overrides, initial, folder, report, vocabulary_of)
        config, tokenizer = prepared.config, prepared.tokenizer
        trainer = Trainer(config, tokenizer, prepared.corpus, folder, initial=initial, report=report)
        facts = trainer.corpus
        if initial is not None:  # its weights may have seen longer sentences than there are now
            longest = max(facts.longest_source, load_config(initial).max_source_tokens)
            facts = dataclasses.replace(facts, longest_source=longest)
        written_by_people = min(facts.num_pairs, prepared.num_pairs)
        if few := small_corpus_warning(written_by_people):
            report(f"warning: {few}")
        report(f"recipe: {recipe_for(prepared.num_pairs).name}; all settings in {config_path(folder)}")
        config = dataclasses.replace(config, corpus=facts)
        write_config(folder, config)
        report(f"model: {trainer}")
        if trainer.resumed:
            state = trainer.state
            best = f"; best dev BLEU {state.best_score:.2f}" if state.best_score >= 0 else ""
            report(f"resumed after epoch {state.epoch}, step {state.step:,}{best}")
        translator = Translator([trainer.network], tokenizer, config)
        try:
            trainer.train(dev_score(translator, prepared.dev), report, more_callbacks)
        except StoppedError:
            write_report_files(folder, prepared, trainer.state, initial, report)
            raise
        report(f"done: best dev BLEU {trainer.state.best_score:.2f}; model in {folder}")
        write_report_files(folder, prepared, trainer.state, initial, report)
        return trainer.state.best_score
