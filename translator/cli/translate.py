"""``translator translate``: lines in, lines out."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

_EPILOG = """\b
Examples:
  translator translate models/en-de < in.txt > out.txt
  translator translate models/en-de "A dog runs." "Two dogs sleep."
"""


@click.command(short_help="Translate lines with a trained model.", epilog=_EPILOG)
@click.argument("model")
@click.argument("text", nargs=-1)
@click.option(
    "--beam-size",
    type=int,
    help="Hypotheses kept a sentence; 1 is greedy and fastest. [default: the model's, 5]",
)
@click.option(
    "--length-penalty", type=float, help="0: none; larger: longer output. [default: the model's, 1.0]"
)
def command(model: str, text: tuple[str, ...], beam_size: int | None, length_penalty: float | None) -> None:
    """Translate standard input, or the TEXTs, with the MODEL folder of a training.

    One line in, one line out, in order; blank lines stay blank. Output starts before a long input is
    read to its end.
    """
    from translator.api import load

    translator = load(model)
    output = sys.stdout.buffer
    translations = translator.translate_lines(
        iter(text) if text else _standard_input(),
        beam_size=beam_size,
        length_penalty=length_penalty,
        interactive=not text and sys.stdin.isatty(),
    )
    for translation in translations:
        output.write(f"{translation.text}\n".encode())
        output.flush()


def _standard_input() -> Iterator[str]:
    """The lines of standard input, without their ends."""
    from translator.corpus.readers import decode_line

    for number, line in enumerate(sys.stdin.buffer, start=1):
        yield decode_line(line, "standard input", number)
