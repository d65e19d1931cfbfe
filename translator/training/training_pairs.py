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
from translator.corpus.quality.leaks import TestSet
from translator.corpus.readers import Pair
from translator.corpus.sampling import sample_evenly
from translator.errors import DataError
from translator.training.corpus_files import CorpusFiles, ParallelText
from translator.wording import counted

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

    No training pair has a sentence of the dev set, on either side, or one that differs from it only in case,
    spaces or punctuation: the scores of the dev set are to tell how new sentences are translated.

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
        corpora = [self._filtered(text) for text in files.train]
        sample = [pair for corpus in corpora for pair in corpus.sample]
        if dev is not None and is_dev_set_swapped(sample, dev):
            raise DataError(
                f"{files.dev} look swapped: their words are those of the other side of {files.train[0]}; "
                "give source and target in the same order"
            )
        for text, corpus in zip(files.train, corpora, strict=True):
            report(f"{'corpus' if len(files.train) == 1 else text}: {corpus.report}")
        # A machine's translations are not checked: their human side is that of pairs that are.
        by_people = [
            corpus
            for text, corpus in zip(files.train, corpora, strict=True)
            if not text.is_machine_translated
        ]
        self.held_out = None
        if dev is None:
            dev = self.held_out = _hold_out(corpora)
        self.dev = dev
        dev_set = TestSet("dev set", dev)
        num_left_out = sum(_leave_out(dev_set, corpus) for corpus in by_people)
        if line := self._describe_dev(dev_set, num_left_out):
            report(line)
        self.num_pairs = sum(corpus.report.num_kept for corpus in by_people)
        self.sample = [pair for corpus in corpora for pair in corpus.sample]
        if not self.sample:
            raise DataError(f"{files.train[0]}: no pair is left to train on; see the reasons above")
        texts = list(files.train)
        if files.mix is not None:
            mix = self._filtered(files.mix)
            _leave_out(dev_set, mix)
            report(f"to mix in: {mix.report}")
            self.sample += mix.sample
            texts, corpora = [*texts, files.mix], [*corpora, mix]
        self._corpora = corpora
        self.counts = [
            CorpusCounts(str(text), corpus.report.num_read, corpus.report.dropped)
            for text, corpus in zip(texts, corpora, strict=True)
        ]

    def _filtered(self, text: ParallelText) -> FilteredCorpus:
        config, limits = self._config, self._config.data
        languages = config.source_language, config.target_language
        pairs = partial(stream_pairs, text.source, text.target, *languages, text.name)
        return FilteredCorpus(pairs, limits.max_words, limits.max_ratio, _MAX_SAMPLE)

    def _describe_dev(self, dev_set: TestSet, num_left_out: int) -> str:
        """Returns what the user should know of the dev set, or nothing."""
        num_dev = len(self.dev)
        if self.held_out is not None:
            held_out = f"dev set: {counted(num_dev, 'pair')} held out of the corpus, since none was given"
            num_more = num_left_out - num_dev
            more = f"; {num_more:,} more with one of their sentences left out" if num_more else ""
            return f"{held_out}{more}"
        if not num_left_out:
            return ""
        return (
            f"dev set: {dev_set.num_found:,} of {counted(num_dev, 'pair')} with a sentence that is in the "
            f"training text, too; {counted(num_left_out, 'training pair')} with one of them left out"
        )

    def blocks(self) -> list[Iterator[PairBlock]]:
        """Yields the training pairs again, part by part; a text to mix in is the last part."""
        return [corpus.blocks() for corpus in self._corpora]


def _leave_out(dev_set: TestSet, corpus: FilteredCorpus) -> int:
    """Leaves the pairs with a sentence of the dev set out of a corpus; returns how many there are."""
    num_kept = corpus.report.num_kept
    corpus.leave_out(dev_set.mask, "with a sentence of the dev set")
    return num_kept - corpus.report.num_kept


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
        left = "only 1 pair is" if num_kept else "no pair is"
        raise DataError(f"{left} left after filtering; training needs at least a few hundred")
    num_dev = max(1, min(_MAX_DEV_PAIRS, num_kept // _DEV_SHARE))
    chosen = set(np.random.default_rng(_DEV_SEED).choice(num_kept, num_dev, replace=False).tolist())
    pairs = (pair for corpus in corpora for block in corpus.blocks() for pair in block.pairs())
    return [pair for i, pair in enumerate(pairs) if i in chosen]
