import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real parallel corpora, one folder a corpus with train, dev and test as .gz."""
    folder = os.environ.get("TRANSLATOR_CORPORA")
    if not folder:
        pytest.skip("needs real corpora: set TRANSLATOR_CORPORA to a folder of <corpus>/train.<language>.gz")
    return Path(folder)
