"""Minimum-Bayes-risk decoding: chooses the hypothesis that agrees most with all the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from sacrebleu.metrics import CHRF

from translator.decoding.translation import Translation


def choose_by_minimum_bayes_risk(hypotheses: Sequence[Translation], *, are_samples: bool) -> Translation:
    """Chooses the hypothesis with the highest expected sentence chrF (by sacreBLEU) against all hypotheses.

    Only the hypotheses that lack the fewest glossary terms can be chosen.

    The weighted hypotheses approximate the model's distribution over translations. Samples weigh the same,
    because probable ones are drawn more often (Eikema and Aziz 2022, arXiv 2108.04718); entries of an n-best
    list are weighted by their probability (Kumar and Byrne 2004, "Minimum Bayes-Risk Decoding", section 3).

    Args:
        hypotheses: the hypotheses for one sentence.
        are_samples: whether they are samples; otherwise they are an n-best list.

    Returns:
        The chosen hypothesis, without alternatives. Of equally good ones, the first.

    Raises:
        ValueError: if there are no hypotheses.
    """
    if not hypotheses:
        raise ValueError("no hypothesis to choose from")
    highest = max(hypothesis.log_probability for hypothesis in hypotheses)
    weights: dict[str, float] = {}
    for hypothesis in hypotheses:
        weight = 1.0 if are_samples else math.exp(hypothesis.log_probability - highest)
        weights[hypothesis.text] = weights.get(hypothesis.text, 0.0) + weight
    chrf = CHRF()
    expected_chrf = {
        text: math.fsum(
            weight * (100.0 if other == text else chrf.sentence_score(text, [other]).score)
            for other, weight in weights.items()
        )
        for text in weights
    }
    best = min(hypotheses, key=lambda one: (len(one.unmet_terms), -expected_chrf[one.text]))
    return replace(best, alternatives=())
