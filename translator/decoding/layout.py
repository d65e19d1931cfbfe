"""What stands around the sentences of a text survives its translation: spaces, blank lines, columns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator


def translate_keeping_layout(
    lines: Iterable[str], translated: Callable[[Iterator[str]], Iterator[str]], columns: bool = False
) -> Iterator[str]:
    """Translates lines and puts the spaces at both ends of each back to where they were.

    Args:
        lines: the lines; one of spaces alone stays as it is.
        translated: makes a stream of sentences one of as many translations.
        columns: whether the tabs of a line divide it into columns that are translated each by itself.
    """
    frames: deque[list[tuple[str, str]]] = deque()  # for each line on its way, what stands around its cells

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
    for translation in translated(sentences()):
        cells.append(translation)
        if len(cells) == len(frames[0]):
            frame = frames.popleft()
            yield "\t".join(
                f"{before}{cell}{after}" for (before, after), cell in zip(frame, cells, strict=True)
            )
            cells = []
