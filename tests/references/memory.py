"""Measures the memory that Python objects take."""

import tracemalloc


def peak_memory(action) -> int:
    """The peak memory of an action, in bytes."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
