"""BLEU and chrF by sacreBLEU; a score never travels without its signature."""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sacrebleu.metrics import BLEU, CHRF

from translator.corpus.filters import length_in_words
from translator.errors import ConfigError, first_line

_BORDERS = (5, 10, 15, 20, 30, 40, 60)  # words of the longest sentence of each group but the last


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
class ScoreStatistics:
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
    def of(cls, scores: Sequence[float]) -> ScoreStatistics:
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


@dataclass(frozen=True)
class LengthScore:
    """The score of the sentences of similar length.

    Attributes:
        shortest, longest: of their sources, in words; None: any length.
        num_sentences: how many there are.
        bleu: their BLEU, as of a test set of its own.
    """

    shortest: int
    longest: int | None
    num_sentences: int
    bleu: float

    def __str__(self) -> str:
        return f"over {self.shortest - 1}" if self.longest is None else f"{self.shortest}–{self.longest}"


def check_tokenizer(name: str | None) -> None:
    """Checks that sacreBLEU has a tokenizer, before anything is translated for it.

    Args:
        name: of the tokenizer; None: the default.

    Raises:
        ConfigError: if it has none of that name, or the tokenizer needs a package that is not installed.
    """
    if name is None:
        return
    if name not in BLEU.TOKENIZERS:
        known = ", ".join(sorted(BLEU.TOKENIZERS))
        raise ConfigError(f"tokenize: sacreBLEU has no tokenizer {name!r}; it has {known}")
    try:
        BLEU(tokenize=name)
    except Exception as error:  # each has packages, and failures, of its own
        raise ConfigError(f"tokenize: sacreBLEU's {name} cannot be used ({first_line(error)})") from None


def evaluate(
    hypotheses: Sequence[str], references: Sequence[str], tokenize: str | None = None, lowercase: bool = False
) -> Scores:
    """Scores translations against one reference each.

    Args:
        hypotheses: the translations, detokenized.
        references: as many references.
        tokenize: sacreBLEU's tokenizer for BLEU; None: its default, 13a.
        lowercase: whether case is ignored.

    Raises:
        ConfigError: as ``check_tokenizer``.
    """
    check_tokenizer(tokenize)
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


def sentence_scores(
    hypotheses: Sequence[str], references: Sequence[str], lowercase: bool = False
) -> list[float]:
    """The chrF of each sentence by sacreBLEU, from 0 to 100; BLEU is not made for so little text.

    Args:
        hypotheses: the translations, detokenized.
        references: as many references.
        lowercase: whether case is ignored.
    """
    metric = CHRF(lowercase=lowercase)
    return [
        metric.sentence_score(hypothesis, [reference]).score
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    ]


def bleu_by_length(
    sources: Sequence[str], hypotheses: Sequence[str], references: Sequence[str]
) -> list[LengthScore]:
    """The BLEU of short and of long sentences, by sacreBLEU; a length that no sentence has is left out.

    Args:
        sources: the sentences, whose words are counted.
        hypotheses: their translations, detokenized.
        references: as many references.
    """
    groups: dict[int, list[tuple[str, str]]] = {}
    for source, *sides in zip(sources, hypotheses, references, strict=True):
        group = bisect.bisect_left(_BORDERS, length_in_words(source))
        groups.setdefault(group, []).append((sides[0], sides[1]))
    found = []
    for group, rows in sorted(groups.items()):
        longest = _BORDERS[group] if group < len(_BORDERS) else None
        bleu = evaluate([row[0] for row in rows], [row[1] for row in rows]).bleu.score
        found.append(LengthScore(1 + (_BORDERS[group - 1] if group else 0), longest, len(rows), bleu))
    return found
