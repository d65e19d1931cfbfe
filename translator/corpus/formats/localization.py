"""Reads PO and XLIFF, the formats in which the texts of programs are translated, with translate-toolkit."""

from __future__ import annotations

import importlib
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from translator.corpus.formats.exchange_xml import EntityGuard, find_languages, plain_text
from translator.corpus.readers import Pair
from translator.distribution import install_command
from translator.errors import ConfigError, DataError

_LARGEST_FILE = 1 << 28  # bytes; these files are parsed as a whole, in many times the memory
_UNTRANSLATED = {"new", "needs-translation", "initial"}  # states; the target may be a copy of the source
_CHARSET = re.compile(rb'"Content-Type:[^"\n]*charset=\s*([\w.:-]+)')


def _content(stream: BinaryIO, name: str) -> bytes:
    """All that a stream holds."""
    content = stream.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise DataError(f"{name}: larger than {_LARGEST_FILE >> 20} MiB; split it, or convert it to TMX")
    return content


def _parse(module: str, file_class: str, content: bytes, name: str) -> Any:
    """Parses a whole file with a class of translate-toolkit."""
    try:
        parser = getattr(importlib.import_module(f"translate.storage.{module}"), file_class)
    except ImportError:
        raise ConfigError(
            f"{name}: reading PO and XLIFF takes translate-toolkit, which is not installed; "
            f"run: {install_command('formats')}"
        ) from None
    try:
        return parser.parsestring(content)
    # It raises whatever comes of a broken file: ValueError, IndexError, AssertionError, errors of lxml.
    except Exception as error:
        reason = " ".join(f"{error}".split()) or type(error).__name__
        raise DataError(f"{name}: cannot be read ({reason}); mend the file or export it again") from None


def _in_utf_8(content: bytes, name: str) -> bytes:
    """A PO file in UTF-8 from one in the charset of its header.

    Version 3.20.4 of translate-toolkit, for one, reads the entries as UTF-8 whatever the header says.
    """
    declared = _CHARSET.search(content)
    if declared is None or declared[1] == b"CHARSET":  # of a template
        charset = "UTF-8"
    else:
        charset = declared[1].decode("ascii")
        content = content[: declared.start(1)] + b"UTF-8" + content[declared.end(1) :]
    try:
        return content.decode(charset).encode("utf-8").removeprefix(BOM_UTF8)
    except LookupError:
        raise DataError(
            f"{name}: its header names the unknown charset {charset!r}; mend the header"
        ) from None
    except UnicodeError as error:
        line = content.count(b"\n", 0, error.start) + 1 if isinstance(error, UnicodeDecodeError) else 1
        raise DataError(
            f"{name}, line {line}: not valid {charset}, as the header has it; mend the header"
        ) from None


def _forms(text: Any) -> list[str]:
    """The singular and plural forms of one side of an entry, or its only text."""
    return [str(form) for form in getattr(text, "strings", [text])]


def read_po(stream: BinaryIO, name: str, skipped: Counter[str]) -> Iterator[Pair]:
    """Yields the pairs of a PO file; its languages are not looked at.

    Of an entry with plural forms, the singular is paired with the first form and the plural with the last.

    Args:
        stream: the content of the file, unpacked.
        name: name of the file, for messages.
        skipped: counts the entries that are obsolete, fuzzy or untranslated.

    Raises:
        ConfigError: if translate-toolkit is not installed.
        DataError: if the file is broken.
    """
    for unit in _parse("pypo", "pofile", _in_utf_8(_content(stream, name), name), name).units:
        if not unit.source:  # the header or a comment
            continue
        sources, targets = _forms(unit.source), _forms(unit.target)
        pairs = [Pair(sources[0], targets[0])]
        if len(sources) > 1:
            pairs.append(Pair(sources[1], targets[-1]))
        pairs = [pair for pair in pairs if pair.source and pair.target]
        if unit.isobsolete():
            skipped["obsolete"] += 1
        elif unit.isfuzzy():
            skipped["fuzzy"] += 1
        elif not pairs:
            skipped["untranslated"] += 1
        else:
            yield from pairs


def read_xliff(
    stream: BinaryIO, name: str, source_language: str, target_language: str, skipped: Counter[str]
) -> Iterator[Pair]:
    """Yields the pairs of an XLIFF file, 1.2 or 2.0.

    Args:
        stream: the content of the file, unpacked.
        name: name of the file, for messages.
        source_language: code of the source language, such as ``en`` or ``en-GB``.
        target_language: code of the target language.
        skipped: counts the units that are untranslated, or whose translation is said to need work.

    Raises:
        ConfigError: if translate-toolkit is not installed.
        DataError: if the file is broken, declares entities, or says that its languages are others.
    """
    content = _content(stream, name)
    guard = EntityGuard(stream, name)
    guard.feed(content, final=True)
    version_2 = guard.root_attributes.get("version", "").startswith("2")
    module, file_class = ("xliff2", "Xliff2File") if version_2 else ("xliff", "xlifffile")
    for unit in _parse(module, file_class, content, name).units:
        _check_languages(unit, name, source_language, target_language)
        source, target = (
            "" if side is None else plain_text(side) for side in (unit.source_dom, unit.target_dom)
        )
        state = _state(unit)
        if not (source.strip() and target.strip()) or state in _UNTRANSLATED:
            skipped["untranslated"] += 1
        elif state.startswith("needs-"):
            skipped["fuzzy"] += 1
        else:
            yield Pair(source, target)


def _state(unit: Any) -> str:
    """How far a unit says that its translation is: XLIFF 1.2 at the target, 2.0 at the segment."""
    sides = [unit.xmlelement, unit.target_dom]
    return next((side.get("state") for side in sides if side is not None and side.get("state")), "")


def _check_languages(unit: Any, name: str, source_language: str, target_language: str) -> None:
    """Raises a DataError if the file says that a unit is in other languages, or the other way round."""
    says: dict[str, str] = {}
    for (
        ancestor
    ) in unit.xmlelement.iterancestors():  # XLIFF 1.2 says it of each file inside, 2.0 of the whole
        says = {str(key): str(value) for key, value in ancestor.attrib.items()} | says
    source = says.get("source-language") or says.get("srcLang")
    target = says.get("target-language") or says.get("trgLang")
    wanted = (source_language, target_language)
    if find_languages(wanted, (source or source_language, target or target_language)) != (0, 1):
        source, target = (repr(code) if code else "an unnamed language" for code in (source, target))
        raise DataError(
            f"{name}: translates {source} to {target}, not {source_language!r} to {target_language!r}; "
            "give the languages that it has, in this order"
        )
