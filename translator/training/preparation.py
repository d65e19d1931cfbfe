"""What comes before the first step: the corpus, the settings and the model folder."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from translator.config import Config
from translator.corpus.checks import looks_swapped
from translator.corpus.filters import Block, evenly
from translator.corpus.formats.pair_files import stream_pairs
from translator.corpus.lexicon import Lexicon
from translator.corpus.readers import Pair
from translator.corpus.selection import Selection
from translator.corpus.token_files import TokenFiles, fingerprint, read_index, write_token_files
from translator.corpus.tokenizer import Tokenizer, train_tokenizer
from translator.corpus.word_alignment import MAX_PAIRS, WordAligner
from translator.errors import DataError, ModelError
from translator.files import replaced_when_complete
from translator.training.checkpoint import last_checkpoint, read_state
from translator.training.corpus_files import CorpusFiles, ParallelText
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

_MAX_SAMPLE = 500_000  # pairs that tokenizer and word alignments are learned from
_MAX_DEV_PAIRS = 1000
_DEV_SHARE = 20  # one pair in so many is held out where no dev set is given
_DEV_SEED = 1  # the same choice for all seeds of a training, so that their models can translate together


@dataclass(frozen=True)
class CorpusCounts:
    """What became of the pairs of a corpus.

    Attributes:
        name: its files.
        read: pairs in them.
        dropped: reason -> how many were dropped for it; that and ``read`` give how many were kept.
    """

    name: str
    read: int
    dropped: dict[str, int]


@dataclass(frozen=True)
class Prepared:
    """What the first step needs.

    Attributes:
        config: all settings.
        tokenizer: the tokenizer of both languages.
        corpus: the pairs to learn from, and after them those to mix in.
        dev: the pairs to steer by.
        num_read: pairs to learn from before any was dropped; the recipe follows from it.
        counts: of each part of the corpus; none where an earlier version has counted.
    """

    config: Config
    tokenizer: Tokenizer
    corpus: TokenFiles
    dev: list[Pair]
    num_read: int
    counts: list[CorpusCounts]


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
        ConfigError: if a setting is not valid, or a training with other settings is in the folder.
        DataError: if the text cannot be used.
        ModelError: if a training on other text is in the folder, or a file is damaged or cannot be written.
    """
    languages = _languages(overrides)
    dev = _read_dev(files.dev, languages)
    if initial is not None:
        load_config(initial)  # a missing model is told before any work
    texts = [*files.train, *([] if files.mix is None else [files.mix])]
    paths = [path for text in texts for path in (text.source, text.target)]
    text = fingerprint(
        [*paths, None if initial is None else weights_path(initial)],
        *(dev is None, [text.weight for text in texts], files.mix is not None, languages),
    )
    checkpoint = last_checkpoint(checkpoint_path(folder), previous_checkpoint_path(folder), lambda line: None)
    if checkpoint is not None and read_state(checkpoint).corpus != text:
        raise ModelError(
            f"{folder}: holds a training on other text or from another start; give another --output, or "
            "remove the folder"
        )
    index = read_index(corpus_path(folder))
    if index is None or index["fingerprint"] != text:
        with _no_search_for_garbage():
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
    counts = [CorpusCounts(**count) for count in index.get("counts", [])]
    return Prepared(config, tokenizer, corpus, dev, index["num_read"], counts)


@contextlib.contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Pauses Python's search for objects that hold each other alive.

    Lines and their pieces never do, and to look through millions of them again and again takes half the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


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
    languages = _languages(overrides)
    lines: list[str] = []
    counts: list[CorpusCounts] = []

    def tell(line: str) -> None:
        lines.append(line)
        report(line)

    def look_at(text: ParallelText) -> Selection:
        pairs = partial(stream_pairs, text.source, text.target, *languages)
        selection = Selection(pairs, limits.max_words, limits.max_ratio, _MAX_SAMPLE)
        counts.append(CorpusCounts(str(text), selection.report.num_read, selection.report.dropped))
        return selection

    selections = [look_at(one) for one in files.train]
    sample = [pair for selection in selections for pair in selection.sample]
    if dev is not None and looks_swapped(sample, dev):
        raise DataError(
            f"{files.dev} look swapped: their words are those of the other side of {files.train[0]}; give "
            "source and target in the same order"
        )
    for one, selection in zip(files.train, selections, strict=True):
        tell(f"{'corpus' if len(selections) == 1 else one}: {selection.report}")
    num_read = sum(selection.report.num_read for selection in selections)
    config = settings_for(num_read, overrides, initial)
    held_out = None
    if dev is None:
        dev = held_out = _hold_out(selections)
        tell(f"dev set: {len(dev):,} pairs held out of the corpus, since none was given")
    hidden = {pair.source for pair in held_out or ()}
    sample = [pair for pair in sample if pair.source not in hidden]
    if not sample:
        raise DataError(f"{files.train[0]}: no pair is left to train on; look at the reasons above")
    weights: list[float | None] = [one.weight for one in files.train]
    if files.mix is not None:
        selections.append(look_at(files.mix))
        weights.append(None)
        sample += selections[-1].sample
        tell(f"to mix in: {selections[-1].report}")
    settle(folder, config)
    tokenizer = _tokenizer(config, sample, initial, folder, tell, keep)
    aligner = _aligner(sample, tokenizer, folder)
    write_token_files(
        corpus_path(folder),
        [_without(hidden, selection.kept()) for selection in selections],
        tokenizer,
        config.data.max_pieces,
        aligner if config.training.guided_alignment else None,
        text,
        weights,
        {"num_read": num_read, "lines": lines, "dev": held_out, "counts": list(map(asdict, counts))},
    )
    return Prepared(config, tokenizer, TokenFiles(corpus_path(folder)), dev, num_read, counts)


def _languages(overrides: Mapping[str, Any]) -> tuple[str, str]:
    """The codes by which a side is found where one file holds both."""
    config = Config().override(overrides)
    return config.source_language, config.target_language


def _read_dev(text: ParallelText | None, languages: tuple[str, str]) -> list[Pair] | None:
    """Reads the dev set, of a long one an even selection; None if no files are given."""
    if text is None:
        return None
    pairs = [pair for pair in stream_pairs(text.source, text.target, *languages) if pair.source.strip()]
    if not pairs:
        raise DataError(f"{text.source}: holds only blank lines; give a dev set, or leave it out")
    return list(evenly(pairs, _MAX_DEV_PAIRS))


def _hold_out(selections: Sequence[Selection]) -> list[Pair]:
    """Chooses a dev set among the pairs to learn from."""
    kept = sum(selection.report.num_kept for selection in selections)
    if kept < 2:
        raise DataError(f"only {kept} pair is left after filtering; training needs at least some hundred")
    number = max(1, min(_MAX_DEV_PAIRS, kept // _DEV_SHARE))
    chosen = set(np.random.default_rng(_DEV_SEED).choice(kept, number, replace=False).tolist())
    pairs = (pair for selection in selections for block in selection.kept() for pair in block.pairs())
    return [pair for i, pair in enumerate(pairs) if i in chosen]


def _without(hidden: Container[str], blocks: Iterable[Block]) -> Iterator[Block]:
    """The pairs but for those with a source that is hidden."""
    for block in blocks:
        yield block.chosen(np.flatnonzero([source not in hidden for source in block.sources]))


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
