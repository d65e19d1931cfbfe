"""Computes BLEU and chrF with sacreBLEU; a score always carries its signature."""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sacrebleu.metrics import BLEU, CHRF

from translator.corpus.filters import length_in_words
from translator.errors import ConfigError, first_line

# The longest source of each length group, in words; a last group takes all longer ones.
_LENGTH_LIMITS = (5, 10, 15, 20, 30, 40, 60)
_EXTRAS = {"ja-mecab": "ja", "ko-mecab": "ko"}  # the extras of sacreBLEU that its tokenizers need


@dataclass(frozen=True)
class Score:
    """One metric over a whole test set.

    Attributes:
        name: name of the metric.
        score: the score, from 0 to 100, higher is better.
        signature: sacreBLEU's description of exactly what was computed.
    """

    name: str
    score: float
    signature: str

    def __str__(self) -> str:
        return f"{self.name} {self.score:.2f}  ({self.signature})"


@dataclass(frozen=True)
class ScoreStatistics:
    """Mean and standard deviation of one metric over several models, such as different seeds.

    Attributes:
        mean: the mean.
        deviation: the sample standard deviation (with divisor n - 1).
        number: number of scores.
    """

    mean: float
    deviation: float
    number: int

    @classmethod
    def of(cls, scores: Sequence[float]) -> ScoreStatistics:
        """Summarizes at least two scores."""
        return cls(statistics.mean(scores), statistics.stdev(scores), len(scores))

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.deviation:.2f} (mean and standard deviation of {self.number})"


@dataclass(frozen=True)
class Scores:
    """All scores of a test set of ``num_sentences`` sentences."""

    bleu: Score
    chrf: Score
    num_sentences: int

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class LengthScore:
    """BLEU of the sentences in one group of source lengths.

    Attributes:
        shortest, longest: range of the source length, in words; ``longest`` is None where it has no limit.
        num_sentences: number of sentences in the group.
        bleu: corpus BLEU of the group by itself.
    """

    shortest: int
    longest: int | None
    num_sentences: int
    bleu: float

    def __str__(self) -> str:
        """Names the group by its lengths, such as ``1–5`` or ``over 60``."""
        return f"over {self.shortest - 1}" if self.longest is None else f"{self.shortest}–{self.longest}"


def check_bleu_tokenizer(name: str | None) -> None:
    """Checks that sacreBLEU has a tokenizer for BLEU; call it before time is spent on translating.

    Args:
        name: name of the tokenizer; None means the default.

    Raises:
        ConfigError: if sacreBLEU has no such tokenizer, or it needs a package that is not installed.
    """
    if name is None:
        return
    if name not in BLEU.TOKENIZERS:
        known = ", ".join(sorted(BLEU.TOKENIZERS))
        raise ConfigError(f"tokenize: sacreBLEU has no tokenizer {name!r}; it has {known}")
    try:
        BLEU(tokenize=name)
    except Exception as error:  # every tokenizer fails in its own way if its package is missing
        extra = _EXTRAS.get(name)
        remedy = f"; run: pip install 'sacrebleu[{extra}]'" if extra else ""
        raise ConfigError(
            f"tokenize: sacreBLEU's {name} cannot be used ({first_line(error)}){remedy}"
        ) from None


def evaluate(
    hypotheses: Sequence[str], references: Sequence[str], tokenize: str | None = None, lowercase: bool = False
) -> Scores:
    """Scores translations against one reference each.

    Args:
        hypotheses: the translations, detokenized.
        references: one reference per translation.
        tokenize: sacreBLEU's tokenizer for BLEU; None means its default, 13a.
        lowercase: whether to ignore case.

    Raises:
        ConfigError: if the tokenizer cannot be used; see ``check_bleu_tokenizer``.
        ValueError: if the number of references differs from the number of translations.
    """
    check_bleu_tokenizer(tokenize)
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses but {len(references)} references")
    # force silences a warning about tokenized text; effective_order matters for single sentences only.
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
    """Returns the chrF of each sentence by sacreBLEU, from 0 to 100; BLEU is unreliable for single sentences.

    Args:
        hypotheses: the translations, detokenized.
        references: one reference per translation.
        lowercase: whether to ignore case.
    """
    chrf = CHRF(lowercase=lowercase)
    return [
        chrf.sentence_score(hypothesis, [reference]).score
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    ]


def bleu_by_length(
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[str],
    tokenize: str | None = None,
) -> list[LengthScore]:
    """Returns BLEU by sacreBLEU for groups of sentences of similar length; empty groups are left out.

    Args:
        sources: the source sentences, whose length in words decides the group.
        hypotheses: their translations, detokenized.
        references: one reference per translation.
        tokenize: sacreBLEU's tokenizer; None means its default, 13a.
    """
    groups: dict[int, list[tuple[str, str]]] = {}
    for source, hypothesis, reference in zip(sources, hypotheses, references, strict=True):
        group = bisect.bisect_left(_LENGTH_LIMITS, length_in_words(source))
        groups.setdefault(group, []).append((hypothesis, reference))
    scores = []
    for group, sentences in sorted(groups.items()):
        shortest = 1 + (_LENGTH_LIMITS[group - 1] if group else 0)
        longest = _LENGTH_LIMITS[group] if group < len(_LENGTH_LIMITS) else None
        columns = [pair[0] for pair in sentences], [pair[1] for pair in sentences]
        bleu = evaluate(*columns, tokenize).bleu.score
        scores.append(LengthScore(shortest, longest, len(sentences), bleu))
    return scores
