"""``translator translate``: lines in, lines out."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from translator.cli.search import backward_option, ensemble_option, right_to_left_option, search_options

if TYPE_CHECKING:
    from translator.decoding.translation import Translation

_EPILOG = """\b
Examples:
  translator translate models/en-de < in.txt > out.txt
  translator translate models/en-de "A dog runs." "Two dogs sleep."
  translator translate models/en-de --input in.txt.gz --output out.txt
  translator translate models/en-de --glossary terms.tsv < in.txt > out.txt
  translator translate models/en-de --n-best 3 --scores --alignments "A dog runs."
"""


@click.command(short_help="Translate lines with a trained model.", epilog=_EPILOG)
@click.argument("model")
@click.argument("text", nargs=-1)
@click.option("--input", "input_file", metavar="FILE", help="Text to translate. [default: standard input]")
@click.option("--output", "output_file", metavar="FILE", help="File to write. [default: standard output]")
@ensemble_option
@backward_option
@right_to_left_option
@click.option(
    "--glossary",
    "glossary_file",
    metavar="FILE",
    help="Lines of a source term, a tab and the target term that must then appear.",
)
@click.option("--prefix", metavar="TEXT", help="What every translation must begin with; whole words.")
@click.option(
    "--minimum-bayes-risk",
    is_flag=True,
    help="Of the n best, or n samples, take the one that the others agree with most (chrF).",
)
@click.option("--columns", is_flag=True, help="Tabs divide a line into columns; translate each by itself.")
@click.option("--scores", is_flag=True, help="Add the log-probability and the score that ranks, after tabs.")
@click.option(
    "--alignments", is_flag=True, help="Add which source word each word comes from, as 0-0 1-2, after a tab."
)
@click.option(
    "--json", "as_json", is_flag=True, help="A JSON object a line: tokens, scores, attention, alternatives."
)
@search_options
def command(
    model: str,
    text: tuple[str, ...],
    input_file: str | None,
    output_file: str | None,
    others: tuple[str, ...],
    backward: str | None,
    right_to_left: str | None,
    glossary_file: str | None,
    prefix: str | None,
    minimum_bayes_risk: bool,
    columns: bool,
    scores: bool,
    alignments: bool,
    as_json: bool,
    search: dict[str, Any],
) -> None:
    """Translate standard input, or the TEXTs, with the MODEL folder of a training.

    One line in, one line out, in order; spaces at both ends of a line and blank lines stay. Output starts
    before a long input is read to its end. With --n-best there are as many lines out for each line in,
    the number of the line and a tab before each.
    """
    if text and input_file:
        raise click.UsageError("give either TEXT or --input, not both")
    n_best = 1 if minimum_bayes_risk else search.get("n_best", 1)
    if columns and (scores or alignments or as_json or n_best > 1):
        raise click.UsageError("--columns goes with plain output only: one line in, one line out")
    from translator.api import load
    from translator.decoding.glossary import Glossary
    from translator.decoding.layout import translate_keeping_layout
    from translator.evaluation.minimum_bayes_risk import choose_by_minimum_bayes_risk
    from translator.runtime import use_one_thread_per_operation

    glossary = Glossary.read(glossary_file) if glossary_file else None
    use_one_thread_per_operation()
    translator = load(model, *others, backward=backward, right_to_left=right_to_left)
    interactive = not text and not input_file and sys.stdin.isatty()

    def translated(lines: Iterable[str]) -> Iterator[Translation]:
        lines, again = tee(lines)
        found = translator.translate_lines(
            lines,
            prefixes=None if prefix is None else (prefix for _ in again),
            glossary=glossary,
            alignments=alignments or as_json,
            interactive=interactive,
            **search,
        )
        if not minimum_bayes_risk:
            return found
        are_samples = search.get("sampling", False)
        return (
            choose_by_minimum_bayes_risk([one, *one.alternatives], are_samples=are_samples) for one in found
        )

    lines = text or _lines(input_file)
    with _progress(input_file, quiet=interactive or bool(text)) as advance, _output(output_file) as output:
        if scores or alignments or as_json or n_best > 1:
            sources, lines = tee(lines)
            formatted: Iterable[str] = (
                _formatted(number, source, one, n_best > 1, scores, alignments, as_json)
                for number, (source, one) in enumerate(zip(sources, translated(lines), strict=True), start=1)
            )
        else:
            formatted = translate_keeping_layout(
                lines, lambda part: (one.text for one in translated(part)), columns
            )
        for line in formatted:
            output.write(f"{line}\n".encode())
            output.flush()
            advance()


def _formatted(
    number: int,
    source: str,
    translation: Translation,
    n_best: bool,
    scores: bool,
    alignments: bool,
    as_json: bool,
) -> str:
    """The lines of one translation, the last without its end."""
    if as_json:
        return json.dumps({"source": source, **_plain(translation)}, ensure_ascii=False)
    from translator.decoding.alignment import pharaoh

    rows = []
    for one in (translation, *translation.alternatives):
        columns = [str(number)] if n_best else []
        columns.append(one.text)
        if scores:
            columns += [f"{one.log_probability:.4f}", f"{one.score:.4f}"]
        if alignments:
            columns.append(pharaoh(one.word_alignment or ()))
        rows.append("\t".join(columns))
    return "\n".join(rows)


def _plain(translation: Translation) -> dict[str, Any]:
    """A translation as plain values, for JSON."""
    from translator.decoding.alignment import pharaoh

    plain = {
        "translation": translation.text,
        "log_probability": round(translation.log_probability, 5),
        "score": round(translation.score, 5),
        "tokens": translation.tokens,
        "source_tokens": translation.source_tokens,
        "alignment": pharaoh(translation.word_alignment or ()),
        "attention": []
        if translation.alignment is None
        else [[round(float(weight), 4) for weight in row] for row in translation.alignment],
    }
    if translation.alternatives:
        plain["alternatives"] = [_plain(one) for one in translation.alternatives]
    return plain


def _lines(path: str | None) -> Iterator[str]:
    """The lines of a file or of standard input, without their ends."""
    from translator.corpus.readers import decode_line, read_lines

    if path is not None:
        yield from read_lines(Path(path))
        return
    for number, line in enumerate(sys.stdin.buffer, start=1):
        yield decode_line(line, "standard input", number)


@contextlib.contextmanager
def _output(path: str | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that is there only when it is complete."""
    if path is None:
        yield sys.stdout.buffer
        return
    from translator.files import atomic_write

    with atomic_write(Path(path)) as temporary, temporary.open("wb") as output:
        yield output


@contextlib.contextmanager
def _progress(path: str | None, quiet: bool) -> Iterator[Callable[[], Any]]:
    """A bar on standard error with lines a second and the time left, where somebody can see it."""
    from tqdm import tqdm

    seen = not quiet and sys.stderr.isatty() and not (path is None and sys.stdout.isatty())
    can_be_read_twice = path is not None and Path(path).is_file()
    total = sum(1 for _ in _lines(path)) if seen and can_be_read_twice else None
    with tqdm(total=total, unit=" lines", disable=not seen, leave=False, dynamic_ncols=True) as bar:
        yield bar.update
