"""The loss: label smoothing by the closed form equals label smoothing with dense labels."""

import numpy as np
import pytest
import tensorflow as tf
from references.loss import smoothed_cross_entropy as reference
from references.loss import smoothed_labels
from references.networks import SPECIAL_IDS, padded, random_network, random_sentences

from translator.config import ModelConfig
from translator.nn.embedding import TiedEmbedding
from translator.nn.loss import alignment_loss, smoothed_cross_entropy
from translator.nn.model import build_model

SMOOTHINGS = [0.0, 0.05, 0.1, 0.5, 0.9]


def random_case(seed=1, number=6, vocabulary_size=9, units=5, output_row_length=0.0):
    """An embedding with random weights, vectors [n, units] and targets [n]."""
    random = np.random.default_rng(seed)
    embedding = TiedEmbedding(vocabulary_size, units, output_row_length)
    embedding.build()
    embedding.set_weights([random.normal(size=[vocabulary_size, units]), random.normal(size=vocabulary_size)])
    vectors = tf.constant(random.normal(size=[number, units]), tf.float32)
    return embedding, vectors, tf.constant(random.integers(0, vocabulary_size, number), tf.int32)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_equals_cross_entropy_with_dense_labels(smoothing):
    embedding, vectors, targets = random_case()
    losses, negative_log_probs = smoothed_cross_entropy(embedding, vectors, targets, smoothing)
    matrix, bias = embedding.get_weights()
    logits = vectors.numpy() @ matrix.T + bias
    np.testing.assert_allclose(losses, reference(logits, targets.numpy(), smoothing), rtol=1e-5)
    np.testing.assert_allclose(negative_log_probs, reference(logits, targets.numpy(), 0.0), rtol=1e-5)


@pytest.mark.parametrize("output_row_length", [0.0, 0.7])
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_losses_and_gradients_equal_those_of_dense_labels(smoothing, output_row_length):
    embedding, vectors, targets = random_case(output_row_length=output_row_length)
    labels = tf.constant(smoothed_labels(targets.numpy(), 9, smoothing), tf.float32)
    sources = [vectors, embedding.matrix.value, embedding.bias.value]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(vectors)
        losses, _ = smoothed_cross_entropy(embedding, vectors, targets, smoothing)
        total = tf.reduce_sum(losses)
        dense = -tf.reduce_sum(labels * tf.nn.log_softmax(embedding.logits(vectors)))
    np.testing.assert_allclose(total, dense, rtol=1e-5)
    for gradient, expected in zip(tape.gradient(total, sources), tape.gradient(dense, sources), strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(gradient), expected, atol=1e-5)


def test_in_bfloat16_the_gradient_of_a_frequent_token_loses_none_of_its_parts():
    embedding, vectors, _ = random_case(number=2000)
    targets = tf.zeros([2000], tf.int32)
    gradients = []
    for dtype in (tf.float32, tf.bfloat16):
        with tf.GradientTape() as tape:
            losses, _ = smoothed_cross_entropy(embedding, tf.cast(vectors + 0.1, dtype), targets, 0.1)
        sources = [embedding.matrix.value, embedding.bias.value]
        gradients.append([tf.convert_to_tensor(one)[0].numpy() for one in tape.gradient(losses, sources)])
    for wide, low in zip(*gradients, strict=True):
        np.testing.assert_allclose(low, wide, atol=0.02 * np.abs(wide).max())


@pytest.mark.parametrize("scale", [1e2, 1e4])
def test_a_target_of_probability_zero_has_a_finite_loss_and_gradient(scale):
    embedding, vectors, targets = random_case()
    vectors *= scale
    with tf.GradientTape() as tape:
        losses, _ = smoothed_cross_entropy(embedding, vectors, targets, 0.1)
    assert tf.reduce_max(losses) > 30
    gradients = tape.gradient(losses, [variable.value for variable in embedding.trainable_variables])
    for values in [losses, *gradients]:
        assert np.isfinite(tf.convert_to_tensor(values)).all()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_of_a_new_network_is_near_the_logarithm_of_the_vocabulary_size(smoothing):
    network = build_model(ModelConfig(units=64, word_dropout=0.0), 500, SPECIAL_IDS)
    source_ids = padded(random_sentences(1, range(1, 31), vocabulary_size=500))
    target_ids = padded(random_sentences(2, range(1, 31), vocabulary_size=500))
    loss = network.batch_loss(source_ids, target_ids, smoothing, training=True)
    assert abs(loss.loss / loss.num_tokens - np.log(500)) < 0.3
    assert abs(loss.negative_log_prob / loss.num_tokens - np.log(500)) < 0.3


def test_the_loss_of_a_batch_is_the_sum_over_its_tokens_without_padding():
    network = random_network(dropout=0.0, word_dropout=0.0)
    sources, targets = random_sentences(1, [5, 2, 3]), random_sentences(2, [2, 6, 1])
    batch = network.batch_loss(padded(sources, extra=2), padded(targets, extra=3), 0.1)
    alone = [network.batch_loss(padded([s]), padded([t]), 0.1) for s, t in zip(sources, targets, strict=True)]
    for i, name in enumerate(batch._fields):
        np.testing.assert_allclose(batch[i], sum(loss[i] for loss in alone), rtol=1e-5, err_msg=name)
    assert batch.num_tokens == 9
    log_probs = network.log_probs(padded(sources), padded(targets))
    np.testing.assert_allclose(batch.negative_log_prob, -tf.reduce_sum(log_probs), rtol=1e-5)


def test_the_alignment_loss_is_the_negative_log_weight_of_the_known_positions():
    attention = tf.constant([[[[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]], [[0.25, 0.25, 0.5], [0.3, 0.2, 0.5]]]])
    loss = alignment_loss(attention, tf.constant([[1, 2]]))
    assert float(loss) == pytest.approx(-np.log(0.25) - np.log(0.6))
    assert float(alignment_loss(attention, tf.constant([[-1, 0]]))) == pytest.approx(-np.log(0.2))
    assert alignment_loss(attention, tf.constant([[-1, -1]])) == 0


def test_guided_alignment_adds_to_the_loss_but_not_to_the_negative_log_probability():
    network = random_network(dropout=0.0, word_dropout=0.0)
    source_ids, target_ids = padded(random_sentences(1, [4, 2])), padded(random_sentences(2, [3, 5]))
    alignments = tf.constant([[0, 3, -1, -1, -1], [1, -1, 0, 1, 1]])
    plain = network.batch_loss(source_ids, target_ids, 0.1)
    guided = network.batch_loss(source_ids, target_ids, 0.1, alignments=alignments, alignment_weight=0.5)
    attention = network.teacher_forced(source_ids, target_ids).attention
    expected = plain.loss + 0.5 * alignment_loss(attention, alignments)
    np.testing.assert_allclose(guided.loss, expected, rtol=1e-6)
    assert guided.negative_log_prob == plain.negative_log_prob
    assert network.batch_loss(source_ids, target_ids, 0.1, alignments=alignments).loss == plain.loss
