"""Measures how fast a training step is, compared to the same network with other LSTMs and in PyTorch.

    python tests/benchmarks/training_step.py [--pairs 30000] [--batches 8] [--runs 10]

The network, the batch size and the optimizer are those of the recipe for ``--pairs`` pairs. The batches are
random sentences of about 20 tokens. Device and precision are those of training; if that is not float32, a
step in float32 is timed as well. All candidates take turns in one process, and the figures are medians.
If PyTorch is installed, it takes part with the same network, after a check that it computes the same loss
from the same weights, and with a decoder that has input feeding.
``share_of_peak`` is the speed relative to one large matrix product in the same run and precision. The
floor of a step is the time of its matrix products at that speed plus the time of its memory traffic at the
speed of copying: all arrays of a weight (gradient, two moments, average, copy in the precision of the
products), and the logits and probabilities of every token. Prints JSON.
"""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

import translator.runtime  # noqa: F401  (before TensorFlow)

# isort: split
import keras
import numpy as np
import tensorflow as tf
from timing import copied, matrix_product, median_seconds

from translator.config import Config, TrainingConfig
from translator.devices import device
from translator.nn.lstm import LSTM
from translator.nn.model import SpecialIds, build_model
from translator.recipes import config_for
from translator.training.step import TrainingModel
from translator.training.trainer import dtype_policy

SPECIAL_IDS = SpecialIds(padding=0, start=1, end=2)
Batch = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


class KerasLSTM(LSTM):
    """Our layer with the inner loop of Keras."""

    inner_loop = keras.layers.LSTM.inner_loop


def training_model(layer: type[LSTM], config: Config) -> TrainingModel:
    """Builds the network with this kind of LSTM, ready for training."""
    with (
        mock.patch("translator.nn.encoder.LSTM", layer),
        mock.patch("translator.nn.decoder.LSTM", layer),
    ):
        network = build_model(config.model, config.tokenizer.vocabulary_size, SPECIAL_IDS)
    return TrainingModel(network, config.training)


def random_batches(config: Config, number: int) -> list[Batch]:
    """Makes batches as in training: as many sentences of similar length as fill a batch."""
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
    """Returns a function that takes a step on each batch, in one graph for all shapes."""
    ids = tf.TensorSpec([None, None], tf.int32)
    step = tf.function(model.train_step, input_signature=[(ids, ids, ids)])
    return lambda: [step(batch) for batch in batches][-1]["loss"].numpy()


