"""Reads XLIFF 1.2 and 2, the exchange format of localization, in constant memory.

Translation programs write it with additions of their own: SDL Trados (.sdlxliff), memoQ (.mqxliff) and Phrase
(.mxliff) say whether a translator has confirmed a segment. translate-toolkit also reads XLIFF, but keeps the
whole file in memory and gives one pair per unit, even if the unit consists of several segments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple
from xml.etree.ElementTree import Element

from translator.corpus.formats.exchange_xml import XML_LANG, XmlText, find_languages, stream_units
from translator.corpus.formats.inline_elements import INVALID, local_name, plain_text
from translator.corpus.readers import Pair
from translator.errors import DataError

# States of a segment in lower case. What is untranslated may have a copy of the source as its target.
_UNTRANSLATED = {"new", "needs-translation", "initial", "notstarted"}
_UNCONFIRMED = {  # of SDL Trados and memoQ
    "draft",
    "rejectedtranslation",
    "rejectedsignoff",
    "rejected",
    "partiallyedited",
    "pretranslated",
    "machinetranslated",
    "assembledfromfragments",
}


class _Segment(NamedTuple):
    """A segment of a unit.

    Attributes:
        source: the element with its text; None: there is none.
        target: the element with its translation; None: there is none.
        states: what the file says about its translation, in lower case.
        may_be_copy: whether a target that equals the source is no translation.
    """

    source: Element | None
    target: Element | None
    states: Sequence[str]
    may_be_copy: bool = False


def read_xliff(
    stream: BinaryIO, name: str, source_language: str, target_language: str, skipped: Counter[str]
) -> Iterator[Pair]:
    """Yields the pairs of an XLIFF file, 1.2 or 2, one per segment.

    Args:
        stream: the content of the file, decompressed.
        name: name of the file, for messages.
        source_language: code of the source language, such as ``en`` or ``en-GB``.
        target_language: code of the target language.
        skipped: counts the units in other languages or not to be translated, and the segments that are
            untranslated, whose state says that the translation needs work, or with invalid characters.

    Raises:
        DataError: if the XML is malformed or declares entities, if a unit is too large, or if in the end no
            unit was in these languages or most had invalid characters.
    """
    xml = XmlText(stream, name)
    wanted = (source_language, target_language)
    others: tuple[str, str] | None = None
    num_pairs = 0
    for unit, ancestors in stream_units(xml, name, {"trans-unit", "unit"}):
        declared = _languages(unit, ancestors)
        found = [code or wanted[side] for side, code in enumerate(declared)]
        if find_languages(wanted, found) != (0, 1):
            skipped["without both languages"] += 1
            others = others or declared
        elif _inherited("translate", unit, ancestors) == "no":
            skipped["not for translation"] += 1
        else:
            data = (element for element in unit.iter() if local_name(element.tag) == "data")
            native_codes = {element.get("id", ""): element.text or "" for element in data}
            for segment in _segments(unit):
                pair = Pair(*("" if side is None else plain_text(side, native_codes) for side in segment[:2]))
                if reason := _fault(segment, pair):
                    skipped[reason] += 1
                elif INVALID in pair.source + pair.target:
                    xml.count_invalid(skipped)
                else:
                    num_pairs += 1
                    yield pair
    xml.refuse_if_most_are_invalid(num_pairs)
    if not num_pairs and others:
        source, target = (repr(code) if code else "an unnamed language" for code in others)
        raise DataError(
            f"{name}: translates {source} to {target}, not {source_language!r} to {target_language!r}; "
            "use the languages of the file, in this order"
        )


def _fault(segment: _Segment, pair: Pair) -> str | None:
    """Returns why a segment is no pair, or None."""
    is_copy = segment.may_be_copy and pair.source.split() == pair.target.split()
    is_empty = not (pair.source.strip() and pair.target.strip())
    if is_empty or is_copy or _UNTRANSLATED.intersection(segment.states):
        return "untranslated"
    if any(state in _UNCONFIRMED or state.startswith("needs-") for state in segment.states):
        return "fuzzy"
    return None


def _inherited(attribute: str, unit: Element, ancestors: Sequence[Element]) -> str:
    """Returns an attribute of the unit, or else of the closest element around it that has it."""
    return next(filter(None, (element.get(attribute) for element in (unit, *reversed(ancestors)))), "")


def _languages(unit: Element, ancestors: Sequence[Element]) -> tuple[str, str]:
    """Returns the languages of a unit, empty if unnamed: those of its texts, else those of the file."""
    own = {local_name(child.tag): child.get(XML_LANG, "") for child in unit}
    # XLIFF 1.2 declares languages on each inner file, 2 on the root.
    source, target = (
        own.get(side) or _inherited(version_1, unit, ancestors) or _inherited(version_2, unit, ancestors)
        for side, version_1, version_2 in (
            ("source", "source-language", "srcLang"),
            ("target", "target-language", "trgLang"),
        )
    )
    return source, target


def _segments(unit: Element) -> Iterator[_Segment]:
    """Yields the segments of a unit; one that is not divided into segments counts as one."""
    if local_name(unit.tag) == "unit":  # XLIFF 2
        for element in unit:
            if local_name(element.tag) == "segment":
                source, target = _child(element, "source"), _child(element, "target")
                yield _Segment(source, target, _states(element, target))
        return
    source, target = _child(unit, "source"), _child(unit, "target")
    segmented_source = _child(unit, "seg-source")
    source = source if segmented_source is None else segmented_source
    confirmed = {
        e.get("id", ""): e.get("conf", "").lower() for e in unit.iter() if local_name(e.tag) == "seg"
    }
    states, is_rejected = _states(unit, target), unit.get("approved") == "no"
    sources, targets = _marked_segments(source), _marked_segments(target)
    if sources and (targets or _is_empty(target)):
        for identifier, marked in sources.items():
            state = confirmed.get(identifier)
            may_be_copy = is_rejected or state == ""
            yield _Segment(marked, targets.get(identifier), [*states, state or ""], may_be_copy)
    elif any(map(_is_empty, targets.values())):
        yield _Segment(source, None, states)  # translated in part, no one knows which
    else:
        may_be_copy = is_rejected or "" in confirmed.values()
        yield _Segment(source, target, [*states, *confirmed.values()], may_be_copy)


def _states(element: Element, target: Element | None) -> list[str]:
    """Returns what a unit or a segment and its target say about the translation."""
    additions = {local_name(name): value for name, value in element.items() if name.startswith("{")}
    state = element.get("state", "") or ("" if target is None else target.get("state", ""))
    return [state.lower(), additions.get("status", "").lower(), "draft" * (additions.get("confirmed") == "0")]


def _marked_segments(text: Element | None) -> dict[str, Element]:
    """Returns the marked segments of a text by their identifiers."""
    marks = [] if text is None else [mark for mark in text.iter() if mark.get("mtype") == "seg"]
    return {mark.get("mid", str(index)): mark for index, mark in enumerate(marks)}


def _child(element: Element, name: str) -> Element | None:
    return next((child for child in element if local_name(child.tag) == name), None)


def _is_empty(text: Element | None) -> bool:
    return text is None or not plain_text(text).strip()
