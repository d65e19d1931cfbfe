"""Measures how fast, and in how much memory, a large corpus is prepared and read back.

    python tests/benchmarks/large_corpus.py --source train.en --target train.es [--pairs 10000000]

The corpus repeats the pairs of the given files, with another number at the end of both sides each time, so
that no pair is a repetition. The benchmark measures the whole preparation (two readings of the text, the
tokenizer, the token ids on disk); for comparison, in the same run, how many pairs per second SentencePiece
alone tokenizes on all cores, which would be the limit if repeated words were tokenized again; the batches of
an epoch; and the peak memory of the process.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from translator.corpus.batches import Batches
from translator.corpus.tokenizer import Tokenizer
from translator.training.corpus_files import CorpusFiles, ParallelText
from translator.training.job import TrainingJob
from translator.training.preparation import prepare

_LINES = 200_000  # for timing SentencePiece alone


def grown(path: Path, pairs: int) -> Iterator[str]:
    """Repeats the lines of a file, with another number at the end each time."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number in range(pairs):
        yield f"{lines[number % len(lines)]} {number // len(lines)}\n"


def write(source: Path, target: Path, pairs: int, work: Path) -> CorpusFiles:
    """Writes the large corpus and a dev set of a few of its pairs."""
    paths = []
    for path, name in ((source, "source"), (target, "target")):
        for split, number in (("train", pairs), ("dev", 100)):
            paths.append(work / f"{split}.{name}")
            with paths[-1].open("w", encoding="utf-8") as file:
                file.writelines(grown(path, number))
    return CorpusFiles([ParallelText(paths[0], paths[2])], ParallelText(paths[1], paths[3]))


def memory() -> float:
    """Returns the peak memory of this process so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def tokenization_rate(tokenizer: Tokenizer, files: CorpusFiles) -> float:
    """Returns how many pairs per second SentencePiece tokenizes if it has nothing else to do."""
    seconds = 0.0
    for path in (files.train[0].source, files.train[0].target):
        with Path(path or "").open(encoding="utf-8") as lines:
            chosen = list(itertools.islice(lines, _LINES))
        start = time.perf_counter()
        tokenizer.encode(chosen)
        seconds += (time.perf_counter() - start) * _LINES / len(chosen)
    return _LINES / seconds


def main() -> None:
    """Writes, prepares and reads the corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=10_000_000)
    parser.add_argument("--batches", type=int, default=300)
    parser.add_argument("--work", type=Path, help="a folder for the files, on a disk with room for them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        files = write(options.source, options.target, options.pairs, Path(work))
        at_start = memory()
        start = time.perf_counter()
        found = prepare(TrainingJob(files, Path(work) / "model", report=print))
        seconds = time.perf_counter() - start
        prepared = memory()
        batches = Batches(found.corpus, found.tokenizer, found.config.data.batch_tokens, 1)
        start = time.perf_counter()
        plan = batches.plan(0)
        planned = time.perf_counter() - start
        epoch = batches.epoch(0).take(options.batches + 1).as_numpy_iterator()
        next(epoch)
        start = time.perf_counter()
        tokens = sum(int(np.count_nonzero(batch.target_ids)) for batch in epoch)
        print(
            json.dumps(
                {
                    "pairs": options.pairs,
                    "preparation_seconds": round(seconds),
                    "pairs_per_second": round(options.pairs / seconds),
                    "sentencepiece_alone_pairs_per_second": round(tokenization_rate(found.tokenizer, files)),
                    "memory_gib_at_start": round(at_start, 2),
                    "memory_gib_prepared": round(prepared, 2),
                    "memory_gib_at_end": round(memory(), 2),
                    "plan_seconds": round(planned, 1),
                    "batches_in_epoch": len(plan),
                    "target_tokens_per_second": round(tokens / (time.perf_counter() - start)),
                }
            )
        )


if __name__ == "__main__":
    main()
