"""Attention: weights over the source, and the context computed from them."""

import numpy as np
import pytest
import tensorflow as tf
from references.attention import attend

from translator.nn.attention import Attention, AttentionHistory


def random_attention(units, num_heads, seed=1):
    layer = Attention(units, num_heads)
    layer.build()
    random = np.random.default_rng(seed)
    layer.set_weights([random.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def random_vectors(seed, *shape):
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


def empty_history(*shape):
    """The history before the first query."""
    return AttentionHistory(tf.zeros(shape), tf.zeros(shape))


def weights_of(layer):
    return {weight.path.removeprefix(f"{layer.name}/"): weight.numpy() for weight in layer.weights}


def test_a_case_computed_by_hand():
    layer = Attention(1)
    layer.build()
    # The queries stay as they are; the keys are the memory and the values ten times the memory.
    layer.query.set_weights([np.array([[1.0]])])
    layer.key_value.set_weights([np.array([[1.0, 10.0]])])
    vectors, embedded = tf.constant([[[0.0], [np.log(3.0)]]]), tf.constant([[[4.0], [8.0]]])
    memory = layer.project_memory(vectors, embedded, tf.constant([[True, True]]))
    query = tf.constant([[[1.0]]])  # the scores are 0 and ln 3
    context, lexical_context, weights, history = layer(query, memory, empty_history(1, 2))
    np.testing.assert_allclose(weights, [[[[0.25, 0.75]]]], rtol=1e-6)
    np.testing.assert_allclose(context, [[[0.75 * 10 * np.log(3.0)]]], rtol=1e-6)
    np.testing.assert_allclose(lexical_context, [[[0.25 * 4 + 0.75 * 8]]], rtol=1e-6)
    np.testing.assert_allclose(history.previous, [[0.25, 0.75]], rtol=1e-6)


def test_coverage_and_location_features_computed_by_hand():
    layer = Attention(1)
    layer.build()
    layer.query.set_weights([np.array([[0.0]])])  # the first pass is uniform
    layer.coverage_weight.assign(-np.log(2) / 4)
    # One position ahead of the previous first pass is three times as likely.
    layer.location_weights.assign(np.log([1, 1, 1, 1, 3, 1, 1]) / 4)
    memory = layer.project_memory(tf.zeros([1, 2, 1]), tf.zeros([1, 2, 1]), tf.constant([[True, True]]))
    # Both positions are covered once; the whole previous first pass was on the first of them.
    history = AttentionHistory(tf.constant([[1.0, 1.0]]), tf.constant([[1.0, 0.0]]))
    output = layer(tf.zeros([1, 2, 1]), memory, history)
    np.testing.assert_allclose(output.weights[0, 0, 0], [1 / 4, 3 / 4], rtol=1e-5)
    # After a uniform first pass, the second position is one ahead of half of it.
    np.testing.assert_allclose(output.weights[0, 0, 1], [1 / (1 + 3**0.5), 3**0.5 / (1 + 3**0.5)], rtol=1e-5)
    np.testing.assert_allclose(output.history.coverage, [[2.0, 2.0]], rtol=1e-6)
    # A position that is covered once more is half as likely.
    history = AttentionHistory(tf.constant([[0.0, 1.0]]), tf.zeros([1, 2]))
    output = layer(tf.zeros([1, 1, 1]), memory, history)
    np.testing.assert_allclose(output.weights[0, 0, 0], [2 / 3, 1 / 3], rtol=1e-5)


def test_a_new_layer_ignores_the_history():
    layer = Attention(4)
    layer.build()
    mask = tf.ones([2, 3], tf.bool)
    memory = layer.project_memory(random_vectors(1, 2, 3, 4), random_vectors(2, 2, 3, 4), mask)
    query, features = random_vectors(3, 2, 1, 4), random_vectors(4, 2, 3)
    histories = empty_history(2, 3), AttentionHistory(features, features)
    without, with_history = (layer(query, memory, history) for history in histories)
    np.testing.assert_allclose(without.weights, with_history.weights, rtol=1e-6)


@pytest.mark.parametrize("num_heads", [1, 2, 6])
def test_equals_numpy(num_heads):
    layer = random_attention(6, num_heads)
    weights_by_name = weights_of(layer)
    queries, memory = random_vectors(2, 3, 4, 6), random_vectors(3, 3, 5, 6)  # [batch, length, units]
    embedded, lengths = random_vectors(4, 3, 5, 6), [5, 2, 1]
    mask = tf.sequence_mask(lengths, 5)
    projected = layer.project_memory(memory, embedded, mask)
    contexts, lexical_contexts, weights, _ = layer(queries, projected, empty_history(3, 5))
    for i, length in enumerate(lengths):
        history = []
        for t in range(4):
            tokens = memory[i, :length].numpy()
            context, weight, history = attend(
                queries[i, t].numpy(), tokens, weights_by_name, num_heads, history
            )
            np.testing.assert_allclose(contexts[i, t], context, atol=1e-5)
            np.testing.assert_allclose(weights[i, :, t, :length], weight, atol=1e-5)
            expected = weight.mean(axis=0) @ embedded[i, :length].numpy()
            np.testing.assert_allclose(lexical_contexts[i, t], expected, atol=1e-5)


def test_one_step_at_a_time_equals_all_queries_at_once():
    layer, beam = random_attention(6, 2), 3
    queries = random_vectors(2, 2, beam, 4, 6)  # [batch, beam, time, units]
    mask = tf.sequence_mask([5, 2], 5)
    memory = layer.project_memory(random_vectors(3, 2, 5, 6), random_vectors(4, 2, 5, 6), mask)
    history, steps = empty_history(2, beam, 5), []
    for t in range(4):
        steps.append(layer.step(queries[:, :, t], memory, history))
        history = steps[-1].history
    for slot in range(beam):
        whole = layer(queries[:, slot], memory, empty_history(2, 5))
        for t, step in enumerate(steps):
            np.testing.assert_allclose(whole.context[:, t], step.context[:, slot], atol=1e-5)
            np.testing.assert_allclose(whole.lexical_context[:, t], step.lexical_context[:, slot], atol=1e-5)
            np.testing.assert_allclose(whole.weights[:, :, t], step.weights[:, :, slot], atol=1e-5)
        for expected, stepwise in zip(whole.history, history, strict=True):
            np.testing.assert_allclose(expected, stepwise[:, slot], atol=1e-5)


def test_queries_in_two_calls_equal_those_in_one():
    layer = random_attention(6, 1)
    queries, mask = random_vectors(2, 2, 5, 6), tf.sequence_mask([5, 2], 5)
    memory = layer.project_memory(random_vectors(3, 2, 5, 6), random_vectors(4, 2, 5, 6), mask)
    whole = layer(queries, memory, empty_history(2, 5))
    first = layer(queries[:, :2], memory, empty_history(2, 5))
    second = layer(queries[:, 2:], memory, first.history)
    np.testing.assert_allclose(whole.weights[:, :, 2:], second.weights, atol=1e-5)
    np.testing.assert_allclose(whole.history.coverage, second.history.coverage, atol=1e-5)


def test_weights_sum_to_one_and_are_zero_at_padding():
    layer = random_attention(8, 2)
    mask = tf.sequence_mask([4, 1, 3], 6)  # [batch, source_length]
    memory = layer.project_memory(1e3 * random_vectors(1, 3, 6, 8), random_vectors(4, 3, 6, 8), mask)
    weights = layer(random_vectors(2, 3, 5, 8), memory, empty_history(3, 6)).weights
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=-1), np.ones([3, 2, 5]), rtol=1e-6)
    at_padding = tf.broadcast_to(~mask[:, None, None, :], weights.shape)
    assert (weights.numpy()[at_padding] == 0).all()


def test_heads_must_divide_the_units():
    with pytest.raises(ValueError, match=r"^num_heads \(3\) must divide units \(8\)$"):
        Attention(8, 3)
