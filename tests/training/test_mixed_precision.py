"""What a GPU trains in, bfloat16 with float32 weights, runs on a CPU as well and gives nearly the same."""

import numpy as np
import pytest
import tensorflow as tf

from translator.config import ModelConfig, TrainingConfig
from translator.decoding.graph import SearchGraph
from translator.nn.model import SpecialIds, build_model
from translator.search_options import SearchOptions
from translator.training.step import TrainingModel
from translator.training.trainer import dtype_policy

SOURCE = tf.constant([[5, 6, 7, 3], [8, 3, 0, 0]])
TARGET = tf.constant([[5, 6, 3], [9, 3, 0]])
NOWHERE = tf.constant([[-1, -1, -1], [-1, -1, -1]])


@pytest.fixture(scope="module")
def networks():
    """The same weights in float32 and in mixed bfloat16."""
    config, made = ModelConfig(units=32, dropout=0.0, word_dropout=0.0), []
    for policy in ("float32", "mixed_bfloat16"):
        with dtype_policy(policy):
            made.append(build_model(config, 50, SpecialIds(0, 2, 3)))
    made[1].set_weights(made[0].get_weights())
    return made


def test_weights_are_float32_and_layers_compute_in_bfloat16(networks):
    _, mixed = networks
    assert {weight.dtype for weight in mixed.trainable_variables} == {"float32"}
    assert mixed.encode(SOURCE)[0].keys.dtype == tf.bfloat16


def test_log_probabilities_are_close(networks):
    wide, mixed = (network.log_probs(SOURCE, TARGET).numpy() for network in networks)
    assert mixed.dtype == np.float32
    np.testing.assert_allclose(mixed, wide, atol=0.1)
    assert not np.array_equal(mixed, wide)


def test_a_step_lowers_the_loss_and_search_runs(networks):
    _, mixed = networks
    model = TrainingModel(mixed, TrainingConfig(learning_rate=0.01))
    losses = [float(model.train_step((SOURCE, TARGET, NOWHERE))["loss"]) for _ in range(10)]
    assert losses[-1] < losses[0] - 0.5
    found = SearchGraph([mixed]).search(SOURCE, SearchOptions(beam_size=3, n_best=2))
    assert np.isfinite(found.scores.numpy()).all()


def test_the_policy_ends_with_its_block():
    import keras

    before = keras.config.dtype_policy().name
    with pytest.raises(KeyError), dtype_policy("mixed_bfloat16"):
        raise KeyError
    assert keras.config.dtype_policy().name == before
