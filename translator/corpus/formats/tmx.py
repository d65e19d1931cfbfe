"""Reads TMX, the exchange format of translation memories, in constant memory.

translate-toolkit also reads TMX, but keeps the whole file in memory, and translation memories can be huge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree import ElementTree

from translator.corpus.formats.exchange_xml import (
    EntityGuard,
    find_languages,
    local_name,
    plain_text,
    xml_error,
)
from translator.corpus.readers import Pair
from translator.errors import DataError

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_MAX_LISTED_LANGUAGES = 20  # in an error message


def _units(stream: BinaryIO, name: str) -> Iterator[ElementTree.Element]:
    """Yields the translation units; elements that have been read are removed from the tree."""
    ancestors: list[ElementTree.Element] = []
    # EntityGuard has the read method that iterparse needs, but is not a complete file object.
    events = ElementTree.iterparse(EntityGuard(stream, name), events=("start", "end"))  # type: ignore[call-overload]
    try:
        for event, element in events:
            if event == "start":
                ancestors.append(element)
                continue
            ancestors.pop()
            if local_name(element.tag) == "tu":
                yield element
            if 1 <= len(ancestors) <= 2:  # the header, the body and their children, which include all units
                ancestors[-1].remove(element)
    except ElementTree.ParseError as error:
        raise xml_error(name, error) from None


def _segments(unit: ElementTree.Element) -> tuple[list[str], list[str]]:
    """Returns the languages of a unit and their texts; variants without a segment are skipped."""
    languages, texts = [], []
    for variant in unit:
        segment = next((child for child in variant if local_name(child.tag) == "seg"), None)
        if segment is not None:
            languages.append(variant.get(_XML_LANG) or variant.get("lang") or "")
            texts.append(plain_text(segment))
    return languages, texts


def read_tmx(
    stream: BinaryIO, name: str, source_language: str, target_language: str, skipped: Counter[str]
) -> Iterator[Pair]:
    """Yields the pairs of a TMX file; of several variants in one language it takes the first.

    Args:
        stream: the content of the file, decompressed.
        name: name of the file, for messages.
        source_language: code of the source language, such as ``en`` or ``en-GB``.
        target_language: code of the target language.
        skipped: counts the units without one of the languages.

    Raises:
        DataError: if the XML is malformed or declares entities, or if in the end no unit had both languages.
    """
    found: dict[str, None] = {}  # languages; a dict because sets are not ordered
    num_pairs = 0
    for unit in _units(stream, name):
        languages, texts = _segments(unit)
        indices = find_languages((source_language, target_language), languages)
        if indices is None:
            skipped["without both languages"] += 1
            if len(found) < _MAX_LISTED_LANGUAGES:
                found |= dict.fromkeys(languages)
            continue
        num_pairs += 1
        yield Pair(texts[indices[0]], texts[indices[1]])
    if not num_pairs:
        listed = f"has {', '.join(map(repr, found))}" if found else "has no translation unit"
        raise DataError(
            f"{name}: no unit has both {source_language!r} and {target_language!r}; the file {listed}; "
            "use the language codes of the file"
        )
