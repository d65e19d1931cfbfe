"""Reads a corpus that may be larger than memory, filters its pairs and takes a sample of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from translator.corpus.filters import FilterReport, Flags, PairBlock, PairFilter, split_into_blocks
from translator.corpus.formats.pair_files import PairStream
from translator.corpus.readers import Pair
from translator.corpus.sampling import ReservoirSample


class FilteredCorpus:
    """The pairs of a corpus that pass the filter.

    The corpus is read once when the object is created. Only one flag per pair and the sample stay in memory;
    ``blocks`` reads the text again unless the sample contains all of it.

    Attributes:
        report: how many pairs were read, kept and dropped.
        sample: the kept pairs in order; of a larger corpus, a uniform random sample of them.

    Args:
        pairs: opens the corpus; called once per reading.
        max_words, max_ratio: as for ``PairFilter``.
        sample_size: the most pairs in the sample.
    """

    def __init__(
        self, pairs: Callable[[], PairStream], max_words: int, max_ratio: float, sample_size: int
    ) -> None:
        self._pairs = pairs
        pair_filter, flags = PairFilter(max_words, max_ratio), [np.zeros(0, np.bool_)]
        sample: ReservoirSample[Pair] = ReservoirSample(sample_size)
        stream = pairs()
        for block in stream.blocks():
            flags.append(pair_filter.mask(block))
            kept = block.select(np.flatnonzero(flags[-1]))
            sample.add(len(kept.sources), kept.pair)
        self.sample = sample.items
        self._is_kept: Flags = np.concatenate(flags)
        self.report: FilterReport = pair_filter.report
        self._is_in_memory = len(self.sample) == self.report.num_kept
        for reason, count in stream.skipped.items():
            self.report.num_read += count
            self.report.dropped[reason] = count

    def blocks(self) -> Iterator[PairBlock]:
        """Yields the kept pairs, which are read again if the sample does not contain all of them."""
        if self._is_in_memory:
            yield from split_into_blocks(self.sample)
            return
        start = 0
        for block in self._pairs().blocks():
            flags = self._is_kept[start : start + len(block.sources)]
            start += len(flags)
            yield block.select(np.flatnonzero(flags))

    def leave_out(self, mask: Callable[[PairBlock], Flags], reason: str) -> None:
        """Drops more of the kept pairs, from the sample too.

        Args:
            mask: returns for each pair of a block whether it is dropped, bool [pairs].
            reason: the reason in the report, to follow a number of pairs.
        """
        is_left_out = _mask_all(mask, self.blocks())
        is_sample_pair_left_out = (
            is_left_out if self._is_in_memory else _mask_all(mask, split_into_blocks(self.sample))
        )
        self.sample = [*itertools.compress(self.sample, (~is_sample_pair_left_out).tolist())]
        self._is_kept[np.flatnonzero(self._is_kept)[is_left_out]] = False
        if num_left_out := int(is_left_out.sum()):
            self.report.num_kept -= num_left_out
            self.report.dropped[reason] = num_left_out


def _mask_all(mask: Callable[[PairBlock], Flags], blocks: Iterable[PairBlock]) -> Flags:
    return np.concatenate([np.zeros(0, np.bool_), *map(mask, blocks)])
