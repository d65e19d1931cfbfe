"""Reads PO and XLIFF, the formats of software localization, with translate-toolkit."""

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

_MAX_FILE_SIZE = 1 << 28  # bytes; these files are parsed as a whole, which takes many times the memory
_UNTRANSLATED = {"new", "needs-translation", "initial"}  # states; the target may be a copy of the source
_CHARSET = re.compile(rb'"Content-Type:[^"\n]*charset=\s*([\w.:-]+)')


def _read_all(stream: BinaryIO, name: str) -> bytes:
    """Reads the whole stream; raises a DataError if it is too large."""
    content = stream.read(_MAX_FILE_SIZE + 1)
    if len(content) > _MAX_FILE_SIZE:
        raise DataError(f"{name}: larger than {_MAX_FILE_SIZE >> 20} MiB; split it or convert it to TMX")
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
    # For a broken file it raises all kinds of errors: ValueError, IndexError, AssertionError, those of lxml.
    except Exception as error:
        reason = " ".join(f"{error}".split()) or type(error).__name__
        raise DataError(f"{name}: cannot be read ({reason}); repair the file or export it again") from None


def _to_utf_8(content: bytes, name: str) -> bytes:
    """Converts a PO file from the charset in its header to UTF-8.

    translate-toolkit (version 3.20.4, for example) reads the entries as UTF-8 whatever the header says.
    """
    declared = _CHARSET.search(content)
    if declared is None or declared[1] == b"CHARSET":  # the placeholder in a template
        charset = "UTF-8"
    else:
        charset = declared[1].decode("ascii")
        content = content[: declared.start(1)] + b"UTF-8" + content[declared.end(1) :]
    try:
        return content.decode(charset).encode("utf-8").removeprefix(BOM_UTF8)
    except LookupError:
        raise DataError(
            f"{name}: the charset {charset!r} in its header is unknown; correct the header"
        ) from None
    except UnicodeError as error:
        line = content.count(b"\n", 0, error.start) + 1 if isinstance(error, UnicodeDecodeError) else 1
        raise DataError(
            f"{name}, line {line}: not valid {charset}, the charset in its header; correct the header"
        ) from None


def _forms(text: Any) -> list[str]:
    """Returns the singular and plural forms of one side of an entry, or its only text."""
    return [str(form) for form in getattr(text, "strings", [text])]


def read_po(stream: BinaryIO, name: str, skipped: Counter[str]) -> Iterator[Pair]:
    """Yields the pairs of a PO file; its languages are not checked.

    In an entry with plural forms, the singular is paired with the first form and the plural with the last.

    Args:
        stream: the content of the file, decompressed.
        name: name of the file, for messages.
        skipped: counts the entries that are obsolete, fuzzy or untranslated.

    Raises:
        ConfigError: if translate-toolkit is not installed.
        DataError: if the file is broken.
    """
    for unit in _parse("pypo", "pofile", _to_utf_8(_read_all(stream, name), name), name).units:
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
        stream: the content of the file, decompressed.
        name: name of the file, for messages.
        source_language: code of the source language, such as ``en`` or ``en-GB``.
        target_language: code of the target language.
        skipped: counts the units that are untranslated or whose state says that the translation needs work.

    Raises:
        ConfigError: if translate-toolkit is not installed.
        DataError: if the file is broken, declares entities, or declares other languages.
    """
    content = _read_all(stream, name)
    guard = EntityGuard(stream, name)
    guard.feed(content, final=True)
    is_version_2 = guard.root_attributes.get("version", "").startswith("2")
    module, file_class = ("xliff2", "Xliff2File") if is_version_2 else ("xliff", "xlifffile")
    for unit in _parse(module, file_class, content, name).units:
        _check_languages(unit, name, source_language, target_language)
        source, target = (
            "" if element is None else plain_text(element) for element in (unit.source_dom, unit.target_dom)
        )
        state = _state(unit)
        if not (source.strip() and target.strip()) or state in _UNTRANSLATED:
            skipped["untranslated"] += 1
        elif state.startswith("needs-"):
            skipped["fuzzy"] += 1
        else:
            yield Pair(source, target)


def _state(unit: Any) -> str:
    """Returns the translation state of a unit; XLIFF 1.2 has it on the target, 2.0 on the segment."""
    states = (element.get("state") for element in (unit.xmlelement, unit.target_dom) if element is not None)
    return next(filter(None, states), "")


def _check_languages(unit: Any, name: str, source_language: str, target_language: str) -> None:
    """Raises a DataError if the file declares other languages for a unit, or swaps them."""
    # XLIFF 1.2 declares languages on each inner file, 2.0 on the root.
    declared: dict[str, str] = {}
    for ancestor in unit.xmlelement.iterancestors():
        declared = {str(key): str(value) for key, value in ancestor.attrib.items()} | declared
    source = declared.get("source-language") or declared.get("srcLang")
    target = declared.get("target-language") or declared.get("trgLang")
    wanted = (source_language, target_language)
    if find_languages(wanted, (source or source_language, target or target_language)) != (0, 1):
        source, target = (repr(code) if code else "an unnamed language" for code in (source, target))
        raise DataError(
            f"{name}: translates {source} to {target}, not {source_language!r} to {target_language!r}; "
            "use the languages of the file, in this order"
        )
