"""Smaller weights: what is stored, how accurate it is, and that the networks compute with it."""

from typing import get_args

import numpy as np
import pytest
import tensorflow as tf
from references.networks import padded, random_network, random_sentences

from translator.serving.weights import Precision, Weights

SOURCES, TARGETS = random_sentences(1, [4, 6, 2]), random_sentences(2, [5, 3, 7])


@pytest.mark.parametrize("precision", get_args(Precision))
def test_networks_compute_with_the_stored_weights(precision):
    network = random_network()
    weights = Weights(network.trainable_variables, precision)
    with weights.scope():
        found = network.log_probs(padded(SOURCES), padded(TARGETS))
        values = [tf.convert_to_tensor(variable).numpy() for variable in network.trainable_variables]
    exact = network.log_probs(padded(SOURCES), padded(TARGETS))
    for variable, value in zip(network.trainable_variables, values, strict=True):
        variable.assign(value)
    np.testing.assert_allclose(found, network.log_probs(padded(SOURCES), padded(TARGETS)), atol=1e-5)
    difference = np.abs(found - exact).max()
    assert difference < {"float32": 1e-6, "float16": 0.05, "int8": 0.5}[precision]
    assert (difference > 0) == (precision != "float32")


def test_float16_weights_are_rounded():
    network = random_network()
    for variable, stored in zip(
        network.trainable_variables, Weights(network.trainable_variables, "float16").stored, strict=True
    ):
        assert stored.dtype == tf.float16
        np.testing.assert_array_equal(stored, variable.numpy().astype(np.float16))


def test_int8_weights_use_the_full_range_for_every_output():
    network = random_network()
    weights = Weights(network.trainable_variables, "int8")
    scales = iter(weights.scales)
    for variable, stored in zip(network.trainable_variables, weights.stored, strict=True):
        exact = variable.numpy()
        if exact.ndim < 2:
            assert stored.dtype == tf.float32
            continue
        assert stored.dtype == tf.int8
        is_embedding = variable.path.endswith("embedding/matrix")
        axis = 1 if is_embedding else 0
        scale = next(scales).numpy()
        assert scale.shape == tuple(1 if i == axis else size for i, size in enumerate(exact.shape))
        assert (np.abs(stored.numpy().astype(int)).max(axis=axis) == 127).all()
        assert (np.abs(stored.numpy() * scale - exact) <= scale / 2 + 1e-7).all()


@pytest.mark.parametrize("precision", get_args(Precision))
def test_the_token_ids_of_a_dictionary_are_stored_unchanged(precision):
    network = random_network(dictionary=3)
    weights = Weights(network.weights, precision)
    paths = [variable.path for variable in network.weights]
    stored = weights.stored[paths.index("dictionary/translations")]
    np.testing.assert_array_equal(stored, network.dictionary.translations)
    exact = network.log_probs(padded(SOURCES), padded(TARGETS))
    with weights.scope():
        found = network.log_probs(padded(SOURCES), padded(TARGETS))
    assert np.abs(found - exact).max() < {"float32": 1e-6, "float16": 0.1, "int8": 1.0}[precision]


def test_a_matrix_of_zeros_is_stored_as_zeros():
    network = random_network()
    kernel = network.decoder.readout.kernel
    kernel.assign(np.zeros(kernel.shape))
    with Weights(network.trainable_variables, "int8").scope():
        assert not np.any(tf.convert_to_tensor(kernel))
