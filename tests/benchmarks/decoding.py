"""How many sentences a second search translates, beside JoeyNMT's recurrent model.

    python tests/benchmarks/decoding.py [--joeynmt-python PATH] [--lines 1000] [--runs 5]
        [--model FOLDER --source FILE]

Both have 256 units and a vocabulary of 6,000, read the same rows of ids, sorted by length, and write
translations of 16 tokens: with the length forced, random weights cost what trained ones do. Starting,
loading and tokenizing are not timed. All take turns, run by run, and the one that is not running sleeps;
the figures are medians. JoeyNMT lives in a process and an environment of its own (``joeynmt_decoding.py``):
PATH is the Python of one with joeynmt 2.3.0; it runs with several batch sizes, and its best one counts. Its
threads wait asleep (OMP_WAIT_POLICY=PASSIVE, unless that is set): spinning, they take a multiple of the
time as soon as anything else runs on the machine.

The source is random, with the lengths of image captions. With --model, it is FILE in the tokens of a
trained model with a vocabulary of 6,000, which then also searches with its shortlist. ``share_of_peak``
counts only the matrix products of the decoder's steps, against the speed of one large matrix product on
each core in the same run: the encoder takes its time but adds nothing. Prints JSON.
"""

import argparse
import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

from translator.runtime import set_threads_per_operation  # before TensorFlow

# isort: split
import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from timing import matrix_product, median_seconds

from translator.corpus.lexicon import Lexicon
from translator.corpus.readers import read_lines
from translator.decoding.batching import for_each_batch, group_by_length, num_parallel_batches
from translator.decoding.graph import SearchGraph, no_constraints
from translator.model_folder import lexicon_path, load_model
from translator.nn.model import SpecialIds, TranslationModel, build_model
from translator.recipes import config_for
from translator.search_options import SearchOptions

VOCABULARY_SIZE = 6000
SPECIAL_IDS = SpecialIds(padding=0, start=2, end=3)
FIRST_ID = 4  # the first id that is text, in both systems
SHORTLIST = "translator with shortlist"
NUM_TOKENS = 16  # in every translation, the end included
Rows = list[list[int]]


def random_rows(number: int) -> Rows:
    """Rows of 14 ids in the mean and as unequal in length as image captions."""
    random = np.random.default_rng(1)
    lengths = np.clip(random.lognormal(np.log(13.4), 0.3, number).round().astype(int), 4, 40)
    return [random.integers(FIRST_ID, VOCABULARY_SIZE, length).tolist() for length in lengths]


def search_all(
    graph: SearchGraph, rows: Rows, beam_size: int, lexicon: Lexicon | None = None
) -> tuple[int, int]:
    """Translates all rows in the batches that ``Translator`` makes, with a shortlist if there is a lexicon.

    Returns:
        The fewest and the most tokens of a translation, the end included.
    """
    options = SearchOptions(
        beam_size=beam_size, min_length=NUM_TOKENS, max_length=NUM_TOKENS, shortlist=lexicon is not None
    )

    def lengths_of(batch: list[int]) -> npt.NDArray[np.int32]:
        ended = [[*rows[i], SPECIAL_IDS.end] for i in batch]
        ids = np.full((len(ended), max(map(len, ended))), SPECIAL_IDS.padding, np.int32)
        for line, row in zip(ids, ended, strict=True):
            line[: len(row)] = row
        constraints = no_constraints(len(ids))
        if lexicon:
            constraints = constraints._replace(shortlist=lexicon.shortlist(ids))
        lengths: npt.NDArray[np.int32] = graph.search(ids, options, constraints).lengths.numpy()
        return lengths

    batches = group_by_length([len(row) for row in rows], beam_size, num_parallel_batches())
    found = [lengths for _, lengths in for_each_batch(lengths_of, batches)]
    lengths = np.concatenate(found)
    return int(lengths.min()), int(lengths.max())


class JoeyNMT:
    """JoeyNMT in its own process.

    Args:
        python: the Python of its environment.
        rows: the sentences that it translates.
        beam_size: hypotheses per sentence.
        threads: how many threads it may use.
    """

    def __init__(self, python: Path, rows: Rows, beam_size: int, threads: int) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
            file.flush()
            script = Path(__file__).with_name("joeynmt_decoding.py")
            numbers = {"--threads": threads, "--beam-size": beam_size, "--pieces": NUM_TOKENS}
            arguments = [text for pair in numbers.items() for text in map(str, pair)]
            self._process = subprocess.Popen(
                [python, script, file.name, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ},
            )
            self._answer()  # it has read the file

    def search_all(self, method: str, batch_size: int) -> tuple[int, int]:
        """Translates all rows, ``greedy`` or ``beam``; returns what ``search_all`` above does."""
        assert self._process.stdin
        self._process.stdin.write(f"{method} {batch_size}\n")
        self._process.stdin.flush()
        fewest, most = self._answer()["lengths"]
        return fewest, most

    def close(self) -> None:
        """Ends the process, which stops when its input is closed."""
        self._process.communicate()

    def _answer(self) -> dict[str, tuple[int, int]]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("JoeyNMT has stopped; its message stands above")
        answer: dict[str, tuple[int, int]] = json.loads(line)
        return answer


