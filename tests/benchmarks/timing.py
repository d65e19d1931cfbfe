"""Timing on noisy machines: engines take turns in one process, and medians are compared."""

import statistics
import time
from collections.abc import Callable

import tensorflow as tf


def median_seconds(engines: dict[str, Callable[[], object]], runs: int, warmup: int = 3) -> dict[str, float]:
    """The median time of each engine; they take turns, so a change in the machine's speed affects all."""
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for run in range(warmup + runs):
        for name, engine in engines.items():
            start = time.perf_counter()
            engine()
            if run >= warmup:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def matrix_product(
    size: int = 2048, dtype: str = "float32", repeats: int = 1
) -> tuple[Callable[[], object], float]:
    """A large matrix product, which runs at peak speed, and its number of operations."""
    left, right = (tf.cast(tf.random.normal([size, size], stddev=size**-0.5), dtype) for _ in range(2))

    @tf.function
    def product() -> tf.Tensor:
        result = left
        for _ in range(repeats):
            result = tf.matmul(result, right)
        return result[0, 0]  # fetching one number waits for the GPU

    return lambda: product().numpy(), repeats * 2.0 * size**3


def copied(numbers: int) -> tuple[Callable[[], object], float]:
    """A large copy, which runs at about memory speed, and the number of bytes that it reads and writes."""
    source = tf.random.normal([numbers])
    copy = tf.function(lambda: (source + 1.0)[0])
    return lambda: copy().numpy(), 8.0 * numbers
