"""An inspection shows the translation itself: the same search, the layers' own gates, the same numbers."""

import json
import math

import keras
import numpy as np
import pytest
from references.networks import padded, word_network

from translator.config import Config
from translator.decoding.translator import Translator
from translator.errors import ConfigError, DataError
from translator.nn.lstm import LSTM

CONFIG = Config().override({"data.max_tokens": 30, "decoding.beam_size": 3, "decoding.length_penalty": 0.5})
SENTENCES = ["ada bob", "mia ned oli pam ivy", "cid", "hal 你 eve"]


@pytest.fixture(scope="module")
def network(tokenizer):
    return word_network(tokenizer, seed=12, end=1.0)


@pytest.fixture(scope="module")
def translator(network, tokenizer):
    return Translator([network], tokenizer, CONFIG)


@pytest.fixture(scope="module")
def inspection(translator):
    return translator.inspect("mia ned oli pam ivy", beam_size=4, min_length=4)


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beam_size": 1},
        {"beam_size": 6, "n_best": 3, "length_penalty": 1.3},
        {"min_length": 5, "no_repeat_ngram": 2, "coverage_penalty": 0.3},
        {"max_length": 3, "length_normalization": "average"},
    ],
)
def test_the_inspected_translation_is_the_one_that_search_finds(translator, text, options):
    found, expected = (
        translator.inspect(text, **options).translation,
        translator.translate([text], **options)[0],
    )
    assert found.text == expected.text
    assert found.tokens == expected.tokens
    assert found.source_tokens == expected.source_tokens
    assert found.score == pytest.approx(expected.score, abs=1e-5)
    assert found.log_probability == pytest.approx(expected.log_probability, abs=1e-5)
    assert [one.tokens for one in found.alternatives] == [one.tokens for one in expected.alternatives]
    np.testing.assert_allclose(found.alignment, expected.alignment, atol=1e-5)


def ids_of(tokenizer, tokens):
    known = tokenizer.tokens(range(tokenizer.vocabulary_size))
    return [known.index(token) for token in tokens]


def path_to(beam, index):
    """The tokens of a hypothesis, from its links to those that it continues."""
    tokens = []
    while index >= 0:
        tokens.insert(0, beam[index].token)
        index = beam[index].parent
    return tokens


def test_every_hypothesis_of_the_beam_has_the_models_own_probability(inspection, network, tokenizer):
    source = padded([ids_of(tokenizer, inspection.translation.source_tokens)])
    assert len(inspection.beam) > 12
    for index, node in enumerate(inspection.beam):
        path = path_to(inspection.beam, index)
        assert len(path) == node.step + 1
        log_probs = network.log_probs(source, padded([ids_of(tokenizer, path)])).numpy()
        assert node.log_probability == pytest.approx(log_probs.sum(), abs=1e-4)


def test_the_beam_has_as_many_hypotheses_as_free_slots(inspection):
    beam = inspection.beam
    ended = 0
    for step in range(beam[-1].step + 1):
        of_step = [node for node in beam if node.step == step]
        assert 1 <= len(of_step) <= 4 - ended
        kept = [node.log_probability for node in of_step]
        assert kept == sorted(kept, reverse=True)
        ended += sum(node.token == "</s>" for node in of_step)
    assert ended > 1


def test_only_finished_hypotheses_have_a_score(inspection):
    for node in inspection.beam:
        if node.token == "</s>":
            penalty = ((5 + node.step + 1) / 6) ** 0.5
            assert node.score == pytest.approx(node.log_probability / penalty, abs=1e-5)
        else:
            assert node.score is None


def test_the_translation_is_a_path_of_the_beam(inspection):
    found = [node.token for node in inspection.beam if node.is_found]
    assert found == list(inspection.translation.tokens)
    last = max(index for index, node in enumerate(inspection.beam) if node.is_found)
    assert path_to(inspection.beam, last) == found
    assert inspection.beam[last].score == pytest.approx(inspection.translation.score)


def test_choices_are_the_written_token_and_the_five_most_probable_others(inspection, network, tokenizer):
    found = inspection.translation
    source, target = (ids_of(tokenizer, tokens) for tokens in (found.source_tokens, found.tokens))
    logits = network((padded([source]), padded([target]))).numpy()[0].astype(np.float64)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert len(inspection.choices) == len(target)
    for choices, distribution, written in zip(inspection.choices, probabilities, target, strict=True):
        others = [token for token in np.argsort(-distribution) if token != written][:5]
        assert [choice.token for choice in choices] == tokenizer.tokens([written, *map(int, others)])
        np.testing.assert_allclose(
            [choice.probability for choice in choices], distribution[[written, *others]], rtol=1e-3, atol=1e-7
        )
    assert sum(math.log(choices[0].probability) for choices in inspection.choices) == pytest.approx(
        found.log_probability, abs=1e-4
    )


