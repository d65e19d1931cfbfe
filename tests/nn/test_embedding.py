"""The tied embedding: scaled rows in, dot products out, one matrix."""

import numpy as np
import tensorflow as tf

from translator.nn.embedding import TiedEmbedding


def random_embedding():
    layer = TiedEmbedding(5, 4)
    layer.build()
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=[5, 4]), random.normal(size=[5])])
    return layer


def test_embeds_a_row_times_the_root_of_the_units():
    layer = random_embedding()
    matrix, _ = layer.get_weights()
    np.testing.assert_allclose(layer(tf.constant([[3, 0]])), 2 * matrix[[[3, 0]]], rtol=1e-6)


def test_logits_are_dot_products_with_the_rows_and_a_bias():
    layer = random_embedding()
    matrix, bias = layer.get_weights()
    vectors = np.random.default_rng(2).normal(size=[3, 4]).astype(np.float32)
    np.testing.assert_allclose(layer.logits(tf.constant(vectors)), vectors @ matrix.T + bias, rtol=1e-5)


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
