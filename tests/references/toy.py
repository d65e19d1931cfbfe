"""A toy language: every sentence is a few of these words, and its translation is made by a rule."""

import numpy as np

from translator.corpus.filters import split_into_blocks
from translator.corpus.readers import Pair
from translator.corpus.token_files import TokenFiles, write_token_files
from translator.corpus.tokenizer import train_tokenizer
from translator.training.corpus_files import ParallelText

WORDS = ["ada", "bob", "cid", "dee", "eve", "fay", "gus", "hal"]
WORDS += ["ivy", "jon", "kim", "leo", "mia", "ned", "oli", "pam"]


def copied(words):
    return words


def reversed_order(words):
    return words[::-1]


def toy_pairs(number, rule=reversed_order, seed=1, shortest=1, longest=6):
    """Returns random pairs whose sentences have ``shortest`` to ``longest`` words."""
    random = np.random.default_rng(seed)
    sentences = [random.choice(WORDS, random.integers(shortest, longest + 1)).tolist() for _ in range(number)]
    return [Pair(" ".join(words), " ".join(rule(words))) for words in sentences]


def write(folder, name, pairs):
    """Writes pairs into two files."""
    paths = folder / f"{name}.en", folder / f"{name}.de"
    for side, path in enumerate(paths):
        path.write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
    return ParallelText(*paths)


def toy_tokenizer():
    """Trains a tokenizer with one token per word of the toy language, and bytes for all other text."""
    lines = [" ".join(WORDS[i:] + WORDS[:i]) for i in range(len(WORDS))]
    return train_tokenizer(lines, 400)


def token_files(folder, tokenizer, *parts, max_tokens=200, aligner=None, fingerprint="toy", weights=None):
    """Writes and opens the token files of a corpus; by default, all parts but the first are mixed in."""
    weights = weights or [1.0, *[None] * (len(parts) - 1)]
    write_token_files(
        folder, map(split_into_blocks, parts), tokenizer, max_tokens, aligner, fingerprint, weights
    )
    return TokenFiles(folder)


def word_for_word(seed, pairs=60, reorder=True):
    """Makes sentences of token ids 4 to 21; translations are 18 higher, reordered if wanted, some random."""
    random = np.random.default_rng(seed)
    sources = [random.integers(4, 22, random.integers(1, 7)).tolist() for _ in range(pairs)]
    targets = [
        [token_id + 18 for token_id in (random.permutation(row) if reorder else row)] for row in sources
    ]
    for target in targets[::7]:
        target[0] = int(random.integers(4, 40))
    return sources, [[int(token_id) for token_id in target] for target in targets]
