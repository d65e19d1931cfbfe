"""What the XML formats for translations, TMX and XLIFF, have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO
from xml.etree import ElementTree
from xml.parsers import expat

from translator.errors import DataError

# Elements inside a segment that hold codes of the original format, such as the tags of HTML, and no text.
_NATIVE_CODES = {"bpt", "ept", "it", "ph", "sub", "ut"}


def local_name(name: str) -> str:
    """The name of an element without its namespace or prefix."""
    return name.rpartition("}")[2].rpartition(":")[2]


def plain_text(segment: Any) -> str:
    """The text of a segment without inline tags and native codes; text that is marked up is kept.

    Args:
        segment: an element of ``xml.etree.ElementTree`` or lxml.
    """
    parts = []
    pending = [segment]  # not a recursion, as a file may nest tags to any depth
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
    """2 for the same language code, 1 if one says a region and the other none, 0 for different languages."""
    wanted, found = (code.lower().replace("_", "-") for code in (wanted, found))
    if wanted == found:
        return 2
    return int(found == wanted.partition("-")[0] or wanted == found.partition("-")[0])


def _places(wanted: str, found: Sequence[str]) -> list[int]:
    """Where a language is, the closest code first."""
    closeness = [_closeness(wanted, code) for code in found]
    return [i for close in (2, 1) for i, c in enumerate(closeness) if c == close]


def find_languages(wanted: tuple[str, str], found: Sequence[str]) -> tuple[int, int] | None:
    """Finds two languages among those of a unit.

    A code fits itself in upper or lower case; else ``en`` fits ``en-GB``, and ``en-GB`` fits ``en``.

    Args:
        wanted: codes of the source and the target language.
        found: language codes of the unit.

    Returns:
        The places of both in ``found``, never the same for both; None if one is missing.
    """
    sources, targets = (_places(code, found) for code in wanted)
    return next(((i, j) for i in sources for j in targets if i != j), None)


def xml_error(name: str, fault: expat.ExpatError | ElementTree.ParseError) -> DataError:
    """The error for XML that is not well-formed, of expat or ElementTree."""
    line, column = (fault.lineno, fault.offset) if isinstance(fault, expat.ExpatError) else fault.position
    return DataError(
        f"{name}, line {line}, column {column + 1}: broken XML ({expat.ErrorString(fault.code)}); "
        "mend the file or export it again"
    )


class EntityGuard:
    """Reads along with an XML parser up to the root element, and refuses entity declarations.

    Neither format has entities of its own; a file that declares some may make a few bytes stand for
    gigabytes, or for another file. It is also a stream for the parser to read from.
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
            DataError: if the XML declares entities, is not well-formed or in an unknown encoding.
        """
        content = self._stream.read(size)
        if self.root is None:
            self.feed(content, final=not content)
        return content

    def feed(self, content: bytes, final: bool) -> None:
        """Looks at the next part of the XML."""
        try:
            self._parser.Parse(content, final)
        except expat.ExpatError as fault:
            raise xml_error(self._name, fault) from None
        except (LookupError, ValueError) as error:
            raise DataError(
                f"{self._name}: the encoding that its first line declares cannot be read ({error}); "
                "convert the file to UTF-8"
            ) from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self.root is None:
            self.root = local_name(name)
            self.root_attributes = attributes

    def _refuse(self, entity: str, *declaration: object) -> None:
        raise DataError(
            f"{self._name}, line {self._parser.CurrentLineNumber}: declares the entity {entity!r}, which is "
            "refused, as entities can blow up or read other files; replace it by its text"
        )

    def _refuse_unknown(self, entity: str, is_parameter: bool) -> None:
        raise DataError(
            f"{self._name}, line {self._parser.CurrentLineNumber}: the entity {entity!r} is not known; "
            "replace it by its text"
        )
