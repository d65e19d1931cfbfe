import pytest
from references.toy import toy_tokenizer


@pytest.fixture(scope="session")
def tokenizer():
    return toy_tokenizer()
