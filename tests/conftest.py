import os
import time
from pathlib import Path

import pytest

_START = time.monotonic()
# What takes minutes begins first among the tests of whole commands, so that all processes end together.
_LONGEST = ("test_demo", "test_diversify", "test_kills", "test_several_models", "test_export", "test_fuzz")


def pytest_configure() -> None:
    """Each of several processes keeps to cores of its own: else the threads of one wait for another's."""
    worker, workers = os.environ.get("PYTEST_XDIST_WORKER"), os.environ.get("PYTEST_XDIST_WORKER_COUNT")
    if worker and workers and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if own := cores[int(worker.removeprefix("gw")) :: int(workers)]:
            os.sched_setaffinity(0, own)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole commands come last, the longest first: what they are made of is tested before."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    if item.path.parent.name != "end_to_end":
        return 0
    return 1 + (_LONGEST.index(item.path.stem) if item.path.stem in _LONGEST else len(_LONGEST))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """On a slow machine, leaves out what would begin after the minutes of TRANSLATOR_TEST_MINUTES."""
    minutes = float(os.environ.get("TRANSLATOR_TEST_MINUTES", "inf"))
    if time.monotonic() - _START > 60 * minutes:
        pytest.skip(f"a slow machine: the {minutes:g} minutes of TRANSLATOR_TEST_MINUTES are over")


@pytest.fixture(scope="session")
def tokenizer():
    """The tokenizer of the toy language."""
    from references.toy import toy_tokenizer  # imports TensorFlow, which not every test needs

    return toy_tokenizer()


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real parallel corpora, one folder a corpus with train, dev and test as .gz."""
    folder = os.environ.get("TRANSLATOR_CORPORA")
    if not folder:
        pytest.skip("needs real corpora: set TRANSLATOR_CORPORA to a folder of <corpus>/train.<language>.gz")
    return Path(folder)
