"""The whole network: equals the reference in NumPy, whatever else is in the batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from references.decoder import initial_state
from references.encoder import run_lstm
from references.model import ReferenceModel, log_softmax
from references.networks import SPECIAL_IDS, padded, random_network, random_sentences

from translator.nn.attention import Attention
from translator.nn.decoder import Decoder
from translator.nn.embedding import TiedEmbedding
from translator.nn.encoder import BidirectionalLSTM, Encoder
from translator.nn.lstm import LSTM
from translator.nn.model import TranslationModel

SHAPES = [
    {"encoder_layers": 1, "decoder_layers": 1, "attention_heads": 1},
    {"encoder_layers": 2, "decoder_layers": 2, "attention_heads": 2, "output_row_length": 0.5},
    {"encoder_layers": 3, "decoder_layers": 4, "attention_heads": 4},
    {"encoder_layers": 2, "decoder_layers": 2, "attention_heads": 2, "dictionary": 3},
]
SOURCES = random_sentences(1, [4, 1, 7, 2])
TARGETS = random_sentences(2, [3, 6, 1, 5])


@pytest.fixture(params=SHAPES, ids=lambda shape: "-".join(map(str, shape.values())), scope="module")
def network(request):
    return random_network(**request.param)


def test_logits_attention_and_log_probs_equal_numpy(network):
    reference = ReferenceModel(network)
    source_ids, target_ids = padded(SOURCES), padded(TARGETS)
    logits = network((source_ids, target_ids))  # [batch, target_length, vocabulary]
    attention = network.teacher_forced(source_ids, target_ids).attention  # [batch, heads, target, source]
    log_probs = network.log_probs(source_ids, target_ids)
    for i, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        expected_logits, expected_attention = reference.teacher_forced(source, target)
        np.testing.assert_allclose(logits[i, : len(target)], expected_logits, atol=1e-4)
        np.testing.assert_allclose(
            attention[i, :, : len(target), : len(source)], expected_attention, atol=1e-5
        )
        expected = reference.log_probs(source, target)
        np.testing.assert_allclose(log_probs[i, : len(target)], expected, atol=1e-4)


def test_log_probs_are_those_of_the_target_tokens_and_zero_at_padding(network):
    source_ids, target_ids = padded(SOURCES), padded(TARGETS)
    log_probs = network.log_probs(source_ids, target_ids).numpy()
    of_all = log_softmax(network((source_ids, target_ids)).numpy())
    expected = np.take_along_axis(of_all, target_ids[:, :, None], axis=-1)[:, :, 0]
    is_padding = target_ids == SPECIAL_IDS.padding
    np.testing.assert_allclose(log_probs[~is_padding], expected[~is_padding], atol=1e-5)
    assert (log_probs[is_padding] == 0).all()


def test_gates_of_every_layer_equal_numpy(network):
    reference = ReferenceModel(network)
    gates = network.lstm_gates(padded(SOURCES), padded(TARGETS))
    layers = [f"lstm_{i}" for i in range(1, reference.encoder_layers)]
    expected_names = [f"encoder/{name}" for name in ("forward", "backward", *layers)]
    expected_names += [f"decoder/lstm_{i}" for i in range(reference.decoder_layers)]
    assert list(gates) == expected_names
    for i, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        embedded = np.stack([reference.embed(token_id) for token_id in source])
        for direction, order in (("forward", 1), ("backward", -1)):
            path = f"encoder/bidirectional/{direction}"
            expected = run_lstm(reference.weights, path, embedded[::order])[::order]
            actual = gates[f"encoder/{direction}"].output[i, : len(source)]
            np.testing.assert_allclose(actual, expected, atol=1e-5, err_msg=path)
        memory, embedded = reference.encode(source)
        state = initial_state(reference.weights, memory, reference.decoder_layers)
        for t, previous_id in enumerate([reference.start_id, *target[:-1]]):
            _, state, _ = reference.step(previous_id, state, memory, embedded)
            for j, (hidden, cell) in enumerate(state[0]):
                layer_gates = gates[f"decoder/lstm_{j}"]
                np.testing.assert_allclose(layer_gates.output[i, t], hidden, atol=1e-4)
                np.testing.assert_allclose(layer_gates.cell[i, t], cell, atol=1e-4)


def test_padding_and_other_sentences_do_not_change_a_sentence(network):
    source_ids, target_ids = padded(SOURCES, extra=3), padded(TARGETS, extra=2)
    memory, state = network.encode(source_ids)
    log_probs = network.log_probs(source_ids, target_ids)
    attention = network.attention_weights(source_ids, target_ids)
    for i, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        only_memory, only_state = network.encode(padded([source]))
        for together, alone in zip(memory[:2], only_memory[:2], strict=True):
            np.testing.assert_allclose(together[i, :, : len(source)], alone[0], atol=1e-5)
        for together, alone in zip(
            tf.nest.flatten(state.lstms), tf.nest.flatten(only_state.lstms), strict=True
        ):
            np.testing.assert_allclose(together[i], alone[0], atol=1e-5)
        only_log_probs = network.log_probs(padded([source]), padded([target]))[0]
        np.testing.assert_allclose(log_probs[i, : len(target)], only_log_probs, atol=1e-4)
        only_attention = network.attention_weights(padded([source]), padded([target]))[0]
        np.testing.assert_allclose(attention[i, : len(target), : len(source)], only_attention, atol=1e-5)
        assert (attention[i, :, len(source) :].numpy() == 0).all()
    np.testing.assert_allclose(tf.reduce_sum(attention, axis=-1), np.ones(target_ids.shape), rtol=1e-5)


def test_decoding_steps_equal_teacher_forcing(network):
    source_ids, beam = padded(SOURCES), 2
    targets = np.random.default_rng(3).integers(4, 11, [len(SOURCES), beam, 5])  # [batch, beam, time]
    memory, state = network.encode(source_ids)
    state = tf.nest.map_structure(lambda tensor: tf.repeat(tensor[:, None], beam, axis=1), state)
    previous = tf.fill([len(SOURCES), beam], SPECIAL_IDS.start)
    target_log_probs, step = [], network.step_function()
    for t in range(5):
        log_probs, state, _ = step(previous, state, memory)
        np.testing.assert_allclose(tf.reduce_logsumexp(log_probs, axis=-1), np.zeros([4, beam]), atol=1e-5)
        target_log_probs.append(
            np.take_along_axis(log_probs.numpy(), targets[:, :, t, None], axis=-1)[:, :, 0]
        )
        previous = tf.constant(targets[:, :, t], tf.int32)
    for slot in range(beam):
        forced = network.log_probs(source_ids, targets[:, slot].astype(np.int32))
        np.testing.assert_allclose(np.stack(target_log_probs, axis=-1)[:, slot], forced, atol=1e-4)


def test_later_target_tokens_do_not_change_earlier_positions(network):
    source_ids = padded(SOURCES[:1])
    logits = network((source_ids, padded([[4, 5, 6, 7]])))
    changed = network((source_ids, padded([[4, 5, 9, 10]])))
    # Position t reads the tokens before t, so the third token first matters at the fourth position.
    np.testing.assert_allclose(logits[:, :3], changed[:, :3], atol=1e-6)
    assert np.abs(logits[:, 3] - changed[:, 3]).max() > 0.01


def test_the_backward_lstm_reads_each_sentence_from_its_own_end():
    network = random_network(encoder_layers=1)
    layer, weights = network.encoder.bidirectional, ReferenceModel(network).weights
    inputs = np.random.default_rng(1).normal(size=[2, 5, 8]).astype(np.float32)  # [batch, time, features]
    outputs = layer(inputs, tf.constant([5, 2]))
    for i, length in enumerate([5, 2]):
        reversed_inputs = inputs[i, :length][::-1]
        backward = run_lstm(weights, "encoder/bidirectional/backward", reversed_inputs)[::-1]
        np.testing.assert_allclose(outputs[i, :length, 4:], backward, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (LSTM(4, return_sequences=True), {"units": 4, "return_sequences": True}),
        (Attention(8, 2), {"units": 8, "num_heads": 2}),
        (TiedEmbedding(11, 8, 0.5), {"vocabulary_size": 11, "units": 8, "output_row_length": 0.5}),
        (BidirectionalLSTM(8), {"units": 8}),
        (Encoder(8, 2, 0.25), {"units": 8, "num_layers": 2, "dropout": 0.25}),
        (Decoder(8, 3, 2, 0.25), {"units": 8, "num_layers": 3, "num_heads": 2, "dropout": 0.25}),
        (
            random_network(
                encoder_layers=3, attention_heads=2, dropout=0.25, word_dropout=0.125, output_row_length=0.5
            ),
            {
                "vocabulary_size": 11,
                "special_ids": list(SPECIAL_IDS),
                "units": 8,
                "encoder_layers": 3,
                "decoder_layers": 2,
                "attention_heads": 2,
                "dropout": 0.25,
                "word_dropout": 0.125,
                "output_row_length": 0.5,
            },
        ),
    ],
    ids=lambda value: None if isinstance(value, dict) else type(value).__name__,
)
def test_config_round_trip(layer, expected):
    config = layer.get_config()
    assert {name: config[name] for name in expected} == expected
    assert type(layer).from_config(config).get_config() == config
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is type(layer)
    assert again.get_config() == config


def test_a_network_made_from_config_and_weights_computes_the_same(tmp_path):
    network = random_network(attention_heads=2)
    network.save_weights(tmp_path / "some.weights.h5")
    copy = TranslationModel.from_config(network.get_config())
    copy.load_weights(tmp_path / "some.weights.h5")
    ids = padded(SOURCES), padded(TARGETS)
    np.testing.assert_allclose(copy(ids), network(ids), atol=1e-6)


def test_one_trace_serves_every_batch_and_length():
    network = random_network()
    ids = tf.TensorSpec([None, None], tf.int32)
    log_probs = tf.function(network.log_probs, input_signature=[ids, ids])
    for sources, targets in [(SOURCES, TARGETS), (SOURCES[:1], TARGETS[:1]), (SOURCES[1:], TARGETS[1:])]:
        expected = network.log_probs(padded(sources), padded(targets))
        np.testing.assert_allclose(log_probs(padded(sources), padded(targets)), expected, atol=1e-5)
    assert log_probs.experimental_get_tracing_count() == 1
