"""A comparison of two models has the scores and p-values of ``sacrebleu --paired-bs``."""

import json
import random
import re
import subprocess
import sys

import pytest
from references.toy import toy_pairs

from translator.evaluation.comparison import MIN_SENTENCES, compare_translations
from translator.evaluation.scores import evaluate, sentence_scores

PAIRS = toy_pairs(120, shortest=4, longest=12)
REFERENCES = [pair.target for pair in PAIRS]


def corrupted(share, seed):
    """The references with each word replaced with probability ``share``."""
    choose = random.Random(seed)
    return [
        " ".join("zoe" if choose.random() < share else word for word in line.split()) for line in REFERENCES
    ]


def compared(first, second, pairs=PAIRS, **options):
    return compare_translations(pairs, ("one", first), ("two", second), **options)


def sacrebleu_command(folder, first, second):
    """What sacreBLEU's command prints per metric: name, signature, scores with intervals, p-value."""
    for name, rows in (("reference", REFERENCES), ("one", first), ("two", second)):
        (folder / name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", "reference", "-i", "one", "two", "-m", "bleu", "chrf"]
    command += ["--paired-bs", "-f", "text", "-w", "6"]
    text = subprocess.run(command, capture_output=True, check=True, cwd=folder, encoding="utf-8").stdout
    scores = re.findall(r"([\d.]+) \([\d.]+ ± ([\d.]+)\)", text)
    p_values = re.findall(r"\(p = ([\d.]+)\)", text)
    signatures = re.findall(r" - (\S+) +(nrefs\S+)", text)
    assert (len(scores), len(p_values), len(signatures)) == (4, 2, 2)
    for column, signature in enumerate(signatures):
        first_score, second_score = (list(map(float, scores[row * 2 + column])) for row in (0, 1))
        yield *signature, first_score, second_score, float(p_values[column])


@pytest.mark.parametrize("shares", [(0.3, 0.28), (0.3, 0.1)])
def test_scores_intervals_and_p_values_equal_sacrebleus_command_line(tmp_path, shares):
    first, second = corrupted(shares[0], 1), corrupted(shares[1], 2)
    found = compared(first, second)
    expected = sacrebleu_command(tmp_path, first, second)
    for score, (name, signature, one, other, p_value) in zip((found.bleu, found.chrf), expected, strict=True):
        assert (score.name, score.signature) == (name, signature)
        assert [score.first, score.first_interval] == pytest.approx(one, abs=1e-6)
        assert [score.second, score.second_interval] == pytest.approx(other, abs=1e-6)
        assert score.difference == score.second - score.first
        assert score.p_value == pytest.approx(p_value, abs=5e-5)
        assert score.significant == (p_value < 0.05)


def test_the_scores_equal_those_of_a_single_evaluation():
    found = compared(corrupted(0.3, 1), corrupted(0.1, 2), tokenize="char", lowercase=True)
    alone = evaluate(corrupted(0.1, 2), REFERENCES, tokenize="char", lowercase=True)
    assert (found.bleu.second, found.chrf.second) == pytest.approx((alone.bleu.score, alone.chrf.score))
    assert "|case:lc|" in found.bleu.signature
    assert "|tok:char|" in found.bleu.signature


def test_a_model_does_not_differ_from_itself():
    same = corrupted(0.3, 1)
    found = compared(same, list(same))
    for score in (found.bleu, found.chrf):
        assert (score.difference, score.p_value, score.significant) == (0.0, 1.0, False)
    assert found.num_different == 0
    assert found.second_better == found.first_better == []
    assert found.verdict == "There is no difference: all translations are the same."


def test_a_clearly_better_model_is_significantly_better_in_either_order():
    worse, better = corrupted(0.3, 1), corrupted(0.1, 2)
    forward, backward = compared(worse, better), compared(better, worse)
    assert forward.bleu.significant
    assert backward.bleu.significant
    assert backward.bleu.difference == -forward.bleu.difference
    amount = f"{forward.bleu.difference:.2f} BLEU (p = 0.001)."
    assert forward.verdict == f"two is better than one by {amount}"
    assert backward.verdict == f"one is better than two by {amount}"


def test_a_small_difference_is_reported_as_possible_chance():
    found = compared(corrupted(0.3, 1), corrupted(0.29, 5))
    assert found.bleu.p_value >= 0.05
    assert not found.bleu.significant
    assert found.verdict.startswith("The difference is not significant: ")
    assert found.verdict.endswith(f"which may well be chance (p = {found.bleu.p_value:.3f}).")
    assert ", not significant" in str(found)


def test_the_same_translations_give_the_same_p_value(monkeypatch):
    first, second = corrupted(0.3, 1), corrupted(0.27, 5)
    assert compared(first, second) == compared(first, second)
    usual = compared(first, second).bleu
    monkeypatch.setenv("SACREBLEU_SEED", "7")
    other = compared(first, second).bleu
    assert other.signature == usual.signature.replace("seed:12345", "seed:7")
    assert other.first == usual.first
    assert other.p_value != usual.p_value


def test_too_few_sentences_give_no_verdict():
    few = MIN_SENTENCES - 1
    worse, better = corrupted(0.5, 1)[:few], REFERENCES[:few]
    found = compared(worse, better, PAIRS[:few])
    assert found.bleu.p_value < 0.05  # with one sentence it would always be 0.001
    assert not found.bleu.significant
    assert (
        found.verdict
        == f"{few} sentences are too few to tell which model is better; use at least a few hundred."
    )
    assert compared(corrupted(0.5, 1)[: few + 1], REFERENCES[: few + 1], PAIRS[: few + 1]).bleu.significant


def test_equal_scores_are_no_difference_even_if_translations_differ():
    first, second = list(REFERENCES), list(REFERENCES)
    first[0] = second[0].replace(" ", "  ")  # sacreBLEU ignores the second space
    found = compared(first, second)
    assert found.num_different == 1
    assert found.bleu.p_value == 1.0
    assert found.verdict == "There is no difference in BLEU."


def test_sentences_that_differ_most_come_first():
    first, second = corrupted(0.3, 1), corrupted(0.2, 2)
    found = compared(first, second)
    scores = sentence_scores(first, REFERENCES), sentence_scores(second, REFERENCES)
    differences = [other - one for one, other in zip(*scores, strict=True)]
    assert found.chrf_differences == differences
    assert found.num_different == sum(one != other for one, other in zip(first, second, strict=True))
    order = sorted(range(len(PAIRS)), key=lambda i: differences[i])
    assert [one.difference for one in found.second_better] == [differences[i] for i in order[::-1][:15]]
    assert [one.difference for one in found.first_better] == [differences[i] for i in order[:15]]
    for one in (*found.second_better, *found.first_better):
        row = one.line - 1
        assert (one.source, one.reference) == PAIRS[row]
        assert (one.first, one.second) == (first[row], second[row])
        assert (one.first_chrf, one.second_chrf) == (scores[0][row], scores[1][row])


def test_the_keys_of_the_json_are_fixed():
    values = json.loads(json.dumps(compared(corrupted(0.3, 1), corrupted(0.1, 2)).to_dict()))
    assert list(values) == [
        *("verdict", "first", "second", "num_sentences", "num_different", "bleu", "chrf"),
        *("second_better", "first_better", "chrf_differences"),
    ]
    assert list(values["bleu"]) == list(values["chrf"])
    assert list(values["bleu"]) == [
        *("name", "first", "second", "first_interval", "second_interval", "difference", "p_value"),
        *("significant", "signature"),
    ]
    assert list(values["second_better"][0]) == [
        *("line", "source", "reference", "first", "second", "first_chrf", "second_chrf")
    ]
