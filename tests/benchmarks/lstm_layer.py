"""Speed of one LSTM layer, forward and backward, compared with keras.layers.LSTM and torch.nn.LSTM.

    python tests/benchmarks/lstm_layer.py [--batch 64] [--steps 25] [--units 512] [--runs 15]

All engines take turns in one process, and the results are medians. PyTorch takes part if it is installed.
``share_of_peak`` is the speed relative to one large matrix product in the same run. Prints JSON.
"""

import argparse
import json
import time
from collections.abc import Callable

import translator.runtime  # noqa: F401  (before TensorFlow)

# isort: split
import keras
import tensorflow as tf
from timing import matrix_product, median_seconds

from translator.nn.lstm import LSTM


def keras_engine(layer: keras.layers.LSTM, inputs: tf.Tensor, xla: bool = False) -> Callable[[], object]:
    """Computes the output and the gradients of the inputs and the weights, as one graph."""
    layer(inputs)
    weights = [weight.value for weight in layer.trainable_variables]

    @tf.function(jit_compile=xla)
    def step() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(tf.square(layer(inputs)))
        return tape.gradient(loss, [inputs, *weights])

    return step


def torch_engine(batch: int, steps: int, units: int) -> Callable[[], object]:
    """Computes the same in PyTorch."""
    import torch

    layer = torch.nn.LSTM(units, units, batch_first=True)
    inputs = torch.randn(batch, steps, units, requires_grad=True)

    def step() -> None:
        layer.zero_grad()
        inputs.grad = None
        layer(inputs)[0].square().sum().backward()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("batch", 64), ("steps", 25), ("units", 512), ("runs", 15)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    inputs = tf.random.normal([options.batch, options.steps, options.units])
    product, product_operations = matrix_product()
    engines = {
        "translator": keras_engine(LSTM(options.units, return_sequences=True), inputs),
        "keras": keras_engine(keras.layers.LSTM(options.units, return_sequences=True), inputs),
        "translator under XLA": keras_engine(LSTM(options.units, return_sequences=True), inputs, xla=True),
        "matrix product": product,
    }
    start = time.perf_counter()
    engines["translator under XLA"]()
    compile_seconds = time.perf_counter() - start
    try:
        engines["torch"] = torch_engine(options.batch, options.steps, options.units)
    except ImportError:
        print("PyTorch is not installed; it is left out")
    seconds = median_seconds(engines, options.runs)
    peak = product_operations / seconds.pop("matrix product")
    # Products with both kernels, [units, 4 * units] each: once forward, twice backward.
    operations = 3 * 2 * options.batch * options.steps * 2 * 4 * options.units**2
    print(
        json.dumps(
            {
                **vars(options),
                "peak_gflops": round(peak / 1e9),
                "milliseconds": {name: round(1000 * value, 1) for name, value in seconds.items()},
                "translator_times_as_fast_as": {
                    name: round(value / seconds["translator"], 2) for name, value in seconds.items()
                },
                "share_of_peak": {
                    name: round(operations / value / peak, 2) for name, value in seconds.items()
                },
                "xla_compile_seconds_a_shape": round(compile_seconds, 1),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
