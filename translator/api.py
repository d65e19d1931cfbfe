"""The main jobs from end to end: what Python users call and what the command line wraps."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from translator.config import Config, flatten, read_toml
from translator.corpus.checks import looks_swapped
from translator.corpus.filters import evenly, filter_pairs
from translator.corpus.lexicon import MAX_PAIRS, learn_lexicon
from translator.corpus.readers import Pair, read_pairs
from translator.corpus.tokenizer import Tokenizer, train_tokenizer
from translator.decoding.glossary import Glossary
from translator.decoding.translator import Translator
from translator.errors import ConfigError, DataError, ModelError
from translator.evaluation.minimum_bayes_risk import minimum_bayes_risk as least_risk
from translator.evaluation.scores import Scores
from translator.evaluation.scores import evaluate as score_translations
from translator.recipes import config_for, recipe_for
from translator.training.callbacks import report_to_standard_error
from translator.training.checkpoint import replaced_when_complete
from translator.training.model_folder import config_path, lexicon_path, load_config, tokenizer_path
from translator.training.trainer import Trainer

_MAX_DEV_PAIRS = 1000
_DEV_SHARE = 20  # one pair in so many is held out where no dev set is given
# Settings that may change when a training goes on; all others would make another model of it.
_FREE_SETTINGS = ("training.max_epochs", "training.patience", "decoding.", "corpus.")


def load(folder: str | Path, *more_folders: str | Path) -> Translator:
    """Loads a trained model, or several that translate together.

    Args:
        folder: what was given to training as ``output``.
        more_folders: other models of the same vocabulary.

    Raises:
        ModelError: if there is no complete model of this version, or the vocabularies differ.
    """
    return Translator.load(folder, *more_folders)


def train(
    source: str | Path,
    target: str | Path,
    output: str | Path,
    *,
    source_language: str = "source",
    target_language: str = "target",
    dev_source: str | Path | None = None,
    dev_target: str | Path | None = None,
    config_file: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    tensorboard: str | Path | None = None,
    report: Callable[[str], None] = report_to_standard_error,
) -> Translator:
    """Trains a translator, or goes on with a training that was interrupted.

    Args:
        source: the source side of the training pairs, a text file with one sentence a line.
        target: the target side; line n is the translation of line n.
        output: the model folder to write.
        source_language: name of the source language, for people.
        target_language: name of the target language, for people.
        dev_source: source side of the pairs that training is steered by; None: some are held out.
        dev_target: target side of these.
        config_file: a TOML file of settings that replace the recipe's.
        settings: settings by dotted path, which replace those of the file.
        tensorboard: a folder for TensorBoard logs.
        report: takes each line for the user.

    Returns:
        The translator with the best weights on the dev set.

    Raises:
        ConfigError: if a setting is not valid.
        DataError: if the text cannot be used.
        ModelError: if the folder cannot be used.
    """
    folder = Path(output)
    overrides = (read_toml(Path(config_file)) if config_file else {}) | dict(settings or {})
    overrides |= {"source_language": source_language, "target_language": target_language}
    Config().override(overrides)  # a wrong setting is told before any work
    _check_folder(folder)
    more_callbacks = _tensorboard(tensorboard)
    dev = _read_dev(dev_source, dev_target)
    pairs = read_pairs(Path(source), Path(target))
    if dev is not None and looks_swapped(pairs, dev):
        raise DataError(
            f"{dev_source} and {dev_target} look swapped: their words are those of {target} and {source}; "
            "give source and target in the same order"
        )
    config = config_for(len(pairs)).override(overrides)
    pairs, filter_report = filter_pairs(pairs, config.data.max_words, config.data.max_ratio)
    report(f"corpus: {filter_report}")
    if dev is None:
        pairs, dev = _hold_out(pairs, config.training.seed)
        report(f"dev set: {len(dev):,} pairs held out of the corpus, since none was given")
    if not pairs:
        raise DataError(f"{source} and {target}: no pair is left to train on; look at the reasons above")
    _warn_of_size(len(pairs), report)
    report(f"recipe: {recipe_for(filter_report.num_read).name}; all settings in {config_path(folder)}")
    tokenizer = _prepare(folder, config, pairs, report)
    trainer = Trainer(config, tokenizer, pairs, folder)
    config = dataclasses.replace(config, corpus=trainer.corpus)
    _write_config(folder, config)
    report(_model_line(trainer, tokenizer, config))
    if trainer.resumed:
        state = trainer.state
        report(
            f"resumed after epoch {state.epoch}, step {state.step:,}; best dev BLEU {state.best_score:.2f}"
        )
    translator = Translator([trainer.network], tokenizer, config)
    trainer.train(_dev_score(translator, dev), report, more_callbacks)
    report(f"done: best dev BLEU {trainer.state.best_score:.2f}; model in {folder}")
    return Translator.load(folder)


def evaluate(
    translator: Translator,
    source: str | Path,
    reference: str | Path,
    *,
    tokenize: str | None = None,
    lowercase: bool = False,
    glossary: Glossary | None = None,
    minimum_bayes_risk: bool = False,
    **options: Any,
) -> tuple[Scores, list[str]]:
    """Translates a test set and scores it.

    Args:
        translator: the translator.
        source: the source side, a text file.
        reference: the target side.
        tokenize: sacreBLEU's tokenizer for BLEU; None: its default.
        lowercase: whether case is ignored.
        glossary: as for ``Translator.translate``.
        minimum_bayes_risk: whether to choose among the hypotheses that were asked for by their agreement.
        options: as for ``Translator.translate``.

    Returns:
        The scores and the translations.

    Raises:
        ConfigError: if an option is not valid.
        DataError: if the text cannot be used.
    """
    pairs = read_pairs(Path(source), Path(reference))
    found = translator.translate_lines((pair.source for pair in pairs), glossary=glossary, **options)
    if minimum_bayes_risk:
        are_samples = options.get("sampling", False)
        found = (least_risk([one, *one.alternatives], are_samples=are_samples) for one in found)
    hypotheses = [translation.text for translation in found]
    references = [pair.target for pair in pairs]
    return score_translations(hypotheses, references, tokenize, lowercase), hypotheses


def _read_dev(source: str | Path | None, target: str | Path | None) -> list[Pair] | None:
    """Reads the dev set, of a long one an even selection; None if no files are given."""
    if source is None and target is None:
        return None
    if source is None or target is None:
        raise ConfigError("a dev set has two sides: give both dev_source and dev_target, or neither")
    pairs = [pair for pair in read_pairs(Path(source), Path(target)) if pair.source.strip()]
    if not pairs:
        raise DataError(f"{source}: holds only blank lines; give a dev set, or leave it out")
    return list(evenly(pairs, _MAX_DEV_PAIRS))


def _hold_out(pairs: Sequence[Pair], seed: int) -> tuple[list[Pair], list[Pair]]:
    """Takes a dev set out of the training pairs, with all other pairs of the same source."""
    if len(pairs) < 2:
        raise DataError(
            f"only {len(pairs)} pair is left after filtering; training needs at least some hundred"
        )
    number = max(1, min(_MAX_DEV_PAIRS, len(pairs) // _DEV_SHARE))
    chosen = np.random.default_rng(seed).choice(len(pairs), number, replace=False)
    dev = [pairs[i] for i in sorted(chosen)]
    sources = {pair.source for pair in dev}
    return [pair for pair in pairs if pair.source not in sources], dev


def _warn_of_size(num_pairs: int, report: Callable[[str], None]) -> None:
    if num_pairs < 1000:
        report(f"warning: {num_pairs:,} pairs are very few; expect little more than memorized phrases")


def _check_folder(folder: Path) -> None:
    """Raises ModelError if the output folder cannot become, or is not, a model folder."""
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder}: is a file; give a folder as --output")
    if folder.is_dir() and not config_path(folder).exists() and any(folder.iterdir()):
        raise ModelError(f"{folder}: holds other files and no model; give a new folder as --output")


def _write_config(folder: Path, config: Config) -> None:
    with replaced_when_complete(config_path(folder)) as path:
        path.write_text(config.to_json(), encoding="utf-8")


def _prepare(folder: Path, config: Config, pairs: Sequence[Pair], report: Callable[[str], None]) -> Tokenizer:
    """Makes the model folder, or checks the one that is there; returns the tokenizer in it."""
    if config_path(folder).exists():
        _check_same_settings(folder, load_config(folder), config)
    _write_config(folder, config)
    if tokenizer_path(folder).exists():
        tokenizer = Tokenizer.load(tokenizer_path(folder))
    else:
        wanted = config.tokenizer.vocabulary_size
        tokenizer = train_tokenizer([side for pair in pairs for side in pair], wanted)
        with replaced_when_complete(tokenizer_path(folder)) as path:
            path.write_bytes(tokenizer.model)
        if tokenizer.vocabulary_size < wanted:
            report(f"tokenizer: {tokenizer.vocabulary_size:,} pieces; the text has not enough for {wanted:,}")
    if not lexicon_path(folder).exists():
        chosen = evenly(pairs, MAX_PAIRS)
        sources, targets = (tokenizer.encode([pair[side] for pair in chosen]) for side in (0, 1))
        lexicon = learn_lexicon(sources, targets, tokenizer.vocabulary_size, tokenizer.num_reserved)
        with replaced_when_complete(lexicon_path(folder)) as path:
            lexicon.write(path)
    return tokenizer


def _check_same_settings(folder: Path, old: Config, new: Config) -> None:
    """Raises ConfigError if a training in the folder cannot go on with the new settings."""
    before, now = (flatten(dataclasses.asdict(config)) for config in (old, new))
    changed = [path for path in now if now[path] != before[path] and not path.startswith(_FREE_SETTINGS)]
    if changed:
        changes = ", ".join(f"{path} was {before[path]!r} and is now {now[path]!r}" for path in changed)
        raise ConfigError(
            f"{folder}: holds a training with other settings ({changes}); give the old ones to go "
            "on with it, or another --output"
        )


def _model_line(trainer: Trainer, tokenizer: Tokenizer, config: Config) -> str:
    model, data = config.model, config.data
    return (
        f"model: {trainer.network.count_params() / 1e6:.1f} million weights; {model.units} units, "
        f"{model.encoder_layers}+{model.decoder_layers} layers, {tokenizer.vocabulary_size:,} pieces, "
        f"dropout {model.dropout:g}, word dropout {model.word_dropout:g}, "
        f"batches of {data.batch_tokens:,} pieces"
    )


def _dev_score(translator: Translator, dev: Sequence[Pair]) -> Callable[[], float]:
    """Dev BLEU with greedy search: five times as fast as a beam, and it rises and falls alike."""
    sources, references = [pair.source for pair in dev], [pair.target for pair in dev]

    def score() -> float:
        translations = translator.translate(sources, beam_size=1, alignments=False)
        return score_translations([t.text for t in translations], references).bleu.score

    return score


def _tensorboard(folder: str | Path | None) -> list[Any]:
    """The Keras callback that writes TensorBoard logs, if they are wanted."""
    if folder is None:
        return []
    if importlib.util.find_spec("tensorboard") is None:
        raise ConfigError("TensorBoard is not installed; run: pip install tensorboard")
    import keras

    return [keras.callbacks.TensorBoard(log_dir=str(folder), update_freq="epoch", write_graph=False)]
