"""What comes before the first step: the corpus, the settings and the model folder."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from translator.training.corpus_files import CorpusFiles
from translator.training.settings import settings_are, settings_for, settle
from translator.training.training_pairs import CorpusCounts, TrainingPairs, read_dev

Report = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """What the first step needs.

    Attributes:
        config: all settings.
        tokenizer: the tokenizer of both languages.
        corpus: the pairs to learn from, and after them those to mix in.
        dev: the pairs to steer by.
        num_pairs: pairs to learn from that people wrote; the recipe follows from it.
        counts: of each part of the corpus; none where an earlier version has counted.
    """

    config: Config
    tokenizer: Tokenizer
    corpus: TokenFiles
    dev: list[Pair]
    num_pairs: int
    counts: list[CorpusCounts]


def prepare(
    files: CorpusFiles,
    overrides: Mapping[str, Any],
    initial: Path | None,
    folder: Path,
    report: Report,
    vocabulary_of: Path | None = None,
) -> Prepared:
    """Makes the model folder with settings, tokenizer and the text as piece ids, or opens the one there is.

    Args:
        files: where the text is.
        overrides: settings by dotted path, in place of the recipe's.
        initial: the folder of the model whose weights training begins with, or None.
        folder: the model folder.
        report: takes each line for the user.
        vocabulary_of: the folder of a model whose vocabulary to take; None: of ``initial``, or a new one.

    Raises:
        ConfigError: if a setting is not valid, or a training with other settings is in the folder.
        DataError: if the text cannot be used.
        ModelError: if a training on other text is in the folder, or a file is damaged or cannot be written.
    """
    given = Config().override(overrides)
    dev = read_dev(files.dev, given)
    if initial is not None:
        load_config(initial)  # a missing model is told before any work
    texts = [*files.train, *([] if files.mix is None else [files.mix])]
    sides = [*texts, *([] if files.dev is None else [files.dev])]
    paths = [path for text in sides for path in (text.source, text.target)]
    text = fingerprint(
        [*paths, None if initial is None else weights_path(initial)],
        *(
            files.dev is None,
            [text.weight for text in texts],
            files.mix is not None,
            (given.source_language, given.target_language),
        ),
    )
    checkpoint = last_checkpoint(checkpoint_path(folder), previous_checkpoint_path(folder), lambda line: None)
    if checkpoint is not None and read_state(checkpoint).corpus != text:
        raise ModelError(
            f"{folder}: holds a training on other text, with other languages or weights, "
            "with another dev set or from another start; give all that as before, or another --output"
        )
    begun = checkpoint is not None
    index = read_index(corpus_path(folder))
    if index is None and not begun and weights_path(folder).exists():
        raise ModelError(
            f"{folder}: holds a model whose training folder is gone, so that nothing can go on with it; give "
            "another --output"
        )
    config = None
    if index is not None and index["fingerprint"] == text:
        config = settings_for(index["num_pairs"], overrides, initial)
    if index is None or config is None or not (begun or settings_are(folder, config)):
        with _no_search_for_garbage():
            brought = vocabulary_of or initial
            return _prepare_anew(files, overrides, initial, brought, folder, report, dev, text, begun)
    settle(folder, config, begun)
    for line in index["lines"]:
        report(line)
    tokenizer, corpus = Tokenizer.load(tokenizer_path(folder)), TokenFiles(corpus_path(folder))
    if dev is None:
        dev = [Pair(*sides) for sides in index["dev"]]
    counts = [CorpusCounts(**count) for count in index.get("counts", [])]
    return Prepared(config, tokenizer, corpus, dev, index["num_pairs"], counts)


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
    vocabulary_of: Path | None,
    folder: Path,
    report: Report,
    dev: list[Pair] | None,
    text: str,
    begun: bool,
) -> Prepared:
    """Reads, filters and writes the text; ``begun`` says whether there have been steps with it already."""
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        report(line)

    chosen = TrainingPairs(files, dev, Config().override(overrides), tell)
    config = settings_for(chosen.num_pairs, overrides, initial)
    settle(folder, config, begun)
    sample, kept = chosen.sample, chosen.kept()
    if config.model.right_to_left:
        sample = [Pair(source, reverse_words(target)) for source, target in sample]
        kept = [map(_last_words_first, blocks) for blocks in kept]
    tokenizer = _tokenizer(config, sample, vocabulary_of, folder, tell, keep=begun)
    most = config.model.dictionary if initial is None else 0  # a model to begin with brings its own
    aligner = _aligner(sample, tokenizer, config.data.max_tokens, most, folder)
    weights: list[float | None] = [one.weight for one in files.train]
    if files.mix is not None:
        weights.append(None)

    def facts(num_long: int) -> dict[str, Any]:
        """What the index is to keep; says on the way how many pairs have too many pieces."""
        if num_long:
            tell(f"left out: {num_long:,} with more than {config.data.max_tokens} pieces on a side")
        return {
            "num_pairs": chosen.num_pairs,
            "lines": lines,
            "dev": chosen.held_out,
            "counts": list(map(asdict, chosen.counts)),
        }

    write_token_files(
        corpus_path(folder),
        kept,
        tokenizer,
        config.data.max_tokens,
        aligner if config.training.guided_alignment else None,
        text,
        weights,
        facts,
    )
    corpus = TokenFiles(corpus_path(folder))
    return Prepared(config, tokenizer, corpus, chosen.dev, chosen.num_pairs, chosen.counts)


def _last_words_first(block: PairBlock) -> PairBlock:
    return PairBlock(block.sources, [*map(reverse_words, block.targets)])


def check_folder(folder: Path, begun: bool = False) -> None:
    """Checks that an output folder is, or can become, the folder of one model.

    Args:
        folder: the folder.
        begun: whether what it takes to train the model may be there already.

    Raises:
        ModelError: if it is something else.
    """
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder}: is a file; give a folder as --output")
    if seed_folders(folder):
        raise ModelError(f"{folder}: holds models of several seeds; give the same --seeds, or a new folder")
    if begun and diversification_path(folder).exists():
        return
    if not config_path(folder).exists() and any(map(_is_of_another, folder.rglob("*"))):
        raise ModelError(f"{folder}: holds other files and no model; give a new folder as --output")


def _is_of_another(path: Path) -> bool:
    """Whether this is a file, and none that a training leaves which was killed before it had settings."""
    return path.is_file() and not is_unfinished(path) and path != lock_path(path.parent.parent)


def _tokenizer(
    config: Config, sample: Sequence[Pair], model: Path | None, folder: Path, report: Report, keep: bool
) -> Tokenizer:
    """The tokenizer that is kept, that of another model, or a new one; it is in the folder then."""
    if keep:
        return Tokenizer.load(tokenizer_path(folder))
    if model is not None:
        tokenizer = Tokenizer.load(tokenizer_path(model))
    else:
        wanted = config.tokenizer.vocabulary_size
        tokenizer = train_tokenizer([side for pair in sample for side in pair], wanted)
        if tokenizer.vocabulary_size < wanted:
            report(f"tokenizer: {tokenizer.vocabulary_size:,} pieces; the text has not enough for {wanted:,}")
    with atomic_write(tokenizer_path(folder)) as path:
        path.write_bytes(tokenizer.model)
    return tokenizer


def _aligner(
    sample: Sequence[Pair], tokenizer: Tokenizer, max_tokens: int, most: int, folder: Path
) -> WordAligner:
    """Learns which pieces translate which, from pairs whose sides have at most ``max_tokens``.

    The likely ones of each go into the folder, and ``most`` of them, counted, for the network's dictionary.
    """
    chosen = sample_evenly(sample, MAX_TRAINING_PAIRS)
    both = zip(*(tokenizer.encode([pair[side] for pair in chosen]) for side in (0, 1)), strict=True)
    rows = [pair for pair in both if max(map(len, pair)) <= max_tokens]
    sources, targets = ([pair[side] for pair in rows] for side in (0, 1))
    aligner = WordAligner(sources, targets, tokenizer.vocabulary_size)
    with atomic_write(lexicon_path(folder)) as path:
        Lexicon.from_table(aligner.table, tokenizer.num_special_tokens).write(path)
    if most:
        alignments = aligner.align(sources, targets)
        table = count_translations(sources, targets, alignments, tokenizer.vocabulary_size, most)
        with atomic_write(dictionary_path(folder)) as path:
            write_dictionary_table(path, table)
    return aligner
