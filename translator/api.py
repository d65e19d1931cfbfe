"""The main jobs from end to end: what Python users call and what the command line wraps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Unpack

from translator.config import read_toml
from translator.corpus.readers import read_pairs
from translator.decoding.glossary import Glossary
from translator.decoding.inspection import Inspection
from translator.decoding.translator import Translator
from translator.evaluation.comparison import Comparison, compare_translations
from translator.evaluation.dev_metric import bleu_tokenizer
from translator.evaluation.scores import Scores, check_bleu_tokenizer
from translator.evaluation.scores import evaluate as score_translations
from translator.evaluation.test_set_check import warnings_about_test_set
from translator.evaluation.translations import translate_pairs
from translator.files import check_writable
from translator.reports.comparison_page import write_comparison_page
from translator.reports.page import check_drawing_packages, write_html, write_pngs
from translator.runtime import set_threads_per_operation
from translator.search_options import SearchKeywords
from translator.training.corpus_files import CorpusFiles, Files, optional_text, training_texts
from translator.training.job import TrainingJob
from translator.training.progress import report_to_standard_error
from translator.training_jobs import run_job


def load(
    model: str | Path,
    *,
    ensemble: Files = (),
    backward: str | Path | Translator | None = None,
    right_to_left: str | Path | Translator | None = None,
    threads: int | None = 1,
) -> Translator:
    """Loads a trained model, or several that translate together.

    Args:
        model: the folder that was given to training as ``output``. Trained with several seeds, it holds an
            ensemble.
        ensemble: the folders of other models with the same vocabulary that translate together with it.
        backward: a model of the opposite direction, of any vocabulary, which reranks the best hypotheses by
            the probability with which it would write the source again: its folder, or the loaded model.
            Training with ``diversify`` leaves one in ``training/diversification/backward``.
        right_to_left: a model of the same direction, of any vocabulary, that was trained with the setting
            ``model.right_to_left`` and reranks the best hypotheses: its folder, or the loaded model.
        threads: threads per TensorFlow operation, for the whole process. One is fastest for translation,
            because several batches are translated side by side. It takes effect only if TensorFlow has not
            computed anything yet. None leaves the setting alone, which suits a process that trains later.

    Raises:
        ModelError: if there is no complete model of this version, the vocabularies differ, or a reranking
            model has the wrong direction.
    """
    if threads is not None:
        set_threads_per_operation(threads)
    return Translator.load(model, ensemble, backward=backward, right_to_left=right_to_left)


def _loaded(model: str | Path | Translator) -> Translator:
    """The translator itself, or the one in a model folder."""
    return model if isinstance(model, Translator) else load(model)


def train(
    source: Files,
    target: Files,
    output: str | Path,
    *,
    pairs: Files = (),
    weights: Mapping[str, float] | None = None,
    source_language: str | None = None,
    target_language: str | None = None,
    dev_source: str | Path | None = None,
    dev_target: str | Path | None = None,
    mix_source: str | Path | None = None,
    mix_target: str | Path | None = None,
    init_from: str | Path | None = None,
    diversify: bool = False,
    teacher: str | Path | None = None,
    seeds: int = 1,
    config: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    tensorboard: str | Path | None = None,
    report: Callable[[str], None] = report_to_standard_error,
) -> Translator:
    """Trains a translator, or resumes a training that was interrupted.

    Args:
        source: the source side of the training pairs, a text file with one sentence per line; or several.
        target: the target side; line n is the translation of line n. With several source files, give
            one target file for each.
        output: the model folder to write; ``report.html`` in it shows how the training went.
        pairs: more training pairs, or all of them if ``source`` and ``target`` are empty: files that hold
            both sides, in TSV, TMX, PO or XLIFF; ``-`` is standard input.
        weights: name of a file of ``source`` or ``pairs`` -> how often an epoch takes each of its pairs;
            below 1, a different random share in each epoch. Files that are not named have weight 1.
        source_language: name of the source language, which also selects it in a TMX file; None: as in the
            settings, or in the model of ``init_from`` or ``teacher``.
        target_language: name of the target language, likewise.
        dev_source: source side of the dev set, which decides when training ends and which weights are the
            best; None: some training pairs are held out for it.
        dev_target: target side of the dev set.
        mix_source: source side of other pairs, such as general or back-translated text, from which each epoch
            draws the share of its pairs that the setting ``data.mixed_share`` gives; None: there are none.
        mix_target: target side of these pairs.
        init_from: a model folder; training starts from its weights and takes over its vocabulary.
        diversify: whether to train a forward and a backward model first and to learn also from their
            translations of the text (Nguyen et al. 2020, arXiv 1911.01986); they stay in
            ``training/diversification`` in ``output``.
        teacher: with ``diversify``, the folder of a model, or of the models of several seeds, that
            translates the sources in place of a forward model. Its vocabulary is always taken over, so that
            teacher and student can translate together. If the teacher was trained with ``diversify`` itself,
            its backward model is used again, and so are that model's translations of the same text.
        seeds: how many models to train, with seeds 1, 2 and so on, into ``seed-1``, ``seed-2`` and so on in
            ``output``; 1: one model, into ``output`` itself, with the seed of the settings.
        config: a TOML file of settings that replace the recipe's.
        settings: settings by dotted path, which replace those of the file.
        tensorboard: a folder for TensorBoard logs.
        report: a function that is called with each line of progress.

    Returns:
        The translator with the weights that are best on the dev set; with several seeds, their ensemble.

    Raises:
        ConfigError: if a setting is not valid.
        DataError: if the text cannot be used.
        ModelError: if a folder cannot be used.
    """
    overrides = (read_toml(Path(config)) if config else {}) | dict(settings or {})
    languages = {"source_language": source_language, "target_language": target_language}
    job = TrainingJob(
        files=CorpusFiles(
            training_texts(source, target, pairs, weights or {}),
            optional_text(dev_source, dev_target, "a dev set has", "dev_source and dev_target"),
            optional_text(mix_source, mix_target, "mixed pairs have", "mix_source and mix_target"),
        ),
        folder=Path(output),
        overrides=overrides | {language: name for language, name in languages.items() if name is not None},
        initial_model=None if init_from is None else Path(init_from),
        diversify=diversify,
        teacher=None if teacher is None else Path(teacher),
        num_seeds=seeds,
        tensorboard=None if tensorboard is None else Path(tensorboard),
        report=report,
    ).with_inherited_settings()
    run_job(job)
    return Translator.load(job.folder)


def evaluate(
    model: str | Path | Translator,
    source: str | Path,
    reference: str | Path,
    *,
    tokenize: str | None = None,
    lowercase: bool = False,
    glossary: Glossary | Mapping[str, str] | None = None,
    minimum_bayes_risk: bool = False,
    report: Callable[[str], None] = report_to_standard_error,
    **options: Unpack[SearchKeywords],
) -> tuple[Scores, list[str]]:
    """Translates a test set and scores it.

    Args:
        model: the translator, or a model folder.
        source: the source side of the test set, a text file.
        reference: the target side.
        tokenize: sacreBLEU's tokenizer for BLEU; None: the one that the model was trained with.
        lowercase: whether to ignore case.
        glossary: as for ``Translator.translate``.
        minimum_bayes_risk: whether to choose, of the ``n_best`` hypotheses or samples, the one that agrees
            most with the others.
        report: a function that is called with each warning about the test set, such as empty references.
        options: as for ``Translator.translate``.

    Returns:
        The scores and the translations.

    Raises:
        ConfigError: if an option is not valid or has no effect.
        DataError: if the text cannot be used.
        ModelError: if there is no complete model.
    """
    check_bleu_tokenizer(tokenize)
    pairs = read_pairs(Path(source), Path(reference))
    translator = _loaded(model)
    hypotheses = translate_pairs(translator, pairs, glossary, minimum_bayes_risk, options)
    for warning in warnings_about_test_set(pairs, hypotheses):
        report(f"warning: {warning}")
    references = [pair.target for pair in pairs]
    tokenize = tokenize or bleu_tokenizer(translator.config.training.dev_metric, references)
    return score_translations(hypotheses, references, tokenize, lowercase), hypotheses


def compare(
    first: str | Path | Translator,
    second: str | Path | Translator,
    source: str | Path,
    reference: str | Path,
    *,
    names: tuple[str, str] = ("first", "second"),
    output: str | Path | None = None,
    tokenize: str | None = None,
    lowercase: bool = False,
    glossary: Glossary | Mapping[str, str] | None = None,
    minimum_bayes_risk: bool = False,
    report: Callable[[str], None] = report_to_standard_error,
    **options: Unpack[SearchKeywords],
) -> Comparison:
    """Translates a test set with two translators; says which is better, and whether by more than chance.

    Args:
        first: a translator, or a model folder.
        second: another, whose vocabulary may differ.
        source: the source side of the test set, a text file.
        reference: the target side.
        names: what to call the two.
        output: an HTML page to write, with the sentences that differ most side by side; None: no page.
        tokenize: sacreBLEU's tokenizer for BLEU; None: the one that the first model was trained with.
        lowercase: as for ``evaluate``.
        glossary: as for ``evaluate``.
        minimum_bayes_risk: as for ``evaluate``.
        report: as for ``evaluate``.
        options: as for ``evaluate``.

    Returns:
        Both models' scores, their significance, and the sentences that differ most.

    Raises:
        ConfigError: if an option is not valid or has no effect, or the packages that draw the page are not
            installed.
        DataError: if the text cannot be used.
        ModelError: if there is no complete model, or the page cannot be written.
    """
    if output is not None:
        check_drawing_packages()
        check_writable(Path(output))
    check_bleu_tokenizer(tokenize)
    pairs = read_pairs(Path(source), Path(reference))
    translators = _loaded(first), _loaded(second)
    translations, other_translations = (
        (name, translate_pairs(translator, pairs, glossary, minimum_bayes_risk, options))
        for name, translator in zip(names, translators, strict=True)
    )
    references = [pair.target for pair in pairs]
    tokenize = tokenize or bleu_tokenizer(translators[0].config.training.dev_metric, references)
    for warning in warnings_about_test_set(pairs, translations[1]):
        report(f"warning: {warning}")
    comparison = compare_translations(pairs, translations, other_translations, tokenize, lowercase)
    if output is not None:
        write_comparison_page(Path(output), comparison)
    return comparison


def inspect(
    model: str | Path | Translator,
    text: str,
    output: str | Path | None = None,
    *,
    png: str | Path | None = None,
    **options: Unpack[SearchKeywords],
) -> Inspection:
    """Translates a sentence as ``Translator.inspect`` does, and draws what happens inside.

    Args:
        model: the translator, or the folder of one model.
        text: the sentence.
        output: the HTML file to write, with one picture for each part; it needs no network. None: no page.
        png: a folder for the same pictures as PNG files, light and dark; None: no PNG files.
        options: as for ``Translator.inspect``.

    Returns:
        The numbers behind the pictures.

    Raises:
        ConfigError: if an option is not valid or has no effect, there are several models, or the packages
            that draw are not installed.
        DataError: if the text is empty or too long.
        ModelError: if there is no complete model, or a file cannot be written.
    """
    if output is None and png is None:
        return _loaded(model).inspect(text, **options)
    check_drawing_packages()
    from translator.reports.inspection.sentence_page import sentence_page

    inspection = _loaded(model).inspect(text, **options)
    page = sentence_page(inspection)
    if output is not None:
        write_html(page, Path(output))
    if png is not None:
        write_pngs(page, Path(png))
    return inspection
