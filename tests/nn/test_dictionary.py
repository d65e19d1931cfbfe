"""The dictionary layer: the sum of its formula, and what training hides of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from references.networks import padded, random_network, random_sentences

from translator.nn.dictionary import Dictionary
from translator.nn.embedding import TiedEmbedding

VOCABULARY, UNITS, MOST = 11, 8, 3


@pytest.fixture
def embedding():
    layer = TiedEmbedding(VOCABULARY, UNITS)
    layer.build()
    layer.matrix.assign(np.random.default_rng(1).normal(size=[VOCABULARY, UNITS]))
    return layer


@pytest.fixture
def dictionary():
    random = np.random.default_rng(2)
    layer = Dictionary(VOCABULARY, MOST)
    layer.build()
    layer.translations.assign(random.integers(0, VOCABULARY, [VOCABULARY, MOST]))
    layer.shares.assign(random.uniform(0, 0.5, [VOCABULARY, MOST]))
    return layer


def test_it_sums_the_directions_of_the_translations_by_their_shares(dictionary, embedding):
    source_ids = np.array([[4, 7, 4], [10, 0, 5]], np.int32)
    found = dictionary(source_ids, embedding=embedding)
    rows = embedding.matrix.numpy()
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    translations, shares = dictionary.translations.numpy(), dictionary.shares.numpy()
    for place in np.ndindex(2, 3):
        piece = source_ids[place]
        expected = sum(shares[piece, k] * rows[translations[piece, k]] for k in range(MOST))
        np.testing.assert_allclose(found[place], expected, atol=1e-6)


def test_a_new_one_says_nothing(embedding):
    layer = Dictionary(VOCABULARY, MOST)
    layer.build()
    assert not np.any(layer(np.array([[4, 5]], np.int32), embedding=embedding))


@pytest.mark.parametrize(
    ("count", "hidden"), [(0, 1.0), (1, 1.0), (2, 0.5), (4, 0.25), (10, 0.1), (500, 0.1)]
)
def test_training_hides_a_piece_the_more_often_the_rarer_it_is(dictionary, embedding, count, hidden):
    keras.utils.set_random_seed(3)
    dictionary.counts.assign(np.full(VOCABULARY, count))
    source_ids = np.full([40, 100], 4, np.int32)
    found = dictionary(source_ids, embedding=embedding, training=True).numpy()
    whole = dictionary(source_ids, embedding=embedding).numpy()
    silent = ~found.any(axis=-1)
    # Four standard deviations of the mean of 4,000 draws.
    assert abs(silent.mean() - hidden) <= 4 * (hidden * (1 - hidden) / silent.size) ** 0.5
    np.testing.assert_allclose(found[~silent], whole[~silent], atol=1e-6)


def test_no_gradient_goes_back_into_the_embedding(dictionary, embedding):
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(dictionary(np.array([[4, 7]], np.int32), embedding=embedding))
    assert tape.gradient(total, embedding.matrix.value) is None
    assert dictionary.trainable_variables == []


def test_a_trusted_translation_becomes_likelier():
    network = random_network(dictionary=MOST)
    (source,), (target,) = random_sentences(1, [3]), random_sentences(2, [3])
    ids = padded([source]), padded([target])
    network.dictionary.translations.assign(np.full([VOCABULARY, MOST], target[0]))
    network.dictionary.shares.assign(np.zeros([VOCABULARY, MOST]))
    without = network.log_probs(*ids)[0, 0]
    network.dictionary.shares.assign(np.tile([1.0, 0, 0], [VOCABULARY, 1]))
    network.decoder.trust.kernel.assign(np.zeros([2 * UNITS, 1]))
    network.decoder.trust.bias.assign([0.0])
    assert network.log_probs(*ids)[0, 0] > without + 0.5


def test_its_configuration_makes_the_same_layer_again(dictionary):
    again = Dictionary.from_config(dictionary.get_config())
    assert (again.vocabulary_size, again.most) == (VOCABULARY, MOST)
