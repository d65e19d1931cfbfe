"""The order in which a model writes the words of a translation."""

from __future__ import annotations


def reverse_words(text: str) -> str:
    """The words of a text from the last to the first; done twice, the text again, with single spaces."""
    return " ".join(reversed(text.split()))
