"""Minimum Bayes risk chooses the consensus: by hand, and as a slow double loop does."""

import math
from dataclasses import replace

import numpy as np
import pytest
from sacrebleu.metrics import CHRF

from translator.decoding.translation import Translation
from translator.evaluation.minimum_bayes_risk import choose_by_minimum_bayes_risk


def hypotheses(*texts, probabilities=None):
    """Translations with these texts; without probabilities, each is half as probable as the last."""
    probabilities = probabilities or [0.5**i for i in range(len(texts))]
    return [
        Translation(text, -1.0 - i, math.log(probability), tokens=("</s>",), source_tokens=("</s>",))
        for i, (text, probability) in enumerate(zip(texts, probabilities, strict=True))
    ]


def choose_among_samples(given):
    return choose_by_minimum_bayes_risk(given, are_samples=True)


def choose_from_n_best(given):
    return choose_by_minimum_bayes_risk(given, are_samples=False)


def slow_choice(texts, weights=None):
    """The index of the first text with the highest sum of chrF against all texts, itself included."""
    metric, weights = CHRF(), weights or [1.0] * len(texts)
    utilities = [
        math.fsum(
            weight * metric.sentence_score(text, [other]).score
            for other, weight in zip(texts, weights, strict=True)
        )
        for text in texts
    ]
    return next(i for i, utility in enumerate(utilities) if utility >= max(utilities) - 1e-9)


def random_texts(random, size):
    """Variants of one sentence, some of them repeated."""
    words = ["the", "cat", "cats", "sleeps", "slept", "here", "there", "now"]
    texts = [" ".join(random.choice(words, random.integers(1, 6))) for _ in range(size)]
    return [*texts, *random.choice(texts, size // 2).tolist()]


@pytest.mark.parametrize("choice", [choose_among_samples, choose_from_n_best])
def test_the_consensus_wins_over_the_most_probable_hypothesis(choice):
    texts = ["a dog runs fast", "the cat sleeps here", "the cat slept here", "the cat sleeps", "no idea"]
    given = hypotheses(*texts, probabilities=[0.24, 0.2, 0.2, 0.2, 0.16])
    assert slow_choice(texts) == 1
    assert choice(given) == given[1]


@pytest.mark.parametrize("choice", [choose_among_samples, choose_from_n_best])
def test_a_hypothesis_that_lacks_a_term_is_not_chosen_before_one_that_has_it(choice):
    given = hypotheses("the cat sleeps", "the cat slept", "the tomcat sleeps here", "no tomcat")
    given = [one if "tomcat" in one.text else replace(one, unmet_terms=("tomcat",)) for one in given]
    assert choice(given).text == "the tomcat sleeps here"


def test_the_choice_has_no_alternatives():
    first, second, third = hypotheses("xyz", "abc", "abd", probabilities=[0.3, 0.4, 0.3])
    assert choose_from_n_best([replace(second, alternatives=(first, third)), first, third]) == second


def test_a_text_that_was_sampled_more_often_counts_more():
    given = hypotheses("xyz", "abc", "abc")
    assert choose_among_samples(given) == given[1]
    # Two samples that partly agree outweigh one sample, but not three identical ones.
    texts = ["the red dog", "the red cat", "owl", "owl", "owl"]
    assert choose_among_samples(hypotheses(*texts)).text == "owl"
    assert choose_among_samples(hypotheses(*texts[:3])).text == "the red dog"


def test_samples_weigh_the_same_regardless_of_their_probability():
    given = hypotheses("xyz", "abc", "abc", probabilities=[0.9, 1e-6, 1e-7])
    assert choose_among_samples(given) == given[1]


def test_an_n_best_list_is_weighted_by_probability():
    texts = ["xyz", "the red dog", "the red cat"]
    assert choose_from_n_best(hypotheses(*texts, probabilities=[0.8, 0.1, 0.1])).text == "xyz"
    assert choose_from_n_best(hypotheses(*texts, probabilities=[0.4, 0.3, 0.3])).text == "the red dog"
    assert choose_from_n_best(hypotheses(*texts, probabilities=[0.4, 0.28, 0.32])).text == "the red cat"
    # Two segmentations of one text add up.
    given = hypotheses("xyz", "abc", "abc", probabilities=[0.4, 0.35, 0.25])
    assert choose_from_n_best(given) == given[1]


def test_weights_of_very_improbable_hypotheses_do_not_underflow():
    given = [
        Translation(text, 0.0, -2000.0 - i, tokens=(), source_tokens=())
        for i, text in enumerate(["xyz", "the red dog", "the red cat", "the red hen"])
    ]
    weights = [math.exp(-i) for i in range(4)]
    assert choose_from_n_best(given) == given[slow_choice([one.text for one in given], weights)]


@pytest.mark.parametrize("choice", [choose_among_samples, choose_from_n_best])
@pytest.mark.parametrize("texts", [["ada"], [""], ["ada", "ada", "ada"], ["", ""]])
def test_of_identical_hypotheses_the_first_is_chosen(choice, texts):
    given = hypotheses(*texts)
    assert choice(given) == given[0]


@pytest.mark.parametrize("choice", [choose_among_samples, choose_from_n_best])
def test_an_empty_list_is_an_error(choice):
    with pytest.raises(ValueError, match=r"^no hypothesis to choose from$"):
        choice([])


@pytest.mark.parametrize("choice", [choose_among_samples, choose_from_n_best])
@pytest.mark.parametrize(
    "texts",
    [
        ["abc", "xyz"],
        ["xyz", "abc"],
        ["abc", "xyz", "xyz", "abc"],
        ["ada bob", "bob ada"],
        # Letters permuted cyclically: every text agrees equally with the others.
        ["acxabbb", "baxbccc", "cbxcaaa"],
        ["cccacb", "aaabac", "bbbcba"],
        ["xbabca", "xcbcab", "xacabc"],
    ],
)
def test_of_equally_good_hypotheses_the_first_is_chosen(choice, texts):
    given = hypotheses(*texts, probabilities=[1 / len(texts)] * len(texts))
    assert slow_choice(texts) == 0
    assert choice(given) == given[0]


def test_the_chosen_hypothesis_is_returned_unchanged():
    alternatives = tuple(hypotheses("the cat sleeps here", "the cat slept here"))
    [first] = hypotheses("a dog runs fast")
    chosen = choose_among_samples([first, *alternatives])
    assert chosen == alternatives[0]
    assert (chosen.score, chosen.log_probability) == (-1.0, 0.0)


@pytest.mark.parametrize("choice", [choose_among_samples, choose_from_n_best])
def test_empty_translations_agree_with_each_other(choice):
    given = hypotheses("a dog", "", "", "owl", probabilities=[0.25] * 4)
    assert choice(given) == given[1]


@pytest.mark.parametrize("seed", range(8))
def test_equals_a_slow_double_loop_over_sacrebleu(seed):
    random = np.random.default_rng(seed)
    for size in (2, 3, 8, 20):
        texts = random_texts(random, size)
        probabilities = random.uniform(0.01, 0.2, len(texts)).tolist()
        given = hypotheses(*texts, probabilities=probabilities)
        for choice, weights in ((choose_among_samples, None), (choose_from_n_best, probabilities)):
            chosen = choice(given)
            assert chosen.text == texts[slow_choice(texts, weights)]
            assert chosen == given[texts.index(chosen.text)]
