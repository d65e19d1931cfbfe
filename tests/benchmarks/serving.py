"""Load time, latency and throughput of an exported model, for the table in the guide to exporting.

    python tests/benchmarks/serving.py FOLDER [FOLDER ...] [--seconds 60] [--callers 16]

FOLDER is what ``translator export`` has written, up to the version. Each is loaded in a process of its own
that imports nothing of ours. One sentence has 12 words; the callers each send it again and again for so many
seconds, to ``serving_default`` and to ``batched``. Prints JSON.
"""

import argparse
import json
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

SENTENCE = "A man in a blue shirt is standing on a tall ladder."


def calls_a_second(call: Any, callers: int, seconds: float) -> tuple[float, int]:
    """Returns the calls per second of all callers together, and how many calls failed."""
    counts, errors = [0] * callers, [0] * callers
    end = time.perf_counter() + seconds

    def caller(number: int) -> None:
        while time.perf_counter() < end:
            try:
                call()
                counts[number] += 1
            except Exception:
                errors[number] += 1

    threads = [threading.Thread(target=caller, args=[number]) for number in range(callers)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start), sum(errors)


def measure(folder: str, seconds: float, callers: int) -> dict[str, Any]:
    """Returns all measurements of one exported model."""
    import tensorflow as tf
    import tensorflow_text  # noqa: F401

    tf.config.threading.set_intra_op_parallelism_threads(1)
    start = time.perf_counter()
    signatures = tf.saved_model.load(folder).signatures
    load_seconds = time.perf_counter() - start
    one, batch = tf.constant([SENTENCE]), tf.constant([SENTENCE + f" {i}" for i in range(64)])

    def milliseconds(text: tf.Tensor, runs: int) -> list[float]:
        times = []
        for _ in range(runs + 3):
            start = time.perf_counter()
            signatures["serving_default"](text=text)["score"].numpy()
            times.append(1000 * (time.perf_counter() - start))
        return sorted(times[3:])

    alone = milliseconds(one, 300)
    result = {
        "megabytes": round(sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file()) / 1e6, 1),
        "load_seconds": round(load_seconds, 2),
        "one_sentence_p50_ms": round(statistics.median(alone), 1),
        "one_sentence_p99_ms": round(alone[int(0.99 * len(alone))], 1),
        "batch_of_64_ms": round(statistics.median(milliseconds(batch, 11)), 1),
    }
    for name in ("serving_default", "batched"):
        signature = signatures[name]
        for number in (1, callers):

            def call(signature: Any = signature) -> None:
                signature(text=one)["score"].numpy()

            speed, errors = calls_a_second(call, number, seconds)
            result[f"{name}_{number}_callers"] = {"calls_a_second": round(speed, 1), "errors": errors}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--callers", type=int, default=16)
    options = parser.parse_args()
    if len(options.folders) == 1:
        print(json.dumps(measure(options.folders[0], options.seconds, options.callers), indent=2))
        return
    found = {}
    for folder in options.folders:
        arguments = [folder, "--seconds", str(options.seconds), "--callers", str(options.callers)]
        answer = subprocess.run(
            [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, check=True
        )
        found[folder] = json.loads(answer.stdout)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
