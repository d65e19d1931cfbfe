"""``translator train``: trains a model folder on parallel text."""

from __future__ import annotations

import shlex

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
Settings for --set and --config, with their values for about 30,000 pairs:
"""
_EPILOG += "".join(f"  {path:<27} {default:<7} {meaning}\n" for path, default, meaning in describe_settings())


@click.command(short_help="Train a translator on parallel text.", epilog=_EPILOG)
@click.option(
    "--source",
    multiple=True,
    metavar="FILE",
    help="Source side of the training text, one sentence per line; may be repeated.",
)
@click.option(
    "--target",
    multiple=True,
    metavar="FILE",
    help="Target side; its line n translates line n of --source.",
)
@click.option(
    "--pairs",
    multiple=True,
    metavar="FILE",
    help="Both sides in one TSV, TMX, PO or XLIFF file, or - for standard input; may be repeated.",
)
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="FILE=NUMBER",
    help="How often each epoch uses the pairs of FILE: 0.2 is a fifth of them, 2 is each pair twice.",
)
@click.option("--output", required=True, metavar="FOLDER", help="Model folder to write.")
@click.option(
    "--from", "source_language", metavar="LANGUAGE", help="Source language, such as en. [default: source]"
)
@click.option(
    "--to", "target_language", metavar="LANGUAGE", help="Target language, such as de. [default: target]"
)
@click.option(
    "--dev-source",
    metavar="FILE",
    help="Source side of the dev set, whose BLEU decides when training ends.",
)
@click.option(
    "--dev-target",
    metavar="FILE",
    help="Target side of the dev set. [default: pairs held out of the training text]",
)
@click.option(
    "--init-from",
    metavar="MODEL",
    help="Fine-tune this model: begin with its weights and its vocabulary.",
)
@click.option(
    "--mix-source",
    metavar="FILE",
    help="Source side of other pairs to mix in, such as general text; they make up half of every epoch.",
)
@click.option("--mix-target", metavar="FILE", help="Target side of the pairs to mix in.")
@click.option(
    "--diversify",
    is_flag=True,
    help="First train a model in each direction, then train on the text and on both models' translations of "
    "it: better, but about three times as slow.",
)
@click.option(
    "--teacher",
    metavar="MODEL",
    help="With --diversify: use this model's translations of the text (an ensemble's, if it has several "
    "seeds) instead of training a forward model.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="INTEGER",
    help="Number of models to train, with different seeds; several go to OUTPUT/seed-N.",
)
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    help="TOML file of settings; they override those chosen from the number of pairs.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="One setting from the list below; overrides --config; may be repeated.",
)
@click.option("--tensorboard", metavar="FOLDER", help="Write TensorBoard logs to this folder.")
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
    """Train a translator on parallel text, in two files or in one that holds both sides.

    No settings are needed: they are chosen from the number of pairs. Training ends by itself when the
    translations of the dev set no longer improve. The model folder holds the best weights so far from the
    first evaluation on. If training is interrupted, the same command resumes it. When it ends or is
    stopped, report.html in the model folder shows how it went.
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
        config=config_file,
        settings=settings,
        tensorboard=tensorboard,
    )
    report_to_standard_error(f"next: echo 'Your sentence.' | translator translate {shlex.quote(output)}")
