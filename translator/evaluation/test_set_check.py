"""Finds out whether a test set can be what the user meant: empty lines, and sides that are swapped."""

from __future__ import annotations

from collections.abc import Sequence

from translator.corpus.dev_set_check import is_dev_set_swapped
from translator.corpus.normalization import is_visible
from translator.corpus.readers import Pair


def warnings_about_test_set(pairs: Sequence[Pair], translations: Sequence[str]) -> list[str]:
    """Returns a sentence on each fault of a test set that spoils its scores.

    Args:
        pairs: the test set.
        translations: the translation of each source.
    """
    has_text = [(is_visible(pair.source), is_visible(pair.target)) for pair in pairs]
    warnings = []
    for side, name in enumerate(("source", "reference")):
        # A line that is empty on both sides is translated rightly.
        empty = [number for number, has in enumerate(has_text, start=1) if not has[side] and has[1 - side]]
        if empty:
            where = f"line {empty[0]:,}" if len(empty) == 1 else f"the first is line {empty[0]:,}"
            warnings.append(
                f"{len(empty):,} of {len(pairs):,} {name}s {'is' if len(empty) == 1 else 'are'} empty "
                f"({where}), which lowers the scores; leave these lines out of both files"
            )
    # The translations are in the target language, as the references are unless the sides are swapped.
    if is_dev_set_swapped([Pair("", translation) for translation in translations], pairs):
        warnings.append(
            "source and reference look swapped: the translations share far more words with the source than "
            "with the reference; give the files the other way round"
        )
    return warnings
