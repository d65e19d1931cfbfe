"""Attention: weights over the source, and the context that they make."""

import numpy as np
import pytest
import tensorflow as tf
from references.attention import attend

from translator.nn.attention import Attention, AttentionPast


def random_attention(units, num_heads, seed=1):
    layer = Attention(units, num_heads)
    layer.build()
    random = np.random.default_rng(seed)
    layer.set_weights([random.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def random_vectors(seed, *shape):
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


def nowhere(*shape):
    """The past before the first query."""
    return AttentionPast(tf.zeros(shape), tf.zeros(shape))


def weights_of(layer):
    return {weight.path.removeprefix(f"{layer.name}/"): weight.numpy() for weight in layer.weights}


def test_a_case_by_hand():
    layer = Attention(1)
    layer.build()
    # The queries are as given, the keys are the memory, the values are ten times the memory.
    layer.query.set_weights([np.array([[1.0]])])
    layer.key_value.set_weights([np.array([[1.0, 10.0]])])
    vectors, embedded = tf.constant([[[0.0], [np.log(3.0)]]]), tf.constant([[[4.0], [8.0]]])
    memory = layer.memory(vectors, embedded, tf.constant([[True, True]]))
    context, words, weights, past = layer(tf.constant([[[1.0]]]), memory, nowhere(1, 2))  # scores 0 and ln 3
    np.testing.assert_allclose(weights, [[[[0.25, 0.75]]]], rtol=1e-6)
    np.testing.assert_allclose(context, [[[0.75 * 10 * np.log(3.0)]]], rtol=1e-6)
    np.testing.assert_allclose(words, [[[0.25 * 4 + 0.75 * 8]]], rtol=1e-6)
    np.testing.assert_allclose(past.last, [[0.25, 0.75]], rtol=1e-6)


def test_the_past_by_hand():
    layer = Attention(1)
    layer.build()
    layer.query.set_weights([np.array([[0.0]])])  # the first looks are even
    layer.coverage.assign(-np.log(2) / 4)
    layer.location.assign(np.log([1, 1, 1, 1, 3, 1, 1]) / 4)  # three times as likely, one ahead of the last
    memory = layer.memory(tf.zeros([1, 2, 1]), tf.zeros([1, 2, 1]), tf.constant([[True, True]]))
    # Both were covered once; all of the last look was at the first of them.
    past = AttentionPast(tf.constant([[1.0, 1.0]]), tf.constant([[1.0, 0.0]]))
    found = layer(tf.zeros([1, 2, 1]), memory, past)
    np.testing.assert_allclose(found.weights[0, 0, 0], [1 / 4, 3 / 4], rtol=1e-5)
    # After an even look the second is ahead of half of it.
    np.testing.assert_allclose(found.weights[0, 0, 1], [1 / (1 + 3**0.5), 3**0.5 / (1 + 3**0.5)], rtol=1e-5)
    np.testing.assert_allclose(found.past.covered, [[2.0, 2.0]], rtol=1e-6)
    # What is covered once more is half as likely.
    past = AttentionPast(tf.constant([[0.0, 1.0]]), tf.zeros([1, 2]))
    found = layer(tf.zeros([1, 1, 1]), memory, past)
    np.testing.assert_allclose(found.weights[0, 0, 0], [2 / 3, 1 / 3], rtol=1e-5)


def test_a_new_layer_does_not_heed_the_past():
    layer = Attention(4)
    layer.build()
    mask = tf.ones([2, 3], tf.bool)
    memory = layer.memory(random_vectors(1, 2, 3, 4), random_vectors(2, 2, 3, 4), mask)
    query, past = random_vectors(3, 2, 1, 4), random_vectors(4, 2, 3)
    plain, told = (layer(query, memory, each) for each in (nowhere(2, 3), AttentionPast(past, past)))
    np.testing.assert_allclose(plain.weights, told.weights, rtol=1e-6)


@pytest.mark.parametrize("num_heads", [1, 2, 6])
def test_equals_numpy(num_heads):
    layer = random_attention(6, num_heads)
    weights_by_name = weights_of(layer)
    queries, memory = random_vectors(2, 3, 4, 6), random_vectors(3, 3, 5, 6)  # [batch, steps, units]
    embedded, lengths = random_vectors(4, 3, 5, 6), [5, 2, 1]
    mask = tf.sequence_mask(lengths, 5)
    contexts, words, weights, _ = layer(queries, layer.memory(memory, embedded, mask), nowhere(3, 5))
    for i, length in enumerate(lengths):
        past = []
        for t in range(4):
            pieces = memory[i, :length].numpy()
            context, weight, past = attend(queries[i, t].numpy(), pieces, weights_by_name, num_heads, past)
            np.testing.assert_allclose(contexts[i, t], context, atol=1e-5)
            np.testing.assert_allclose(weights[i, :, t, :length], weight, atol=1e-5)
            expected = weight.mean(axis=0) @ embedded[i, :length].numpy()
            np.testing.assert_allclose(words[i, t], expected, atol=1e-5)


def test_steps_equal_all_queries_at_once():
    layer, beam = random_attention(6, 2), 3
    queries = random_vectors(2, 2, beam, 4, 6)  # [batch, beam, steps, units]
    mask = tf.sequence_mask([5, 2], 5)
    memory = layer.memory(random_vectors(3, 2, 5, 6), random_vectors(4, 2, 5, 6), mask)
    past, steps = nowhere(2, beam, 5), []
    for t in range(4):
        *found, past = layer.step(queries[:, :, t], memory, past)
        steps.append(found)
    for place in range(beam):
        context, words, weights, after = layer(queries[:, place], memory, nowhere(2, 5))
        for t, (context_of_step, words_of_step, weights_of_step) in enumerate(steps):
            np.testing.assert_allclose(context[:, t], context_of_step[:, place], atol=1e-5)
            np.testing.assert_allclose(words[:, t], words_of_step[:, place], atol=1e-5)
            np.testing.assert_allclose(weights[:, :, t], weights_of_step[:, :, place], atol=1e-5)
        for whole, stepwise in zip(after, past, strict=True):
            np.testing.assert_allclose(whole, stepwise[:, place], atol=1e-5)


def test_queries_in_two_calls_equal_those_in_one():
    layer = random_attention(6, 1)
    queries, mask = random_vectors(2, 2, 5, 6), tf.sequence_mask([5, 2], 5)
    memory = layer.memory(random_vectors(3, 2, 5, 6), random_vectors(4, 2, 5, 6), mask)
    whole = layer(queries, memory, nowhere(2, 5))
    first = layer(queries[:, :2], memory, nowhere(2, 5))
    second = layer(queries[:, 2:], memory, first.past)
    np.testing.assert_allclose(whole.weights[:, :, 2:], second.weights, atol=1e-5)
    np.testing.assert_allclose(whole.past.covered, second.past.covered, atol=1e-5)


def test_weights_sum_to_one_and_are_zero_at_padding():
    layer = random_attention(8, 2)
    mask = tf.sequence_mask([4, 1, 3], 6)  # [batch, source steps]
    memory = layer.memory(1e3 * random_vectors(1, 3, 6, 8), random_vectors(4, 3, 6, 8), mask)
    weights = layer(random_vectors(2, 3, 5, 8), memory, nowhere(3, 6)).weights
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=-1), np.ones([3, 2, 5]), rtol=1e-6)
    at_padding = tf.broadcast_to(~mask[:, None, None, :], weights.shape)
    assert (weights.numpy()[at_padding] == 0).all()


def test_heads_must_divide_the_units():
    with pytest.raises(ValueError, match=r"^num_heads \(3\) must divide units \(8\)$"):
        Attention(8, 3)
