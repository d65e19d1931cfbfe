"""Checks what Python callers give to the translator, so that a wrong type is named at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat, zip_longest

from translator.decoding.glossary import Glossary

_MISSING = object()


def check_sentence(text: str) -> None:
    """Raises a TypeError if a sentence is not a string."""
    _string(text, "the text")


def check_sentences(sentences: Sequence[str]) -> Sequence[str]:
    """Returns several sentences.

    Raises:
        TypeError: if they are not several strings.
    """
    check_lines(sentences)
    for number, sentence in enumerate(sentences, start=1):
        _string(sentence, f"sentence {number}")
    return sentences


def check_lines(lines: Iterable[str]) -> None:
    """Raises a TypeError if lines are one string or cannot be iterated over one by one."""
    if isinstance(lines, str):
        raise TypeError("the lines must be an iterable of sentences, not one string")
    if isinstance(lines, bytes | bytearray | Mapping) or not isinstance(lines, Iterable):
        raise TypeError(f"the text: expected a string or several, not {_description(lines)}")


def with_their_prefixes(
    lines: Iterable[str], prefix: str | Iterable[str] | None
) -> Iterator[tuple[str, str]]:
    """Yields each line with its prefix, which may be empty.

    Args:
        lines: the lines.
        prefix: the same for all lines, or one per line; None: no prefix.

    Raises:
        TypeError: while reading, if a line or a prefix is not a string.
        ValueError: at the end, if there are not as many prefixes as lines.
    """
    if prefix is None or isinstance(prefix, str):
        pairs: Iterable[tuple[object, object]] = zip(lines, repeat(prefix or ""), strict=False)
    elif isinstance(prefix, bytes | Mapping) or not isinstance(prefix, Iterable):
        raise TypeError(f"prefix: expected a string, or one per sentence, not {_description(prefix)}")
    else:
        pairs = zip_longest(lines, prefix, fillvalue=_MISSING)
    return _checked(pairs)


def _checked(pairs: Iterable[tuple[object, object]]) -> Iterator[tuple[str, str]]:
    """Yields lines with their prefixes, and raises the errors of ``with_their_prefixes``."""
    for number, (line, prefix) in enumerate(pairs, start=1):
        if line is _MISSING or prefix is _MISSING:
            raise ValueError(f"there are {'more' if line is _MISSING else 'fewer'} prefixes than sentences")
        yield _string(line, f"sentence {number}"), _string(prefix, f"prefix {number}")


def as_glossary(glossary: Glossary | Mapping[str, str] | None) -> Glossary | None:
    """Returns the glossary that was given as one or as a mapping from source to target terms.

    Raises:
        DataError: if a source term is empty.
        TypeError: if it is neither.
    """
    if glossary is None or isinstance(glossary, Glossary):
        return glossary
    if not isinstance(glossary, Mapping):
        raise TypeError(
            "glossary: expected a dictionary of source terms and their target terms, or Glossary.read(path), "
            f"not {_description(glossary)}"
        )
    for terms in glossary.items():
        for term in terms:
            _string(term, "a term of the glossary")
    return Glossary(glossary)


def _string(value: object, what: str) -> str:
    """Returns a string; raises a TypeError if the value is none."""
    if not isinstance(value, str):
        raise TypeError(f"{what}: expected a string, not {_description(value)}")
    return value


def _description(value: object) -> str:
    """Describes a value by its type and, if it is short, by itself."""
    shown = repr(value)
    name = type(value).__name__
    return shown if value is None else f"{name} {shown}" if len(shown) <= 40 else name
