"""A glossary on real text: how many of its terms appear, and what that does to BLEU.

    python tests/benchmarks/glossary.py MODEL --source test.en --reference test.de [--constraints 100]

The terms come from the test set itself: each is a source word with the reference word that occurs with it
most exclusively. The lines are the first ones that contain the given number of terms whose target word is
in the reference; the same lines are translated with and without the glossary. Prints JSON.
"""

import argparse
import json
import re
from collections import Counter
from pathlib import Path

import translator
from translator.corpus.readers import Pair, read_pairs
from translator.evaluation.scores import evaluate


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w{4,}", text))


def terms_of(pairs: list[Pair]) -> dict[str, str]:
    """Pairs of words that occur together in at least three sentence pairs (Dice coefficient above a half)."""
    sources, targets, both = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    for pair in pairs:
        source_words, target_words = words_of(pair.source.casefold()), words_of(pair.target)
        sources.update(source_words)
        targets.update(target_words)
        both.update((source, target) for source in source_words for target in target_words)
    terms: dict[str, str] = {}
    for (source, target), count in both.most_common():
        if count >= 3 and 2 * count / (sources[source] + targets[target]) > 0.5:
            terms.setdefault(source, target)
    return terms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    for name in ("source", "reference"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--constraints", type=int, default=100)
    options = parser.parse_args()
    pairs = read_pairs(options.source, options.reference)
    glossary = translator.Glossary(terms_of(pairs))
    chosen: list[tuple[Pair, list[str]]] = []
    for pair in pairs:
        wanted = glossary.targets_for(pair.source)
        if wanted and all(term in pair.target for term in wanted):
            chosen.append((pair, wanted))
        if sum(len(terms) for _, terms in chosen) >= options.constraints:
            break
    loaded = translator.load(options.model)
    sources, references = [pair.source for pair, _ in chosen], [pair.target for pair, _ in chosen]
    result: dict[str, object] = {
        "lines": len(chosen),
        "constraints": sum(len(terms) for _, terms in chosen),
    }
    for name, used in (("without", None), ("with", glossary)):
        texts = [one.text for one in loaded.translate(sources, glossary=used, alignments=False)]
        met = sum(term in text for text, (_, terms) in zip(texts, chosen, strict=True) for term in terms)
        result[name] = {"met": met, "bleu": round(evaluate(texts, references).bleu.score, 2)}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
