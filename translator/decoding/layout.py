"""Keeps the layout of a text through translation: spaces, blank lines, columns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator


def translate_keeping_layout(
    lines: Iterable[str], translate: Callable[[Iterator[str]], Iterator[str]], columns: bool = False
) -> Iterator[str]:
    """Translates lines and restores the spaces at both ends of each line.

    Args:
        lines: the lines; a line of spaces alone is kept unchanged.
        translate: turns a stream of sentences into a stream of as many translations.
        columns: whether tabs divide a line into columns that are translated separately.
    """
    # For each line that waits for its translations: the spaces before and after each of its cells.
    frames: deque[list[tuple[str, str]]] = deque()

    def sentences() -> Iterator[str]:
        for line in lines:
            cells = line.split("\t") if columns else [line]
            cores = [cell.strip() for cell in cells]
            frames.append(
                [
                    (cell[: len(cell) - len(cell.lstrip())], cell[len(cell.rstrip()) :])
                    if core
                    else (cell, "")
                    for cell, core in zip(cells, cores, strict=True)
                ]
            )
            yield from cores

    cells: list[str] = []
    for translation in translate(sentences()):
        cells.append(translation)
        if len(cells) == len(frames[0]):
            frame = frames.popleft()
            yield "\t".join(
                f"{before}{cell}{after}" for (before, after), cell in zip(frame, cells, strict=True)
            )
            cells = []
