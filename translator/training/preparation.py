"""What comes before the first step: the corpus, the settings and the model folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from translator.config import Config, flatten
from translator.corpus.checks import looks_swapped
from translator.corpus.filters import evenly, filter_pairs
from translator.corpus.lexicon import Lexicon
from translator.corpus.readers import Pair, read_pairs
from translator.corpus.tokenizer import Tokenizer, train_tokenizer
from translator.corpus.word_alignment import MAX_PAIRS, WordAligner
from translator.errors import ConfigError, DataError, ModelError
from translator.files import replaced_when_complete
from translator.recipes import FINE_TUNING, config_for
from translator.training.model_folder import (
    config_path,
    lexicon_path,
    load_config,
    seed_folders,
    tokenizer_path,
)

Report = Callable[[str], None]

_MAX_DEV_PAIRS = 1000
_DEV_SHARE = 20  # one pair in so many is held out where no dev set is given
_DEV_SEED = 1  # the same choice for all seeds of a training, so that their models can translate together
# Settings that may change when a training goes on; all others would make another model of it.
_FREE_SETTINGS = ("training.max_epochs", "training.patience", "decoding.", "corpus.")
# Settings that a model brings along when another training begins with its weights.
_OF_THE_WEIGHTS = (
    "tokenizer.vocabulary_size",
    "model.units",
    "model.encoder_layers",
    "model.decoder_layers",
    "model.attention_heads",
)


@dataclass(frozen=True)
class CorpusFiles:
    """The text files of a training, line n of each source side for line n of its target side.

    Attributes:
        source, target: the training pairs.
        dev_source, dev_target: the pairs that training is steered by; None: some are held out.
        mix_source, mix_target: pairs of another kind to mix in; None: none.
    """

    source: Path
    target: Path
    dev_source: Path | None = None
    dev_target: Path | None = None
    mix_source: Path | None = None
    mix_target: Path | None = None


@dataclass(frozen=True)
class Corpus:
    """The pairs of a training.

    Attributes:
        pairs: to learn from.
        dev: to steer by.
        mixed: to mix in.
        num_read: pairs to learn from before any was dropped; the recipe follows from it.
    """

    pairs: list[Pair]
    dev: list[Pair]
    mixed: list[Pair]
    num_read: int


def prepare_corpus(
    files: CorpusFiles, overrides: Mapping[str, Any], initial: Path | None, report: Report
) -> tuple[Corpus, Config]:
    """Reads and filters the text, and finds the settings for so many pairs.

    Args:
        files: where the text is.
        overrides: settings by dotted path, in place of the recipe's.
        initial: the folder of the model whose weights training begins with, or None.
        report: takes each line for the user.

    Raises:
        ConfigError: if a setting is not valid, or a side of a set is missing.
        DataError: if the text cannot be used.
    """
    dev = _read_dev(files)
    mixed = _both(files.mix_source, files.mix_target, "mixed pairs have", "mix_source and mix_target")
    pairs = read_pairs(files.source, files.target)
    if dev is not None and looks_swapped(pairs, dev):
        raise DataError(
            f"{files.dev_source} and {files.dev_target} look swapped: their words are those of "
            f"{files.target} and {files.source}; give source and target in the same order"
        )
    num_read = len(pairs)
    config = _settings(num_read, overrides, initial)
    limits = config.data.max_words, config.data.max_ratio
    pairs, filter_report = filter_pairs(pairs, *limits)
    report(f"corpus: {filter_report}")
    if mixed is not None:
        mixed, filter_report = filter_pairs(mixed, *limits)
        report(f"to mix in: {filter_report}")
    if dev is None:
        pairs, dev = _hold_out(pairs)
        report(f"dev set: {len(dev):,} pairs held out of the corpus, since none was given")
    if not pairs:
        raise DataError(
            f"{files.source} and {files.target}: no pair is left to train on; look at the reasons above"
        )
    return Corpus(pairs, dev, mixed or [], num_read), config


def _settings(num_pairs: int, overrides: Mapping[str, Any], initial: Path | None) -> Config:
    """The recipe for so many pairs, what the model to begin with brings along, and the user's settings."""
    config = config_for(num_pairs)
    if initial is None:
        return config.override(overrides)
    before = flatten(dataclasses.asdict(load_config(initial)))
    brought = {path: before[path] for path in _OF_THE_WEIGHTS}
    config = config.override({path: value for path, value, _ in FINE_TUNING} | brought)
    config = config.override(overrides)
    now = flatten(dataclasses.asdict(config))
    changed = [f"{path} is {before[path]!r} there" for path in _OF_THE_WEIGHTS if now[path] != before[path]]
    if changed:
        raise ConfigError(f"{initial}: its weights have another shape ({', '.join(changed)})")
    return config