def checked(name: str, search: Callable[[], tuple[int, int]]) -> Callable[[], object]:
    """The same search; it stops the benchmark if the lengths, and so the work, are not those agreed on."""

    def run() -> None:
        lengths = search()
        if min(lengths) < NUM_TOKENS - 1 or max(lengths) > NUM_TOKENS:
            raise SystemExit(
                f"{name} wrote {lengths[0]} to {lengths[1]} tokens per sentence, not {NUM_TOKENS}"
            )

    return run


def operations_per_step(network: TranslationModel) -> float:
    """Operations of the matrix products of one step of one hypothesis.

    The first state and the keys and values of attention are computed once per sentence and do not count.
    """
    decoder = network.decoder
    once = {id(layer.kernel) for layer in (decoder.initial, decoder.attention.key_value)}
    kernels = [w for w in decoder.trainable_variables if len(w.shape) == 2 and id(w) not in once]
    return 2.0 * sum(float(np.prod(weight.shape)) for weight in [*kernels, network.embedding.matrix])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    threads = len(os.sched_getaffinity(0))
    for name, default in (("lines", 1000), ("runs", 5), ("beam-size", 5), ("threads", threads)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--joeynmt-python", type=Path)
    parser.add_argument("--joeynmt-batch-sizes", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--source", type=Path)
    options = parser.parse_args()
    set_threads_per_operation()  # as the command line does
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    keras.utils.set_random_seed(1)
    if options.model:
        network, tokenizer, _ = load_model(options.model)
        rows = tokenizer.encode(list(islice(read_lines(options.source), options.lines)))
        lexicon = Lexicon.read(lexicon_path(options.model), VOCABULARY_SIZE)
    else:
        network = build_model(config_for(30_000).model, VOCABULARY_SIZE, SPECIAL_IDS)
        rows, lexicon = random_rows(options.lines), None
    graph = SearchGraph([network])
    beam_sizes = {"greedy": 1, "beam": options.beam_size}
    searches: dict[tuple[str, str], Callable[[], tuple[int, int]]] = {}
    product, product_operations = matrix_product()
    with contextlib.ExitStack() as stack:
        cores = stack.enter_context(ThreadPoolExecutor(options.threads))

        def product_on_each_core() -> None:
            list(cores.map(lambda _: product(), range(options.threads)))

        joeynmt = None
        if options.joeynmt_python:
            joeynmt = JoeyNMT(options.joeynmt_python, rows, options.beam_size, options.threads)
            stack.callback(joeynmt.close)
        for method, beam_size in beam_sizes.items():
            searches[method, "translator"] = partial(search_all, graph, rows, beam_size)
            if lexicon:
                searches[method, SHORTLIST] = partial(search_all, graph, rows, beam_size, lexicon)
            for size in options.joeynmt_batch_sizes if joeynmt else ():
                searches[method, f"joeynmt, {size} a batch"] = partial(joeynmt.search_all, method, size)
        engines = {" ".join(key): checked(" ".join(key), search) for key, search in searches.items()}
        seconds = median_seconds({"matrix product": product_on_each_core, **engines}, options.runs, warmup=1)
    peak = options.threads * product_operations / seconds["matrix product"]
    speeds: dict[str, dict[str, float]] = {method: {} for method in beam_sizes}
    for method, name in searches:
        speeds[method][name] = len(rows) / seconds[f"{method} {name}"]
    operations = NUM_TOKENS * operations_per_step(network)  # of a hypothesis
    result = {
        "lines": len(rows),
        "source_tokens": sum(map(len, rows)) + len(rows),
        "target_tokens": NUM_TOKENS * len(rows),
        "beam_size": options.beam_size,
        "runs": options.runs,
        "threads": options.threads,
        "peak_gflops": round(peak / 1e9),
        "sentences_a_second": {
            method: {name: round(speed, 1) for name, speed in found.items()}
            for method, found in speeds.items()
        },
        "share_of_peak": {
            method: round(operations * beam_size * speeds[method]["translator"] / peak, 2)
            for method, beam_size in beam_sizes.items()
        },
    }
    if joeynmt:
        best = {
            method: max(speed for name, speed in found.items() if name.startswith("joeynmt"))
            for method, found in speeds.items()
        }
        for ours in ("translator", SHORTLIST) if lexicon else ("translator",):
            result[f"{ours}_times_as_fast_as_joeynmt"] = {
                method: round(found[ours] / best[method], 2) for method, found in speeds.items()
            }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
