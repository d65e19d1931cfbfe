"""Small networks with random weights."""

import numpy as np

from references.toy import WORDS
from translator.config import ModelConfig
from translator.model_folder import config_path, save_weights, tokenizer_path, weights_path
from translator.nn.model import SpecialIds, build_model

SPECIAL_IDS = SpecialIds(padding=0, start=2, end=3)
FIRST_TOKEN_ID = 4  # the ids from here on are text


def random_network(seed=1, vocabulary_size=11, units=8, **settings):
    """A network with random weights, including biases and norms, so that no error hides behind a zero."""
    network = build_model(ModelConfig(units=units, **settings), vocabulary_size, SPECIAL_IDS)
    random = np.random.default_rng(seed)
    for weight in network.trainable_variables:
        center = 1.0 if weight.name == "gamma" else 0.0
        weight.assign(random.normal(center, 0.5, weight.shape))
    fill_dictionary(network, random)
    return network


def fill_dictionary(network, random):
    """Fills the dictionary of a network, if it has one, with random translations."""
    if network.dictionary is None:
        return
    size, number = network.dictionary.vocabulary_size, network.dictionary.num_translations
    network.dictionary.translations.assign(random.integers(FIRST_TOKEN_ID, size, [size, number]))
    network.dictionary.shares.assign(random.uniform(0, 1 / number, [size, number]))
    network.dictionary.counts.assign(random.integers(0, 20, size))


def random_sentences(seed, lengths, vocabulary_size=11):
    """Sentences of random ids; the lengths include the end, which comes last."""
    random = np.random.default_rng(seed)
    return [
        [*random.integers(FIRST_TOKEN_ID, vocabulary_size, length - 1).tolist(), SPECIAL_IDS.end]
        for length in lengths
    ]


def padded(sentences, extra=0):
    """One int32 array of ids, padded on the right to the longest sentence and ``extra`` more columns."""
    array = np.full([len(sentences), max(map(len, sentences)) + extra], SPECIAL_IDS.padding, np.int32)
    for row, ids in zip(array, sentences, strict=True):
        row[: len(ids)] = ids
    return array


def word_network(tokenizer, seed, end=0.0, **shape):
    """A network with random weights that writes only words of the toy language."""
    special_ids = SpecialIds(tokenizer.padding_id, tokenizer.start_id, tokenizer.end_id)
    network = build_model(ModelConfig(units=8, **shape), tokenizer.vocabulary_size, special_ids)
    random = np.random.default_rng(seed)
    for weight in network.trainable_variables:
        weight.assign(random.normal(1.0 if weight.name == "gamma" else 0.0, 0.5, weight.shape))
    fill_dictionary(network, random)
    known = tokenizer.tokens(range(tokenizer.vocabulary_size))
    bias = np.full(len(known), -50.0)
    bias[[known.index(f"▁{word}") for word in WORDS]] = 0
    bias[special_ids.end] = end
    network.embedding.bias.assign(bias)
    return network


def write_model(folder, config, tokenizer, network):
    """Writes a model folder with all that translating needs; returns the folder."""
    folder.mkdir(exist_ok=True, parents=True)
    config_path(folder).write_text(config.to_json(), encoding="utf-8")
    tokenizer_path(folder).write_bytes(tokenizer.model)
    save_weights(network, weights_path(folder))
    return folder
