"""Dropout: the same features at every time step of a sentence, or whole words."""

import numpy as np
import pytest
import tensorflow as tf
from references.networks import padded, random_network, random_sentences

from translator.nn.dropout import variational_dropout, word_dropout

ONES = np.ones([6, 5, 40], np.float32)  # [batch, time, features]


def test_variational_dropout_drops_the_same_features_at_every_time_step():
    dropped = variational_dropout(0.5, "dropout")(ONES, training=True).numpy()
    assert set(np.unique(dropped)) == {0.0, 2.0}  # the rest is scaled by 1 / (1 - rate)
    assert (dropped == dropped[:, :1]).all()


def test_variational_dropout_drops_other_features_in_each_sentence_and_each_call():
    layer = variational_dropout(0.5, "dropout")
    first, second = (layer(ONES, training=True).numpy()[:, 0] for _ in range(2))
    assert len(np.unique(first, axis=0)) == 6
    assert (first != second).any(axis=1).all()


def test_word_dropout_drops_whole_words():
    words = np.ones([40, 50, 3], np.float32)
    dropped = word_dropout(0.1, "dropout")(words, training=True).numpy()
    assert (dropped == dropped[:, :, :1]).all()
    is_dropped = dropped[:, :, 0] == 0
    assert 0.07 < is_dropped.mean() < 0.13
    np.testing.assert_allclose(dropped[~is_dropped], 1 / 0.9, rtol=1e-6)
    assert len(np.unique(is_dropped, axis=0)) > 1  # sentences differ
    assert len(np.unique(is_dropped, axis=1)) > 1  # time steps differ


@pytest.mark.parametrize("dropout", [variational_dropout, word_dropout])
def test_nothing_is_dropped_at_inference_or_at_rate_zero(dropout):
    assert (dropout(0.5, "dropout")(ONES, training=False) == ONES).numpy().all()
    assert (dropout(0.0, "dropout")(ONES, training=True) == ONES).numpy().all()


@pytest.mark.parametrize(
    "rates", [{"dropout": 0.5, "word_dropout": 0.0}, {"dropout": 0.0, "word_dropout": 0.5}]
)
def test_a_network_drops_in_training_only(rates):
    network = random_network(**rates)
    plain = random_network(dropout=0.0, word_dropout=0.0)
    ids = tf.constant(padded(random_sentences(1, [6, 3])))
    np.testing.assert_allclose(
        network((ids, ids), training=False), plain((ids, ids), training=True), rtol=1e-6
    )
    first, second = (network((ids, ids), training=True).numpy() for _ in range(2))
    assert np.abs(first - second).max() > 0.1


def test_a_network_has_both_kinds_of_dropout():
    network = random_network(units=16, dropout=0.5, word_dropout=0.5)
    for layer in [*network.encoder.dropouts, *network.decoder.dropouts]:
        dropped = layer(ONES, training=True).numpy()
        assert (dropped == dropped[:, :1]).all()
        assert len(np.unique(dropped[:, 0], axis=0)) == 6
    for layer in [network.source_word_dropout, network.target_word_dropout]:
        dropped = layer(ONES, training=True).numpy()
        assert (dropped == dropped[:, :, :1]).all()
        assert set(np.unique(dropped)) == {0.0, 2.0}
