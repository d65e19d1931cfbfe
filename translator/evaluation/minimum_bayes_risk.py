"""Minimum-Bayes-risk choice: of several hypotheses, the one that all of them agree with most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from sacrebleu.metrics import CHRF

from translator.decoding.translation import Translation


def choose_by_minimum_bayes_risk(hypotheses: Sequence[Translation], *, are_samples: bool) -> Translation:
    """Chooses the hypothesis with the highest expected sentence chrF by sacreBLEU.

    The hypotheses stand for all that the model believes, each with a weight: samples come as often as they
    are probable and weigh the same (Eikema and Aziz 2022, arXiv 2108.04718); those of an n-best list weigh
    what the model says of them (Kumar and Byrne 2004, "Minimum Bayes-Risk Decoding", section 3).

    Args:
        hypotheses: of one sentence.
        are_samples: whether they are samples; else they are an n-best list.

    Returns:
        That hypothesis, without alternatives.

    Raises:
        ValueError: if there is none.
    """
    if not hypotheses:
        raise ValueError("no hypothesis to choose from")
    most = max(hypothesis.log_probability for hypothesis in hypotheses)
    weights: dict[str, float] = {}
    for hypothesis in hypotheses:
        weight = 1.0 if are_samples else math.exp(hypothesis.log_probability - most)
        weights[hypothesis.text] = weights.get(hypothesis.text, 0.0) + weight
    metric = CHRF()
    expected = {
        text: math.fsum(
            weight * (100.0 if other == text else metric.sentence_score(text, [other]).score)
            for other, weight in weights.items()
        )
        for text in weights
    }
    chosen = max(expected, key=expected.__getitem__)
    best = next(hypothesis for hypothesis in hypotheses if hypothesis.text == chosen)
    return replace(best, alternatives=())
