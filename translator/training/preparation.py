"""Everything before the first step: prepares the corpus, the settings and the model folder."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from translator.config import Config
from translator.corpus.dictionary_table import count_translations, write_dictionary_table
from translator.corpus.filters import PairBlock
from translator.corpus.lexicon import Lexicon
from translator.corpus.readers import Pair
from translator.corpus.sampling import sample_evenly
from translator.corpus.token_files import TokenFiles, fingerprint, read_index, write_token_files
from translator.corpus.tokenizer import Tokenizer, train_tokenizer
from translator.corpus.word_alignment import MAX_TRAINING_PAIRS, WordAligner
from translator.corpus.word_order import reverse_words
from translator.errors import ModelError
from translator.evaluation.dev_metric import resolve_dev_metric
from translator.files import atomic_write, is_unfinished
from translator.model_folder import (
    checkpoint_path,
    config_path,
    corpus_path,
    dictionary_path,
    diversification_path,
    lexicon_path,
    load_config,
    lock_path,
    previous_checkpoint_path,
    seed_folders,
    tokenizer_path,
    weights_path,
)
from translator.training.checkpoint import last_checkpoint, read_state
from translator.training.job import TrainingJob
from translator.training.settings import keep_config, settings_for, would_make_the_same_model
from translator.training.training_pairs import CorpusCounts, TrainingPairs, read_dev


@dataclass(frozen=True)
class Prepared:
    """What training starts with.

    Attributes:
        config: all settings.
        tokenizer: the tokenizer of both languages.
        corpus: the training pairs as token ids; the pairs to mix in, if any, are its last part.
        dev: the dev set.
        num_pairs: training pairs that people wrote; they decide on the recipe.
        counts: one for each part of the corpus; empty if an earlier version prepared it without counting.
    """

    config: Config
    tokenizer: Tokenizer
    corpus: TokenFiles
    dev: list[Pair]
    num_pairs: int
    counts: list[CorpusCounts]


def prepare(job: TrainingJob) -> Prepared:
    """Fills the model folder with settings, tokenizer and token ids, or opens what is there already.

    Raises:
        ConfigError: if a setting is not valid, or the folder holds a training with other settings.
        DataError: if the text cannot be used.
        ModelError: if the folder holds a training on other text, or a file is damaged or cannot be written.
    """
    folder = job.folder
    given = Config().override(job.overrides)
    dev = read_dev(job.files.dev, given)
    if job.initial_model is not None:
        load_config(job.initial_model)  # reports a missing model before any work
    text = _fingerprint_of(job, given)
    has_steps = _has_steps_on(text, folder)
    index = read_index(corpus_path(folder))
    if index is None and not has_steps and weights_path(folder).exists():
        raise ModelError(
            f"{folder}: holds a model whose training folder is gone, so its training cannot be resumed; give "
            "another --output"
        )
    if index is not None and index["fingerprint"] == text:
        known_dev = [Pair(*pair) for pair in index["dev"]] if dev is None else dev
        config = _settings_for(job, index["num_pairs"], known_dev)
        if has_steps or would_make_the_same_model(folder, config):
            keep_config(folder, config, has_steps)
            return _open_prepared(job, config, known_dev, index)
    with _garbage_collection_paused():
        return _prepare_anew(job, dev, text, has_steps)


def _settings_for(job: TrainingJob, num_pairs: int, dev: Sequence[Pair]) -> Config:
    """Returns all settings of a training, including the metric that suits its dev set."""
    config = settings_for(num_pairs, job.overrides, job.initial_model)
    metric = resolve_dev_metric(config.training.dev_metric, [pair.target for pair in dev])
    return config.override({"training.dev_metric": metric})


def _fingerprint_of(job: TrainingJob, config: Config) -> str:
    """Returns the fingerprint of the text, of the initial weights and of what decides on their use."""
    files = job.files
    texts = [*files.train, *([] if files.mix is None else [files.mix])]
    with_dev = [*texts, *([] if files.dev is None else [files.dev])]
    paths = [path for text in with_dev for path in (text.source, text.target)]
    paths.append(None if job.initial_model is None else weights_path(job.initial_model))
    return fingerprint(
        paths,
        files.dev is None,
        [text.weight for text in texts],
        files.mix is not None,
        (config.source_language, config.target_language),
    )


def _has_steps_on(text: str, folder: Path) -> bool:
    """Returns whether the folder holds a training that has made steps.

    Raises:
        ModelError: if those were on other text.
    """
    checkpoint = last_checkpoint(checkpoint_path(folder), previous_checkpoint_path(folder), lambda line: None)
    if checkpoint is None:
        return False
    if read_state(checkpoint).corpus != text:
        raise ModelError(
            f"{folder}: holds a training on other text, with other languages or weights, "
            "with another dev set or from another initial model; give the same as before, or another --output"
        )
    return True


def _open_prepared(job: TrainingJob, config: Config, dev: list[Pair], index: Mapping[str, Any]) -> Prepared:
    """Opens what an earlier run has prepared, and repeats its lines for the user."""
    for line in index["lines"]:
        job.report(line)
    counts = [CorpusCounts(**count) for count in index.get("counts", [])]
    tokenizer, corpus = Tokenizer.load(tokenizer_path(job.folder)), TokenFiles(corpus_path(job.folder))
    return Prepared(config, tokenizer, corpus, dev, index["num_pairs"], counts)


@contextlib.contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Pauses Python's search for reference cycles.

    Lines and their tokens never form any, and scanning millions of them again and again takes half the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _prepare_anew(job: TrainingJob, dev: list[Pair] | None, text: str, has_steps: bool) -> Prepared:
    """Reads, filters, tokenizes and aligns the text, and writes all of it into the model folder.

    Args:
        job: the training.
        dev: the dev set; None: some pairs are held out.
        text: the fingerprint of the text.
        has_steps: whether the folder holds a training that has made steps, so that its tokenizer stays.
    """
    folder, lines = job.folder, list[str]()

    def report(line: str) -> None:
        lines.append(line)
        job.report(line)

    pairs = TrainingPairs(job.files, dev, Config().override(job.overrides), report)
    config = _settings_for(job, pairs.num_pairs, pairs.dev)
    keep_config(folder, config, has_steps)
    sample, kept = pairs.sample, pairs.blocks()
    if config.model.right_to_left:
        sample = [Pair(source, reverse_words(target)) for source, target in sample]
        kept = [map(_with_targets_reversed, blocks) for blocks in kept]
    tokenizer = (
        Tokenizer.load(tokenizer_path(folder)) if has_steps else _tokenizer(job, config, sample, report)
    )
    aligner = _aligner(job, config, sample, tokenizer)
    weights: list[float | None] = [one.weight for one in job.files.train]
    if job.files.mix is not None:
        weights.append(None)

    def index_entries(num_long: int) -> dict[str, Any]:
        """Returns what the index keeps, once it is known how many pairs have too many tokens."""
        if num_long:
            report(f"left out: {num_long:,} with more than {config.data.max_tokens} tokens on one side")
        return {
            "num_pairs": pairs.num_pairs,
            "lines": lines,
            "dev": pairs.held_out,
            "counts": list(map(asdict, pairs.counts)),
        }

    write_token_files(
        corpus_path(folder),
        kept,
        tokenizer,
        config.data.max_tokens,
        aligner if config.training.guided_alignment else None,
        text,
        weights,
        index_entries,
    )
    return Prepared(
        config, tokenizer, TokenFiles(corpus_path(folder)), pairs.dev, pairs.num_pairs, pairs.counts
    )


def _with_targets_reversed(block: PairBlock) -> PairBlock:
    return PairBlock(block.sources, [*map(reverse_words, block.targets)])


def _tokenizer(
    job: TrainingJob, config: Config, sample: Iterable[Pair], report: Callable[[str], None]
) -> Tokenizer:
    """Takes over the tokenizer of another model or trains a new one, and writes it into the folder."""
    if job.vocabulary_from is not None:
        tokenizer = Tokenizer.load(tokenizer_path(job.vocabulary_from))
    else:
        wanted = config.tokenizer.vocabulary_size
        tokenizer = train_tokenizer([side for pair in sample for side in pair], wanted)
        if tokenizer.vocabulary_size < wanted:
            size = tokenizer.vocabulary_size
            report(f"tokenizer: {size:,} tokens; there is not enough text for {wanted:,}")
    with atomic_write(tokenizer_path(job.folder)) as path:
        path.write_bytes(tokenizer.model)
    return tokenizer


def _aligner(job: TrainingJob, config: Config, sample: Sequence[Pair], tokenizer: Tokenizer) -> WordAligner:
    """Learns from a sample of the pairs which tokens translate which.

    The likely translations of each token are written into the folder. If the network has a dictionary of its
    own to fill, the counted translations that it starts from are written, too.
    """
    max_tokens = config.data.max_tokens
    chosen = sample_evenly(sample, MAX_TRAINING_PAIRS)
    encoded = zip(*(tokenizer.encode([pair[side] for pair in chosen]) for side in (0, 1)), strict=True)
    short = [pair for pair in encoded if max(map(len, pair)) <= max_tokens]
    sources, targets = ([pair[side] for pair in short] for side in (0, 1))
    aligner = WordAligner(sources, targets, tokenizer.vocabulary_size)
    with atomic_write(lexicon_path(job.folder)) as path:
        Lexicon.from_table(aligner.table, tokenizer.num_special_tokens).write(path)
    if config.model.dictionary and job.initial_model is None:  # an initial model brings its dictionary along
        alignments = aligner.align(sources, targets)
        size, num_translations = tokenizer.vocabulary_size, config.model.dictionary
        table = count_translations(sources, targets, alignments, size, num_translations)
        with atomic_write(dictionary_path(job.folder)) as path:
            write_dictionary_table(path, table)
    return aligner


def check_folder(folder: Path, has_diversification: bool = False) -> None:
    """Checks that an output folder is, or can become, the folder of one model.

    Args:
        folder: the folder.
        has_diversification: whether the first models of a diversification may be there before the final one.

    Raises:
        ModelError: if the folder is or holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder}: is a file; give a folder as --output")
    if seed_folders(folder):
        raise ModelError(f"{folder}: holds models of several seeds; give the same --seeds, or a new folder")
    if has_diversification and diversification_path(folder).exists():
        return
    if not config_path(folder).exists() and not holds_only_leftovers(folder):
        raise ModelError(f"{folder}: holds other files and no model; give a new folder as --output")


def holds_only_leftovers(folder: Path) -> bool:
    """Returns whether a folder has no file but those of trainings that ended before they had settings."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return all(is_unfinished(path) or path == lock_path(path.parent.parent) for path in files)
