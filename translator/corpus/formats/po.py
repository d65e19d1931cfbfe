"""Reads PO, the format of gettext for translations of programs, with translate-toolkit."""

from __future__ import annotations

import importlib
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from translator.corpus.formats.exchange_xml import find_languages
from translator.corpus.readers import Pair
from translator.distribution import install_command
from translator.errors import ConfigError, DataError

_MAX_FILE_SIZE = 1 << 28  # bytes; these files are parsed as a whole, which takes many times the memory
_CHARSET = re.compile(rb'"Content-Type:[^"\n]*charset=\s*([\w.:-]+)')


def _read_all(stream: BinaryIO, name: str) -> bytes:
    """Reads the whole stream; raises a DataError if it is too large."""
    content = stream.read(_MAX_FILE_SIZE + 1)
    if len(content) > _MAX_FILE_SIZE:
        raise DataError(f"{name}: larger than {_MAX_FILE_SIZE >> 20} MiB; split it or convert it to TMX")
    return content


def _parse(content: bytes, name: str) -> Any:
    """Parses a whole file with translate-toolkit."""
    try:
        parser: Any = importlib.import_module("translate.storage.pypo").pofile
    except ImportError:
        raise ConfigError(
            f"{name}: reading PO takes translate-toolkit, which is not installed; "
            f"run: {install_command('formats')}"
        ) from None
    try:
        return parser.parsestring(content)
    # For a broken file it raises all kinds of errors: ValueError, IndexError, AssertionError.
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


def _check_languages(file: Any, name: str, source_language: str, target_language: str) -> None:
    """Raises a DataError if the header of a PO file names other languages."""
    header = file.parseheader()
    # A code may be followed by a script or a charset, as in sr@latin.
    source, target = (
        re.split("[@.]", header.get(field, ""))[0].strip() for field in ("X-Source-Language", "Language")
    )
    wanted = (source_language, target_language)
    if find_languages(wanted, (source or source_language, target or target_language)) != (0, 1):
        direction = f"{source!r} to {target!r}" if source else f"to {target!r}"
        raise DataError(
            f"{name}: translates {direction}, not {source_language!r} to {target_language!r}; "
            "use the languages of the file, in this order"
        )


def read_po(
    stream: BinaryIO, name: str, source_language: str, target_language: str, skipped: Counter[str]
) -> Iterator[Pair]:
    """Yields the pairs of a PO file.

    In an entry with plural forms, the singular is paired with the first form and the plural with the last.

    Args:
        stream: the content of the file, decompressed.
        name: name of the file, for messages.
        source_language: code of the source language, such as ``en`` or ``en-GB``, to check the header.
        target_language: code of the target language.
        skipped: counts the entries that are obsolete, fuzzy or untranslated.

    Raises:
        ConfigError: if translate-toolkit is not installed.
        DataError: if the file is broken or translates other languages.
    """
    file = _parse(_to_utf_8(_read_all(stream, name), name), name)
    _check_languages(file, name, source_language, target_language)
    for unit in file.units:
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
