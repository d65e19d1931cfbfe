"""Damages files of every kind that the package reads: each must give a result or a one-line error.

    python tests/end_to_end/fuzz.py [--cases 5000] [--first 0]

A case is a number, which seeds the choice of the file and of its damage: bits flipped, bytes cut out,
repeated, zeroed or swapped. So every case can be run again. Nine cases in ten damage a text file, which is
then read; the others damage a model folder, which then translates or resumes training. A worker process with
little memory and a time limit runs the cases, so that crashes, hangs and decompression bombs are noticed too.
Whatever is neither a result nor a TranslatorError of one line is printed, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from kills import write_sample
from references.compressed_files import COMPRESS
from references.exchange_files import PO, TMX_UNIT, XLIFF_1, XLIFF_2, tmx

from translator.errors import TranslatorError

MODEL_EVERY = 10  # one case in ten damages a model folder
SECONDS_PER_CASE = 120
CASES_PER_WORKER = 200  # TensorFlow never frees the graphs that it has traced
MEMORY = 6 << 30  # bytes of address space, most of which TensorFlow reserves and never touches
PLAIN = "A dog runs.\nZwölf Hühner.\n日本語\n\n" * 40
TEXTS = {
    ".en": PLAIN,
    ".tsv": "".join(f"{line}\t{line}\n" for line in PLAIN.splitlines()),
    ".tmx": tmx(TMX_UNIT * 20),
    ".po": PO,
    ".xlf": XLIFF_1,
    ".xliff": XLIFF_2,
}
KINDS = list(product(TEXTS, COMPRESS))
SETTINGS = {
    "model.units": 8,
    "tokenizer.vocabulary_size": 300,
    "data.batch_tokens": 400,
    "training.evaluate_steps": 1000,
    "training.max_epochs": 1,
}


def damaged(content: bytes, choose: np.random.Generator) -> bytes:
    """Returns the content with one to three faults, such as disks, downloads and editors cause."""
    data = bytearray(content)
    for _ in range(choose.integers(1, 4)):
        start, other = (int(choose.integers(len(data) + 1)) for _ in range(2))
        size = min(int(2 ** choose.uniform(0, 9)), len(data) - max(start, other))
        match choose.integers(8):
            case 0 if data:
                for position in choose.integers(len(data), size=choose.integers(1, 8)):
                    data[position] ^= 1 << int(choose.integers(8))
            case 1:
                del data[start:]
            case 2:
                del data[start : start + size]
            case 3:
                data[start : start + size] = bytes(size)
            case 4:
                data[start : start + size], data[other : other + size] = (
                    data[other : other + size],
                    data[start : start + size],
                )
            case 5:
                data[start:start] = data[other : other + size]
            case 6:
                data[start:start] = choose.bytes(size)
            case _:
                data[start : start + 4] = choose.choice([b"\xff\xff\xff\x7f", b"\xff\xfe\xfd\xfc", b"9999"])
    return bytes(data)


def read_text(case: int, choose: np.random.Generator, work: Path) -> str:
    """Damages a text file and reads it as training does."""
    from translator.corpus.formats.pair_files import stream_pairs

    ending, packing = KINDS[case % len(KINDS)]
    path = work / f"text{ending}{packing}"
    before_packing = choose.random() < 0.4  # whether the text is damaged before or after compression
    content = TEXTS[ending].encode()
    packed = COMPRESS[packing](damaged(content, choose) if before_packing else content)
    path.write_bytes(packed if before_packing else damaged(packed, choose))
    target = None
    if ending == ".en":
        target = work / "text.de"
        target.write_text(PLAIN, encoding="utf-8")
    return f"{sum(1 for _ in stream_pairs(path, target, 'en', 'de'))} pairs"


def damage_folder(choose: np.random.Generator, model: Path, folder: Path) -> None:
    """Copies a model folder and damages, removes or swaps some files of the copy."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(model, folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    chosen = [paths[i] for i in choose.permutation(len(paths))[: choose.integers(1, 3)]]
    match choose.integers(10):
        case 0:
            for path in chosen:
                path.unlink()
        case 1 if len(chosen) == 2:
            first, second = (path.read_bytes() for path in chosen)
            chosen[0].write_bytes(second)
            chosen[1].write_bytes(first)
        case _:
            for path in chosen:
                path.write_bytes(damaged(path.read_bytes(), choose))


