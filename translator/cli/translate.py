"""``translator translate``: translates line by line, from a file, standard input or arguments."""

from __future__ import annotations

import contextlib
import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from translator.cli.search import (
    backward_option,
    ensemble_option,
    glossary_option,
    right_to_left_option,
    search_options,
)

if TYPE_CHECKING:
    from translator.decoding.translation import Translation

    _Translate = Callable[[Iterable[str]], Iterator[Translation]]

_EPILOG = """\b
Examples:
  translator translate models/en-de < in.txt > out.txt
  translator translate models/en-de "A dog runs." "Two dogs sleep."
  translator translate models/en-de --input in.txt.gz --output out.txt.gz
  translator translate models/en-de --glossary terms.tsv < in.txt > out.txt
  translator translate models/en-de --n-best 3 --scores --alignments "A dog runs."
"""


@click.command(short_help="Translate text with a trained model.", epilog=_EPILOG)
@click.argument("model")
@click.argument("text", nargs=-1)
@click.option(
    "--input",
    "input_file",
    metavar="FILE",
    help="Text to translate, one sentence per line. [default: standard input]",
)
@click.option(
    "--output",
    "output_file",
    metavar="FILE",
    help="File to write the translations to, compressed if it ends in .gz, .bz2, .xz or .zst. "
    "[default: standard output]",
)
@ensemble_option
@backward_option
@right_to_left_option
@glossary_option
@click.option("--prefix", metavar="TEXT", help="Whole words that every translation must begin with.")
@click.option(
    "--minimum-bayes-risk",
    is_flag=True,
    help="Choose among the --n-best translations or samples the one with the highest expected chrF.",
)
@click.option(
    "--columns", is_flag=True, help="Translate the columns of each line, which tabs separate, one by one."
)
@click.option(
    "--scores",
    is_flag=True,
    help="Append the log-probability and the score that translations are ranked by, after tabs.",
)
@click.option(
    "--alignments",
    is_flag=True,
    help="Append the word alignment after a tab, as source-target pairs such as 0-0 1-2.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object per line: tokens, scores, attention, alternatives.",
)
@search_options
def command(
    model: str,
    text: tuple[str, ...],
    input_file: str | None,
    output_file: str | None,
    ensemble: tuple[str, ...],
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
    """Translate each TEXT, or standard input, with the MODEL folder that training wrote.

    Every input line gives one output line, in the same order. Blank lines stay blank, and spaces around a
    line are kept. Output starts before a long input has been read to its end, and whenever the input pauses.
    With --n-best N, every input line gives N output lines, each of which begins with the number of the input
    line and a tab.
    """
    if text and input_file:
        raise click.UsageError("give either TEXT or --input, not both")
    n_best = 1 if minimum_bayes_risk else search.get("n_best", 1)
    if columns and (scores or alignments or as_json or n_best > 1):
        raise click.UsageError("--columns goes with plain output only: one line in, one line out")
    from translator.api import load
    from translator.decoding.glossary import Glossary
    from translator.decoding.layout import translate_keeping_layout

    glossary = Glossary.read(glossary_file) if glossary_file else None
    translator = load(model, ensemble=ensemble, backward=backward, right_to_left=right_to_left)
    is_quiet = bool(text) or (input_file is None and sys.stdin.isatty())

    with (
        _progress(input_file, is_quiet) as advance,
        _output(output_file) as write,
        _opened(text, input_file) as (lines, is_pausing),
    ):

        def translate(lines: Iterable[str]) -> Iterator[Translation]:
            translations = translator.translate_lines(
                lines,
                prefix=prefix,
                glossary=glossary,
                alignments=alignments or as_json,
                interactive=is_pausing,
                **search,
            )
            return (
                _chosen(translations, search.get("sampling", False)) if minimum_bayes_risk else translations
            )

        if as_json:
            output_lines = _json_lines(translate, lines)
        elif scores or alignments or n_best > 1:
            output_lines = _tab_separated_lines(translate, lines, n_best, scores, alignments)
        else:
            output_lines = translate_keeping_layout(
                lines, lambda sentences: (translation.text for translation in translate(sentences)), columns
            )
        for line in output_lines:
            write(f"{line}\n".encode())
            advance()


def _chosen(translations: Iterable[Translation], are_samples: bool) -> Iterator[Translation]:
    """Returns the hypothesis, or the sample, of each line that minimum Bayes risk prefers."""
    from translator.evaluation.minimum_bayes_risk import choose_by_minimum_bayes_risk

    for best in translations:
        yield choose_by_minimum_bayes_risk([best, *best.alternatives], are_samples=are_samples)


def _json_lines(translate: _Translate, lines: Iterable[str]) -> Iterator[str]:
    """Returns a JSON object per line, without the line ends."""
    sources: deque[str] = deque()

    def remembered() -> Iterator[str]:
        for line in lines:
            sources.append(line)
            yield line

    for translation in translate(remembered()):
        yield _json_line(sources.popleft(), translation)


def _tab_separated_lines(
    translate: _Translate, lines: Iterable[str], n_best: int, scores: bool, alignments: bool
) -> Iterator[str]:
    """Returns the columns of each line's hypotheses; if there are several, the line's number comes first."""
    for number, translation in enumerate(translate(lines), start=1):
        yield _tab_separated(translation, number, n_best, scores, alignments)


def _tab_separated(
    translation: Translation, line_number: int, n_best: int, scores: bool, alignments: bool
) -> str:
    """Returns the lines of a translation and its alternatives, without the last line end."""
    from translator.decoding.alignment import pharaoh

    rows = []
    for hypothesis in (translation, *translation.alternatives):
        columns = [str(line_number)] if n_best > 1 else []
        columns.append(hypothesis.text)
        if scores:
            columns += [f"{hypothesis.log_probability:.4f}", f"{hypothesis.score:.4f}"]
        if alignments:
            columns.append(pharaoh(hypothesis.word_alignment or ()))
        rows.append("\t".join(columns))
    # A blank line has one translation only, and a short one may have few; the last stands for the others.
    rows += rows[-1:] * (n_best - len(rows))
    return "\n".join(rows)


def _json_line(source: str, translation: Translation) -> str:
    """Returns a translation and its alternatives as one line of JSON."""
    return json.dumps({"source": source, **_to_dict(translation)}, ensure_ascii=False)


def _to_dict(translation: Translation) -> dict[str, Any]:
    """Returns a translation and its alternatives as plain values, for JSON."""
    from translator.decoding.alignment import pharaoh

    values = {
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
    if translation.unmet_terms:
        values["unmet_terms"] = translation.unmet_terms
    if translation.alternatives:
        values["alternatives"] = [_to_dict(alternative) for alternative in translation.alternatives]
    return values


@contextlib.contextmanager
def _opened(
    text: Sequence[str], path: str | None
) -> Iterator[tuple[Iterable[str], bool | Callable[[], bool]]]:
    """Yields the lines to translate, and what says whether the next one has to be waited for."""
    from translator.corpus.pausing_lines import open_pausing

    if text:
        yield text, False
        return
    with open_pausing(Path(path) if path is not None else None) as lines:
        yield lines, lines.is_pausing


@contextlib.contextmanager
def _output(path: str | None) -> Iterator[Callable[[bytes], Any]]:
    """Yields what writes to standard output, or to a file that replaces ``path`` once it is complete."""
    if path is None:

        def write(line: bytes) -> None:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()

        yield write
        return
    from translator.corpus.formats.compression import open_compressed
    from translator.files import atomic_write

    with atomic_write(Path(path)) as temporary, open_compressed(temporary, path) as file:
        yield file.write


@contextlib.contextmanager
def _progress(path: str | None, is_quiet: bool) -> Iterator[Callable[[], Any]]:
    """Shows a progress bar with lines per second on standard error, if that is a terminal."""
    from tqdm import tqdm

    is_shown = not is_quiet and sys.stderr.isatty() and not (path is None and sys.stdout.isatty())
    can_be_read_twice = path is not None and Path(path).is_file()
    total = _num_lines(Path(path)) if path is not None and is_shown and can_be_read_twice else None
    with tqdm(total=total, unit=" lines", disable=not is_shown, leave=False, dynamic_ncols=True) as bar:
        yield bar.update


def _num_lines(path: Path) -> int | None:
    """Returns the number of lines of a file; None if the file is damaged, which translation will report."""
    from translator.corpus.formats.compression import open_decompressed
    from translator.errors import DataError

    with contextlib.suppress(DataError), open_decompressed(path) as stream:
        return sum(1 for _ in stream)
    return None
