"""A GPU with cuDNN's LSTM computes the same as the equations on the CPU.

    pytest -m gpu tests/gpu

The tolerances come from the arithmetic: float32 sums in another order, and the 8 bits of bfloat16.
"""

import contextlib
import os

import numpy as np
import pytest
import tensorflow as tf
from references.networks import padded, random_network, random_sentences
from references.toy import toy_pairs, write

import translator
from translator.decoding.graph import SearchGraph
from translator.devices import device
from translator.nn.lstm import LSTM, without_cudnn
from translator.search_options import SearchOptions
from translator.training.trainer import dtype_policy

# Set it to run the tests without a GPU; everything is then compared with itself.
GPU = os.environ.get("TRANSLATOR_PRETENDED_GPU", "/GPU:0")

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not device().is_gpu and GPU == "/GPU:0", reason="needs a GPU that TensorFlow can use"),
]
TOLERANCES = {"float32": 1e-5, "mixed_bfloat16": 2e-2}


@pytest.fixture(autouse=True)
def full_float32():
    """Computes float32 products in float32, not in the 10 bits of TensorFloat-32."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    yield
    tf.config.experimental.enable_tensor_float_32_execution(before)


@contextlib.contextmanager
def on_the_cpu():
    with tf.device("/CPU:0"), without_cudnn():
        yield


def assert_close(actual, expected, tolerance):
    """Differences are small compared with the largest element."""
    for tensors in zip(actual, expected, strict=True):
        left, right = (tf.cast(tf.convert_to_tensor(tensor), tf.float32).numpy() for tensor in tensors)
        scale = max(1e-6, float(np.abs(right).max()))
        np.testing.assert_allclose(left, right, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("policy", TOLERANCES)
def test_the_layer_and_its_gradient(policy):
    random = np.random.default_rng(1)
    inputs, hidden, cell, d_outputs = (
        tf.constant(random.normal(size=shape), tf.float32)
        for shape in ([8, 13, 24], [8, 32], [8, 32], [8, 13, 32])
    )
    with dtype_policy(policy):
        layer = LSTM(32, return_sequences=True, return_state=True)
        layer.build(inputs.shape)

    def run():
        with tf.GradientTape() as tape:
            tape.watch([inputs, hidden, cell])
            results = layer(inputs, initial_state=[hidden, cell])
            total = tf.reduce_sum(tf.cast(results[0], tf.float32) * d_outputs)
        weights = [weight.value for weight in layer.trainable_variables]
        return [*results, *tape.gradient(total, [inputs, hidden, cell, *weights])]

    with tf.device(GPU):
        actual = run()
    with on_the_cpu():
        expected = run()
    assert_close(actual, expected, TOLERANCES[policy])


@pytest.mark.parametrize("policy", TOLERANCES)
def test_the_loss_of_padded_sentences_and_its_gradient(policy):
    with dtype_policy(policy):
        network = random_network(vocabulary_size=40, units=32, dropout=0.0, word_dropout=0.0)
    for weight in network.trainable_variables:
        weight.assign(0.3 * weight)
    source, target = (
        tf.constant(padded(random_sentences(seed, lengths, 40)))
        for seed, lengths in ((1, [9, 4, 1, 7]), (2, [3, 8, 5, 1]))
    )
    alignments = tf.where(target == 0, -1, 0)

    def run():
        weights = network.trainable_variables
        with tf.GradientTape() as tape:
            loss = network.batch_loss(
                source, target, 0.1, True, alignments=alignments, alignment_weight=0.3
            ).loss
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        return [loss, *map(tf.convert_to_tensor, gradients)]

    with tf.device(GPU):
        actual = run()
    with on_the_cpu():
        expected = run()
    assert_close(actual, expected, 10 * TOLERANCES[policy])


def test_search_returns_the_same_hypotheses():
    network = random_network(vocabulary_size=40, units=32)
    source = tf.constant(padded(random_sentences(3, [9, 4, 1, 7, 12], 40)))
    options = SearchOptions(beam_size=4, n_best=4, max_length=12)
    with tf.device(GPU):
        actual = SearchGraph([network]).search(source, options)
    with on_the_cpu():
        expected = SearchGraph([network]).search(source, options)
    np.testing.assert_array_equal(actual.ids, expected.ids)
    np.testing.assert_allclose(actual.scores, expected.scores, rtol=1e-4)


def test_training_learns_and_reports_the_device(tmp_path):
    files = [
        write(tmp_path, name, toy_pairs(number, seed=seed))
        for name, number, seed in (("train", 3000, 1), ("dev", 100, 2))
    ]
    lines = []
    translator.train(
        files[0].source,
        files[0].target,
        tmp_path / "model",
        dev_source=files[1].source,
        dev_target=files[1].target,
        settings={
            "tokenizer.vocabulary_size": 320,
            "model.units": 64,
            "model.dropout": 0.0,
            "model.word_dropout": 0.0,
            "data.batch_tokens": 512,
            "training.learning_rate": 0.01,
            "training.warmup_steps": 100,
            "training.evaluate_steps": 0,
            "training.max_epochs": 12,
            "training.patience": 12,
        },
        report=lines.append,
    )
    [shape] = [line for line in lines if line.startswith("model: ")]
    assert shape.endswith(f"{device().precision(mixed=True)} on {device().name}")
    scores, _ = translator.evaluate(
        translator.load(tmp_path / "model"), files[1].source, files[1].target, beam_size=1
    )
    assert scores.bleu.score > 80
