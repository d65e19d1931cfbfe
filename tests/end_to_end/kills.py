"""Kills a training again and again, at random moments, and checks that it ends like one that never was.

    python tests/end_to_end/kills.py [--kills 30] [--seed 1]

Every process but the last one ends with SIGKILL. The weights, the state with all
variables of the optimizer, and the log (but for the time) must then be those of a training that was left
alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
UNFINISHED = ".unfinished-*"
SETTINGS = ("data.batch_tokens=400", "model.units=64", "tokenizer.vocabulary_size=400")
RHYTHM = ("training.checkpoint_steps=3", "training.evaluate_steps=40", "training.max_epochs=1")


class Outcome(NamedTuple):
    """When the kills happened."""

    kills: int
    before_the_first_step: int
    in_a_save: int


def write_sample(work: Path, pairs: int, dev_pairs: int) -> None:
    """Writes the first pairs of the sample, as ``train.en`` and so on."""
    for split, number in (("train", pairs), ("dev", dev_pairs)):
        for language in ("en", "de"):
            lines = (SAMPLE / f"{split}.{language}").read_text(encoding="utf-8").splitlines(keepends=True)
            (work / f"{split}.{language}").write_text("".join(lines[:number]), encoding="utf-8")


def command(folder: Path, pairs: int, work: Path) -> list[str]:
    """The training, on the first pairs of the sample."""
    write_sample(work, pairs, dev_pairs=20)
    words = [sys.executable, "-m", "translator", "train", "--output", str(folder)]
    for name, split in (("", "train"), ("dev-", "dev")):
        for side, language in (("source", "en"), ("target", "de")):
            words += [f"--{name}{side}", str(work / f"{split}.{language}")]
    return [*words, *(word for setting in (*SETTINGS, *RHYTHM) for word in ("--set", setting))]


def end_of(folder: Path) -> dict[str, object]:
    """Returns all that a training leaves, except how long it took."""
    with np.load(folder / "training" / "checkpoint.npz") as arrays:
        state = json.loads(arrays["state"].item())
        found: dict[str, object] = {name: arrays[name].tobytes() for name in arrays.files if name != "state"}
    log = [json.loads(line) for line in (folder / "training" / "log.jsonl").read_text().splitlines()]
    for record in [state, *log]:
        for name in ("seconds", "token_seconds", "tokens_per_second"):
            record.pop(name, None)
    weights = (folder / "model.weights.npz").read_bytes()
    return found | {"state": state, "log": log, "weights": weights}


def step_of(folder: Path) -> int:
    """The step of the last checkpoint; 0 where there is none."""
    for name in ("checkpoint.npz", "checkpoint-previous.npz"):
        # Opened without asking first whether it is there: the training may rename it meanwhile.
        with contextlib.suppress(FileNotFoundError), np.load(folder / "training" / name) as arrays:
            return int(json.loads(arrays["state"].item())["step"])
    return 0


def kill_often(kills: int, seed: int, work: Path, pairs: int = 1500) -> tuple[Outcome, bool]:
    """Returns when the kills happened, and whether the training ended as if there had been none."""
    choose, unkilled, killed = random.Random(seed), work / "unkilled", work / "killed"
    subprocess.run(command(unkilled, pairs, work), check=True, capture_output=True)
    last, early, in_a_save = step_of(unkilled), 0, 0
    for number in range(1, kills + 1):
        # Each process may train up to its share of the steps, so that the last kill comes near the end.
        before, until = step_of(killed), last * number // (kills + 1)
        process = subprocess.Popen(command(killed, pairs, work), stderr=subprocess.DEVNULL)
        if choose.random() < 0.2:
            time.sleep(choose.uniform(0, 8))  # at any moment of the start
        else:
            while process.poll() is None and step_of(killed) < until:
                time.sleep(0.05)
            time.sleep(choose.uniform(0, 0.6))
        process.kill()
        process.wait()
        early += step_of(killed) == before
        found = any(any(folder.glob(UNFINISHED)) for folder in (killed, killed / "training"))
        in_a_save += found
        words = ", in a save" if found else ""
        print(f"kill {number}: step {step_of(killed)} of {last}{words}", file=sys.stderr, flush=True)
    subprocess.run(command(killed, pairs, work), check=True, capture_output=True)
    leftovers = [*killed.glob(UNFINISHED), *(killed / "training").glob(UNFINISHED)]
    return Outcome(kills, early, in_a_save), end_of(killed) == end_of(unkilled) and not leftovers


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        outcome, same = kill_often(options.kills, options.seed, Path(temporary))
    print(json.dumps(outcome._asdict() | {"same_end": same}))
    sys.exit(not same)
