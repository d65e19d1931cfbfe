import pytest
from references.networks import word_network

from translator.config import Config
from translator.decoding.translator import Translator

CONFIG = Config().override({"data.max_tokens": 30, "decoding.beam_size": 3, "decoding.length_penalty": 0.5})


@pytest.fixture(scope="session")
def networks(tokenizer):
    return [
        word_network(tokenizer, seed=27),
        word_network(tokenizer, seed=12, end=1.0, encoder_layers=1, dictionary=2),
    ]


@pytest.fixture(scope="session")
def config():
    return CONFIG


@pytest.fixture(scope="session")
def translator(networks, tokenizer, config):
    """The translator that exported graphs are compared with."""
    return Translator(networks[:1], tokenizer, config)
