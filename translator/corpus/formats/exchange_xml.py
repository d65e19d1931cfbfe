"""Shared code for the XML formats of translations, TMX and XLIFF: languages, safe and frugal parsing."""

from __future__ import annotations

import codecs
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from typing import BinaryIO
from xml.etree import ElementTree
from xml.parsers import expat

from translator.corpus.formats.inline_elements import INVALID, local_name
from translator.errors import DataError

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_MAX_UNIT_SIZE = 1 << 20  # characters; the tree of a unit takes many times the memory of its text
_DECLARED_ENCODING = re.compile(rb"""<\?xml\s[^>]*?\bencoding\s*=\s*["\']([\w.:-]+)""")
# Encodings in which a declaration of one byte per character cannot be, and ASCII, which UTF-8 includes.
_IMPOSSIBLE_ENCODING = re.compile(r"u(?:tf|cs)[_-]?(?:16|32|2|4)|iso-10646|(?:us-)?ascii", re.IGNORECASE)
# What XML cannot contain, and references by number, which may stand for such a character.
_INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]+)|([0-9]+));")
_MAX_REFERENCE_LENGTH = 12


def _closeness(wanted: str, found: str) -> int:
    """Returns 2 for equal language codes, 1 if only one of them has a region, 0 for different languages."""
    wanted, found = (code.lower().replace("_", "-") for code in (wanted, found))
    if wanted == found:
        return 2
    return int(found == wanted.partition("-")[0] or wanted == found.partition("-")[0])


def _matches(wanted: str, found: Sequence[str]) -> list[int]:
    """Returns the indices of the codes that match a language, the closest first."""
    closeness = [_closeness(wanted, code) for code in found]
    return [i for level in (2, 1) for i, found_level in enumerate(closeness) if found_level == level]


def find_languages(wanted: tuple[str, str], found: Sequence[str]) -> tuple[int, int] | None:
    """Finds two languages among those of a unit.

    A code matches itself in upper or lower case; failing that, ``en`` matches ``en-GB`` and ``en-GB`` matches
    ``en``.

    Args:
        wanted: codes of the source and the target language.
        found: language codes of the unit.

    Returns:
        The indices of both in ``found``, never the same for both; None if a language is missing.
    """
    sources, targets = (_matches(code, found) for code in wanted)
    return next(((i, j) for i in sources for j in targets if i != j), None)


def xml_error(name: str, error: expat.ExpatError | ElementTree.ParseError) -> DataError:
    """Returns the error to raise for XML that expat or ElementTree finds malformed."""
    line, column = (error.lineno, error.offset) if isinstance(error, expat.ExpatError) else error.position
    return DataError(
        f"{name}, line {line}, column {column + 1}: broken XML ({expat.ErrorString(error.code)}); "
        "repair the file or export it again"
    )