def parts_of(model: TrainingModel, batches: list[Batch]) -> dict[str, Callable[[], object]]:
    """Returns growing parts of a step: the encoder, then also the decoder, the loss, and the gradient."""
    network, ids = model.network, tf.TensorSpec([None, None], tf.int32)

    def loss(source: tf.Tensor, target: tf.Tensor, alignments: tf.Tensor) -> tf.Tensor:
        return network.batch_loss(source, target, 0.1, True, alignments=alignments, alignment_weight=0.3).loss

    def gradient(*batch: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(*batch)
        # The sum of all gradients, so that none of them is optimized away.
        gradients = tape.gradient(value, network.trainable_variables)
        return tf.add_n([tf.reduce_sum(tf.convert_to_tensor(one)) for one in gradients])

    functions = {
        "encoder": lambda source, target, _: tf.reduce_sum(network.encode(source, True)[0].keys),
        "decoder": lambda source, target, _: tf.reduce_sum(
            network.teacher_forced(source, target, True).readout
        ),
        "loss": loss,
        "gradient": gradient,
    }

    def run(function: Callable[..., tf.Tensor]) -> Callable[[], object]:
        graph = tf.function(function, input_signature=[ids, ids, ids])
        return lambda: [graph(*batch) for batch in batches][-1].numpy()

    return {name: run(function) for name, function in functions.items()}


def torch_engines(
    model: TrainingModel, config: Config, batches: list[Batch], precision: str
) -> dict[str, Callable[[], object]]:
    """Returns the same steps in PyTorch, if it is installed."""
    # Triton's LLVM and TensorFlow's crash in one process; eager PyTorch does not need Triton.
    sys.modules["triton"] = None  # type: ignore[assignment]
    try:
        import torch
    except ImportError:
        return {}
    from torch_network import TorchNetwork, TorchTraining

    where, mixed = "cuda" if torch.cuda.is_available() else "cpu", precision == "mixed_bfloat16"
    on_device = [
        tuple(torch.from_numpy(part.numpy()).long().to(where) for part in batch) for batch in batches
    ]

    def network(input_feeding: bool) -> TorchNetwork:
        special = SPECIAL_IDS.padding, SPECIAL_IDS.start
        return TorchNetwork(config.model, config.tokenizer.vocabulary_size, *special, input_feeding)

    same = network(input_feeding=False)
    same.take_weights(model.network)
    check_same_loss(model, config.training, TorchTraining(same.eval(), config.training, where, mixed=False))
    trainings = {
        name: TorchTraining(one.train(), config.training, where, mixed)
        for name, one in (("torch", same), ("torch, input feeding", network(input_feeding=True)))
    }

    def engine(training: TorchTraining) -> Callable[[], object]:
        return lambda: [training.step(batch) for batch in on_device][-1].item()

    return {name: engine(training) for name, training in trainings.items()}


def check_same_loss(model: TrainingModel, config: TrainingConfig, peer: Any) -> None:
    """Ends the benchmark if the PyTorch network does not compute the same loss."""
    import torch

    random = np.random.default_rng(2)
    source, target = (random.integers(3, 100, shape).astype(np.int32) for shape in ((4, 9), (4, 7)))
    alignments = random.integers(-1, 9, target.shape).astype(np.int32)
    ours = model.network.batch_loss(
        *map(tf.constant, (source, target)),
        config.label_smoothing,
        alignments=tf.constant(alignments),
        alignment_weight=config.guided_alignment,
    )
    expected = float(ours.loss / ours.num_tokens)
    with torch.no_grad():
        where = next(peer.network.parameters()).device
        ids = (torch.from_numpy(part).long().to(where) for part in (source, target, alignments))
        found = float(peer.loss(tuple(ids)))
    if abs(found - expected) > 0.02:
        raise SystemExit(f"the loss is {expected:.4f}, and in PyTorch {found:.4f}; not the same network")


def bytes_of(model: TrainingModel, batches: list[Batch], width: int) -> float:
    """Returns the bytes moved for weights and logits; ``width`` is that of a number in the products."""
    tokens = sum(float(tf.math.count_nonzero(target)) for _, target, _ in batches)
    # Gradient, weight, average and both moments, read and written; the copy written and read twice.
    of_weights = model.network.count_params() * (5 * 2 * 4 + (3 * width if width < 4 else 0))
    # Logits written and read; probabilities written, read for the loss and for the gradient, and their copy.
    of_logits = model.network.embedding.matrix.shape[0] * (
        2 * width + 3 * 4 + (3 * width if width < 4 else 0)
    )
    return float(len(batches) * of_weights + tokens * of_logits)


def operations_of(model: TrainingModel, batches: list[Batch]) -> float:
    """Returns the operations of the matrix products: two per weight and position forward, four backward."""
    positions = sum(float(tf.size(source)) for source, _, _ in batches)
    tokens = sum(float(tf.math.count_nonzero(target)) for _, target, _ in batches)
    embedding = np.prod(model.network.embedding.matrix.shape)
    kernels = sum(np.prod(weight.shape) for weight in model.network.trainable_variables if weight.ndim == 2)
    return 3 * 2 * (positions * float(kernels - embedding) + tokens * float(embedding))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("pairs", 30_000), ("batches", 8), ("runs", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    config = config_for(options.pairs)
    batches = random_batches(config, options.batches)
    where = device()
    precision = where.precision(config.training.mixed_precision)
    with dtype_policy(precision):
        model, with_keras = (training_model(layer, config) for layer in (LSTM, KerasLSTM))
    dtype = model.network.compute_dtype
    product, product_operations = matrix_product(*(8192, dtype, 10) if where.is_gpu else (2048, dtype))
    copy, copied_bytes = copied(2**30 if where.is_gpu else 2**24)
    peers = torch_engines(model, config, batches, precision)
    engines = {"translator": engine(model, batches), "keras": engine(with_keras, batches), **peers}
    if precision != "float32":
        with dtype_policy("float32"):
            engines["translator in float32"] = engine(training_model(LSTM, config), batches)
    parts = parts_of(model, batches)
    seconds = median_seconds({**engines, **parts, "matrix product": product, "copy": copy}, options.runs)
    peak, bandwidth = product_operations / seconds["matrix product"], copied_bytes / seconds["copy"]
    tokens = sum(float(tf.math.count_nonzero(target)) for _, target, _ in batches)
    operations, moved = operations_of(model, batches), bytes_of(model, batches, tf.as_dtype(dtype).size)
    floor = operations / peak + moved / bandwidth
    milliseconds = {name: 1000 * value / len(batches) for name, value in seconds.items()}
    ends = [milliseconds[name] for name in (*parts, "translator")]
    names = ("encoder", "decoder", "loss", "gradient", "optimizer and average")
    print(
        json.dumps(
            {
                **vars(options),
                "device": where.name,
                "precision": precision,
                "peak_gflops": round(peak / 1e9),
                "gigabytes_a_second": round(bandwidth / 1e9),
                "milliseconds_a_step": {name: round(milliseconds[name], 2) for name in engines},
                "milliseconds_of_its_parts": {
                    name: round(end - start, 2)
                    for name, start, end in zip(names, [0.0, *ends], ends, strict=False)
                },
                "milliseconds_at_least": {
                    "products": round(1000 * operations / peak / len(batches), 2),
                    "bytes": round(1000 * moved / bandwidth / len(batches), 2),
                },
                "target_tokens_a_second": {name: round(tokens / seconds[name]) for name in engines},
                "translator_times_as_fast_as": {
                    name: round(seconds[name] / seconds["translator"], 2) for name in engines
                },
                "share_of_peak": {name: round(operations / seconds[name] / peak, 2) for name in engines},
                "share_of_the_floor": {name: round(floor / seconds[name], 2) for name in engines},
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
