"""Generates the sample corpus: English and German sentences from a small grammar.

Run `python data/sample/generate.py` to write the six files beside this script again, byte for
byte. Every sentence of dev and test has a combination of words (an adjective with a noun, a
verb with its object) that never occurs in train, so they measure how well a model has learned
the grammar rather than what it has memorized.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from grammar import Combination
from lexicon import ADJECTIVES, NOUNS, VERBS
from main_clauses import (
    Sentence,
    comparison,
    description,
    open_question,
    question,
    statement,
    there_is,
)
from sampler import Sampler, fits, objects_for
from subordinate_clauses import (
    although,
    because_of_event,
    because_of_state,
    because_of_thing,
    because_of_weather,
    but,
    infinitive,
    relative_object,
    relative_subject,
    reported,
    when_now,
    when_then,
)

SEED = 4
SIZES = {"train": 10_000, "dev": 300, "test": 500}
RESERVED_SHARE = 0.08
MINIMUM_COUNT = 15  # occurrences in train of every word form of dev and test
WORDS = range(4, 15)  # words per sentence

# Each pattern with its relative frequency.
PATTERNS: tuple[tuple[Callable[[Sampler], Sentence | None], int], ...] = (
    (statement, 34),
    (question, 10),
    (open_question, 8),
    (description, 5),
    (because_of_thing, 6),
    (because_of_state, 3),
    (because_of_event, 5),
    (because_of_weather, 2),
    (although, 4),
    (when_now, 4),
    (when_then, 4),
    (reported, 9),
    (relative_subject, 5),
    (relative_object, 6),
    (there_is, 3),
    (comparison, 9),
    (infinitive, 5),
    (but, 3),
)


class Corpus(NamedTuple):
    """The sentences of each split and the combinations kept out of train."""

    splits: dict[str, list[Sentence]]
    reserved: frozenset[Combination]


def draw(sampler: Sampler) -> Sentence | None:
    """Draws a sentence of a random pattern; None if the words drawn do not fit the pattern."""
    patterns, weights = zip(*PATTERNS, strict=True)
    pattern: Callable[[Sampler], Sentence | None] = sampler.random.choices(patterns, weights)[0]
    return pattern(sampler)


def word_forms(text: str) -> list[str]:
    """Splits a sentence into its words, without punctuation."""
    return [word.strip(".,?") for word in text.split()]


def reserve_combinations(seed: int) -> frozenset[Combination]:
    """Chooses the combinations of an adjective or a verb with a noun that are kept out of train."""
    combinations: set[Combination] = set()
    for noun in NOUNS:
        for adjective in ADJECTIVES:
            if fits(adjective.tags, noun.tags):
                combinations.add(("adjective", adjective.english, noun.english))
    for verb in VERBS:
        nouns = objects_for(verb)
        if len(nouns) >= 6:
            combinations |= {("verb", verb.key, noun.english) for noun in nouns}
    size = round(len(combinations) * RESERVED_SHARE)
    return frozenset(random.Random(seed).sample(sorted(combinations), size))


def draw_sentences(sampler: Sampler) -> Iterator[Sentence]:
    """Draws different sentences of a suitable length, without end."""
    seen: set[str] = set()
    while True:
        sentence = draw(sampler)
        if sentence is None or sentence.english in seen or sentence.german in seen:
            continue
        if all(len(text.split()) in WORDS for text in sentence[:2]):
            seen |= {sentence.english, sentence.german}
            yield sentence


def count_forms(texts: Iterable[str]) -> Counter[str]:
    """Counts the word forms of some sentences."""
    return Counter(word for text in texts for word in word_forms(text))


def build_corpus(seed: int = SEED) -> Corpus:
    """Draws train from the sentences without reserved combinations, test and dev from the others.

    A sentence is held out only if each of its word forms occurs often enough in train.
    """
    reserved = reserve_combinations(seed)
    train: list[Sentence] = []
    candidates: list[Sentence] = []
    held_out: list[Sentence] = []
    sentences = draw_sentences(Sampler(seed))
    while len(train) < SIZES["train"]:
        sentence = next(sentences)
        (train if sentence.combinations.isdisjoint(reserved) else candidates).append(sentence)
    english = count_forms(sentence.english for sentence in train)
    german = count_forms(sentence.german for sentence in train)
    for sentence in chain(candidates, sentences):
        if sentence.combinations.isdisjoint(reserved):
            continue
        counts = [english[word] for word in word_forms(sentence.english)]
        counts += [german[word] for word in word_forms(sentence.german)]
        if min(counts) >= MINIMUM_COUNT:
            held_out.append(sentence)
        if len(held_out) == SIZES["test"] + SIZES["dev"]:
            break
    test, dev = held_out[: SIZES["test"]], held_out[SIZES["test"] :]
    return Corpus({"train": train, "dev": dev, "test": test}, reserved)


def write_corpus(corpus: Corpus, directory: Path) -> None:
    """Writes one file per split and language, one sentence per line."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, sentences in corpus.splits.items():
        texts = {"en": [s.english for s in sentences], "de": [s.german for s in sentences]}
        for language, lines in texts.items():
            content = "".join(f"{line}\n" for line in lines)
            (directory / f"{name}.{language}").write_bytes(content.encode("utf-8"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the options and writes the corpus."""
    parser = argparse.ArgumentParser(description="Generate the English-German sample corpus.")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, metavar="DIR")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    write_corpus(build_corpus(options.seed), options.output)


if __name__ == "__main__":
    main()
