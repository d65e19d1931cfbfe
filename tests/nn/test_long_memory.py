"""Why an LSTM: it learns to recall a bit over 200 time steps of noise; a plain recurrent network does not."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from translator.nn.lstm import LSTM

UNITS, NOISE_STEPS, BATCH, TRAINING_STEPS = 16, 200, 64, 90


def marked_bits(random, number):
    """Sequences of a bit followed by louder noise.

    Returns:
        Inputs [number, 1 + NOISE_STEPS, 2] and bits [number], 0 or 1. The first feature is the bit as -1 or
        1, then -2 or 2 at random; the second feature marks the first time step with 1.
    """
    inputs = np.zeros([number, 1 + NOISE_STEPS, 2], np.float32)
    inputs[:, :, 0] = random.choice([-2, 2], size=inputs.shape[:2])
    inputs[:, 0, 0] /= 2
    inputs[:, 0, 1] = 1
    return tf.constant(inputs), tf.constant((inputs[:, 0, 0] + 1) / 2)


def accuracy_after_training(layer):
    """Trains a layer; returns the share of new sequences whose bit it predicts at the end.

    Training asks for the bit at every time step, so that short memory is rewarded on the way to long memory.
    """
    random = np.random.default_rng(1)
    head = keras.layers.Dense(1)
    head.build((None, UNITS))
    weights = layer.trainable_variables + head.trainable_variables
    optimizer = keras.optimizers.Adam(0.02, global_clipnorm=1.0)
    optimizer.build(weights)

    @tf.function
    def train(inputs, bits):
        with tf.GradientTape() as tape:
            logits = head(layer(inputs))[:, :, 0]
            labels = tf.repeat(bits[:, None], 1 + NOISE_STEPS, axis=1)
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
        optimizer.apply(tape.gradient(loss, weights), weights)

    for _ in range(TRAINING_STEPS):
        train(*marked_bits(random, BATCH))
    inputs, bits = marked_bits(random, 500)
    predicted = head(layer(inputs)).numpy()[:, -1, 0] > 0
    return np.mean(predicted == bits.numpy())


@pytest.mark.parametrize("seed", [1, 2])
def test_an_lstm_recalls_what_a_plain_recurrent_network_forgets(seed):
    keras.utils.set_random_seed(seed)
    lstm = LSTM(UNITS, return_sequences=True)
    lstm.build((None, None, 2))
    bias = lstm.cell.bias.numpy()
    bias[UNITS : 2 * UNITS] = 5  # open forget gates: a quarter of the cell state is left after 200 steps
    lstm.cell.bias.assign(bias)
    plain = keras.layers.SimpleRNN(UNITS, return_sequences=True)
    plain.build((None, None, 2))
    assert accuracy_after_training(lstm) >= 0.99
    assert accuracy_after_training(plain) <= 0.65
