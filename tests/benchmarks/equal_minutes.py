"""Trains on the same text for the same number of minutes: BLEU of translator, or of two JoeyNMT models.

    python tests/benchmarks/equal_minutes.py translator|rnn|transformer CORPUS --from en --to es
        --output FOLDER [--minutes 45] [--validation-steps 100] [--joeynmt-python PATH]

CORPUS is a folder with ``train.en``, ``train.es``, ``dev.en`` and so on up to ``test.es``. translator
trains with default settings; the JoeyNMT models are about as large as its own small examples, with 6,000
tokens. Minutes count from the start of the training command and include its preparation and the scoring of
the dev set. Then training is stopped, and the best model so far translates the test set with beam 5. A
Transformer that has learned little writes translations of the maximum length, so that scoring takes minutes:
give it more ``--validation-steps``. PATH is the Python of a separate environment with joeynmt 2.3.0 and
sentencepiece 0.2.0.

Run one kind after the other on the same core (``taskset -c 0``, with ``OMP_NUM_THREADS=1``), or side by side
on two cores. Prints JSON.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import sentencepiece
from joeynmt_models import MODELS, SPECIAL, VOCABULARY_SIZE

from translator.corpus.readers import read_lines
from translator.evaluation.scores import evaluate

SPECIAL_IDS = {f"{name}_id": number for name, number in SPECIAL.items()}
SPECIAL_TOKENS = {"unk_token": "<unk>", "pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}

# JoeyNMT's plateau schedule does not run with current versions of PyTorch.
SCHEDULES = {
    "rnn": {"scheduling": "exponential", "decrease_factor": 0.99, "batch_size": 3072},
    "transformer": {
        "scheduling": "noam",
        "learning_rate_factor": 1,
        "learning_rate_warmup": 1000,
        "batch_size": 4096,
    },
}


def train_tokenizer(corpus: Path, languages: tuple[str, str], folder: Path) -> None:
    """Writes the vocabulary of both languages as JoeyNMT reads it: ``pieces.model`` and ``pieces.txt``."""
    sentencepiece.SentencePieceTrainer.train(
        input=",".join(str(corpus / f"train.{language}") for language in languages),
        model_prefix=str(folder / "pieces"),
        vocab_size=VOCABULARY_SIZE,
        character_coverage=1.0,
        minloglevel=2,
        **SPECIAL_IDS,
    )
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "pieces.model"))
    pieces = (processor.id_to_piece(i) for i in range(len(SPECIAL_IDS), processor.get_piece_size()))
    (folder / "pieces.txt").write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")


def joeynmt_config(
    kind: str, corpus: Path, languages: tuple[str, str], folder: Path, validation_steps: int
) -> dict[str, Any]:
    """Returns all settings of a JoeyNMT training."""
    sides = [
        {
            "lang": language,
            "max_length": 100,
            "min_length": 1,
            "lowercase": False,
            "normalize": False,
            "level": "bpe",
            "voc_min_freq": 1,
            "voc_file": str(folder / "pieces.txt"),
            "tokenizer_type": "sentencepiece",
            "tokenizer_cfg": {
                "model_file": str(folder / "pieces.model"),
                "model_type": "unigram",
                "character_coverage": 1.0,
                "pretokenizer": "none",
            },
        }
        for language in languages
    ]
    files = {split: str(corpus / split) for split in ("train", "dev", "test")}
    special = {**SPECIAL_IDS, **SPECIAL_TOKENS}
    return {
        "name": kind,
        "joeynmt_version": "2.3.0",
        "model_dir": str(folder / "model"),
        "use_cuda": False,
        "fp16": False,
        "random_seed": 42,
        "data": {
            **files,
            "dataset_type": "plain",
            "src": sides[0],
            "trg": sides[1],
            "special_symbols": special,
        },
        "testing": {
            "n_best": 1,
            "beam_size": 5,
            "beam_alpha": 1.0,
            "batch_size": 2048,
            "batch_type": "token",
            "max_output_length": 80,
            "eval_metrics": ["bleu"],
            "return_prob": "none",
            "sacrebleu_cfg": {"tokenize": "13a", "lowercase": False},
        },
        "training": {
            "optimizer": "adamw",
            "normalization": "tokens",
            "adam_betas": [0.9, 0.999],
            "loss": "crossentropy",
            "learning_rate": 0.001,
            "learning_rate_min": 0.0,
            "weight_decay": 0.0,
            "label_smoothing": 0.1,
            "clip_grad_norm": 1.0,
            "batch_type": "token",
            "early_stopping_metric": "bleu",
            "epochs": 1000,
            "validation_freq": validation_steps,
            "logging_freq": 20,
            "overwrite": True,
            "shuffle": True,
            "print_valid_sents": [0],
            "keep_best_ckpts": 1,
            **SCHEDULES[kind],
        },
        "model": MODELS[kind],
    }


def run_for(minutes: float, command: list[str], log: Path) -> None:
    """Runs a training until its time is over; the best model so far is always on disk."""
    with log.open("wb") as sink, subprocess.Popen(command, stdout=sink, stderr=sink) as process:
        try:
            if process.wait(timeout=60 * minutes):
                sys.exit(f"the training failed; {log} says why")
        except subprocess.TimeoutExpired:
            process.terminate()


def translations(command: list[str], source: Path, output: Path) -> list[str]:
    """Returns the lines that a command writes when it reads a file from standard input."""
    with source.open("rb") as lines, output.open("wb") as sink:
        subprocess.run(command, stdin=lines, stdout=sink, check=True)
    return list(read_lines(output))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kind", choices=("translator", *MODELS))
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--from", dest="source", required=True)
    parser.add_argument("--to", dest="target", required=True)
    parser.add_argument("--output", type=Path, required=True, help="a new folder")
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument(
        "--validation-steps", type=int, default=100, help="of JoeyNMT's models; 20 or a multiple"
    )
    parser.add_argument("--joeynmt-python", default="python3")
    options = parser.parse_args()
    languages = options.source, options.target
    corpus, folder = options.corpus.resolve(), options.output.resolve()
    folder.mkdir(parents=True)
    if options.kind == "translator":
        ours, model = [sys.executable, "-m", "translator"], str(folder / "model")
        train = [*ours, "train", "--from", options.source, "--to", options.target, "--output", model]
        for name, split in (("", "train"), ("dev-", "dev")):
            for side, language in zip(("source", "target"), languages, strict=True):
                train += [f"--{name}{side}", str(corpus / f"{split}.{language}")]
        translate = [*ours, "translate", model]
    else:
        train_tokenizer(corpus, languages, folder)
        config = folder / "config.yaml"  # all JSON is YAML
        settings = joeynmt_config(options.kind, corpus, languages, folder, options.validation_steps)
        config.write_text(json.dumps(settings), encoding="utf-8")
        joeynmt = [options.joeynmt_python, "-m", "joeynmt"]
        train = [*joeynmt, "train", str(config), "--skip-test"]
        translate = [*joeynmt, "translate", str(config)]
    run_for(options.minutes, train, folder / "log.txt")
    if options.kind in MODELS and not any((folder / "model").glob("*.ckpt")):
        sys.exit(
            "JoeyNMT has scored no dev set in its time, and so it has no model: give more --minutes or fewer "
            "--validation-steps"
        )
    found = translations(translate, corpus / f"test.{options.source}", folder / "translations.txt")
    references = list(read_lines(corpus / f"test.{options.target}"))
    scores = evaluate(found, references)
    print(json.dumps({"kind": options.kind, "minutes": options.minutes, **scores.to_dict()}))


if __name__ == "__main__":
    main()
