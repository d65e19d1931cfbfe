"""Compares two models on a test set: scores, their significance, the sentences that differ most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

from translator.corpus.readers import Pair
from translator.evaluation.scores import sentence_scores
from translator.wording import counted

NUM_SAMPLES = 1000
SIGNIFICANCE_LEVEL = 0.05  # a smaller p-value is significant
MIN_SENTENCES = 50  # resampling fewer says too little about other text to call any difference significant
_NUM_SHOWN = 15  # sentences listed in favour of each model


@dataclass(frozen=True)
class ComparedScore:
    """One metric for two models on the same test set.

    Attributes:
        name: name of the metric.
        first, second: the scores, from 0 to 100; higher is better.
        first_interval, second_interval: half the width of the 95 % confidence interval, by bootstrap.
        difference: ``second - first``.
        p_value: the probability of a difference at least this large if the models were equally good.
        significant: whether ``p_value`` is below 0.05 and the test set has at least 50 sentences.
        signature: sacreBLEU's description of exactly what was computed.
    """

    name: str
    first: float
    second: float
    first_interval: float
    second_interval: float
    difference: float
    p_value: float
    significant: bool
    signature: str


@dataclass(frozen=True)
class DifferingSentence:
    """A sentence of the test set with the translations by both models.

    Attributes:
        line: line number in the test set, from 1.
        source: the source sentence.
        reference: the reference translation.
        first, second: the two translations.
        first_chrf, second_chrf: their sentence chrF, from 0 to 100.
    """

    line: int
    source: str
    reference: str
    first: str
    second: str
    first_chrf: float
    second_chrf: float

    @property
    def difference(self) -> float:
        """How much better the second translation is, in chrF."""
        return self.second_chrf - self.first_chrf


@dataclass(frozen=True)
class Comparison:
    """The result of comparing two models on a test set.

    Attributes:
        first, second: names of the models.
        num_sentences: size of the test set.
        num_different: number of sentences that the models translate differently.
        bleu, chrf: the scores of both models.
        second_better: sentences that the second model translates better, largest difference first.
        first_better: sentences that the first model translates better, largest difference first.
        chrf_differences: for every sentence in order, chrF of the second model minus chrF of the first.
    """

    first: str
    second: str
    num_sentences: int
    num_different: int
    bleu: ComparedScore
    chrf: ComparedScore
    second_better: list[DifferingSentence] = field(repr=False)
    first_better: list[DifferingSentence] = field(repr=False)
    chrf_differences: list[float] = field(repr=False)

    @property
    def verdict(self) -> str:
        """One sentence: which model has the higher BLEU, and whether the difference is significant."""
        bleu = self.bleu
        if not self.num_different:
            return "There is no difference: all translations are the same."
        if self.num_sentences < MIN_SENTENCES:
            sentences = counted(self.num_sentences, "sentence is", "sentences are")
            return f"{sentences} too few to tell which model is better; use at least a few hundred."
        if not bleu.difference:
            return f"There is no difference in {bleu.name}."
        better, worse = (self.second, self.first) if bleu.difference > 0 else (self.first, self.second)
        amount = f"{abs(bleu.difference):.2f} {bleu.name}"
        if bleu.significant:
            return f"{better} is better than {worse} by {amount} (p = {bleu.p_value:.3f})."
        return (
            f"The difference is not significant: {better} scores {amount} higher than {worse}, "
            f"which may well be chance (p = {bleu.p_value:.3f})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values for JSON."""
        return {"verdict": self.verdict, **asdict(self)}

    def __str__(self) -> str:
        width = max(len(self.first), len(self.second))
        lines = []
        for score in (self.bleu, self.chrf):
            lines += [
                f"{score.name}  ({score.signature})",
                f"  {self.first:<{width}}  {score.first:6.2f} ± {score.first_interval:.2f}",
                f"  {self.second:<{width}}  {score.second:6.2f} ± {score.second_interval:.2f}",
                f"  {'difference':<{width}}  {score.difference:+6.2f}, p = {score.p_value:.3f}"
                + ("" if score.significant else ", not significant"),
            ]
        total = counted(self.num_sentences, "sentence")
        lines.append(f"translated differently: {self.num_different:,} of {total}")
        return "\n".join([*lines, self.verdict])


def compare_translations(
    pairs: Sequence[Pair],
    first: tuple[str, Sequence[str]],
    second: tuple[str, Sequence[str]],
    tokenize: str | None = None,
    lowercase: bool = False,
) -> Comparison:
    """Compares two models' translations of a test set by paired bootstrap resampling.

    The method is that of Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation", as
    implemented in sacreBLEU, with 1,000 samples.

    Args:
        pairs: the test set.
        first: name and translations of the first model.
        second: name and translations of the second model.
        tokenize: sacreBLEU's tokenizer for BLEU; None means its default, 13a.
        lowercase: whether to ignore case.
    """
    references = [pair.target for pair in pairs]
    sentences = _differing_sentences(pairs, first[1], second[1], lowercase)
    bleu, chrf = _compared_scores(references, first[1], second[1], tokenize, lowercase)
    ranked = sorted(sentences, key=lambda sentence: sentence.difference)
    return Comparison(
        first=first[0],
        second=second[0],
        num_sentences=len(pairs),
        num_different=sum(sentence.first != sentence.second for sentence in sentences),
        bleu=bleu,
        chrf=chrf,
        second_better=[sentence for sentence in reversed(ranked) if sentence.difference > 0][:_NUM_SHOWN],
        first_better=[sentence for sentence in ranked if sentence.difference < 0][:_NUM_SHOWN],
        chrf_differences=[sentence.difference for sentence in sentences],
    )


def _differing_sentences(
    pairs: Sequence[Pair], first: Sequence[str], second: Sequence[str], lowercase: bool
) -> list[DifferingSentence]:
    """Pairs up the translations of every sentence with their sentence chrF."""
    references = [pair.target for pair in pairs]
    scores = (sentence_scores(translations, references, lowercase) for translations in (first, second))
    rows = zip(pairs, first, second, *scores, strict=True)
    return [
        DifferingSentence(number, pair.source, pair.target, *translations_and_scores)
        for number, (pair, *translations_and_scores) in enumerate(rows, start=1)
    ]


def _compared_scores(
    references: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    tokenize: str | None,
    lowercase: bool,
) -> list[ComparedScore]:
    """Scores both models by BLEU and chrF with sacreBLEU's paired bootstrap."""
    metrics = {
        "BLEU": BLEU(tokenize=tokenize, lowercase=lowercase, force=True),
        "chrF": CHRF(lowercase=lowercase),
    }
    systems = [("first", list(first)), ("second", list(second))]
    signatures, results = PairedTest(systems, metrics, [list(references)], "bs", NUM_SAMPLES)()
    scores = []
    for name, signature in signatures.items():
        first_result, second_result = results[name]
        difference = second_result.score - first_result.score
        # sacreBLEU counts the samples with a larger difference; identical translations have none, which
        # would give p = 1 / 1,001.
        p_value = float(second_result.p_value) if difference else 1.0
        scores.append(
            ComparedScore(
                name=name,
                first=first_result.score,
                second=second_result.score,
                first_interval=float(first_result.ci),
                second_interval=float(second_result.ci),
                difference=difference,
                p_value=p_value,
                significant=p_value < SIGNIFICANCE_LEVEL and len(references) >= MIN_SENTENCES,
                signature=str(signature),
            )
        )
    return scores