def _both(source: Path | None, target: Path | None, what: str, names: str) -> list[Pair] | None:
    """Reads a set of pairs that may be left out as a whole."""
    if source is None and target is None:
        return None
    if source is None or target is None:
        raise ConfigError(f"{what} two sides: give both {names}, or neither")
    return read_pairs(source, target)


def _read_dev(files: CorpusFiles) -> list[Pair] | None:
    """Reads the dev set, of a long one an even selection; None if no files are given."""
    pairs = _both(files.dev_source, files.dev_target, "a dev set has", "dev_source and dev_target")
    if pairs is None:
        return None
    pairs = [pair for pair in pairs if pair.source.strip()]
    if not pairs:
        raise DataError(f"{files.dev_source}: holds only blank lines; give a dev set, or leave it out")
    return list(evenly(pairs, _MAX_DEV_PAIRS))


def _hold_out(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Takes a dev set out of the training pairs, with all other pairs of the same source."""
    if len(pairs) < 2:
        raise DataError(
            f"only {len(pairs)} pair is left after filtering; training needs at least some hundred"
        )
    number = max(1, min(_MAX_DEV_PAIRS, len(pairs) // _DEV_SHARE))
    chosen = np.random.default_rng(_DEV_SEED).choice(len(pairs), number, replace=False)
    dev = [pairs[i] for i in sorted(chosen)]
    sources = {pair.source for pair in dev}
    return [pair for pair in pairs if pair.source not in sources], dev


def check_folder(folder: Path) -> None:
    """Checks that an output folder is, or can become, the folder of one model.

    Raises:
        ModelError: if it is something else.
    """
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder}: is a file; give a folder as --output")
    if seed_folders(folder):
        raise ModelError(f"{folder}: holds models of several seeds; give the same --seeds, or a new folder")
    if folder.is_dir() and not config_path(folder).exists() and any(folder.iterdir()):
        raise ModelError(f"{folder}: holds other files and no model; give a new folder as --output")


def write_config(folder: Path, config: Config) -> None:
    """Writes the settings into the model folder."""
    with replaced_when_complete(config_path(folder)) as path:
        path.write_text(config.to_json(), encoding="utf-8")


def prepare_folder(
    folder: Path, config: Config, corpus: Corpus, initial: Path | None, report: Report
) -> tuple[Tokenizer, WordAligner]:
    """Makes the model folder, or checks the one that is there.

    Args:
        folder: the model folder.
        config: all settings.
        corpus: the pairs to learn a tokenizer and a lexical table from.
        initial: the folder of a model whose tokenizer is taken over, or None.
        report: takes each line for the user.

    Returns:
        The tokenizer in it, and what aligns the pieces of the corpus.

    Raises:
        ConfigError: if a training with other settings is there.
        ModelError: if a file is damaged or cannot be written.
    """
    if config_path(folder).exists():
        _check_same_settings(folder, load_config(folder), config)
    write_config(folder, config)
    pairs = [*corpus.pairs, *corpus.mixed]
    if tokenizer_path(folder).exists():
        tokenizer = Tokenizer.load(tokenizer_path(folder))
    else:
        tokenizer = (
            Tokenizer.load(tokenizer_path(initial)) if initial else _new_tokenizer(config, pairs, report)
        )
        with replaced_when_complete(tokenizer_path(folder)) as path:
            path.write_bytes(tokenizer.model)
    chosen = evenly(pairs, MAX_PAIRS)
    sources, targets = (tokenizer.encode([pair[side] for pair in chosen]) for side in (0, 1))
    aligner = WordAligner(sources, targets, tokenizer.vocabulary_size)
    if not lexicon_path(folder).exists():
        with replaced_when_complete(lexicon_path(folder)) as path:
            Lexicon.of(aligner.table, tokenizer.num_reserved).write(path)
    return tokenizer, aligner


def _new_tokenizer(config: Config, pairs: Sequence[Pair], report: Report) -> Tokenizer:
    wanted = config.tokenizer.vocabulary_size
    tokenizer = train_tokenizer([side for pair in pairs for side in pair], wanted)
    if tokenizer.vocabulary_size < wanted:
        report(f"tokenizer: {tokenizer.vocabulary_size:,} pieces; the text has not enough for {wanted:,}")
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
