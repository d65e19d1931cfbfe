"""Why an LSTM: it recalls a bit over 200 steps of noise; a plain recurrent network does not learn to."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from translator.nn.lstm import LSTM

UNITS, NOISE_STEPS, BATCH, TRAINING_STEPS = 16, 200, 64, 90


def marked_bits(random, number):
    """Sentences of a bit and louder noise.

    Returns:
        Inputs [number, 1 + noise steps, 2]: the bit as -1 or 1, then -2 or 2 at random; and a mark, 1 at
        the first step alone. Then the bit as 0 or 1, [number].
    """
    inputs = np.zeros([number, 1 + NOISE_STEPS, 2], np.float32)
    inputs[:, :, 0] = random.choice([-2, 2], size=inputs.shape[:2])
    inputs[:, 0, 0] /= 2
    inputs[:, 0, 1] = 1
    return tf.constant(inputs), tf.constant((inputs[:, 0, 0] + 1) / 2)


def accuracy_after_training(layer):
    """The share of unseen sentences at whose end the first bit is told, after a fixed training.

    The bit is asked for at every step, so that short memory is rewarded on the way to long memory.
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
    told = head(layer(inputs)).numpy()[:, -1, 0] > 0
    return np.mean(told == bits.numpy())


@pytest.mark.parametrize("seed", [1, 2])
def test_an_lstm_recalls_what_a_plain_recurrent_network_forgets(seed):
    keras.utils.set_random_seed(seed)
    lstm = LSTM(UNITS, return_sequences=True)
    lstm.build((None, None, 2))
    bias = lstm.cell.bias.numpy()
    bias[UNITS : 2 * UNITS] = 5  # forget gates that start open: a quarter of the cell state is left after 200
    lstm.cell.bias.assign(bias)
    plain = keras.layers.SimpleRNN(UNITS, return_sequences=True)
    plain.build((None, None, 2))
    assert accuracy_after_training(lstm) >= 0.99
    assert accuracy_after_training(plain) <= 0.65
