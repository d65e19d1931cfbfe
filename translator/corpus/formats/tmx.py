"""Reads TMX, the exchange format of translation memories, in constant memory.

translate-toolkit also reads TMX, but keeps the whole file in memory, and translation memories can be huge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree import ElementTree

from translator.corpus.formats.exchange_xml import XML_LANG, XmlText, find_languages, stream_units
from translator.corpus.formats.inline_elements import INVALID, local_name, plain_text
from translator.corpus.readers import Pair
from translator.errors import DataError

_MAX_LISTED_LANGUAGES = 20  # in an error message


def _segments(unit: ElementTree.Element) -> tuple[list[str], list[str]]:
    """Returns the languages of a unit and their texts; variants without a segment are skipped."""
    languages, texts = [], []
    for variant in unit:
        segment = next((child for child in variant if local_name(child.tag) == "seg"), None)
        if segment is not None:
            languages.append(variant.get(XML_LANG) or variant.get("lang") or "")
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
        skipped: counts the units without one of the languages, and those with characters that are not valid.

    Raises:
        DataError: if the XML is malformed or declares entities, if a unit is too large, or if in the end no
            unit had both languages or most had invalid characters.
    """
    xml = XmlText(stream, name)
    found: dict[str, None] = {}  # languages; a dict because sets are not ordered
    num_pairs = 0
    for unit, _ in stream_units(xml, name, {"tu"}):
        languages, texts = _segments(unit)
        indices = find_languages((source_language, target_language), languages)
        if indices is None:
            skipped["without both languages"] += 1
            if len(found) < _MAX_LISTED_LANGUAGES:
                found |= dict.fromkeys(languages)
            continue
        pair = Pair(texts[indices[0]], texts[indices[1]])
        if INVALID in pair.source + pair.target:
            xml.count_invalid(skipped)
            continue
        num_pairs += 1
        yield pair
    xml.refuse_if_most_are_invalid(num_pairs)
    if not num_pairs:
        listed = f"has {', '.join(map(repr, found))}" if found else "has no translation unit"
        raise DataError(
            f"{name}: no unit has both {source_language!r} and {target_language!r}; the file {listed}; "
            "use the language codes of the file"
        )
