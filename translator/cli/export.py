"""``translator export``: writes a SavedModel that any TensorFlow program can load."""

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


@click.command(short_help="Export a model as a SavedModel for any TensorFlow program.", epilog=_EPILOG)
@click.argument("model")
@click.argument("output")
@click.option(
    "--tokens", is_flag=True, help="Take and return token ids instead of text; needs no tensorflow-text."
)
@click.option(
    "--quantize",
    type=click.Choice(["float16", "int8"]),
    help="Store the weights in this smaller type; computation stays in float32. [default: float32]",
)
@click.option(
    "--source", metavar="FILE", help="Text to measure BLEU on, before and after export; needs --reference."
)
@click.option(
    "--reference", metavar="FILE", help="Reference translations; line n translates line n of --source."
)
@click.option("--licence", metavar="TEXT", help="Licence to state in the model card.")
@ensemble_option
def command(
    model: str,
    output: str,
    tokens: bool,
    quantize: Literal["float16", "int8"] | None,
    source: str | None,
    reference: str | None,
    licence: str | None,
    ensemble: tuple[str, ...],
) -> None:
    """Export the MODEL folder as a SavedModel to OUTPUT/1, or to OUTPUT if its name is a number.

    The SavedModel contains the tokenizer and the search, so that it takes raw strings and returns raw
    strings. README.md beside it explains how to call it, and MODEL_CARD.md describes the model.
    """
    if bool(source) != bool(reference):
        raise click.UsageError("give --source and --reference together")
    from translator.runtime import set_threads_per_operation
    from translator.serving.export import export

    set_threads_per_operation()
    exported = export(
        model,
        output,
        ensemble=ensemble,
        tokens=tokens,
        quantize=quantize,
        source=source,
        reference=reference,
        licence=licence,
    )
    size = f"{exported.num_bytes / 1e6:.1f} MB"
    click.echo(f"{exported.folder}: {size}; README.md in this folder explains how to call it", err=True)
    if exported.bleu:
        click.echo(f"as exported: {exported.bleu}", err=True)
        click.echo(f"as trained:  {exported.float32_bleu}", err=True)
