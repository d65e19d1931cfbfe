"""How much memory Python's objects take."""

import tracemalloc


def peak_memory(action) -> int:
    """The most memory that an action takes at a time, in bytes."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