def test_the_gates_are_the_layers_own(translator, network, tokenizer, monkeypatch):
    """What each layer was given when the network ran gives, by Keras's own LSTM, the output of the gates."""
    inspection = translator.inspect("mia ned 你 oli", min_length=4)
    found, calls = inspection.translation, {}
    own_call = LSTM.call

    def recorded(layer, sequences, *arguments, **options):
        calls[id(layer)] = sequences.numpy(), [part.numpy() for part in options.get("initial_state") or ()]
        return own_call(layer, sequences, *arguments, **options)

    monkeypatch.setattr(LSTM, "call", recorded)
    network((padded([ids_of(tokenizer, found.source_tokens)]), padded([ids_of(tokenizer, found.tokens)])))
    layers = {f"encoder/{layer.name}": layer for layer in network.encoder.layers}
    layers |= {f"decoder/{layer.name}": layer for layer in network.decoder.layers}
    both = network.encoder.bidirectional
    layers |= {"encoder/forward": both.forward, "encoder/backward": both.backward}
    assert inspection.gates.keys() == layers.keys()
    assert len(layers) == 5
    for name, layer in layers.items():
        sequences, state = calls[id(layer)]
        keras_layer = keras.layers.LSTM(layer.units, return_sequences=True)
        keras_layer.build(sequences.shape)
        keras_layer.set_weights(layer.get_weights())
        output = keras_layer(sequences, initial_state=state or None).numpy()[0]
        gates = inspection.gates[name]
        before = state[1] if state else np.zeros([1, layer.units])
        if name == "encoder/backward":  # it has read the sentence from its end
            gates = type(gates)(*(part[::-1] for part in gates))
        np.testing.assert_allclose(gates.output, output, atol=1e-5)
        np.testing.assert_allclose(gates.output_gate * np.tanh(gates.cell), output, atol=1e-5)
        cell_before = np.concatenate([before, gates.cell[:-1]])
        cell = gates.forget_gate * cell_before + gates.input_gate * gates.candidate
        np.testing.assert_allclose(gates.cell, cell, atol=1e-5)


def test_the_decoder_reads_the_start_and_then_what_it_wrote(inspection):
    assert inspection.read_tokens == ("<s>", *inspection.translation.tokens[:-1])
    assert inspection.gates["decoder/lstm_0"].cell.shape[0] == len(inspection.read_tokens)
    assert inspection.gates["encoder/lstm_1"].cell.shape[0] == len(inspection.translation.source_tokens)


def test_json_holds_the_same_numbers(inspection):
    plain = json.loads(json.dumps(inspection.to_dict()))
    assert plain["translation"] == inspection.translation.text
    assert plain["tokens"] == list(inspection.translation.tokens)
    np.testing.assert_allclose(plain["attention"], inspection.translation.alignment, atol=1e-5)
    assert plain["gates"].keys() == inspection.gates.keys()
    for layer, gates in inspection.gates.items():
        for name, values in plain["gates"][layer].items():
            np.testing.assert_allclose(values, getattr(gates, name), atol=1e-5)
    assert [node["token"] for node in plain["beam"]] == [node.token for node in inspection.beam]
    assert plain["choices"][0][0]["token"] == inspection.translation.tokens[0]


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_text_cannot_be_inspected(translator, text):
    with pytest.raises(DataError, match="no text to inspect; give a sentence"):
        translator.inspect(text)


def test_a_text_that_is_translated_in_parts_cannot_be_inspected(translator):
    with pytest.raises(DataError, match=r"the text has 40 tokens, and more than \d+ are .* one of its sent"):
        translator.inspect("ada " * 40)


@pytest.mark.parametrize("option", ["sampling", "shortlist"])
def test_sampling_and_shortlist_cannot_be_inspected(network, tokenizer, option, monkeypatch):
    translator = Translator([network], tokenizer, CONFIG)
    monkeypatch.setattr(translator, "_lexicon", object())
    with pytest.raises(ConfigError, match=r"a beam search over all tokens; leave out sampling and shortlist"):
        translator.inspect("ada bob", **{option: True})


def test_several_models_cannot_be_inspected(network, tokenizer):
    both = Translator([network, word_network(tokenizer, seed=3)], tokenizer, CONFIG)
    with pytest.raises(ConfigError, match=r"the gates of a single model; give one model"):
        both.inspect("ada bob")
