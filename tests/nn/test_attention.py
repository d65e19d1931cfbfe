"""Attention: weights over the source, and the context that they make."""

import numpy as np
import pytest
import tensorflow as tf
from references.attention import attend

from translator.nn.attention import Attention


def random_attention(units, num_heads, seed=1):
    layer = Attention(units, num_heads)
    layer.build()
    random = np.random.default_rng(seed)
    layer.set_weights([random.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def random_vectors(seed, *shape):
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


def test_a_case_by_hand():
    layer = Attention(1)
    layer.build()
    # The queries are as given, the keys are the memory, the values are ten times the memory.
    layer.set_weights([np.array([[1.0]]), np.array([[1.0, 10.0]])])
    vectors, embedded = tf.constant([[[0.0], [np.log(3.0)]]]), tf.constant([[[4.0], [8.0]]])
    memory = layer.memory(vectors, embedded, tf.constant([[True, True]]))
    context, words, weights = layer(tf.constant([[[1.0]]]), memory)  # scores 0 and ln 3
    np.testing.assert_allclose(weights, [[[[0.25, 0.75]]]], rtol=1e-6)
    np.testing.assert_allclose(context, [[[0.75 * 10 * np.log(3.0)]]], rtol=1e-6)
    np.testing.assert_allclose(words, [[[0.25 * 4 + 0.75 * 8]]], rtol=1e-6)


@pytest.mark.parametrize("num_heads", [1, 2, 6])
def test_equals_numpy(num_heads):
    layer = random_attention(6, num_heads)
    query_kernel, key_value_kernel = layer.get_weights()
    queries, memory = random_vectors(2, 3, 4, 6), random_vectors(3, 3, 5, 6)  # [batch, steps, units]
    embedded, lengths = random_vectors(4, 3, 5, 6), [5, 2, 1]
    mask = tf.sequence_mask(lengths, 5)
    contexts, words, weights = layer(queries, layer.memory(memory, embedded, mask))
    for i, length in enumerate(lengths):
        for t in range(4):
            pieces = memory[i, :length].numpy()
            context, weight = attend(queries[i, t].numpy(), pieces, query_kernel, key_value_kernel, num_heads)
            np.testing.assert_allclose(contexts[i, t], context, atol=1e-5)
            np.testing.assert_allclose(weights[i, :, t, :length], weight, atol=1e-5)
            expected = weight.mean(axis=0) @ embedded[i, :length].numpy()
            np.testing.assert_allclose(words[i, t], expected, atol=1e-5)


def test_weights_sum_to_one_and_are_zero_at_padding():
    layer = random_attention(8, 2)
    mask = tf.sequence_mask([4, 1, 3], 6)  # [batch, source steps]
    memory = layer.memory(1e3 * random_vectors(1, 3, 6, 8), random_vectors(4, 3, 6, 8), mask)
    *_, weights = layer(random_vectors(2, 3, 5, 8), memory)
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=-1), np.ones([3, 2, 5]), rtol=1e-6)
    at_padding = tf.broadcast_to(~mask[:, None, None, :], weights.shape)
    assert (weights.numpy()[at_padding] == 0).all()


def test_heads_must_divide_the_units():
    with pytest.raises(ValueError, match=r"^num_heads \(3\) must divide units \(8\)$"):
        Attention(8, 3)
