"""One step of training: what it reports, and the running average of the weights."""

import numpy as np
import pytest
import tensorflow as tf
from references.networks import padded, random_network, random_sentences

from translator.config import TrainingConfig
from translator.training.step import TrainingModel

IDS = padded(random_sentences(1, [4, 2, 6])), padded(random_sentences(2, [3, 5, 2]))
ALIGNMENTS = tf.constant([[0, 2, -1, -1, -1], [1, 1, 0, 0, 1], [5, -1, -1, -1, -1]])
BATCH = *IDS, ALIGNMENTS


def training_model(dropout=0.3, guided_alignment=0.0, **settings):
    network = random_network(encoder_layers=1, decoder_layers=1, dropout=dropout, word_dropout=0.0)
    return TrainingModel(
        network, TrainingConfig(learning_rate=0.05, guided_alignment=guided_alignment, **settings)
    )


def weights_of(model):
    return [weight.numpy() for weight in model.network.trainable_variables]


def averages_of(model):
    return [average.numpy() for average in model.averages]


def assert_all_close(values, expected):
    for value, of_numpy in zip(values, expected, strict=True):
        np.testing.assert_allclose(value, of_numpy, atol=1e-5)


@pytest.mark.parametrize("average_decay", [0.998, 0.3, 0.0])
def test_the_average_follows_its_formula(average_decay):
    model = training_model(average_decay=average_decay)
    expected = weights_of(model)
    for step in range(1, 6):
        model.train_step(BATCH)
        decay = min(average_decay, (1 + step) / (10 + step))
        weights = weights_of(model)
        expected = [decay * a + (1 - decay) * w for a, w in zip(expected, weights, strict=True)]
        assert_all_close(averages_of(model), expected)
    if not average_decay:
        assert_all_close(averages_of(model), weights)  # off: the average is the weight


def test_averaged_weights_replace_the_raw_ones_inside_the_block_only():
    model = training_model()
    model.train_step(BATCH)
    raw, averages = weights_of(model), averages_of(model)
    assert np.abs(raw[0] - averages[0]).max() > 0.005
    with model.averaged_weights():
        assert_all_close(weights_of(model), averages)
    assert_all_close(weights_of(model), raw)
    assert_all_close(averages_of(model), averages)


def test_raw_weights_come_back_after_an_exception():
    model = training_model()
    model.train_step(BATCH)
    raw = weights_of(model)
    with pytest.raises(ZeroDivisionError), model.averaged_weights():
        raise ZeroDivisionError
    assert_all_close(weights_of(model), raw)


def test_a_step_reports_mean_loss_and_sums_from_before_the_update():
    model = training_model(dropout=0.0, label_smoothing=0.2)
    before = model.network.batch_loss(*IDS, 0.2)
    logs = model.train_step(BATCH)
    assert set(logs) == {"loss", "negative_log_prob", "num_tokens"}
    np.testing.assert_allclose(logs["loss"], before.loss / before.num_tokens, rtol=1e-5)
    np.testing.assert_allclose(logs["negative_log_prob"], before.negative_log_prob, rtol=1e-5)
    assert logs["num_tokens"] == 10
    assert model.network.batch_loss(*IDS, 0.2).loss < before.loss


def test_the_gradient_is_that_of_the_mean_loss_clipped_to_its_norm():
    model = training_model(dropout=0.0, clip_norm=0.01)
    weights = model.network.trainable_variables
    with tf.GradientTape() as tape:
        loss = model.network.batch_loss(*IDS, 0.1)
        mean_loss = loss.loss / loss.num_tokens
    gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(mean_loss, weights)]
    norm = tf.linalg.global_norm(gradients)
    assert norm > 0.1
    model.train_step(BATCH)
    # After one step, Adam's first moment is a tenth of the gradient (its decay is 0.9).
    moments = {variable.path: variable.numpy() for variable in model.optimizer.variables}
    for weight, gradient in zip(weights, gradients, strict=True):
        [moment] = [
            value
            for path, value in moments.items()
            if path.endswith(f"{weight.path.replace('/', '_')}_momentum")
        ]
        np.testing.assert_allclose(moment, 0.1 * gradient * 0.01 / norm, atol=1e-7)


def test_guided_attention_moves_towards_the_alignments():
    model = training_model(dropout=0.0, guided_alignment=1.0)
    guidance = {"alignments": ALIGNMENTS, "alignment_weight": 1.0}
    before = model.network.batch_loss(*IDS, 0.1, **guidance)
    logs = model.train_step(BATCH)
    np.testing.assert_allclose(logs["loss"], before.loss / before.num_tokens, rtol=1e-5)
    for _ in range(30):
        model.train_step(BATCH)
    attention = model.network.attention_weights(*IDS).numpy()
    for row, target, source in ((0, 0, 0), (0, 1, 2), (1, 2, 0), (2, 0, 5)):
        assert attention[row, target, source] > 0.5
