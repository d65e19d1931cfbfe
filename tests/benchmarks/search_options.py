"""What each option of search does to a test set: BLEU, length beside the reference, and seconds.

    python tests/benchmarks/search_options.py MODEL --source test.en --reference test.de [--backward MODEL]

Every row differs from the default in one option; seconds do not include loading and tracing. Prints a
Markdown table.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import translator
from translator.corpus.readers import read_pairs
from translator.evaluation.minimum_bayes_risk import choose_by_minimum_bayes_risk
from translator.evaluation.scores import evaluate
from translator.runtime import set_threads_per_operation

ROWS: list[tuple[str, dict[str, Any]]] = [
    ("as it is: beam 5", {}),
    ("`--beam-size 1`", {"beam_size": 1}),
    ("`--beam-size 10`", {"beam_size": 10}),
    ("`--shortlist`", {"shortlist": True}),
    ("`--length-penalty 0`", {"length_penalty": 0.0}),
    ("`--length-penalty 0.6`", {"length_penalty": 0.6}),
    ("`--length-penalty 1.4`", {"length_penalty": 1.4}),
    ("`--length-normalization average`", {"length_normalization": "average"}),
    ("`--coverage-penalty 0.2`", {"coverage_penalty": 0.2}),
    ("`--no-repeat-ngram 3`", {"no_repeat_ngram": 3}),
    ("`--min-length 8`", {"min_length": 8}),
    ("`--n-best 5 --minimum-bayes-risk`", {"n_best": 5}),
    (
        "`--sampling --top-p 0.7 --n-best 20 --minimum-bayes-risk`",
        {"sampling": True, "top_p": 0.7, "n_best": 20},
    ),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    for name in ("source", "reference"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--backward", help="a backward model, for two more rows")
    options = parser.parse_args()
    set_threads_per_operation()  # as the command line does
    pairs = read_pairs(options.source, options.reference)
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    num_words = sum(len(reference.split()) for reference in references)
    alone = translator.load(options.model)
    rows = [(name, alone, search) for name, search in ROWS]
    if options.backward:
        both = translator.load(options.model, backward=options.backward)
        rows += [("`--backward`", both, {}), ("`--backward --beam-size 10`", both, {"beam_size": 10})]
    print("| | BLEU | chrF | length | seconds |\n|---|---|---|---|---|")
    for name, loaded, search in rows:
        loaded.translate(sources[:20], alignments=False, **search)  # traces
        start = time.perf_counter()
        found = loaded.translate(sources, alignments=False, **search)
        if "n_best" in search:
            are_samples = search.get("sampling", False)
            found = [
                choose_by_minimum_bayes_risk([one, *one.alternatives], are_samples=are_samples)
                for one in found
            ]
        seconds = time.perf_counter() - start
        texts = [one.text for one in found]
        length = sum(len(text.split()) for text in texts) / num_words
        scores = evaluate(texts, references)
        numbers = f"{scores.bleu.score:.2f} | {scores.chrf.score:.2f} | {length:.3f} | {seconds:.1f}"
        print(f"| {name} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
