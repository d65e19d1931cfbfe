"""Reverses the order of words, for models that translate from right to left."""

from __future__ import annotations


def reverse_words(text: str) -> str:
    """Returns the words of a text from last to first, separated by single spaces."""
    return " ".join(reversed(text.split()))
