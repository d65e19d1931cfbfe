"""Shows how far a training has come."""

from __future__ import annotations

import sys

from tqdm import tqdm


def report_to_standard_error(line: str) -> None:
    """Prints a line above a progress bar that may be there."""
    tqdm.write(line, file=sys.stderr)
