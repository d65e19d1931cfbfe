"""Shared code for the XML formats of translations, TMX and XLIFF: plain text, languages, safe parsing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO
from xml.etree import ElementTree
from xml.parsers import expat

from translator.errors import DataError

# Elements inside a segment that contain codes of the original format, such as HTML tags, rather than text.
_NATIVE_CODES = {"bpt", "ept", "it", "ph", "sub", "ut"}


def local_name(name: str) -> str:
    """Returns the name of an element without its namespace or prefix."""
    return name.rpartition("}")[2].rpartition(":")[2]


def plain_text(segment: Any) -> str:
    """Returns the text of a segment without inline tags and native codes; marked-up text is kept.

    Args:
        segment: an element of ``xml.etree.ElementTree`` or lxml.
    """
    parts = []
    pending = [segment]  # a stack instead of recursion, because a file may nest tags to any depth
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            parts.append(part)
        elif isinstance(part.tag, str) and local_name(part.tag) not in _NATIVE_CODES:  # else a comment
            for child in reversed(part):
                pending += [child.tail or "", child]
            pending.append(part.text or "")
    return "".join(parts)


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


class EntityGuard:
    """Refuses XML with entity declarations: a stream that checks what another parser reads through it.

    Neither format needs entities of its own, and a file that declares some may expand a few bytes to
    gigabytes or include other files. The guard parses up to the root element, where declarations end. It is
    our own code because defusedxml no longer covers lxml, which reads XLIFF.

    Attributes:
        root: name of the root element, once it has been read.
        root_attributes: its attributes.

    Args:
        stream: the XML.
        name: name of the file, for messages.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.root: str | None = None
        self.root_attributes: dict[str, str] = {}
        self._stream = stream
        self._name = name
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EntityDeclHandler = self._refuse
        self._parser.SkippedEntityHandler = self._refuse_unknown

    def read(self, size: int) -> bytes:
        """Reads from the stream.

        Raises:
            DataError: if the XML declares entities, is malformed or has an unknown encoding.
        """
        content = self._stream.read(size)
        if self.root is None:
            self.feed(content, final=not content)
        return content

    def feed(self, content: bytes, final: bool) -> None:
        """Checks the next part of the XML; the errors are those of ``read``."""
        try:
            self._parser.Parse(content, final)
        except expat.ExpatError as error:
            raise xml_error(self._name, error) from None
        except (LookupError, ValueError) as error:
            raise DataError(
                f"{self._name}: the encoding declared in its first line is not supported ({error}); "
                "convert the file to UTF-8"
            ) from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self.root is None:
            self.root = local_name(name)
            self.root_attributes = attributes

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