def use_model(case: int, choose: np.random.Generator, work: Path) -> str:
    """Damages a model folder and then translates with it or, in every other case, resumes its training."""
    import translator
    from translator.api import train

    folder = work / "damaged"
    damage_folder(choose, work / "model", folder)
    if case % 2:
        train(
            *(work / f"train.{side}" for side in ("en", "de")),
            folder,
            **training(work),
            report=lambda line: None,
        )
        return "trained"
    model = translator.load(folder)
    translations = model.translate(["A dog runs."], max_length=5, shortlist=bool(choose.integers(2)))
    return f"{len(translations)} translation"


def training(work: Path) -> dict[str, object]:
    """Returns the arguments of the training run that is damaged and resumed."""
    dev = {f"dev_{side}": work / f"dev.{language}" for side, language in (("source", "en"), ("target", "de"))}
    return {**dev, "settings": SETTINGS, "source_language": "en", "target_language": "de"}


def make_model(work: Path) -> None:
    """Trains the small model that is damaged."""
    from translator.api import train

    write_sample(work, pairs=300, dev_pairs=4)
    train(work / "train.en", work / "train.de", work / "model", **training(work), report=lambda line: None)


def outcome(case: int, work: Path) -> tuple[str, str]:
    """Runs a case; returns its kind and outcome in a few words, and the details of a fault or nothing."""
    choose = np.random.default_rng(case)
    action: Callable[..., str] = use_model if case % MODEL_EVERY == 0 else read_text
    kind = "model" if action is use_model else "text"
    try:
        action(case, choose, work)
    except TranslatorError as error:
        if len(str(error).splitlines()) == 1:
            return f"{kind}: reported", ""
        return f"{kind}: fault", f"not one line: {str(error)!r}"
    except BaseException:
        return f"{kind}: fault", traceback.format_exc()
    return f"{kind}: result", ""


def work_through(first: int, cases: int, work: Path) -> None:
    """Runs cases in a worker process; prints the number of each case and then its outcome."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for case in range(first, first + cases):
        print(case, end=" ", flush=True)
        signal.alarm(SECONDS_PER_CASE)  # ends the process
        print(json.dumps(outcome(case, work)), flush=True)
        signal.alarm(0)


def fuzz(first: int, cases: int, work: Path) -> tuple[Counter[str], list[str]]:
    """Runs the cases in worker processes; returns the number of cases with each outcome, and the faults."""

    def worker(*words: object) -> subprocess.Popen[str]:
        command = [sys.executable, __file__, "--work", str(work), *map(str, words)]
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )

    with worker("--model") as process:
        if process.wait():
            raise RuntimeError("the model could not be trained")
    counts: Counter[str] = Counter()
    faults = []
    case = first
    while case < first + cases:
        started = case
        num_cases = min(CASES_PER_WORKER, first + cases - case)
        with worker("--worker", "--first", case, "--cases", num_cases) as process:
            for line in process.stdout or ():
                number, _, result = line.partition(" ")
                # A worker that crashed, or was ended by its alarm, has printed only the number of the case.
                kind, fault = json.loads(result) if result.strip() else ("fault", "the process ended")
                counts[kind] += 1
                if fault:
                    faults.append(f"case {number}: {fault}")
                    print(faults[-1], file=sys.stderr, flush=True)
                case = int(number) + 1
        if case == started:
            raise RuntimeError(f"the worker ended with status {process.returncode} before case {case}")
    return counts, faults


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--model", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.model:
        make_model(options.work)
    elif options.worker:
        work_through(options.first, options.cases, options.work)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            counts, faults = fuzz(options.first, options.cases, Path(temporary))
        print(json.dumps(dict(sorted(counts.items())) | {"faults": len(faults)}, indent=2))
        sys.exit(bool(faults))
