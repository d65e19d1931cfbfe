import contextlib
import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The slowest files of tests/end_to_end, in the order in which they run. They come first in their folder, so
# that no worker is left with a slow file when the others have finished.
_LONGEST_FILES = (
    "test_demo",
    "test_diversify",
    "test_kills",
    "test_several_models",
    "test_export",
    "test_fuzz",
)


def pytest_configure() -> None:
    """Gives each worker cores of its own: otherwise TensorFlow's threads wait for those of other workers."""
    worker, workers = os.environ.get("PYTEST_XDIST_WORKER"), os.environ.get("PYTEST_XDIST_WORKER_COUNT")
    if worker and workers and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if own := cores[int(worker.removeprefix("gw")) :: int(workers)]:
            os.sched_setaffinity(0, own)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs whole commands last, when their parts have been tested, and the slowest files of them first."""
    items.sort(key=_order)


def _order(item: pytest.Item) -> int:
    if item.path.parent.name != "end_to_end":
        return 0
    return 1 + (
        _LONGEST_FILES.index(item.path.stem) if item.path.stem in _LONGEST_FILES else len(_LONGEST_FILES)
    )


@pytest.fixture(scope="module", autouse=True)
def _memory_is_given_back() -> Iterator[None]:
    """After each file, frees the graphs that it traced, and returns the memory to the system.

    Graphs and functions keep each other alive until Python's garbage collector finds them, and the allocator
    of the C library keeps small blocks that were freed. What is alive then lives as long as the process, and
    the collector need not go through it again: a pass over TensorFlow's own objects takes seconds.
    """
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL("libc.so.6").malloc_trim(0)


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
