"""Reads TMX, the exchange format of translation memories, of any size in little memory."""

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
_MOST_LANGUAGES = 20  # that an error message lists


def _units(stream: BinaryIO, name: str) -> Iterator[ElementTree.Element]:
    """Yields the translation units; what has been read is taken out of the tree."""
    ancestors: list[ElementTree.Element] = []
    # EntityGuard reads as iterparse needs it, though it is not a whole file
    events = ElementTree.iterparse(EntityGuard(stream, name), events=("start", "end"))  # type: ignore[call-overload]
    try:
        for event, element in events:
            if event == "start":
                ancestors.append(element)
                continue
            ancestors.pop()
            if local_name(element.tag) == "tu":
                yield element
            if 1 <= len(ancestors) <= 2:  # the header, the body and what is in them, so all units
                ancestors[-1].remove(element)
    except ElementTree.ParseError as fault:
        raise xml_error(name, fault) from None


def _segments(unit: ElementTree.Element) -> tuple[list[str], list[str]]:
    """The languages of a unit and their texts; a variant without a segment is left out."""
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
    """Yields the pairs of a TMX file, in constant memory; of several variants in one language the first.

    Args:
        stream: the content of the file, unpacked.
        name: name of the file, for messages.
        source_language: code of the source language, such as ``en`` or ``en-GB``.
        target_language: code of the target language.
        skipped: counts the units that lack one of the languages.

    Raises:
        DataError: if the XML is broken or declares entities, or, at the end, no unit has both languages.
    """
    found: dict[str, None] = {}  # a set that keeps its order
    num_pairs = 0
    for unit in _units(stream, name):
        languages, texts = _segments(unit)
        places = find_languages((source_language, target_language), languages)
        if places is None:
            skipped["without both languages"] += 1
            if len(found) < _MOST_LANGUAGES:
                found |= dict.fromkeys(languages)
            continue
        num_pairs += 1
        yield Pair(texts[places[0]], texts[places[1]])
    if not num_pairs:
        listed = f"has {', '.join(map(repr, found))}" if found else "has no translation unit"
        raise DataError(
            f"{name}: no unit has both {source_language!r} and {target_language!r}; the file {listed}; "
            "give the language codes that it uses"
        )
