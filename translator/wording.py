"""Words of messages that depend on numbers."""

from __future__ import annotations


def counted(count: int, singular: str, plural: str = "") -> str:
    """Returns a count and its noun, such as "1 pair" or "1,234 pairs".

    Args:
        count: how many there are.
        singular: the noun for one of them.
        plural: the noun for any other number; by default the singular and an s.
    """
    return f"{count:,} {singular if count == 1 else plural or f'{singular}s'}"
