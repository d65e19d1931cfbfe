"""Hyperparameters by corpus size, each with its reason and where the reason comes from.

The defaults in ``config.py`` are the recipe for about 30,000 pairs; a recipe lists what differs from
them. The sizes in between take the nearest recipe on a logarithmic scale.

Sources:
    Sennrich and Zhang 2019, "Revisiting Low-Resource Neural Machine Translation: A Case Study",
        arXiv 1905.11901, Table 2: German-English from 5,000 sentences rises from 0.0 to 16.6 BLEU by
        dropout, tied embeddings, layer normalization and label smoothing, then a smaller vocabulary,
        then smaller batches, then aggressive word dropout, then the learning rate and depth. The smaller
        vocabulary (14,000 pieces to 2,000) gained 4.9 BLEU there; with the lexical model and guided
        attention the opposite is so: dev BLEU after 700 steps on 4,600 pairs is 7.1 with 1,200 pieces, 8.5
        with 2,000, 8.7 with 4,000, 10.2 with 8,000 and 9.9 with 14,000. On 29,000 pairs it is 36.4 after four
        epochs with 12,000 pieces, which 6,000 reach after five. More dropout for fewer pairs has not helped
        either: with 0.4, and word dropout 0.2, 4,600 pairs have dev BLEU 16.1 after 6,300 steps (beam 10);
        with 0.3 and 0.1, as for more pairs, 16.3 after 4,200.
    Gal and Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent Neural
        Networks", arXiv 1512.05287: one dropout mask for all steps of a sentence.
    Press and Wolf 2017, "Using the Output Embedding to Improve Language Models", arXiv 1608.05859:
        one matrix as source embedding, target embedding and output projection.
    Nguyen and Chiang 2018, "Improving Lexical Choice in Neural Machine Translation", arXiv 1710.01329:
        the lexical model; dev BLEU after 700 steps on 4,600 pairs 5.8, without it 3.8. Output rows of one
        length (there with vectors of one length, too): on 4,600 pairs, dev BLEU after 2,450 steps 13.9 with
        rows of length 1, 12.5 with rows that grow as they like (to about 1.4). On 29,000 pairs rows of length
        1 cost 0.7 after nine epochs, and rows of length 1.5 gain nothing.
    Arthur, Neubig and Nakamura 2016, "Incorporating Discrete Translation Lexicons into Neural Machine
        Translation", arXiv 1606.02006: the dictionary, here by its rows and not by its probabilities.
    Chen et al. 2016, "Guided Alignment Training for Topic-Aware Neural Machine Translation", arXiv
        1607.01628: attention guided by word alignments; 7.1 together with the lexical model. On 29,000 pairs
        both together give dev BLEU 39.9 after 10 epochs, without them 38.0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from translator.config import Config


@dataclass(frozen=True)
class Recipe:
    """Settings for corpora of about ``num_pairs`` pairs."""

    name: str
    num_pairs: int
    settings: tuple[tuple[str, Any, str], ...]  # (dotted path, value, reason)


RECIPES = (
    Recipe(
        "a thousand pairs",
        1_000,
        (
            ("tokenizer.vocabulary_size", 1000, "dev BLEU of 500 captions is 12.5, with 3,000 pieces 11.8"),
            ("data.batch_tokens", 512, "an epoch of larger batches has hardly any steps"),
            ("model.dictionary", 5, "dev BLEU of 500 captions after 1,400 steps is 13.0, without 12.3"),
            ("model.output_row_length", 1.0, "dev BLEU of 500 captions is 11.9, with free rows 11.6"),
            ("training.label_smoothing", 0.2, "stronger smoothing at this size (Sennrich and Zhang 2019)"),
            ("training.warmup_steps", 300, "as for 5 thousand pairs"),
            ("training.evaluate_steps", 350, "scoring takes longer than an epoch"),
            ("training.max_epochs", 400, "an epoch is only some dozen steps"),
            ("training.patience", 8, "dev BLEU of a small corpus is noisy"),
            ("training.rate_patience", 4, "dev BLEU of a small corpus is noisy"),
            ("decoding.no_repeat_ngram", 3, "as for 5 thousand pairs"),
        ),
    ),
    Recipe(
        "5 thousand pairs",
        5_000,
        (
            ("tokenizer.vocabulary_size", 8000, "dev BLEU after 2,450 steps is 12.5, with 2,000 pieces 11.4"),
            (
                "data.batch_tokens",
                1024,
                "more and noisier steps from the same text (Sennrich and Zhang 2019)",
            ),
            ("model.dictionary", 5, "dev BLEU after 4,200 steps is 16.3, without 15.7"),
            ("model.output_row_length", 1.0, "dev BLEU after 1,400 steps is 12.6, with free rows 11.2"),
            ("training.label_smoothing", 0.2, "stronger smoothing at this size (Sennrich and Zhang 2019)"),
            ("training.warmup_steps", 300, "dev BLEU after 700 steps is 8.0, with a constant 1e-3 it is 7.1"),
            ("training.evaluate_steps", 350, "an epoch is so short that scoring takes half as long"),
            ("training.max_epochs", 150, "an epoch is only some hundred steps"),
            ("training.patience", 12, "dev BLEU of a small corpus is noisy"),
            ("training.rate_patience", 4, "dev BLEU of a small corpus is noisy"),
            ("decoding.beam_size", 10, "BLEU of 2,000 dev pairs is 16.3, with 5 it is 15.8"),
            ("decoding.no_repeat_ngram", 3, "its translations run in loops: dev BLEU 12.8, without 11.6"),
        ),
    ),
    Recipe("30 thousand pairs", 30_000, ()),
    Recipe(
        "150 thousand pairs",
        150_000,
        (
            ("tokenizer.vocabulary_size", 16000, "enough text to learn longer pieces"),
            ("model.units", 384, "more text fills more weights"),
            ("model.dropout", 0.2, "more text overfits less"),
            ("data.batch_tokens", 4096, "the gradient of a larger batch is smoother and no dearer"),
            ("training.max_epochs", 15, "five times the steps of an epoch of 30 thousand"),
            ("training.patience", 4, "an epoch is long, dev BLEU is steady"),
        ),
    ),
    Recipe(
        "a million pairs and more",
        1_500_000,
        (
            ("tokenizer.vocabulary_size", 24000, "enough text to learn whole words"),
            ("model.units", 512, "more text fills more weights"),
            ("model.encoder_layers", 3, "more text fills more weights"),
            ("model.decoder_layers", 3, "more text fills more weights"),
            ("model.dropout", 0.1, "more text overfits less"),
            ("model.word_dropout", 0.0, "more text overfits less"),
            ("data.batch_tokens", 8192, "the gradient of a larger batch is smoother and no dearer"),
            ("training.learning_rate", 1e-3, "deeper stacks want a lower rate"),
            ("training.warmup_steps", 2000, "deeper stacks want a longer warm-up"),
            ("training.guided_alignment", 0.0, "to align so many pairs takes longer than it saves"),
            ("training.evaluate_steps", 4000, "an epoch takes too long to wait for"),
            ("training.average_decay", 0.999, "more steps, a longer window"),
            ("training.max_epochs", 10, "a long epoch counts for many short ones"),
        ),
    ),
)


# What differs where a training begins with the weights of a model.
FINE_TUNING = (
    ("training.learning_rate", 1e-3, "the weights are near their place already"),
    ("training.warmup_steps", 100, "the weights are near their place already"),
)


# What so many pairs gave: image captions (Multi30k, English to German), dev BLEU by greedy search.
_SEEN = ((500, 13), (1_000, 15), (3_000, 21), (29_000, 40))
_FEW = 3_000


def small_corpus_warning(num_pairs: int) -> str:
    """What to expect from few pairs, in a sentence; empty where there are enough."""
    if num_pairs >= _FEW:
        return ""
    seen = ", ".join(f"{number:,} gave {bleu}" for number, bleu in _SEEN)
    return f"{num_pairs:,} pairs are few, and more text is what helps most; BLEU of image captions: {seen}"


def recipe_for(num_pairs: int) -> Recipe:
    """Returns the recipe whose size is nearest to ``num_pairs`` on a logarithmic scale."""
    size = math.log(max(num_pairs, 1))
    return min(RECIPES, key=lambda recipe: abs(math.log(recipe.num_pairs) - size))


def config_for(num_pairs: int) -> Config:
    """Returns the full configuration that a corpus of ``num_pairs`` pairs gets without any option."""
    return Config().override({path: value for path, value, _ in recipe_for(num_pairs).settings})
