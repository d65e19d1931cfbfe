"""Reads a corpus that may be larger than memory, filters its pairs and takes a sample of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from translator.corpus.filters import FilterReport, Flags, PairBlock, PairFilter
from translator.corpus.formats.pair_files import PairStream
from translator.corpus.readers import Pair
from translator.corpus.sampling import ReservoirSample


class FilteredCorpus:
    """The pairs of a corpus that pass the filter.

    The corpus is read once when the object is created. Only one flag per pair and the sample stay in memory;
    ``blocks`` reads the text again.

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
        for reason, count in stream.skipped.items():
            self.report.num_read += count
            self.report.dropped[reason] = count

    def blocks(self) -> Iterator[PairBlock]:
        """Reads the corpus again and yields the kept pairs."""
        start = 0
        for block in self._pairs().blocks():
            flags = self._is_kept[start : start + len(block.sources)]
            start += len(flags)
            yield block.select(np.flatnonzero(flags))
