"""Which pairs are learned from, and which ones steer: found by reading the text once."""

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
from translator.corpus.readers import Pair
from translator.corpus.sampling import sample_evenly
from translator.errors import DataError
from translator.training.corpus_files import CorpusFiles, ParallelText

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


class TrainingPairs:
    """The pairs of a training.

    Attributes:
        dev: the pairs to steer by.
        held_out: those of them that were taken out of the corpus, since no dev set was given; None: one was.
        num_pairs: pairs to learn from that people wrote; the recipe follows from it.
        counts: of each part of the corpus.
        sample: pairs of all parts to learn tokenizer and word alignments from; of a small corpus, all.

    Args:
        files: where the text is.
        dev: what ``read_dev`` gave for it.
        config: languages and what is dropped; no recipe changes these.
        report: takes each line for the user.

    Raises:
        DataError: if the text cannot be used.
    """

    def __init__(
        self, files: CorpusFiles, dev: list[Pair] | None, config: Config, report: Callable[[str], None]
    ) -> None:
        self._config = config
        self.counts: list[CorpusCounts] = []
        self._selections = [self._look_at(text) for text in files.train]
        sample = [pair for selection in self._selections for pair in selection.sample]
        if dev is not None and is_dev_set_swapped(sample, dev):
            raise DataError(
                f"{files.dev} look swapped: their words are those of the other side of {files.train[0]}; "
                "give source and target in the same order"
            )
        for text, selection in zip(files.train, self._selections, strict=True):
            report(f"{'corpus' if len(files.train) == 1 else text}: {selection.report}")
        self.num_pairs = sum(
            selection.report.num_kept
            for text, selection in zip(files.train, self._selections, strict=True)
            if not text.is_machine_translated
        )
        self.held_out = None
        if dev is None:
            dev = self.held_out = _hold_out(self._selections)
            self.num_pairs -= len(dev)
            report(f"dev set: {len(dev):,} pairs held out of the corpus, since none was given")
        self.dev = dev
        self._hidden = {pair.source for pair in self.held_out or ()}
        self.sample = self._seen(sample)
        if not self.sample:
            raise DataError(f"{files.train[0]}: no pair is left to train on; look at the reasons above")
        if files.mix is not None:
            self._selections.append(self._look_at(files.mix))
            self.sample += self._seen(self._selections[-1].sample)
            report(f"to mix in: {self._selections[-1].report}")

    def _look_at(self, text: ParallelText) -> FilteredCorpus:
        config, limits = self._config, self._config.data
        languages = config.source_language, config.target_language
        pairs = partial(stream_pairs, text.source, text.target, *languages, text.name)
        selection = FilteredCorpus(pairs, limits.max_words, limits.max_ratio, _MAX_SAMPLE)
        self.counts.append(CorpusCounts(str(text), selection.report.num_read, selection.report.dropped))
        return selection

    def _seen(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Those that are not held out."""
        return [pair for pair in pairs if pair.source not in self._hidden]

    def kept(self) -> list[Iterator[PairBlock]]:
        """Reads the pairs to learn from again, each part by itself; the last may be one to mix in."""
        if not self._hidden:
            return [selection.blocks() for selection in self._selections]
        return [self._without_hidden(selection) for selection in self._selections]

    def _without_hidden(self, selection: FilteredCorpus) -> Iterator[PairBlock]:
        for block in selection.blocks():
            yield block.select(np.flatnonzero([source not in self._hidden for source in block.sources]))


def read_dev(text: ParallelText | None, config: Config) -> list[Pair] | None:
    """Reads the dev set, of a long one an even selection; None if no files are given.

    Raises:
        DataError: if it cannot be used.
    """
    if text is None:
        return None
    pairs = stream_pairs(text.source, text.target, config.source_language, config.target_language)
    visible = [pair for pair in pairs if pair.source.strip()]
    if not visible:
        raise DataError(f"{text.source}: holds only blank lines; give a dev set, or leave it out")
    return list(sample_evenly(visible, _MAX_DEV_PAIRS))


def _hold_out(selections: Sequence[FilteredCorpus]) -> list[Pair]:
    """Chooses a dev set among the pairs to learn from."""
    kept = sum(selection.report.num_kept for selection in selections)
    if kept < 2:
        raise DataError(f"only {kept} pair is left after filtering; training needs at least some hundred")
    number = max(1, min(_MAX_DEV_PAIRS, kept // _DEV_SHARE))
    chosen = set(np.random.default_rng(_DEV_SEED).choice(kept, number, replace=False).tolist())
    pairs = (pair for selection in selections for block in selection.blocks() for pair in block.pairs())
    return [pair for i, pair in enumerate(pairs) if i in chosen]
