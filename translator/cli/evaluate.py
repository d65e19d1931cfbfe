"""``translator evaluate``: BLEU and chrF of a model on a test set."""

from __future__ import annotations

import json
from pathlib import Path

import click

_EPILOG = """\b
Examples:
  translator evaluate models/en-de --source test.en --reference test.de
  translator evaluate models/en-de --source test.en --reference test.de --json > scores.json
"""


@click.command(short_help="Score a model on a test set: BLEU and chrF.", epilog=_EPILOG)
@click.argument("model")
@click.option("--source", required=True, metavar="FILE", help="Text to translate.")
@click.option("--reference", required=True, metavar="FILE", help="What it should become: line n for line n.")
@click.option("--beam-size", type=int, help="Hypotheses kept a sentence. [default: the model's, 5]")
@click.option(
    "--length-penalty", type=float, help="0: none; larger: longer output. [default: the model's, 1.0]"
)
@click.option("--tokenize", metavar="NAME", help="sacreBLEU's tokenizer for BLEU. [default: 13a]")
@click.option("--lowercase", is_flag=True, help="Ignore case.")
@click.option("--output", metavar="FILE", help="Also write the translations there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    model: str,
    source: str,
    reference: str,
    beam_size: int | None,
    length_penalty: float | None,
    tokenize: str | None,
    lowercase: bool,
    output: str | None,
    as_json: bool,
) -> None:
    """Translate a test set with the MODEL folder and score it against the reference.

    BLEU and chrF are sacreBLEU's, each with the signature that says exactly what was computed.
    """
    from translator.api import evaluate, load
    from translator.training.checkpoint import replaced_when_complete

    scores, translations = evaluate(
        load(model),
        source,
        reference,
        beam_size=beam_size,
        length_penalty=length_penalty,
        tokenize=tokenize,
        lowercase=lowercase,
    )
    if output:
        with replaced_when_complete(Path(output)) as path:
            path.write_text("".join(f"{line}\n" for line in translations), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(scores.to_dict(), ensure_ascii=False, indent=2))
    else:
        click.echo(f"{scores.bleu}\n{scores.chrf}\n{scores.num_sentences:,} sentences")
