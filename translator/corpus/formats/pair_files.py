"""Streams pairs from the files of parallel text: two files of lines, or one TSV, TMX, PO or XLIFF file."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path, PurePath, PurePosixPath
from typing import cast

from translator.corpus.filters import PairBlock, split_into_blocks
from translator.corpus.formats.archives import ZipMember, list_members, zip_members
from translator.corpus.formats.compression import (
    COMPRESSED_SUFFIXES,
    decompressed,
    open_decompressed,
    suffix_of_text,
)
from translator.corpus.formats.exchange_xml import XmlText, find_languages
from translator.corpus.formats.po import read_po
from translator.corpus.formats.tmx import read_tmx
from translator.corpus.formats.tsv import read_tsv
from translator.corpus.formats.xliff import read_xliff
from translator.corpus.readers import FORMATS_OF_BOTH_SIDES, Pair, read_parallel
from translator.errors import DataError

_FORMATS = {".tsv": "TSV", ".txt": "TSV"} | FORMATS_OF_BOTH_SIDES

_HEAD_SIZE = 1 << 16
_XML = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*<[?!]")  # after an optional byte-order mark
_PO = re.compile(  # comments and the first entry
    rb"(?:\xef\xbb\xbf)?(?:[ \t\r]*(?:#[^\n]*)?\n)*?(?:#~ *)?(?:msgid|msgctxt)[ \t]*\""
)
_LINE_BREAKS = re.compile(r"(?<! ) *[\t\r\n][ \t\r\n]*")


class PairStream(Iterator[Pair]):
    """An iterator over pairs that also counts what the format leaves out.

    Attributes:
        skipped: how many units or lines have been skipped so far for each reason, such as ``untranslated``.
    """

    def __init__(self, pairs: Iterator[tuple[str, str]], skipped: Counter[str]) -> None:
        self._pairs = pairs
        self.skipped = skipped

    def __next__(self) -> Pair:
        return Pair(*map(_on_one_line, next(self._pairs)))

    def blocks(self) -> Iterator[PairBlock]:
        """Yields the remaining pairs in blocks, with the spaces around each sentence removed."""
        for block in split_into_blocks(self._pairs):
            yield PairBlock(*map(_each_on_one_line, block))


@dataclass
class PairFiles:
    """Files of pairs that are read again for each iteration; the arguments are those of ``stream_pairs``.

    Attributes:
        skipped: what the latest iteration has skipped so far; see ``PairStream``.
    """

    source: Path
    target: Path | None
    source_language: str
    target_language: str
    skipped: Counter[str] = field(default_factory=Counter, init=False)

    def __iter__(self) -> PairStream:
        stream = stream_pairs(self.source, self.target, self.source_language, self.target_language)
        self.skipped = stream.skipped
        return stream


def stream_pairs(
    source: Path, target: Path | None, source_language: str, target_language: str, name: str | None = None
) -> PairStream:
    """Reads pairs from two parallel files, or from one file with both sides.

    The format of a single file is recognized by its content: TSV (source, tab, target), TMX, PO, or XLIFF 1.2
    or 2. It must match the name if that ends in .tsv, .txt, .tmx, .po, .xlf, .xliff or like an XLIFF of
    translation programs. All files may be packed; a zip archive may hold the two files of lines instead. Line
    breaks and tabs inside a text become a space.

    Args:
        source: the file of the source side, or of both sides; ``-`` is standard input.
        target: the file of the target side; None if ``source`` has both sides.
        source_language: code of the source language, to find it in TMX and zip, and check it in PO and XLIFF.
        target_language: code of the target language.
        name: what messages call a single file; None: its path.

    Returns:
        The pairs. Reading them raises a DataError if a file cannot be used, and a ConfigError if the format
        needs a package that is not installed.
    """
    skipped: Counter[str] = Counter()
    if target is not None:
        return PairStream(read_parallel(source, target, skipped), skipped)
    if name is None:
        name = "standard input" if str(source) == "-" else str(source)
    return PairStream(_read_single_file(source, name, source_language, target_language, skipped), skipped)


def _on_one_line(text: str) -> str:
    return text if text.isprintable() else _LINE_BREAKS.sub(" ", text)  # printable text, nearly all, is fast


def _each_on_one_line(texts: Sequence[str]) -> Sequence[str]:
    joined = "".join(texts)
    return [*map(_on_one_line, texts)] if any(character in joined for character in "\t\r\n") else texts


def _read_single_file(
    path: Path, name: str, source_language: str, target_language: str, skipped: Counter[str]
) -> Iterator[Pair]:
    """Yields the pairs of a file with both sides; the arguments are those of ``stream_pairs``."""
    if sides := _sides_in_archive(path, (source_language, target_language)):
        yield from map(Pair._make, read_parallel(*sides, skipped))
        return
    with _open(path, name) as stream:
        format_name = _detect_format(stream, name)
        if format_name == "TSV":
            pairs = read_tsv(stream, name, skipped)
        else:
            read = {"TMX": read_tmx, "PO": read_po, "XLIFF": read_xliff}[format_name]
            pairs = read(stream, name, source_language, target_language, skipped)
        num_pairs = 0
        for num_pairs, pair in enumerate(pairs, start=1):  # noqa: B007
            yield pair
    if not num_pairs:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in skipped.items())
        raise DataError(f"{name}: contains no sentence pairs" + (f"; skipped: {reasons}" if reasons else ""))


def _sides_in_archive(path: Path, languages: tuple[str, str]) -> tuple[ZipMember, ZipMember] | None:
    """Returns the two sides in a zip archive with several files; None if the file is not such an archive.

    OPUS packs text so. The sides are found by the ends of their names, as in ``Books.de-en.en``.

    Raises:
        DataError: if the files of the two languages are not found.
    """
    members = None if str(path) == "-" else zip_members(path)
    if not members or len(members) == 1:
        return None
    codes = [_language_of(PurePosixPath(member.name)) for member in members]
    found = find_languages(languages, codes)
    if found is None or any(codes.count(codes[index]) > 1 for index in found):
        raise DataError(
            f"{path}: this is a zip archive of {list_members(members)}; it takes one whose name ends in "
            f".{languages[0]} and one in .{languages[1]}: unpack it and give --source and --target"
        )
    return members[found[0]], members[found[1]]


def _language_of(path: PurePosixPath) -> str:
    """Returns the end of a file name, without that of its compression and of text: ``en`` for en.txt.gz."""
    while path.suffix.lower() in COMPRESSED_SUFFIXES or path.suffix.lower() == ".txt":
        path = path.with_suffix("")
    return path.suffix.removeprefix(".") or path.name


def _open(path: Path, name: str) -> AbstractContextManager[BufferedReader]:
    if str(path) != "-":
        return open_decompressed(path)
    return nullcontext(decompressed(cast(BufferedReader, sys.stdin.buffer), name))


def _detect_format(stream: BufferedReader, name: str) -> str:
    """Returns the format of a file by its content: TSV, TMX, PO or XLIFF.

    Raises:
        DataError: if it is none of them, or does not match the name.
    """
    expected = _FORMATS.get(suffix_of_text(PurePath(name)))
    found = _format_of_content(stream.peek(_HEAD_SIZE), expected, XmlText(stream, name))
    if found in {"plain text", "nothing"} and expected in {None, "TSV"}:
        return "TSV"
    if found not in _FORMATS.values():
        raise DataError(f"{name}: contains {found}, not {expected or 'TSV, TMX, PO or XLIFF'}")
    if expected is not None and found != expected:
        raise DataError(f"{name}: contains {found}, but its name says {expected}; rename it")
    return found


def _format_of_content(head: bytes, expected: str | None, xml: XmlText) -> str:
    """Returns the format of a file, or a phrase that says what else it is.

    Args:
        head: the first bytes of the file.
        expected: the format that the name says, which decides where the content leaves a choice.
        xml: parses the start of XML.

    Raises:
        DataError: if it is XML that is broken before its root element, or declares entities there.
    """
    xml_fault = None
    try:
        xml.check_start(head)
    except DataError as error:
        xml_fault = error
    is_xml = _XML.match(head.replace(b"\0", b""))  # UTF-16 has zero bytes
    if xml.root in {"tmx", "xliff"}:
        return xml.root.upper()
    if is_xml and expected == "TSV" and b"\t" in head.partition(b"\n")[0]:
        return expected  # its first sentence looks like XML
    if is_xml and xml.root is None and xml_fault is not None:
        raise xml_fault
    if is_xml and xml.root is None and expected in {"TMX", "XLIFF"}:
        return expected  # cut off, or it starts with a long comment; its reader will find out
    if is_xml:
        return f"XML whose root is {xml.root!r}" if xml.root else "XML without a root"
    if _PO.match(head):
        return "PO"
    return "plain text" if head else "nothing"
