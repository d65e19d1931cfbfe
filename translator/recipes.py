"""Hyperparameters by corpus size, each with the reason for it.

The defaults in ``config.py`` are the recipe for about 30,000 pairs; the other recipes list only what differs.
A corpus gets the recipe of the nearest size on a logarithmic scale. The experiments behind the values are in
tests/benchmarks/results/levers.md; the papers behind the methods:

    Sennrich and Zhang 2019, "Revisiting Low-Resource Neural Machine Translation: A Case Study", arXiv
        1905.11901: for few pairs, small vocabularies and batches, dropout, label smoothing, tied embeddings
        and layer normalization. With the lexical model and guided alignment, 5,000 pairs gain from a larger
        vocabulary instead, and not from more dropout.
    Gal and Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks",
        arXiv 1512.05287: variational dropout, with one mask for all time steps of a sentence.
    Press and Wolf 2017, "Using the Output Embedding to Improve Language Models", arXiv 1608.05859: one matrix
        as source embedding, target embedding and output projection.
    Nguyen and Chiang 2018, "Improving Lexical Choice in Neural Machine Translation", arXiv 1710.01329: the
        lexical model, and output rows of a fixed length, which help where pairs are few and cost a little
        where they are many.
    Arthur, Neubig and Nakamura 2016, "Incorporating Discrete Translation Lexicons into Neural Machine
        Translation", arXiv 1606.02006: the dictionary, which helps where pairs are few.
    Chen et al. 2016, "Guided Alignment Training for Topic-Aware Neural Machine Translation", arXiv
        1607.01628: attention guided by word alignments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from translator.config import Config
from translator.wording import counted


@dataclass(frozen=True)
class Recipe:
    """Settings for corpora of about ``num_pairs`` sentence pairs."""

    name: str
    num_pairs: int
    settings: tuple[tuple[str, Any, str], ...]  # (dotted path, value, reason)


RECIPES = (
    Recipe(
        "a thousand pairs",
        1_000,
        (
            ("tokenizer.vocabulary_size", 1000, "with more tokens, each is too rare to be learned"),
            ("data.batch_tokens", 512, "with larger batches, an epoch has hardly any steps"),
            ("model.dictionary", 5, "counted translations help with rare words (Arthur et al. 2016)"),
            (
                "model.output_row_length",
                1.0,
                "with few pairs, free rows are overconfident (Nguyen and Chiang 2018)",
            ),
            ("training.label_smoothing", 0.2, "few pairs need stronger smoothing (Sennrich and Zhang 2019)"),
            ("training.warmup_steps", 300, "training is short, so the warm-up is short too"),
            ("training.evaluate_steps", 350, "an epoch is so short that scoring would take longer"),
            ("training.max_epochs", 400, "an epoch has only a few dozen steps"),
            ("training.patience", 8, "the dev score of a small corpus is noisy"),
            ("training.rate_patience", 4, "the dev score of a small corpus is noisy"),
            ("decoding.no_repeat_ngram", 3, "models of few pairs tend to repeat themselves"),
        ),
    ),
    Recipe(
        "5 thousand pairs",
        5_000,
        (
            ("tokenizer.vocabulary_size", 8000, "the best of 1,200 to 14,000 tokens at this size"),
            (
                "data.batch_tokens",
                1024,
                "more and noisier steps per epoch (Sennrich and Zhang 2019)",
            ),
            ("model.dictionary", 5, "counted translations help with rare words (Arthur et al. 2016)"),
            (
                "model.output_row_length",
                1.0,
                "with few pairs, free rows are overconfident (Nguyen and Chiang 2018)",
            ),
            ("training.label_smoothing", 0.2, "few pairs need stronger smoothing (Sennrich and Zhang 2019)"),
            ("training.warmup_steps", 300, "training is short, so the warm-up is short too"),
            ("training.evaluate_steps", 350, "an epoch is so short that scoring takes half as long"),
            ("training.max_epochs", 150, "an epoch has only a few hundred steps"),
            ("training.patience", 12, "the dev score of a small corpus is noisy"),
            ("training.rate_patience", 4, "the dev score of a small corpus is noisy"),
            ("decoding.beam_size", 10, "a wider beam finds better translations at this size"),
            ("decoding.no_repeat_ngram", 3, "models of few pairs tend to repeat themselves"),
        ),
    ),
    Recipe("30 thousand pairs", 30_000, ()),
    Recipe(
        "150 thousand pairs",
        150_000,
        (
            ("tokenizer.vocabulary_size", 16000, "enough text to learn longer tokens"),
            ("model.units", 384, "more text can train more weights"),
            ("model.dropout", 0.2, "more text overfits less"),
            ("data.batch_tokens", 4096, "larger batches give smoother gradients at no more cost"),
            ("training.max_epochs", 15, "an epoch has five times as many pairs as at 30 thousand"),
            ("training.patience", 4, "an epoch is long, and the dev score is steady"),
        ),
    ),
    Recipe(
        "a million pairs and more",
        1_500_000,
        (
            ("tokenizer.vocabulary_size", 24000, "enough text to learn whole words"),
            ("model.units", 512, "more text can train more weights"),
            ("model.encoder_layers", 3, "more text can train more weights"),
            ("model.decoder_layers", 3, "more text can train more weights"),
            ("model.dropout", 0.1, "more text overfits less"),
            ("model.word_dropout", 0.0, "more text overfits less"),
            ("data.batch_tokens", 8192, "larger batches give smoother gradients at no more cost"),
            ("training.learning_rate", 1e-3, "deeper networks need a lower learning rate"),
            ("training.warmup_steps", 2000, "deeper networks need a longer warm-up"),
            ("training.guided_alignment", 0.0, "aligning so many pairs takes longer than it saves"),
            ("training.evaluate_steps", 4000, "an epoch is too long to wait for an evaluation"),
            ("training.average_decay", 0.999, "more steps allow a longer average"),
            ("training.max_epochs", 10, "a few passes over so many pairs are enough"),
        ),
    ),
)


# What differs when training starts from the weights of another model.
FINE_TUNING = (
    ("training.learning_rate", 1e-3, "the weights are close to good ones from the start"),
    ("training.warmup_steps", 100, "the weights are close to good ones from the start"),
)


# Dev BLEU by greedy search after training on so many image captions (Multi30k, English to German).
_BLEU_BY_PAIRS = ((500, 13), (1_000, 15), (3_000, 21), (29_000, 40))
_FEW_PAIRS = 3_000


def small_corpus_warning(num_pairs: int) -> str:
    """Says in one sentence what to expect from few pairs; empty where there are enough."""
    if num_pairs >= _FEW_PAIRS:
        return ""
    examples = ", ".join(f"{number:,} gave {bleu}" for number, bleu in _BLEU_BY_PAIRS)
    pairs = counted(num_pairs, "pair is", "pairs are")
    return f"{pairs} few, and more text helps most; BLEU of image captions by pairs: {examples}"


def recipe_for(num_pairs: int) -> Recipe:
    """Returns the recipe whose size is nearest to ``num_pairs`` on a logarithmic scale."""
    size = math.log(max(num_pairs, 1))
    return min(RECIPES, key=lambda recipe: abs(math.log(recipe.num_pairs) - size))


def config_for(num_pairs: int) -> Config:
    """Returns the configuration that a corpus of ``num_pairs`` pairs gets if the user sets nothing."""
    return Config().override({path: value for path, value, _ in recipe_for(num_pairs).settings})
