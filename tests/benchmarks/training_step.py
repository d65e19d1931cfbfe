"""How fast a whole training step is, beside the same network with keras.layers.LSTM.

    python tests/benchmarks/training_step.py [--pairs 30000] [--batches 8] [--runs 10]

The network, the batch size and the optimizer are those of the recipe for ``--pairs`` pairs, the batches
are random pieces in sentences of about 20. Both take turns in one process; the figures are medians.
``share_of_peak`` is the speed beside that of one large matrix product in the same run. Prints JSON.
"""

import argparse
import json
from collections.abc import Callable
from unittest import mock

import translator.runtime  # noqa: F401  (before TensorFlow)

# isort: split
import keras
import numpy as np
import tensorflow as tf
from timing import matrix_product, median_seconds

from translator.config import Config
from translator.nn.lstm import LSTM
from translator.nn.model import SpecialIds, build_model
from translator.recipes import config_for
from translator.training.step import TrainingModel

SPECIAL_IDS = SpecialIds(padding=0, start=1, end=2)
Batch = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


class KerasLSTM(LSTM):
    """Our layer with the loop of Keras in it."""

    inner_loop = keras.layers.LSTM.inner_loop


def training_model(layer: type[LSTM], config: Config) -> TrainingModel:
    """The network with this kind of LSTM, ready for training."""
    with (
        mock.patch("translator.nn.encoder.LSTM", layer),
        mock.patch("translator.nn.decoder.LSTM", layer),
    ):
        network = build_model(config.model, config.tokenizer.vocabulary_size, SPECIAL_IDS)
    return TrainingModel(network, config.training)


def random_batches(config: Config, number: int) -> list[Batch]:
    """Batches as training has them: sentences of similar length, as many as fill the batch."""
    random = np.random.default_rng(1)

    def side(steps: int) -> tf.Tensor:
        batch = config.data.batch_tokens // steps
        ids = random.integers(3, config.tokenizer.vocabulary_size, [batch, steps]).astype(np.int32)
        lengths = random.integers(max(2, steps - 4), steps + 1, batch)
        ids[np.arange(steps) >= lengths[:, None]] = SPECIAL_IDS.padding
        ids[np.arange(batch), lengths - 1] = SPECIAL_IDS.end
        return tf.constant(ids)

    all_steps = [int(np.clip(random.normal(20, 6), 8, 40)) for _ in range(number)]
    sides = [(side(steps), side(steps)) for steps in all_steps]
    return [
        (source, target, tf.where(target == SPECIAL_IDS.padding, -1, tf.range(target.shape[1])[None]))
        for source, target in sides
    ]


def engine(model: TrainingModel, batches: list[Batch]) -> Callable[[], object]:
    """A step on each batch, as one graph for all shapes."""
    ids = tf.TensorSpec([None, None], tf.int32)
    step = tf.function(model.train_step, input_signature=[(ids, ids, ids)])
    return lambda: [step(batch) for batch in batches][-1]["loss"].numpy()


def operations_of(model: TrainingModel, batches: list[Batch]) -> float:
    """Operations of the matrix products: each weight twice a position forward, twice as many backward."""
    positions = sum(float(tf.size(source)) for source, _, _ in batches)
    pieces = sum(float(tf.math.count_nonzero(target)) for _, target, _ in batches)
    embedding = np.prod(model.network.embedding.matrix.shape)
    kernels = sum(np.prod(weight.shape) for weight in model.network.trainable_variables if weight.ndim == 2)
    return 3 * 2 * (positions * float(kernels - embedding) + pieces * float(embedding))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("pairs", 30_000), ("batches", 8), ("runs", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    config = config_for(options.pairs)
    batches = random_batches(config, options.batches)
    model = training_model(LSTM, config)
    product, product_operations = matrix_product()
    seconds = median_seconds(
        {
            "translator": engine(model, batches),
            "keras": engine(training_model(KerasLSTM, config), batches),
            "matrix product": product,
        },
        options.runs,
    )
    peak = product_operations / seconds.pop("matrix product")
    pieces = sum(float(tf.math.count_nonzero(target)) for _, target, _ in batches)
    operations = operations_of(model, batches)
    print(
        json.dumps(
            {
                **vars(options),
                "peak_gflops": round(peak / 1e9),
                "milliseconds_a_step": {
                    name: round(1000 * value / len(batches), 1) for name, value in seconds.items()
                },
                "target_tokens_a_second": {name: round(pieces / value) for name, value in seconds.items()},
                "translator_times_as_fast_as_keras": round(seconds["keras"] / seconds["translator"], 2),
                "share_of_peak": {
                    name: round(operations / value / peak, 2) for name, value in seconds.items()
                },
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
