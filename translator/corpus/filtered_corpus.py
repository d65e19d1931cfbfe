"""The first look at a corpus that may be larger than memory: which pairs are kept, and a sample of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from translator.corpus.filters import FilterReport, Flags, PairBlock, PairFilter
from translator.corpus.formats.pair_files import PairStream
from translator.corpus.readers import Pair
from translator.corpus.sampling import ReservoirSample


class FilteredCorpus:
    """What was found out about a corpus by reading it once.

    Attributes:
        report: how many pairs were read, kept and dropped.
        sample: the kept pairs in order, or of a larger corpus a choice in which each is as likely.

    Args:
        pairs: gives the pairs of the corpus, from the first, each time it is called.
        max_words, max_ratio: as for ``PairFilter``.
        most: pairs that the sample has at most.
    """

    def __init__(self, pairs: Callable[[], PairStream], max_words: int, max_ratio: float, most: int) -> None:
        self._pairs = pairs
        pair_filter, flags = PairFilter(max_words, max_ratio), [np.zeros(0, np.bool_)]
        sample: ReservoirSample[Pair] = ReservoirSample(most)
        stream = pairs()
        for block in stream.blocks():
            flags.append(pair_filter.mask(block))
            kept = block.select(np.flatnonzero(flags[-1]))
            sample.add(len(kept.sources), kept.pair)
        self.sample = sample.rows
        self._kept: Flags = np.concatenate(flags)
        self.report: FilterReport = pair_filter.report
        for reason, count in stream.skipped.items():
            self.report.num_read += count
            self.report.dropped[reason] = count

    def blocks(self) -> Iterator[PairBlock]:
        """Reads the corpus again; yields the pairs that are kept."""
        start = 0
        for block in self._pairs().blocks():
            flags = self._kept[start : start + len(block.sources)]
            start += len(flags)
            yield block.select(np.flatnonzero(flags))
