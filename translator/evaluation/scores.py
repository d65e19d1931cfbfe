"""BLEU and chrF by sacreBLEU; a score never travels without its signature."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sacrebleu.metrics import BLEU, CHRF


@dataclass(frozen=True)
class Score:
    """A score of a whole test set.

    Attributes:
        name: the metric.
        score: from 0 to 100, higher is better.
        signature: sacreBLEU's description of exactly what was computed.
    """

    name: str
    score: float
    signature: str

    def __str__(self) -> str:
        return f"{self.name} {self.score:.2f}  ({self.signature})"


@dataclass(frozen=True)
class Spread:
    """The same score of several models that were trained alike.

    Attributes:
        mean: the mean.
        deviation: the standard deviation of the sample (divided by the number less one).
        number: how many scores.
    """

    mean: float
    deviation: float
    number: int

    @classmethod
    def of(cls, scores: Sequence[float]) -> Spread:
        """The spread of two scores or more."""
        return cls(statistics.mean(scores), statistics.stdev(scores), len(scores))

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.deviation:.2f} (mean and standard deviation of {self.number})"


@dataclass(frozen=True)
class Scores:
    """All scores of a test set."""

    bleu: Score
    chrf: Score
    num_sentences: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


def evaluate(
    hypotheses: Sequence[str], references: Sequence[str], tokenize: str | None = None, lowercase: bool = False
) -> Scores:
    """Scores translations against one reference each.

    Args:
        hypotheses: the translations, detokenized.
        references: as many references.
        tokenize: sacreBLEU's tokenizer for BLEU; None: its default, 13a.
        lowercase: whether case is ignored.
    """
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses but {len(references)} references")
    # effective_order concerns sentences, not a corpus; force silences a hint about tokenized text.
    metrics = {
        "bleu": BLEU(tokenize=tokenize, lowercase=lowercase, force=True),
        "chrf": CHRF(lowercase=lowercase),
    }
    scores = {}
    for key, metric in metrics.items():
        score = metric.corpus_score(list(hypotheses), [list(references)])
        scores[key] = Score(score.name, score.score, str(metric.get_signature()))
    return Scores(**scores, num_sentences=len(references))
