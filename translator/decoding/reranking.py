"""Reranks n-best lists with a backward model and a right-to-left model.

A backward model notices what a translation leaves out or makes up, to which the model that wrote it is rather
blind (the noisy channel). A right-to-left model has seen the end of a sentence when it writes the beginning,
and makes other errors. Each hypothesis gets the score

    log P(target | source) / penalty(target length)
        + 0.2 * log P(source | target) / penalty(source length)
        + 0.5 * log P(target from right to left | source) / penalty(target length)

whose first term is the score of the search, coverage included; the other terms are present where there is
such a model (Yee, Dauphin and Auli 2019, "Simple and Effective Noisy Channel Modeling for Neural Machine
Translation", arXiv 1908.05731, there with the penalty of a plain average and with a language model; without
one, Li and Jurafsky 2016, "Mutual Information and Diverse Decoding Improve Neural Machine Translation", arXiv
1601.00372; from right to left, Sennrich, Haddow and Birch 2016, "Edinburgh Neural Machine Translation Systems
for WMT 16", arXiv 1606.02891).

The weights were chosen on dev sets. The backward weight is robust between 0.1 and 0.3, the right-to-left
weight between 0.2 and 1, and five hypotheses per sentence are enough (see
tests/benchmarks/results/levers.md). Scoring a hypothesis takes about as long as finding it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from translator.decoding.scoring import length_penalty
from translator.decoding.translation import Translation, ranking_key
from translator.search_options import SearchOptions

_BACKWARD_WEIGHT, _RIGHT_TO_LEFT_WEIGHT = 0.2, 0.5
MOST_RERANKED = 5  # hypotheses per sentence, unless the caller wants more

LogProbabilities = Callable[[Sequence[str], Sequence[str]], list[float]]


def rerank(
    sources: Sequence[str],
    translations: Sequence[Translation],
    backward: LogProbabilities | None,
    right_to_left: LogProbabilities | None,
    options: SearchOptions,
) -> list[Translation]:
    """Puts the best hypothesis of each sentence first.

    Args:
        sources: the sentences that were translated.
        translations: the best hypothesis of each by the search; the others are its alternatives.
        backward: computes the log-probabilities of given translations by a backward model; here the
            hypotheses are its sources. None: there is no such model.
        right_to_left: likewise by a right-to-left model, of the hypotheses themselves.
        options: the options of search: length normalization, and how many translations are returned.

    Returns:
        The best hypothesis of each sentence by ``ranking_key``, with the next best as alternatives, all with
        their new scores.
    """
    lists = [[translation, *translation.alternatives] for translation in translations]
    texts = [hypothesis.text for hypotheses in lists for hypothesis in hypotheses]
    repeated = [source for source, hypotheses in zip(sources, lists, strict=True) for _ in hypotheses]
    backward_log_probs = iter(backward(texts, repeated) if backward else [0.0] * len(texts))
    reversed_log_probs = iter(right_to_left(repeated, texts) if right_to_left else [0.0] * len(texts))

    def penalty(length: int) -> float:
        return float(length_penalty(length, options.length_penalty, options.length_normalization))

    def score(one: Translation) -> float:
        backward_term = _BACKWARD_WEIGHT * next(backward_log_probs) / penalty(len(one.source_tokens))
        return (
            one.score
            + backward_term
            + _RIGHT_TO_LEFT_WEIGHT * next(reversed_log_probs) / penalty(len(one.tokens))
        )

    results = []
    for hypotheses in lists:
        scored = [replace(one, score=score(one), alternatives=()) for one in hypotheses]
        best, *others = sorted(scored, key=ranking_key)[: options.n_best]
        results.append(replace(best, alternatives=tuple(others)))
    return results
