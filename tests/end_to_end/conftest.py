"""A small translator, trained once through the command line for all tests of this folder."""

import random
from functools import partial

import pytest
from references.fork_server import ForkServer

WORDS = {
    "one": "eins",
    "two": "zwei",
    "three": "drei",
    "four": "vier",
    "five": "fünf",
    "six": "sechs",
    "seven": "sieben",
    "eight": "acht",
    "nine": "neun",
    "ten": "zehn",
}


def expected(source: str) -> str:
    """Translates between the toy languages: word for word, in reverse order."""
    return " ".join(WORDS[word] for word in reversed(source.split()))


@pytest.fixture(scope="session")
def run():
    """Runs the command line in its own process; returns the completed process with its output as text."""

    server = ForkServer()
    yield partial(server.run, COLUMNS="100")
    server.close()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A folder with train, dev and test files; no test sentence is in the training text."""
    folder = tmp_path_factory.mktemp("corpus")
    generator = random.Random(5)
    sentences = list(
        dict.fromkeys(
            " ".join(generator.choices(list(WORDS), k=generator.randint(1, 6))) for _ in range(2600)
        )
    )
    splits = {"test": sentences[:60], "dev": sentences[60:120], "train": sentences[120:]}
    for split, lines in splits.items():
        (folder / f"{split}.en").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        (folder / f"{split}.de").write_text(
            "".join(f"{expected(line)}\n" for line in lines), encoding="utf-8"
        )
    return folder


@pytest.fixture(scope="session")
def train_command(corpus):
    """The arguments of a quick training run, without its output folder."""
    files = {"source": "train.en", "target": "train.de", "dev-source": "dev.en", "dev-target": "dev.de"}
    settings = {
        "tokenizer.vocabulary_size": 400,
        "model.units": 48,
        "model.dropout": 0.0,
        "model.word_dropout": 0.0,
        "data.batch_tokens": 256,
        "training.learning_rate": 0.015,
        "training.warmup_steps": 150,
        "training.evaluate_steps": 0,
        "training.max_epochs": 8,
        "decoding.beam_size": 5,
        "decoding.length_penalty": 1.0,
        "training.mixed_precision": "false",  # the same model on every processor
    }
    return [
        "train",
        *(word for name, file in files.items() for word in (f"--{name}", corpus / file)),
        *("--from", "en", "--to", "de"),
        *(word for key, value in settings.items() for word in ("--set", f"{key}={value}")),
    ]


@pytest.fixture(scope="session")
def model(run, train_command, tmp_path_factory):
    """The trained model folder."""
    folder = tmp_path_factory.mktemp("models") / "en-de"
    done = run(*train_command, "--output", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return folder
