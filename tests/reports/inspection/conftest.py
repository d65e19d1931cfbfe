import pytest
from references.networks import word_network
from references.toy import toy_tokenizer

from translator.config import Config
from translator.decoding.translator import Translator


@pytest.fixture(scope="session")
def inspection():
    """The inspection of a translation by a small network with random weights; 你 is three byte tokens."""
    tokenizer = toy_tokenizer()
    translator = Translator([word_network(tokenizer, seed=12, end=1.0)], tokenizer, Config())
    return translator.inspect("mia ned 你 pam", min_length=5)
