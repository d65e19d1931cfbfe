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
    if not text.strip() or not tokenizer.encode([text])[0]:
        return []
    return _parts(text.strip(), tokenizer, max_pieces, 0)


def _parts(text: str, tokenizer: Tokenizer, max_pieces: int, level: int) -> list[str]:
    # A piece is at least one byte long, so a short text needs no count.
    if len(text) * 4 <= max_pieces or len(tokenizer.encode([text])[0]) <= max_pieces:
        return [text]
    if level == len(_CUTS):
        return [text[i : i + max_pieces // 4] for i in range(0, len(text), max(1, max_pieces // 4))]
    units = [unit for unit in _CUTS[level].split(text) if unit]
    parts: list[str] = []
    lengths = [len(row) for row in tokenizer.encode(units)]
    filled = 0
    for unit, length in zip(units, lengths, strict=True):
        if length > max_pieces:
            parts += _parts(unit, tokenizer, max_pieces, level + 1)
            filled = max_pieces
        elif parts and filled + length <= max_pieces:
            parts[-1] += f" {unit}"
            filled += length
        else:
            parts.append(unit)
            filled = length
    return parts
