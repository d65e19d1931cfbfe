"""Selects the training pairs and the dev set, reading the text once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from translator.config import Config
from translator.corpus.dev_set_check import is_dev_set_swapped
from translator.corpus.filtered_corpus import FilteredCorpus
from translator.corpus.filters import PairBlock
from translator.corpus.formats.pair_files import stream_pairs
from translator.corpus.normalization import is_visible
from translator.corpus.readers import Pair
from translator.corpus.sampling import sample_evenly
from translator.errors import DataError
from translator.training.corpus_files import CorpusFiles, ParallelText

_MAX_SAMPLE = 500_000  # pairs that the tokenizer and the word alignments are learned from
_MAX_DEV_PAIRS = 1000
_DEV_SHARE = 20  # one pair in 20 is held out if no dev set is given
_DEV_SEED = 1  # the same dev set for all seeds of a training, so that their models can translate together


@dataclass(frozen=True)
class CorpusCounts:
    """How many pairs of a corpus were read and dropped.

    Attributes:
        name: its files.
        read: pairs in them.
        dropped: reason -> number of pairs dropped for it; all others are kept.
    """

    name: str
    read: int
    dropped: dict[str, int]


class TrainingPairs:
    """The pairs that a model is trained on, and its dev set.

    Attributes:
        dev: the dev set.
        held_out: the dev set, if it was taken out of the corpus because none was given; else None.
        num_pairs: training pairs that people wrote; they decide on the recipe.
        counts: one for each part of the corpus.
        sample: pairs of all parts that the tokenizer and the word alignments are learned from; of a small
            corpus, all pairs.

    Args:
        files: where the text is.
        dev: the dev set as ``read_dev`` returns it.
        config: the languages and which pairs are dropped; no recipe changes these.
        report: is called with each line for the user.

    Raises:
        DataError: if the text cannot be used.
    """

    def __init__(
        self, files: CorpusFiles, dev: list[Pair] | None, config: Config, report: Callable[[str], None]
    ) -> None:
        self._config = config
        self.counts: list[CorpusCounts] = []
        self._corpora = [self._filtered(text) for text in files.train]
        sample = [pair for corpus in self._corpora for pair in corpus.sample]
        if dev is not None and is_dev_set_swapped(sample, dev):
            raise DataError(
                f"{files.dev} look swapped: their words are those of the other side of {files.train[0]}; "
                "give source and target in the same order"
            )
        for text, corpus in zip(files.train, self._corpora, strict=True):
            report(f"{'corpus' if len(files.train) == 1 else text}: {corpus.report}")
        self.num_pairs = sum(
            corpus.report.num_kept
            for text, corpus in zip(files.train, self._corpora, strict=True)
            if not text.is_machine_translated
        )
        self.held_out = None
        if dev is None:
            dev = self.held_out = _hold_out(self._corpora)
            self.num_pairs -= len(dev)
            report(f"dev set: {len(dev):,} pairs held out of the corpus, since none was given")
        self.dev = dev
        self._held_out_sources = {pair.source for pair in self.held_out or ()}
        self.sample = self._without_held_out(sample)
        if not self.sample:
            raise DataError(f"{files.train[0]}: no pair is left to train on; see the reasons above")
        if files.mix is not None:
            self._corpora.append(self._filtered(files.mix))
            self.sample += self._without_held_out(self._corpora[-1].sample)
            report(f"to mix in: {self._corpora[-1].report}")

    def _filtered(self, text: ParallelText) -> FilteredCorpus:
        config, limits = self._config, self._config.data
        languages = config.source_language, config.target_language
        pairs = partial(stream_pairs, text.source, text.target, *languages, text.name)
        corpus = FilteredCorpus(pairs, limits.max_words, limits.max_ratio, _MAX_SAMPLE)
        self.counts.append(CorpusCounts(str(text), corpus.report.num_read, corpus.report.dropped))
        return corpus

    def _without_held_out(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Returns the pairs whose source is not held out."""
        return [pair for pair in pairs if pair.source not in self._held_out_sources]

    def blocks(self) -> list[Iterator[PairBlock]]:
        """Reads the training pairs again, part by part; a text to mix in is the last part."""
        if not self._held_out_sources:
            return [corpus.blocks() for corpus in self._corpora]
        return [self._blocks_without_held_out(corpus) for corpus in self._corpora]

    def _blocks_without_held_out(self, corpus: FilteredCorpus) -> Iterator[PairBlock]:
        for block in corpus.blocks():
            is_kept = [source not in self._held_out_sources for source in block.sources]
            yield block.select(np.flatnonzero(is_kept))


def read_dev(text: ParallelText | None, config: Config) -> list[Pair] | None:
    """Reads the dev set, or an even sample of a long one; returns None if no files are given.

    Raises:
        DataError: if it cannot be used.
    """
    if text is None:
        return None
    pairs = stream_pairs(text.source, text.target, config.source_language, config.target_language)
    visible = [pair for pair in pairs if is_visible(pair.source)]
    if not visible:
        raise DataError(f"{text.source}: holds only blank lines; give a dev set, or leave it out")
    return list(sample_evenly(visible, _MAX_DEV_PAIRS))


def _hold_out(corpora: Sequence[FilteredCorpus]) -> list[Pair]:
    """Chooses a dev set among the training pairs."""
    num_kept = sum(corpus.report.num_kept for corpus in corpora)
    if num_kept < 2:
        raise DataError(
            f"only {num_kept} pair is left after filtering; training needs at least a few hundred"
        )
    num_dev = max(1, min(_MAX_DEV_PAIRS, num_kept // _DEV_SHARE))
    chosen = set(np.random.default_rng(_DEV_SEED).choice(num_kept, num_dev, replace=False).tolist())
    pairs = (pair for corpus in corpora for block in corpus.blocks() for pair in block.pairs())
    return [pair for i, pair in enumerate(pairs) if i in chosen]
