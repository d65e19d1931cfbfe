"""The dictionary layer: its formula, and the entries that training hides."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from references.networks import padded, random_network, random_sentences

from translator.nn.dictionary import Dictionary
from translator.nn.embedding import TiedEmbedding

VOCABULARY, UNITS, NUM_TRANSLATIONS = 11, 8, 3


@pytest.fixture
def embedding():
    layer = TiedEmbedding(VOCABULARY, UNITS)
    layer.build()
    layer.matrix.assign(np.random.default_rng(1).normal(size=[VOCABULARY, UNITS]))
    return layer


@pytest.fixture
def dictionary():
    random = np.random.default_rng(2)
    layer = Dictionary(VOCABULARY, NUM_TRANSLATIONS)
    layer.build()
    layer.translations.assign(random.integers(0, VOCABULARY, [VOCABULARY, NUM_TRANSLATIONS]))
    layer.shares.assign(random.uniform(0, 0.5, [VOCABULARY, NUM_TRANSLATIONS]))
    return layer


def test_a_vector_is_the_sum_of_unit_rows_weighted_by_share(dictionary, embedding):
    source_ids = np.array([[4, 7, 4], [10, 0, 5]], np.int32)
    vectors = dictionary(source_ids, embedding=embedding)
    rows = embedding.matrix.numpy()
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    translations, shares = dictionary.translations.numpy(), dictionary.shares.numpy()
    for position in np.ndindex(2, 3):
        token = source_ids[position]
        expected = sum(shares[token, k] * rows[translations[token, k]] for k in range(NUM_TRANSLATIONS))
        np.testing.assert_allclose(vectors[position], expected, atol=1e-6)


def test_a_new_dictionary_gives_zero_vectors(embedding):
    layer = Dictionary(VOCABULARY, NUM_TRANSLATIONS)
    layer.build()
    assert not np.any(layer(np.array([[4, 5]], np.int32), embedding=embedding))


@pytest.mark.parametrize(
    ("count", "hidden"), [(0, 1.0), (1, 1.0), (2, 0.5), (4, 0.25), (10, 0.1), (500, 0.1)]
)
def test_training_hides_rare_tokens_more_often(dictionary, embedding, count, hidden):
    keras.utils.set_random_seed(3)
    dictionary.counts.assign(np.full(VOCABULARY, count))
    source_ids = np.full([40, 100], 4, np.int32)
    vectors = dictionary(source_ids, embedding=embedding, training=True).numpy()
    expected = dictionary(source_ids, embedding=embedding).numpy()
    is_hidden = ~vectors.any(axis=-1)
    # Four standard deviations of the mean of 4,000 draws.
    assert abs(is_hidden.mean() - hidden) <= 4 * (hidden * (1 - hidden) / is_hidden.size) ** 0.5
    np.testing.assert_allclose(vectors[~is_hidden], expected[~is_hidden], atol=1e-6)


def test_no_gradient_flows_into_the_embedding(dictionary, embedding):
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(dictionary(np.array([[4, 7]], np.int32), embedding=embedding))
    assert tape.gradient(total, embedding.matrix.value) is None
    assert dictionary.trainable_variables == []


def test_a_translation_in_the_dictionary_becomes_likelier():
    network = random_network(dictionary=NUM_TRANSLATIONS)
    (source,), (target,) = random_sentences(1, [3]), random_sentences(2, [3])
    ids = padded([source]), padded([target])
    network.dictionary.translations.assign(np.full([VOCABULARY, NUM_TRANSLATIONS], target[0]))
    network.dictionary.shares.assign(np.zeros([VOCABULARY, NUM_TRANSLATIONS]))
    without = network.log_probs(*ids)[0, 0]
    network.dictionary.shares.assign(np.tile([1.0, 0, 0], [VOCABULARY, 1]))
    network.decoder.dictionary_gate.kernel.assign(np.zeros([2 * UNITS, 1]))
    network.decoder.dictionary_gate.bias.assign([0.0])
    assert network.log_probs(*ids)[0, 0] > without + 0.5


def test_config_round_trip(dictionary):
    copy = Dictionary.from_config(dictionary.get_config())
    assert (copy.vocabulary_size, copy.num_translations) == (VOCABULARY, NUM_TRANSLATIONS)
