"""Scores equal those of sacreBLEU's own command line, to the last digit and with its signature."""

import json
import subprocess
import sys

import pytest

from translator.errors import ConfigError
from translator.evaluation.scores import (
    Score,
    ScoreStatistics,
    bleu_by_length,
    check_bleu_tokenizer,
    evaluate,
    sentence_scores,
)

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


def sacrebleu_command(folder, *options: str) -> list[dict]:
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
def test_scores_and_signatures_equal_sacrebleus_command_line(tmp_path, options, arguments):
    scores = evaluate(HYPOTHESES, REFERENCES, **arguments)
    for score, expected in zip(
        (scores.bleu, scores.chrf), sacrebleu_command(tmp_path, *options), strict=True
    ):
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


@pytest.mark.parametrize(("name", "extra"), [("ja-mecab", "ja"), ("ko-mecab", "ko")])
def test_a_tokenizer_without_its_package_names_what_to_install(monkeypatch, name, extra):
    def missing():
        raise RuntimeError("it requires extra dependencies")

    monkeypatch.setattr("sacrebleu.metrics.bleu._get_tokenizer", lambda tokenizer: missing)
    with pytest.raises(ConfigError) as raised:
        check_bleu_tokenizer(name)
    assert str(raised.value) == (
        f"tokenize: sacreBLEU's {name} cannot be used (it requires extra dependencies); "
        f"run: pip install 'sacrebleu[{extra}]'"
    )


def test_a_different_number_of_references_is_an_error():
    with pytest.raises(ValueError, match="2"):
        evaluate(["Nichts"], ["Nichts", "Etwas"])


def test_the_statistics_of_several_models_have_the_sample_standard_deviation():
    statistics = ScoreStatistics.of([10.0, 12.0, 17.0])
    assert statistics == ScoreStatistics(mean=13.0, deviation=13**0.5, number=3)  # (9 + 1 + 16) / 2
    assert str(statistics) == "13.00 ± 3.61 (mean and standard deviation of 3)"


@pytest.mark.parametrize("lowercase", [False, True])
def test_sentence_scores_equal_sacrebleus_command_line(tmp_path, lowercase):
    sacrebleu_command(tmp_path)  # writes the files
    command = [
        sys.executable,
        "-m",
        "sacrebleu",
        "reference.txt",
        "-i",
        "hypothesis.txt",
        "-sl",
        "-m",
        "chrf",
    ]
    command += ["-b", "-w", "6", *(["--chrf-lowercase"] if lowercase else [])]
    printed = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, text=True).stdout
    expected = list(map(float, printed.split()))
    assert sentence_scores(HYPOTHESES, REFERENCES, lowercase) == pytest.approx(expected, abs=1e-6)
    assert expected[3] == 0


def test_bleu_by_length_equals_the_bleu_of_each_group_by_itself():
    sources = ["one two", "a b c d e", "1 2 3 4 5 6", " ".join("x" * 61), "s " * 60]
    found = bleu_by_length(sources, HYPOTHESES, REFERENCES)
    groups = [[0, 1], [2], [4], [3]]
    assert [(one.shortest, one.longest) for one in found] == [(1, 5), (6, 10), (41, 60), (61, None)]
    assert [str(one) for one in found] == ["1–5", "6–10", "41–60", "over 60"]
    for one, rows in zip(found, groups, strict=True):
        alone = evaluate([HYPOTHESES[i] for i in rows], [REFERENCES[i] for i in rows])
        assert (one.num_sentences, one.bleu) == (len(rows), alone.bleu.score)


def test_scripts_without_spaces_are_counted_in_words_too():
    (found,) = bleu_by_length(["他把书放在桌子上然后走了"], ["a"], ["a"])  # 12 characters count as 6 words
    assert (found.shortest, found.longest) == (6, 10)


def test_without_sentences_there_are_no_length_groups():
    assert bleu_by_length([], [], []) == []
