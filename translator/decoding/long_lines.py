"""Lines longer than anything in training are translated in parts, cut where that hurts least."""

from __future__ import annotations

import re

from translator.corpus.tokenizer import Tokenizer

# After a sentence's end, before the space that follows it; failing that, before any space.
_CUTS = (re.compile(r"(?<=[.!?…。！？])\s+|(?<=[。！？])"), re.compile(r"(?<=[,;:])\s+"), re.compile(r"\s+"))


def parts_of(text: str, tokenizer: Tokenizer, max_pieces: int) -> list[str]:
    """Cuts a line into parts of at most ``max_pieces`` pieces: at sentence ends, at commas, at spaces.

    Args:
        text: the line.
        tokenizer: counts the pieces.
        max_pieces: the most that a part may have; a word that is longer still is cut anywhere.

    Returns:
        The parts, in order; no part for a line without text.
    """
    return _parts(text.strip(), tokenizer, max_pieces, 0)


def are_glued(text: str, parts: list[str]) -> list[bool]:
    """For each part of a line, whether no space is between it and the part before."""
    glued, end = [], 0
    for i, part in enumerate(parts):
        start = text.index(part, end)
        glued.append(i > 0 and start == end)
        end = start + len(part)
    return glued


def _parts(text: str, tokenizer: Tokenizer, max_pieces: int, level: int) -> list[str]:
    """The parts of a text, which may only be cut at this level of ``_CUTS`` or a later one."""
    num_pieces = len(tokenizer.encode([text])[0])
    if num_pieces <= max_pieces or len(text) == 1:
        return [text] if num_pieces else []
    if level == len(_CUTS):
        middle = len(text) // 2
        spans = [(0, middle), (middle, len(text))]
    else:
        spans = _filled(text, tokenizer, max_pieces, _CUTS[level])
        level += 1
    return [part for start, end in spans for part in _parts(text[start:end], tokenizer, max_pieces, level)]


def _filled(text: str, tokenizer: Tokenizer, max_pieces: int, cut: re.Pattern[str]) -> list[tuple[int, int]]:
    """Start and end of each part, if the text may only be cut in this way; as few parts as possible."""
    cuts = [match.span() for match in cut.finditer(text) if match.start() > 0 and match.end() < len(text)]
    units = list(zip([0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)], strict=True))
    lengths = [len(row) for row in tokenizer.encode([text[start:end] for start, end in units])]
    spans: list[tuple[int, int]] = []
    filled = max_pieces
    for (start, end), length in zip(units, lengths, strict=True):
        filled += length
        if filled <= max_pieces:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
            filled = length
    return spans
