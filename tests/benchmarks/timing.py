"""Timing for machines that are noisy: everything takes turns in one process, and medians count."""

import statistics
import time
from collections.abc import Callable

import tensorflow as tf


def median_seconds(engines: dict[str, Callable[[], object]], runs: int, warmup: int = 3) -> dict[str, float]:
    """The median time of each engine; they take turns, so that a change of the machine's speed meets all."""
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for run in range(warmup + runs):
        for name, engine in engines.items():
            start = time.perf_counter()
            engine()
            if run >= warmup:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def matrix_product(size: int = 2048) -> tuple[Callable[[], object], float]:
    """A large product, whose speed is the most that a matrix product reaches, and its operations."""
    left, right = tf.random.normal([size, size]), tf.random.normal([size, size])
    product = tf.function(lambda: tf.matmul(left, right))
    return product, 2.0 * size**3
