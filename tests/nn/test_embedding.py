"""The tied embedding: scaled rows as embeddings, dot products as logits, one matrix."""

import numpy as np
import tensorflow as tf
from references.model import output_rows

from translator.nn.embedding import TiedEmbedding

LENGTH = 1.7


def random_embedding(output_row_length=0.0):
    layer = TiedEmbedding(5, 4, output_row_length)
    layer.build()
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=[5, 4]), random.normal(size=[5])])
    return layer


def test_an_embedding_is_a_row_times_the_square_root_of_the_units():
    layer = random_embedding()
    matrix, _ = layer.get_weights()
    np.testing.assert_allclose(layer(tf.constant([[3, 0]])), 2 * matrix[[[3, 0]]], rtol=1e-6)


def test_logits_are_dot_products_with_rows_of_one_length_and_a_bias():
    layer = random_embedding(LENGTH)
    matrix, bias = layer.get_weights()
    vectors = np.random.default_rng(2).normal(size=[3, 4]).astype(np.float32)
    expected = vectors @ output_rows(matrix, LENGTH).T + bias
    np.testing.assert_allclose(layer.logits(tf.constant(vectors)), expected, rtol=1e-5)
    chosen = layer.logits(tf.constant(vectors), layer.projection(tf.constant([4, 1])))
    np.testing.assert_allclose(chosen, expected[:, [4, 1]], rtol=1e-5)


def test_without_a_length_logits_are_dot_products_with_the_rows_themselves():
    layer = random_embedding()
    matrix, bias = layer.get_weights()
    vectors = np.random.default_rng(2).normal(size=[3, 4]).astype(np.float32)
    np.testing.assert_allclose(layer.logits(tf.constant(vectors)), vectors @ matrix.T + bias, rtol=1e-5)


def test_with_a_length_the_length_of_a_row_does_not_change_its_logit():
    layer = random_embedding(LENGTH)
    matrix, bias = layer.get_weights()
    vectors = tf.constant(np.random.default_rng(2).normal(size=[3, 4]), tf.float32)
    before = layer.logits(vectors)
    layer.set_weights([matrix * [[1], [2], [30], [0.1], [1]], bias])
    np.testing.assert_allclose(layer.logits(vectors), before, rtol=1e-5)


def test_new_embeddings_have_about_unit_variance():
    layer = TiedEmbedding(1000, 64)
    layer.build()
    assert abs(np.std(layer(tf.range(1000))) - 1) < 0.05


def test_both_uses_train_the_one_matrix():
    layer = random_embedding()
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer.logits(layer(tf.constant([2]))))  # 2 sum_v m_2 . m_v and the bias
    matrix, _ = layer.get_weights()
    expected = np.tile(2 * matrix[2], [5, 1])
    expected[2] += 2 * matrix.sum(axis=0)
    gradient, _ = tape.gradient(total, [variable.value for variable in layer.trainable_variables])
    np.testing.assert_allclose(tf.convert_to_tensor(gradient), expected, rtol=1e-5)


def test_logits_turn_rows_of_one_length_and_never_stretch_them():
    layer = random_embedding(LENGTH)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer.logits(layer(tf.constant([2]))))  # 2 m_2 . sum_v r_v and the bias
    matrix, _ = layer.get_weights()
    rows = output_rows(matrix, LENGTH)
    across = 2 * (LENGTH * matrix[2] - rows * (rows @ matrix[2])[:, None] / LENGTH)
    expected = across / np.linalg.norm(matrix, axis=1, keepdims=True)
    expected[2] += 2 * rows.sum(axis=0)
    gradient, _ = tape.gradient(total, [variable.value for variable in layer.trainable_variables])
    np.testing.assert_allclose(tf.convert_to_tensor(gradient), expected, rtol=1e-5)
