"""Translates the sentences of test and dev sets for scoring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from translator.corpus.readers import Pair
from translator.decoding.glossary import Glossary
from translator.decoding.translator import Translator
from translator.errors import ConfigError
from translator.evaluation.dev_metric import dev_metric_score
from translator.evaluation.minimum_bayes_risk import choose_by_minimum_bayes_risk
from translator.search_options import SearchKeywords, explain_ineffective_option, explain_unscored_hypotheses


def translate_pairs(
    translator: Translator,
    pairs: Sequence[Pair],
    glossary: Glossary | Mapping[str, str] | None = None,
    minimum_bayes_risk: bool = False,
    options: SearchKeywords | None = None,
) -> list[str]:
    """Translates the source sentences of a test set.

    Args:
        translator: the translator.
        pairs: the test set.
        glossary: see ``Translator.translate``.
        minimum_bayes_risk: whether to choose among the ``n_best`` hypotheses by minimum Bayes risk.
        options: search options; see ``Translator.translate``.

    Raises:
        ConfigError: if an option is not valid or has no effect, or several hypotheses would be scored.
    """
    options = options or {}
    if fault := explain_ineffective_option(
        options, translator.rerankers, minimum_bayes_risk
    ) or explain_unscored_hypotheses(options, minimum_bayes_risk):
        raise ConfigError(fault)
    translations = translator.translate_lines((pair.source for pair in pairs), glossary=glossary, **options)
    if minimum_bayes_risk:
        are_samples = options.get("sampling", False)
        translations = (
            choose_by_minimum_bayes_risk([best, *best.alternatives], are_samples=are_samples)
            for best in translations
        )
    return [translation.text for translation in translations]


def dev_score(translator: Translator, dev: Sequence[Pair]) -> Callable[[], float]:
    """Returns a function that computes the dev score by greedy search.

    Greedy search is about five times as fast as a beam, and its score rises and falls with that of the beam.
    """
    sources, references = [pair.source for pair in dev], [pair.target for pair in dev]
    metric = translator.config.training.dev_metric

    def score() -> float:
        translations = translator.translate(sources, beam_size=1, alignments=False)
        return dev_metric_score(metric, [translation.text for translation in translations], references)

    return score
