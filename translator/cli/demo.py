"""``translator demo``: trains, evaluates and uses a small translator, from end to end."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

_SETTINGS = {
    "tokenizer.vocabulary_size": 1000,
    "model.units": 128,
    "model.dropout": 0.1,
    "model.word_dropout": 0.0,
    "data.batch_tokens": 1024,
    "training.learning_rate": 4e-3,
    "training.warmup_steps": 200,
    "training.label_smoothing": 0.05,
    "training.max_epochs": 6,
}
_NUM_SHOWN = 5


def sample_folder() -> Path:
    """Returns the folder of the sample corpus, in the installed package or in the checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "sample"
    return installed if installed.is_dir() else package.parent / "data" / "sample"


@click.command(short_help="Train, evaluate and use a small translator in minutes.")
@click.option(
    "--output", default="models/demo", show_default=True, metavar="FOLDER", help="Model folder to write."
)
def command(output: str) -> None:
    """Train, evaluate and use a small translator on a sample corpus; it takes minutes on a laptop.

    The sample is about 10,000 English-German pairs that a small grammar generated. Each test sentence
    contains a combination of words that never occurs in the training text.

    \b
    Example:
      translator demo
    """
    from translator.api import evaluate, train
    from translator.corpus.readers import read_pairs
    from translator.training.progress import report_to_standard_error as report

    sample = sample_folder()
    report("translator demo: a small English-German translator, from text files to translations\n")
    report(f"1. training on {sample}/train.en and train.de with settings for a quick run")
    translator = train(
        sample / "train.en",
        sample / "train.de",
        output,
        source_language="en",
        target_language="de",
        dev_source=sample / "dev.en",
        dev_target=sample / "dev.de",
        settings=_SETTINGS,
    )
    report("\n2. translating the test set, whose sentences are not in the training text")
    scores, translations = evaluate(translator, sample / "test.en", sample / "test.de")
    click.echo(f"{scores.bleu}\n{scores.chrf}")
    report("\n3. some of these translations")
    pairs = read_pairs(sample / "test.en", sample / "test.de")
    step = max(1, len(pairs) // _NUM_SHOWN)
    for pair, translation in list(zip(pairs, translations, strict=True))[::step][:_NUM_SHOWN]:
        click.echo(f"  {pair.source}\n  -> {translation}\n")
    report(
        "Next:\n"
        f'  translator translate {shlex.quote(output)} "The old man sees a small dog."\n'
        "and with your own text, in two files with one sentence per line:\n"
        "  translator train --source train.en --target train.de --from en --to de --output models/en-de\n"
        "  translator translate models/en-de < in.txt > out.txt"
    )
