"""Scores are those of sacreBLEU's own command line, to the last digit and with its signature."""

import json
import subprocess
import sys

import pytest

from translator.evaluation.scores import Score, Spread, evaluate

REFERENCES = [
    "Ein Hund läuft über die grüne Wiese.",
    "Zwei Kinder spielen im Park, und ihre Mutter sieht ihnen zu.",
    "Der Mann sagte: „Ich komme morgen um 9.30 Uhr wieder.“",
    "Nichts",
    "Eine Frau in einem roten Mantel kauft Äpfel auf dem Markt.",
]
HYPOTHESES = [
    "Ein Hund läuft über eine grüne Wiese.",
    "Zwei Kinder spielen im park und ihre Mutter schaut zu.",
    "Der Mann sagte: „Ich komme morgen um 9.30 Uhr zurück.“",
    "",
    "Eine frau in einem roten Mantel kauft Äpfel auf dem Markt.",
]


def by_command_line(folder, *options: str) -> list[dict]:
    """What ``sacrebleu`` prints for the two files, scores with 10 decimals."""
    reference, hypothesis = folder / "reference.txt", folder / "hypothesis.txt"
    reference.write_text("".join(f"{line}\n" for line in REFERENCES), encoding="utf-8")
    hypothesis.write_text("".join(f"{line}\n" for line in HYPOTHESES), encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", reference, "-i", hypothesis]
    printed = subprocess.run(
        [*command, "-m", "bleu", "chrf", "-f", "json", "-w", "10", *options], capture_output=True, check=True
    )
    return json.loads(printed.stdout)


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ((), {}),
        (("--tokenize", "char"), {"tokenize": "char"}),
        (("--tokenize", "none", "--lowercase", "--chrf-lowercase"), {"tokenize": "none", "lowercase": True}),
    ],
)
def test_scores_and_signatures_are_those_of_the_command_line(tmp_path, options, arguments):
    scores = evaluate(HYPOTHESES, REFERENCES, **arguments)
    for score, expected in zip((scores.bleu, scores.chrf), by_command_line(tmp_path, *options), strict=True):
        assert score.name == expected["name"]
        assert score.score == pytest.approx(expected["score"], abs=1e-9)
        assert score.signature == expected["signature"]
        assert 20 < score.score < 95
    assert scores.num_sentences == 5


def test_case_counts_unless_it_is_ignored():
    cased, lowercase = evaluate(HYPOTHESES, REFERENCES), evaluate(HYPOTHESES, REFERENCES, lowercase=True)
    assert lowercase.bleu.score > cased.bleu.score
    assert lowercase.chrf.score > cased.chrf.score


def test_the_best_and_the_worst_score():
    best, worst = evaluate(REFERENCES, REFERENCES), evaluate([""] * 5, REFERENCES)
    assert (best.bleu.score, best.chrf.score) == (pytest.approx(100), pytest.approx(100))
    assert (worst.bleu.score, worst.chrf.score) == (0, 0)


def test_a_score_is_shown_with_its_signature():
    score = Score("BLEU", 33.3456, "nrefs:1|case:mixed")
    assert str(score) == "BLEU 33.35  (nrefs:1|case:mixed)"


def test_scores_become_plain_values_for_json():
    scores = evaluate(HYPOTHESES, REFERENCES)
    values = json.loads(json.dumps(scores.to_dict()))
    assert set(values) == {"bleu", "chrf", "num_sentences"}
    assert values["num_sentences"] == 5
    for key in ("bleu", "chrf"):
        score = getattr(scores, key)
        assert values[key] == {"name": score.name, "score": score.score, "signature": score.signature}


def test_scoring_is_silent(capfd, caplog):
    evaluate(["A dog runs ."] * 200, ["A dog runs ."] * 200)  # sacreBLEU warns of text that looks tokenized
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []


def test_another_number_of_references_is_refused():
    with pytest.raises(ValueError, match="2"):
        evaluate(["Nichts"], ["Nichts", "Etwas"])


def test_the_spread_of_models_is_that_of_a_sample():
    spread = Spread.of([10.0, 12.0, 17.0])
    assert spread == Spread(mean=13.0, deviation=13**0.5, number=3)  # (9 + 1 + 16) / 2
    assert str(spread) == "13.00 ± 3.61 (mean and standard deviation of 3)"
