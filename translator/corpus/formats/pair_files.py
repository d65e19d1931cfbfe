"""Streams pairs from the files in which parallel text comes: two files of lines, TSV, TMX, PO or XLIFF."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePath
from typing import cast

from translator.corpus.filters import PairBlock, split_into_blocks
from translator.corpus.formats.compression import decompressed, open_decompressed
from translator.corpus.formats.exchange_xml import EntityGuard
from translator.corpus.formats.localization import read_po, read_xliff
from translator.corpus.formats.tmx import read_tmx
from translator.corpus.readers import Pair, decode_lines, read_parallel
from translator.errors import DataError

_FORMATS = {".tsv": "TSV", ".txt": "TSV", ".tmx": "TMX", ".po": "PO", ".xlf": "XLIFF", ".xliff": "XLIFF"}
_PACKED = {".gz", ".xz", ".zst"}

_HEAD_SIZE = 1 << 16
_XML = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*<[?!]")  # a byte-order mark may come first
_PO = re.compile(  # comments, and the first entry
    rb"(?:\xef\xbb\xbf)?(?:[ \t\r]*(?:#[^\n]*)?\n)*?(?:#~ *)?(?:msgid|msgctxt)[ \t]*\""
)
_BREAKS = re.compile(r"(?<! ) *[\t\r\n][ \t\r\n]*")


class PairStream(Iterator[Pair]):
    """Pairs, one after the other, and what was left out so far.

    Attributes:
        skipped: how many units were skipped for which reason, such as ``untranslated``.
    """

    def __init__(self, pairs: Iterator[tuple[str, str]], skipped: Counter[str]) -> None:
        self._pairs = pairs
        self.skipped = skipped

    def __next__(self) -> Pair:
        return Pair(*map(_on_one_line, next(self._pairs)))

    def blocks(self) -> Iterator[PairBlock]:
        """The pairs that are left, some thousand at a time, without the spaces around their sides."""
        for block in split_into_blocks(self._pairs):
            yield PairBlock(*map(_each_on_one_line, block))


@dataclass(frozen=True)
class PairFiles:
    """Pairs that are read anew each time that they are iterated over; attributes as for ``stream_pairs``."""

    source: Path
    target: Path | None
    source_language: str
    target_language: str

    def __iter__(self) -> PairStream:
        return stream_pairs(self.source, self.target, self.source_language, self.target_language)


def stream_pairs(
    source: Path, target: Path | None, source_language: str, target_language: str, name: str | None = None
) -> PairStream:
    """Reads pairs from two parallel files, or from one file that holds both sides.

    Which format the one file has is told by its content: TSV (source, tab, target), TMX, PO, or XLIFF 1.2 or
    2.0; it must agree with the name, if that ends in .tsv, .txt, .tmx, .po, .xlf or .xliff. All files may be
    packed with gzip, xz or zstd. Line ends and tabs inside a text become a space.

    Args:
        source: the file of the source side, or of both sides; ``-`` is standard input.
        target: the file of the target side; None: ``source`` holds both.
        source_language: code of the source language, by which it is found in TMX and checked in XLIFF.
        target_language: code of the target language.
        name: what messages call the one file; None: its path.

    Returns:
        The pairs. Reading them raises a DataError if a file cannot be used, and a ConfigError if the format
        takes a package that is not installed.
    """
    skipped: Counter[str] = Counter()
    if target is not None:
        return PairStream(read_parallel(source, target), skipped)
    if name is None:
        name = "standard input" if str(source) == "-" else str(source)
    return PairStream(_one_file(source, name, source_language, target_language, skipped), skipped)


def _on_one_line(text: str) -> str:
    return text if text.isprintable() else _BREAKS.sub(" ", text)  # the first nearly always, and quickly told


def _each_on_one_line(texts: Sequence[str]) -> Sequence[str]:
    joined = "".join(texts)
    return [*map(_on_one_line, texts)] if any(mark in joined for mark in "\t\r\n") else texts


def _one_file(
    path: Path, name: str, source_language: str, target_language: str, skipped: Counter[str]
) -> Iterator[Pair]:
    """Yields the pairs of one file; arguments as above."""
    with _opened(path, name) as stream:
        content = _format(stream, name)
        if content == "TSV":
            pairs = _read_tsv(stream, name)
        elif content == "PO":
            pairs = read_po(stream, name, skipped)
        else:
            read = read_tmx if content == "TMX" else read_xliff
            pairs = read(stream, name, source_language, target_language, skipped)
        num_pairs = 0
        for num_pairs, pair in enumerate(pairs, start=1):  # noqa: B007
            yield pair
    if not num_pairs:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in skipped.items())
        raise DataError(f"{name}: holds no pair of sentences" + (f"; skipped: {reasons}" if reasons else ""))


def _opened(path: Path, name: str) -> AbstractContextManager[BufferedReader]:
    if str(path) != "-":
        return open_decompressed(path)
    return nullcontext(decompressed(cast(BufferedReader, sys.stdin.buffer), name))


def _format(stream: BufferedReader, name: str) -> str:
    """TSV, TMX, PO or XLIFF, by the content.

    Raises:
        DataError: if it is something else, or not what the name says.
    """
    path = PurePath(name)
    ending = PurePath(path.stem).suffix if path.suffix.lower() in _PACKED else path.suffix
    named = _FORMATS.get(ending.lower())
    head = stream.peek(_HEAD_SIZE)
    guard = EntityGuard(stream, name)
    fault = None
    try:
        guard.feed(head, final=False)
    except DataError as error:
        fault = error
    is_xml = _XML.match(head.replace(b"\0", b""))  # of the zeros of UTF-16
    if guard.root in {"tmx", "xliff"}:
        found = guard.root.upper()
    elif is_xml and named == "TSV" and b"\t" in head.partition(b"\n")[0]:
        return named  # its first sentence begins as XML does
    elif is_xml and guard.root is None and fault is not None:
        raise fault
    elif is_xml and guard.root is None and named in {"TMX", "XLIFF"}:
        return named  # cut off, or with a long comment first; its reader will see
    elif is_xml:
        found = f"XML whose root is {guard.root!r}" if guard.root else "XML without a root"
    elif _PO.match(head):
        found = "PO"
    else:
        found = "plain text" if head else "nothing"
    if found in {"plain text", "nothing"} and named in {None, "TSV"}:
        return "TSV"
    if found not in _FORMATS.values():
        raise DataError(f"{name}: holds {found}, but {named or 'TSV, TMX, PO or XLIFF'} is expected")
    if named is not None and found != named:
        raise DataError(f"{name}: holds {found}, but {named} is expected by its name; rename it")
    return found


def _read_tsv(lines: BufferedReader, name: str) -> Iterator[Pair]:
    """Yields the pairs of a file of lines with a source, a tab and its translation."""
    for number, line in enumerate(decode_lines(lines, name), start=1):
        columns = line.split("\t")
        if len(columns) != 2:
            count = "1 column" if len(columns) == 1 else f"{len(columns)} columns"
            raise DataError(
                f"{name}, line {number}: {count}, not 2; a line must be a sentence, a tab and its translation"
            )
        yield Pair(*columns)
