"""Reads tables of pairs: a sentence, a tab and its translation on each line, perhaps with more columns."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import BinaryIO

from translator.corpus.readers import NOT_UTF_8, Pair, count_skipped, decode_lines
from translator.errors import DataError

_SAMPLE_LINES = 100  # from which the columns and the quoting are recognized
_SAMPLE_SIZE = 1 << 20  # characters; fewer lines are taken if they are long
_NUMBER = re.compile(r"\s*[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?\s*")
# A field as a spreadsheet writes it: one with a quotation mark or a line end is in quotes, with each of its
# quotation marks doubled. The last field of the sample may be cut off.
_FIELD = re.compile(r'(?:"(?P<quoted>(?:[^"]|"")*)(?:"|\Z)|(?P<plain>[^"\t\n]*))(?P<end>[\t\n]|\Z)')

_REMEDIES = {
    "with too few columns": "each line must be a sentence, a tab and its translation",
    "not valid UTF-8": "convert the file to UTF-8 (for example with iconv)",
}
_TOO_FEW, _NOT_VALID = _REMEDIES


def read_tsv(stream: BinaryIO, name: str, skipped: Counter[str]) -> Iterator[Pair]:
    """Yields the pairs of a table; of more than two columns, it takes the first two that are not numbers.

    Quoting as spreadsheets write it is undone if the first lines are written so.

    Args:
        stream: the content of the file, decompressed.
        name: name of the file, for messages.
        skipped: counts the lines that are blank, have too few columns, or are not UTF-8.

    Raises:
        DataError: if a line is longer than 16 MiB or, at the end, if most lines are no pairs.
    """
    lines = decode_lines(stream, name, strict=False)
    sample = _take_sample(lines)
    read_rows = _quoted_rows if _is_quoted("\n".join(sample)) else _plain_rows
    source, target = _text_columns([columns for _, columns in read_rows(sample)])
    num_needed = max(source, target) + 1
    num_pairs, faults, first_lines = 0, Counter[str](), dict[str, int]()
    for number, columns in read_rows(chain(sample, lines)):
        if len(columns) >= num_needed:
            num_pairs += 1
            yield Pair(columns[source], columns[target])
        elif not "".join(columns).strip():
            count_skipped(skipped, "blank", number)
        else:
            reason = _NOT_VALID if columns == [NOT_UTF_8] else _TOO_FEW
            count_skipped(skipped, reason, number)
            faults[reason] += 1
            first_lines.setdefault(reason, number)
    if faults.total() > num_pairs:
        [(reason, count)] = faults.most_common(1)
        raise DataError(
            f"{name}, line {first_lines[reason]}: {reason}, like {count:,} of {faults.total() + num_pairs:,} "
            f"lines; {_REMEDIES[reason]}"
        )


def _take_sample(lines: Iterator[str]) -> list[str]:
    sample, size = list[str](), 0
    for line in islice(lines, _SAMPLE_LINES):
        sample.append(line)
        size += len(line)
        if size > _SAMPLE_SIZE:
            break
    return sample


def _plain_rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yields the number of each line, from 1, and its columns."""
    return ((number, line.split("\t")) for number, line in enumerate(lines, start=1))


def _quoted_rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yields the rows of a spreadsheet, which may have several lines, with the number of their first line."""
    reader = csv.reader((f"{line}\n" for line in lines), delimiter="\t")
    while True:
        first = reader.line_num + 1
        try:
            columns = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a quotation mark that nothing closes
            columns = ['"']
        if any(NOT_UTF_8 in column for column in columns):
            columns = [NOT_UTF_8]
        yield first, columns


def _is_quoted(sample: str) -> bool:
    """Whether the first lines of a file are quoted as spreadsheets do.

    In plain text, a sentence that begins with a quotation mark rarely ends with one and has no other inside.
    If all do, these are not the sentence's own only if others inside are doubled, if a line end is inside, or
    if every field is quoted.
    """
    position = num_fields = num_quoted = 0
    has_evidence = False
    while position < len(sample):
        field = _FIELD.match(sample, position)
        if field is None:
            return False
        position = field.end()
        num_fields += 1
        if (quoted := field["quoted"]) is not None:
            num_quoted += 1
            has_evidence |= '""' in quoted or ("\n" in quoted and "\t" not in quoted)
    return has_evidence or 0 < num_quoted == num_fields


def _text_columns(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Returns the indices of the two columns of text.

    Further columns hold sources and licences (Tatoeba, ManyThings). Numbers before the text are scores
    (WikiMatrix) or identify the sentences (Tatoeba); the first row may be a header.
    """
    widths = Counter(len(row) for row in rows)
    width = widths.most_common(1)[0][0] if rows else 2
    usual = [row for row in rows if len(row) == width]
    usual = usual[1:] if len(usual) > 2 else usual
    columns = [i for i in range(width) if not all(_NUMBER.fullmatch(row[i]) for row in usual)]
    return (columns[0], columns[1]) if width > 2 and len(usual) > 1 and len(columns) > 1 else (0, 1)
