"""Which of two models is better, by how much, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

from translator.corpus.readers import Pair
from translator.evaluation.scores import sentence_scores

NUM_SAMPLES = 1000
SIGNIFICANT = 0.05  # a smaller p is significant
FEW_SENTENCES = 50  # with fewer, resampling knows too little of other text to say anything
_NUM_SHOWN = 15  # sentences where one is better, and where the other is


@dataclass(frozen=True)
class ComparedScore:
    """A score of two models on the same test set.

    Attributes:
        name: the metric.
        first, second: from 0 to 100, higher is better.
        first_interval, second_interval: half the width of the 95 % interval of the score, by bootstrap.
        difference: ``second - first``.
        p_value: how probable a difference so large is between models that are equally good.
        significant: whether it is below 0.05, and the test set is not too small to tell.
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
    """A sentence of the test set and its two translations.

    Attributes:
        line: its number, from 1.
        source, reference, first, second: its texts.
        first_chrf, second_chrf: of the translations, from 0 to 100.
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
        """By how much the second is better."""
        return self.second_chrf - self.first_chrf


@dataclass(frozen=True)
class Comparison:
    """What two models make of a test set.

    Attributes:
        first, second: names of the models.
        num_sentences: of the test set.
        num_different: how many of them the models translate differently.
        bleu, chrf: their scores.
        second_better: sentences that the second translates better, the largest difference first.
        first_better: those that the first translates better.
        chrf_differences: of every sentence, in order, by how much the second is better.
    """

    first: str
    second: str
    num_sentences: int
    num_different: int
    bleu: ComparedScore
    chrf: ComparedScore
    second_better: list[DifferingSentence]
    first_better: list[DifferingSentence]
    chrf_differences: list[float]

    @property
    def verdict(self) -> str:
        """Which is better by BLEU, and whether that is sure, in a sentence or two."""
        bleu = self.bleu
        if not self.num_different:
            return "There is no difference: all translations are the same."
        if self.num_sentences < FEW_SENTENCES:
            return f"{self.num_sentences} sentences are too few to say which is better; take some hundred."
        if not bleu.difference:
            return f"There is no difference in {bleu.name}."
        better, worse = (self.second, self.first) if bleu.difference > 0 else (self.first, self.second)
        amount = f"{abs(bleu.difference):.2f} {bleu.name}"
        if bleu.significant:
            return f"{better} is better than {worse} by {amount} (p = {bleu.p_value:.3f})."
        return (
            f"The difference is not significant: {better} has {amount} more than {worse}, which may well be "
            f"chance (p = {bleu.p_value:.3f})."
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
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
        lines.append(f"{self.num_different:,} of {self.num_sentences:,} sentences are translated differently")
        return "\n".join([*lines, self.verdict])


def compare_translations(
    pairs: Sequence[Pair],
    first: tuple[str, Sequence[str]],
    second: tuple[str, Sequence[str]],
    tokenize: str | None = None,
    lowercase: bool = False,
) -> Comparison:
    """Compares what two models made of a test set, by paired bootstrap (Koehn 2004, "Statistical Significance
    Tests for Machine Translation Evaluation") as sacreBLEU does it, with 1,000 samples.

    Args:
        pairs: the test set.
        first: name and translations of a model.
        second: those of another.
        tokenize: sacreBLEU's tokenizer for BLEU; None: its default, 13a.
        lowercase: whether case is ignored.
    """
    references = [pair.target for pair in pairs]
    sentences = _sentences(pairs, first[1], second[1], lowercase)
    bleu, chrf = _compared_scores(references, first[1], second[1], tokenize, lowercase)
    ranked = sorted(sentences, key=lambda one: one.difference)
    return Comparison(
        first=first[0],
        second=second[0],
        num_sentences=len(pairs),
        num_different=sum(one.first != one.second for one in sentences),
        bleu=bleu,
        chrf=chrf,
        second_better=[one for one in ranked[::-1] if one.difference > 0][:_NUM_SHOWN],
        first_better=[one for one in ranked if one.difference < 0][:_NUM_SHOWN],
        chrf_differences=[one.difference for one in sentences],
    )


def _sentences(
    pairs: Sequence[Pair], first: Sequence[str], second: Sequence[str], lowercase: bool
) -> list[DifferingSentence]:
    references = [pair.target for pair in pairs]
    scores = (sentence_scores(side, references, lowercase) for side in (first, second))
    rows = zip(pairs, first, second, *scores, strict=True)
    return [
        DifferingSentence(number, pair.source, pair.target, *rest)
        for number, (pair, *rest) in enumerate(rows, start=1)
    ]


def _compared_scores(
    references: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    tokenize: str | None,
    lowercase: bool,
) -> list[ComparedScore]:
    metrics = {
        "BLEU": BLEU(tokenize=tokenize, lowercase=lowercase, force=True),
        "chrF": CHRF(lowercase=lowercase),
    }
    systems = [("first", list(first)), ("second", list(second))]
    signatures, results = PairedTest(systems, metrics, [list(references)], "bs", NUM_SAMPLES)()
    found = []
    for name, signature in signatures.items():
        one, other = results[name]
        difference = other.score - one.score
        # sacreBLEU counts the samples with a larger difference, and gives 1 / 1,001 where all have none.
        p_value = float(other.p_value) if difference else 1.0
        significant = p_value < SIGNIFICANT and len(references) >= FEW_SENTENCES
        found.append(
            ComparedScore(
                *(name, one.score, other.score, float(one.ci), float(other.ci)),
                *(difference, p_value, significant),
                signature=str(signature),
            )
        )
    return found
