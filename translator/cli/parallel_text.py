"""The options by which a command is given one parallel text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def parallel_text_options(command: Command) -> Command:
    """Adds ``--source`` and ``--target``, or ``--pairs`` in place of both, and the two languages."""
    options = (
        click.option("--source", metavar="FILE", help="Source side of the corpus, one sentence per line."),
        click.option(
            "--target", metavar="FILE", help="Target side; its line n translates line n of --source."
        ),
        click.option(
            "--pairs",
            metavar="FILE",
            help="Both sides in one TSV, TMX, PO or XLIFF file, in place of --source and --target.",
        ),
        click.option(
            "--from",
            "source_language",
            default="source",
            show_default=True,
            metavar="LANGUAGE",
            help="Source language, such as en.",
        ),
        click.option(
            "--to",
            "target_language",
            default="target",
            show_default=True,
            metavar="LANGUAGE",
            help="Target language, such as de.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def paths_of_text(source: str | None, target: str | None, pairs: str | None) -> tuple[Path, Path | None]:
    """Returns the file of the source side and that of the target side, or the file of both sides and None.

    Raises:
        click.UsageError: if the options do not name one parallel text that can be read several times.
    """
    if (source is None) != (target is None) or (source is None) == (pairs is None):
        raise click.UsageError("give --source and --target, or --pairs")
    if pairs == "-":
        raise click.UsageError(
            "--pairs - cannot be used here, for the text is read several times: save standard input to a file"
        )
    return Path(source or pairs or ""), None if target is None else Path(target)