class XmlText:
    """The text of an XML file: decoded, checked, and with ``INVALID`` in place of what XML cannot contain.

    It is decoded by its bytes where they contradict the declaration. Entity declarations are refused: neither
    format needs any, and a file that declares some may expand a few bytes to gigabytes or include other
    files. A parser checks the text up to the root element, where declarations end. (defusedxml does so too,
    but its errors name no line.)

    Attributes:
        root: name of the root element, once it has been read.
        first_invalid_line: number of the first line with a character that XML cannot contain; 0: none so far.

    Args:
        stream: the XML.
        name: name of the file, for messages.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.root: str | None = None
        self.first_invalid_line = 0
        self._stream = stream
        self._name = name
        self._decoder: codecs.IncrementalDecoder | None = None
        self._encoding = "UTF-8"
        self._num_invalid = 0
        self._incomplete = ""  # the beginning of a character reference
        self._line = 1
        self._unit_line, self._unit_size = 1, 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EntityDeclHandler = self._refuse
        self._parser.SkippedEntityHandler = self._refuse_unknown

    def start_unit(self) -> None:
        """Starts a unit: the text before it no longer counts towards its size."""
        self._unit_line, self._unit_size = self._line, 0

    def read(self, size: int) -> str:
        """Reads some text, at least one character before the end of the file.

        Raises:
            DataError: if the XML declares entities, is malformed, has an unknown encoding, or has a unit that
                is too large.
        """
        text = ""
        while not text:
            content = self._stream.read(size)
            text = self._decode(content)
            if self.root is None:
                self._check(text, final=not content)
            if not content:
                break
        self._unit_size += len(text)
        if self._unit_size > _MAX_UNIT_SIZE + size:
            raise DataError(
                f"{self._name}, line {self._unit_line}: a unit is longer than {_MAX_UNIT_SIZE >> 20} MiB; "
                "give text with one sentence per unit"
            )
        return text

    def count_invalid(self, skipped: Counter[str]) -> None:
        """Counts a unit that is skipped because it contains ``INVALID``."""
        self._num_invalid += 1
        skipped[f"with invalid characters (first in line {self.first_invalid_line:,})"] += 1

    def refuse_if_most_are_invalid(self, num_valid: int) -> None:
        """Raises a DataError if more units were skipped because of invalid characters than were not."""
        if self._num_invalid > num_valid:
            raise DataError(
                f"{self._name}, line {self.first_invalid_line}: not valid {self._encoding}, like most units; "
                "correct the encoding in the first line or convert the file to UTF-8"
            )

    def check_start(self, content: bytes) -> None:
        """Checks the first bytes of the file, read by someone else; the errors are those of ``read``."""
        self._check(self._decode(content), final=False)

    def _check(self, text: str, final: bool) -> None:
        try:
            self._parser.Parse(text, final)
        except expat.ExpatError as error:
            raise xml_error(self._name, error) from None

    def _decode(self, content: bytes) -> str:
        """Decodes the next bytes; keeps the beginning of a character reference at their end for later."""
        if self._decoder is None:
            self._decoder = self._choose_decoder(content)
        try:
            text = self._incomplete + self._decoder.decode(content, not content)
        except ValueError as error:
            raise self._unsupported(error) from None
        self._incomplete = ""
        start = text.rfind("&", -_MAX_REFERENCE_LENGTH)
        if content and start >= 0 and ";" not in text[start:]:
            text, self._incomplete = text[:start], text[start:]
        if _INVALID.search(text) or "&#" in text:
            text = self._without_invalid(text)
        self._line += text.count("\n")
        return text

    def _choose_decoder(self, head: bytes) -> codecs.IncrementalDecoder:
        is_wide = b"\0" in head[:2]
        if is_wide:
            encoding = "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
        elif head.startswith(codecs.BOM_UTF8) or not (declared := _DECLARED_ENCODING.match(head)):
            encoding = "utf-8-sig"
        else:
            encoding = declared[1].decode("ascii")
        if _IMPOSSIBLE_ENCODING.match(encoding) and not is_wide:
            encoding = "utf-8-sig"
        try:
            self._encoding = codecs.lookup(encoding.removesuffix("-sig")).name.upper()
            "".encode(encoding)
            return codecs.getincrementaldecoder(encoding)("surrogatepass" if is_wide else "surrogateescape")
        except LookupError as error:
            raise self._unsupported(error) from None

    def _unsupported(self, error: Exception) -> DataError:
        return DataError(
            f"{self._name}: the encoding declared in its first line is not supported ({error}); "
            "convert the file to UTF-8"
        )

    def _without_invalid(self, text: str) -> str:
        def checked(found: re.Match[str]) -> str:
            number = int(found[1], 16) if found[1] else int(found[2])
            is_valid = number <= sys.maxunicode and (number in (9, 10, 13) or number >= 32)
            return found[0] if is_valid and not _INVALID.match(chr(number)) else INVALID

        text = _INVALID.sub(INVALID, _REFERENCE.sub(checked, text))
        if not self.first_invalid_line and INVALID in text:
            self.first_invalid_line = self._line + text.count("\n", 0, text.index(INVALID))
        return text

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self.root is None:
            self.root = local_name(name)

    def _refuse(self, entity: str, *declaration: object) -> None:
        raise DataError(
            f"{self._name}, line {self._parser.CurrentLineNumber}: declares the entity {entity!r}; entities "
            "are refused because they can fill the memory or read other files; replace it by its text"
        )

    def _refuse_unknown(self, entity: str, is_parameter: bool) -> None:
        raise DataError(
            f"{self._name}, line {self._parser.CurrentLineNumber}: the entity {entity!r} is unknown; "
            "replace it by its text"
        )


def stream_units(
    xml: XmlText, name: str, unit_names: Set[str]
) -> Iterator[tuple[ElementTree.Element, Sequence[ElementTree.Element]]]:
    """Yields the translation units of a file, each with its ancestors, from which it is removed afterwards.

    Args:
        xml: the text of the file.
        name: name of the file, for messages.
        unit_names: local names of the elements that are units.

    Raises:
        DataError: if the XML is malformed; see also ``XmlText``.
    """
    ancestors: list[ElementTree.Element] = []
    depth = 0  # how many units the element is in
    # XmlText has the read method that iterparse needs, but is not a complete file object.
    events = ElementTree.iterparse(xml, events=("start", "end"))  # type: ignore[call-overload]
    try:
        for event, element in events:
            is_unit = local_name(element.tag) in unit_names
            if event == "start":
                ancestors.append(element)
                depth += is_unit
                continue
            ancestors.pop()
            depth -= is_unit
            if is_unit:
                yield element, ancestors
            if depth == 0 and ancestors:
                ancestors[-1].remove(element)
                xml.start_unit()
    except ElementTree.ParseError as error:
        raise xml_error(name, error) from None
