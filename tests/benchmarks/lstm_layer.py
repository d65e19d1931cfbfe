"""How fast one LSTM layer is, forward and backward, beside keras.layers.LSTM and torch.nn.LSTM.

    python tests/benchmarks/lstm_layer.py [--batch 64] [--steps 25] [--units 512] [--runs 15]

All engines take turns in one process, so that a change of the machine's speed meets all of them; the
figures are medians in milliseconds. PyTorch takes part if it is installed. Prints JSON.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import translator.runtime  # noqa: F401  (before TensorFlow)

# isort: split
import keras
import tensorflow as tf

from translator.nn.lstm import LSTM


def keras_engine(layer: keras.layers.LSTM, inputs: tf.Tensor) -> Callable[[], object]:
    """Output, and gradients of the inputs and the weights, as one graph."""
    layer(inputs)
    weights = [weight.value for weight in layer.trainable_variables]

    @tf.function
    def step() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(tf.square(layer(inputs)))
        return tape.gradient(loss, [inputs, *weights])

    return step


def torch_engine(batch: int, steps: int, units: int) -> Callable[[], object]:
    """The same in PyTorch."""
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
    engines = {
        "translator": keras_engine(LSTM(options.units, return_sequences=True), inputs),
        "keras": keras_engine(keras.layers.LSTM(options.units, return_sequences=True), inputs),
    }
    try:
        engines["torch"] = torch_engine(options.batch, options.steps, options.units)
    except ImportError:
        print("PyTorch is not installed and takes no part")
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for run in range(options.runs + 3):
        for name, step in engines.items():
            start = time.perf_counter()
            step()
            if run >= 3:  # the first runs warm up
                seconds[name].append(time.perf_counter() - start)
    medians = {name: round(1000 * statistics.median(values), 1) for name, values in seconds.items()}
    ratios = {name: round(median / medians["translator"], 2) for name, median in medians.items()}
    print(json.dumps(vars(options) | {"milliseconds": medians, "times_as_fast_as": ratios}, indent=2))


if __name__ == "__main__":
    main()
