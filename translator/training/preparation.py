"""What comes before the first step: the corpus, the settings and the model folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from translator.config import Config
from translator.corpus.checks import looks_swapped
from translator.corpus.filters import evenly
from translator.corpus.lexicon import Lexicon
from translator.corpus.readers import Pair, read_pairs, stream_pairs
from translator.corpus.survey import Survey
from translator.corpus.token_files import TokenFiles, fingerprint, read_index, write_token_files
from translator.corpus.tokenizer import Tokenizer, train_tokenizer
from translator.corpus.word_alignment import MAX_PAIRS, WordAligner
from translator.errors import ConfigError, DataError, ModelError
from translator.files import replaced_when_complete
from translator.training.checkpoint import last_checkpoint, read_state
from translator.training.model_folder import (
    checkpoint_path,
    config_path,
    corpus_path,
    lexicon_path,
    load_config,
    previous_checkpoint_path,
    seed_folders,
    tokenizer_path,
    weights_path,
)
from translator.training.settings import settings_for, settle

Report = Callable[[str], None]

_MAX_SAMPLE = 1_000_000  # pairs that tokenizer and word alignments are learned from
_MAX_DEV_PAIRS = 1000
_DEV_SHARE = 20  # one pair in so many is held out where no dev set is given
_DEV_SEED = 1  # the same choice for all seeds of a training, so that their models can translate together


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
class Prepared:
    """What the first step needs.

    Attributes:
        config: all settings.
        tokenizer: the tokenizer of both languages.
        corpus: the pairs to learn from, and after them those to mix in.
        dev: the pairs to steer by.
        num_read: pairs to learn from before any was dropped; the recipe follows from it.
    """

    config: Config
    tokenizer: Tokenizer
    corpus: TokenFiles
    dev: list[Pair]
    num_read: int


def prepare(
    files: CorpusFiles, overrides: Mapping[str, Any], initial: Path | None, folder: Path, report: Report
) -> Prepared:
    """Makes the model folder with settings, tokenizer and the text as piece ids, or opens the one there is.

    Args:
        files: where the text is.
        overrides: settings by dotted path, in place of the recipe's.
        initial: the folder of the model whose weights training begins with, or None.
        folder: the model folder.
        report: takes each line for the user.

    Raises:
        ConfigError: if a setting is not valid, a side of a set is missing, or a training with other settings
            is in the folder.
        DataError: if the text cannot be used.
        ModelError: if a training on other text is in the folder, or a file is damaged or cannot be written.
    """
    dev = _read_dev(files)
    _check_both(files.mix_source, files.mix_target, "mixed pairs have", "mix_source and mix_target")
    if initial is not None:
        load_config(initial)  # a missing model is told before any work
    text = fingerprint(
        [
            *(files.source, files.target, files.mix_source, files.mix_target),
            None if initial is None else weights_path(initial),
        ],
        dev is None,
    )
    checkpoint = last_checkpoint(checkpoint_path(folder), previous_checkpoint_path(folder), lambda line: None)
    if checkpoint is not None and read_state(checkpoint).corpus != text:
        raise ModelError(
            f"{folder}: holds a training on other text or from another start; give another --output, or "
            "remove the folder"
        )
    index = read_index(corpus_path(folder))
    if index is None or index["fingerprint"] != text:
        return _prepare_anew(
            files, overrides, initial, folder, report, dev, text, keep=checkpoint is not None
        )
    config = settings_for(index["num_read"], overrides, initial)
    settle(folder, config)
    for line in index["lines"]:
        report(line)
    tokenizer, corpus = Tokenizer.load(tokenizer_path(folder)), TokenFiles(corpus_path(folder))
    if dev is None:
        dev = [Pair(*sides) for sides in index["dev"]]
    return Prepared(config, tokenizer, corpus, dev, index["num_read"])


def _prepare_anew(
    files: CorpusFiles,
    overrides: Mapping[str, Any],
    initial: Path | None,
    folder: Path,
    report: Report,
    dev: list[Pair] | None,
    text: str,
    keep: bool,
) -> Prepared:
    """Reads, filters and writes the text; ``keep`` says whether the tokenizer that is there stays."""
    limits = Config().override(overrides).data  # no recipe changes what is dropped
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        report(line)

    def look_at(source: Path, target: Path) -> Survey:
        pairs = partial(stream_pairs, source, target)
        return Survey(pairs, limits.max_words, limits.max_ratio, _MAX_SAMPLE)

    own = look_at(files.source, files.target)
    if dev is not None and looks_swapped(own.sample, dev):
        raise DataError(
            f"{files.dev_source} and {files.dev_target} look swapped: their words are those of "
            f"{files.target} and {files.source}; give source and target in the same order"
        )
    tell(f"corpus: {own.report}")
    surveys = [own]
    if files.mix_source is not None and files.mix_target is not None:
        surveys.append(look_at(files.mix_source, files.mix_target))
        tell(f"to mix in: {surveys[1].report}")
    config = settings_for(own.report.num_read, overrides, initial)
    held_out = None
    if dev is None:
        dev = held_out = _hold_out(own)
        tell(f"dev set: {len(dev):,} pairs held out of the corpus, since none was given")
    hidden = {pair.source for pair in held_out or ()}
    if all(pair.source in hidden for pair in own.sample):
        raise DataError(
            f"{files.source} and {files.target}: no pair is left to train on; look at the reasons above"
        )
    settle(folder, config)
    sample = [pair for survey in surveys for pair in survey.sample if pair.source not in hidden]
    tokenizer = _tokenizer(config, sample, initial, folder, tell, keep)
    aligner = _aligner(sample, tokenizer, folder)
    write_token_files(
        corpus_path(folder),
        [(pair for pair in own.kept() if pair.source not in hidden), *(more.kept() for more in surveys[1:])],
        tokenizer,
        config.data.max_pieces,
        aligner if config.training.guided_alignment else None,
        text,
        {"num_read": own.report.num_read, "lines": lines, "dev": held_out},
    )
    return Prepared(config, tokenizer, TokenFiles(corpus_path(folder)), dev, own.report.num_read)


def _check_both(source: Path | None, target: Path | None, what: str, names: str) -> bool:
    """Whether a set of pairs that may be left out is given; raises ConfigError for one side alone."""
    if (source is None) != (target is None):
        raise ConfigError(f"{what} two sides: give both {names}, or neither")
    return source is not None


def _read_dev(files: CorpusFiles) -> list[Pair] | None:
    """Reads the dev set, of a long one an even selection; None if no files are given."""
    source, target = files.dev_source, files.dev_target
    _check_both(source, target, "a dev set has", "dev_source and dev_target")
    if source is None or target is None:
        return None
    pairs = [pair for pair in read_pairs(source, target) if pair.source.strip()]
    if not pairs:
        raise DataError(f"{source}: holds only blank lines; give a dev set, or leave it out")
    return list(evenly(pairs, _MAX_DEV_PAIRS))


def _hold_out(survey: Survey) -> list[Pair]:
    """Chooses a dev set among the pairs to learn from."""
    kept = survey.report.num_kept
    if kept < 2:
        raise DataError(f"only {kept} pair is left after filtering; training needs at least some hundred")
    number = max(1, min(_MAX_DEV_PAIRS, kept // _DEV_SHARE))
    chosen = set(np.random.default_rng(_DEV_SEED).choice(kept, number, replace=False).tolist())
    return [pair for i, pair in enumerate(survey.kept()) if i in chosen]


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


def _tokenizer(
    config: Config, sample: Sequence[Pair], initial: Path | None, folder: Path, report: Report, keep: bool
) -> Tokenizer:
    """The tokenizer that is kept, that of the model to begin with, or a new one; it is in the folder then."""
    if keep:
        return Tokenizer.load(tokenizer_path(folder))
    if initial is not None:
        tokenizer = Tokenizer.load(tokenizer_path(initial))
    else:
        wanted = config.tokenizer.vocabulary_size
        tokenizer = train_tokenizer([side for pair in sample for side in pair], wanted)
        if tokenizer.vocabulary_size < wanted:
            report(f"tokenizer: {tokenizer.vocabulary_size:,} pieces; the text has not enough for {wanted:,}")
    with replaced_when_complete(tokenizer_path(folder)) as path:
        path.write_bytes(tokenizer.model)
    return tokenizer


def _aligner(sample: Sequence[Pair], tokenizer: Tokenizer, folder: Path) -> WordAligner:
    """Learns which pieces translate which; the likely ones go into the folder."""
    chosen = evenly(sample, MAX_PAIRS)
    sources, targets = (tokenizer.encode([pair[side] for pair in chosen]) for side in (0, 1))
    aligner = WordAligner(sources, targets, tokenizer.vocabulary_size)
    with replaced_when_complete(lexicon_path(folder)) as path:
        Lexicon.of(aligner.table, tokenizer.num_reserved).write(path)
    return aligner
