"""``translator train``: two text files in, a model folder out."""

from __future__ import annotations

import click

from translator.config import describe_settings, parse_assignments, parse_weights

_EPILOG = """\b
Examples:
  translator train --source train.en --target train.de --from en --to de --output models/en-de
  translator train --source train.en --target train.de --dev-source dev.en --dev-target dev.de \\
      --output models/en-de --set training.max_epochs=5 --set model.units=128
  translator train --pairs memory.tmx --source web.en --target web.de --weight web.en=0.2 \\
      --from en --to de --output models/en-de

\b
Settings for --set and --config, as they are for about 30,000 pairs:
"""
_EPILOG += "".join(f"  {path:<27} {default:<7} {meaning}\n" for path, default, meaning in describe_settings())


@click.command(short_help="Train a translator on two parallel text files.", epilog=_EPILOG)
@click.option(
    "--source", multiple=True, metavar="FILE", help="Source side of training pairs; may be repeated."
)
@click.option("--target", multiple=True, metavar="FILE", help="Target side: line n translates line n.")
@click.option(
    "--pairs",
    multiple=True,
    metavar="FILE",
    help="Both sides in one TSV, TMX, PO or XLIFF file; - is standard input.",
)
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="FILE=NUMBER",
    help="How often an epoch takes the pairs of FILE.",
)
@click.option("--output", required=True, metavar="FOLDER", help="Model folder to write.")
@click.option("--from", "source_language", help="Source language. [default: source]")
@click.option("--to", "target_language", help="Target language. [default: target]")
@click.option("--dev-source", metavar="FILE", help="Source side of the pairs that training is steered by.")
@click.option("--dev-target", metavar="FILE", help="Target side of these. [default: some pairs are held out]")
@click.option(
    "--init-from", metavar="MODEL", help="Begin with the weights and the vocabulary of a model: fine-tuning."
)
@click.option("--mix-source", metavar="FILE", help="Source side of other pairs, mixed into every epoch.")
@click.option("--mix-target", metavar="FILE", help="Target side of these; half of an epoch is of them.")
@click.option(
    "--diversify",
    is_flag=True,
    help="Train a model each way first and learn also from their translations of the text: better, in about "
    "three times the time.",
)
@click.option(
    "--teacher",
    metavar="MODEL",
    help="With --diversify: learn from what this model (of several seeds: all together) makes of the text; "
    "no forward model is trained then.",
)
@click.option("--seeds", type=click.IntRange(min=1), default=1, help="Models to train, into OUTPUT/seed-N.")
@click.option(
    "--config", "config_file", metavar="FILE", help="TOML file of settings to use in place of the recipe's."
)
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="One setting; goes before --config."
)
@click.option("--tensorboard", metavar="FOLDER", help="Write TensorBoard logs there.")
def command(
    source: tuple[str, ...],
    target: tuple[str, ...],
    pairs: tuple[str, ...],
    weights: tuple[str, ...],
    output: str,
    source_language: str | None,
    target_language: str | None,
    dev_source: str | None,
    dev_target: str | None,
    init_from: str | None,
    mix_source: str | None,
    mix_target: str | None,
    diversify: bool,
    teacher: str | None,
    seeds: int,
    config_file: str | None,
    assignments: tuple[str, ...],
    tensorboard: str | None,
) -> None:
    """Train a translator on parallel text: two files, or one that holds both sides.

    Without any option beyond the files, all settings follow from the number of pairs. Training ends by
    itself when the translations of the dev set no longer improve; the best weights are in the output
    folder from the first evaluation on. When it was interrupted, the same command goes on with it.
    When it ends or is stopped, report.html in the folder says how it went.
    """
    settings = parse_assignments(assignments)
    from translator.api import train
    from translator.training.progress import report_to_standard_error

    train(
        source,
        target,
        output,
        pairs=pairs,
        weights=parse_weights(weights),
        source_language=source_language,
        target_language=target_language,
        dev_source=dev_source,
        dev_target=dev_target,
        init_from=init_from,
        mix_source=mix_source,
        mix_target=mix_target,
        diversify=diversify,
        teacher=teacher,
        seeds=seeds,
        config_file=config_file,
        settings=settings,
        tensorboard=tensorboard,
    )
    report_to_standard_error(f"next: echo 'Your sentence.' | translator translate {output}")
