"""Minimum-Bayes-risk choice: of several hypotheses, the one that all of them agree with most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sacrebleu.metrics import CHRF

from translator.decoding.translator import Translation


def minimum_bayes_risk(hypotheses: Sequence[Translation]) -> Translation:
    """Chooses the hypothesis with the highest expected chrF (Eikema and Aziz 2022, arXiv 2108.04718).

    The hypotheses stand for what the model believes: each is scored by sacreBLEU's sentence chrF against
    all of them, all of equal weight. Samples come as often as they are probable; the few hypotheses of
    an n-best list are taken as equally good.

    Args:
        hypotheses: of one sentence; samples, or an n-best list.

    Raises:
        ValueError: if there is none.
    """
    if not hypotheses:
        raise ValueError("no hypothesis to choose from")
    counts: dict[str, int] = {}
    for hypothesis in hypotheses:
        counts[hypothesis.text] = counts.get(hypothesis.text, 0) + 1
    texts = list(counts)
    if len(texts) == 1:
        return hypotheses[0]
    metric = CHRF()
    weights = np.array([counts[text] for text in texts], np.float64)
    utility = [
        sum(
            weight * (100.0 if text == other else metric.sentence_score(text, [other]).score)
            for other, weight in zip(texts, weights, strict=True)
        )
        for text in texts
    ]
    chosen = texts[int(np.argmax(utility))]
    return next(hypothesis for hypothesis in hypotheses if hypothesis.text == chosen)
