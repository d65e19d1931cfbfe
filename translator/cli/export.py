"""``translator export``: a SavedModel for any TensorFlow program."""

from __future__ import annotations

from typing import Literal

import click

from translator.cli.search import ensemble_option

_EPILOG = """\b
Examples:
  translator export models/en-de exported/en-de
  translator export models/en-de exported/en-de-small --quantize int8 --source dev.en --reference dev.de
  translator export models/en-de exported/en-de-ids --tokens
"""


@click.command(short_help="Write a SavedModel that any TensorFlow program loads.", epilog=_EPILOG)
@click.argument("model")
@click.argument("output")
@click.option("--tokens", is_flag=True, help="Piece ids in and out, no operation of tensorflow-text.")
@click.option(
    "--quantize",
    "precision",
    type=click.Choice(["float16", "int8"]),
    help="Store smaller weights; computed with as float32. [default: float32]",
)
@click.option("--source", metavar="FILE", help="Text to measure BLEU on, before and after; with --reference.")
@click.option("--reference", metavar="FILE", help="What it should become: line n for line n.")
@click.option("--licence", metavar="TEXT", help="What the model card says of the licence.")
@ensemble_option
def command(
    model: str,
    output: str,
    tokens: bool,
    precision: Literal["float16", "int8"] | None,
    source: str | None,
    reference: str | None,
    licence: str | None,
    others: tuple[str, ...],
) -> None:
    """Write the MODEL folder as a SavedModel to OUTPUT/1, or to OUTPUT if its name is a number.

    Tokenizer, search and detokenizer are inside: raw strings in, raw strings out. README.md and MODEL_CARD.md
    beside it say how to call it and what it is.
    """
    if bool(source) != bool(reference):
        raise click.UsageError("give --source and --reference together")
    from translator.runtime import use_one_thread_per_operation
    from translator.serving.export import export

    use_one_thread_per_operation()
    exported = export(
        model,
        output,
        *others,
        tokens=tokens,
        precision=precision or "float32",
        source=source,
        reference=reference,
        licence=licence,
    )
    size = f"{exported.num_bytes / 1e6:.1f} MB"
    click.echo(f"{exported.folder}: {size}; README.md in it says how to call it", err=True)
    if exported.bleu:
        click.echo(f"as exported: {exported.bleu}", err=True)
        click.echo(f"as trained:  {exported.float32_bleu}", err=True)
