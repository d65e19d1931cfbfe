"""Small networks with random weights, for comparisons."""

import numpy as np

from references.toy import WORDS
from translator.config import ModelConfig
from translator.model_folder import config_path, save_weights, tokenizer_path, weights_path
from translator.nn.model import SpecialIds, build_model

SPECIAL_IDS = SpecialIds(padding=0, start=2, end=3)
FIRST_TOKEN_ID = 4  # the ids from here on are text


def random_network(seed=1, vocabulary_size=11, units=8, **settings):
    """A network whose every weight, biases and norms included, is random: nothing is hidden by a zero."""
    network = build_model(ModelConfig(units=units, **settings), vocabulary_size, SPECIAL_IDS)
    random = np.random.default_rng(seed)
    for weight in network.trainable_variables:
        center = 1.0 if weight.name == "gamma" else 0.0
        weight.assign(random.normal(center, 0.5, weight.shape))
    fill_dictionary(network, random)
    return network


def fill_dictionary(network, random):
    """Gives the dictionary of a network, if it has one, random translations."""
    if network.dictionary is None:
        return
    size, most = network.dictionary.vocabulary_size, network.dictionary.most
    network.dictionary.translations.assign(random.integers(FIRST_TOKEN_ID, size, [size, most]))
    network.dictionary.shares.assign(random.uniform(0, 1 / most, [size, most]))
    network.dictionary.counts.assign(random.integers(0, 20, size))


def random_sentences(seed, lengths, vocabulary_size=11):
    """Rows of random pieces; each of the given lengths counts the end that stands last."""
    random = np.random.default_rng(seed)
    return [
        [*random.integers(FIRST_TOKEN_ID, vocabulary_size, length - 1).tolist(), SPECIAL_IDS.end]
        for length in lengths
    ]


def padded(rows, extra=0):
    """Rows of ids as one int32 array, padded on the right up to the longest and ``extra`` columns more."""
    array = np.full([len(rows), max(map(len, rows)) + extra], SPECIAL_IDS.padding, np.int32)
    for row, ids in zip(array, rows, strict=True):
        row[: len(ids)] = ids
    return array


def word_network(tokenizer, seed, end=0.0, **shape):
    """A network with random weights that writes the words of the toy language, and no other text."""
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
    """Writes what it takes to translate into a model folder; returns it."""
    folder.mkdir(exist_ok=True, parents=True)
    config_path(folder).write_text(config.to_json(), encoding="utf-8")
    tokenizer_path(folder).write_bytes(tokenizer.model)
    save_weights(network, weights_path(folder))
    return folder
