"""The options of beam search: against search in plain Python, and what one trace of a network serves."""

from functools import cache

import numpy as np
import pytest
import tensorflow as tf
from references.model import log_softmax
from references.networks import SPECIAL_IDS, padded, random_network, random_sentences
from references.search import Rules as ReferenceRules
from references.search import beam_search as reference_beam_search
from references.search import brute_force
from test_search import (
    CASES,
    END,
    PADDING,
    SOURCE_LENGTH,
    START,
    TOKENS,
    VOCABULARY,
    A,
    B,
    C,
    Script,
    assert_same,
    attention_after,
    random_max_lengths,
    random_script,
    scripted,
)

from translator.decoding.graph import SearchGraph, no_constraints
from translator.decoding.scoring import coverage
from translator.decoding.search import BeamSearch
from translator.decoding.states import Requirements, Vocabulary
from translator.search_options import SearchOptions

LONGEST = 6
SOURCE_LENGTHS = np.random.default_rng(11).integers(1, SOURCE_LENGTH + 1, CASES)

# The options as search knows them, without those that it takes from elsewhere.
ONE_OPTION = [
    {"length_normalization": "average"},
    {"coverage_penalty": 0.05},
    {"coverage_penalty": 1.0},
    {"min_length": 3},
    {"min_length": LONGEST},
    {"no_repeat_ngram": 1},
    {"no_repeat_ngram": 2},
    {"no_repeat_ngram": 3},
    {"no_repeat_ngram": 1, "word_starts": (A, B)},
    {"no_repeat_ngram": 2, "word_starts": (A, B)},
    {"no_repeat_ngram": 2, "word_starts": (B,)},
    {"no_repeat_ngram": 3, "word_starts": (C,)},
    {"prefix": (B,)},
    {"prefix": (C, C)},
]
SEVERAL_OPTIONS = [
    {"length_normalization": "average", "coverage_penalty": 0.2},
    {"min_length": 4, "no_repeat_ngram": 1},
    {"prefix": (C, C), "no_repeat_ngram": 1},
    {"prefix": (A, B), "no_repeat_ngram": 2, "min_length": 5},
    {"prefix": (B,), "coverage_penalty": 0.5, "min_length": 3},
    {"length_normalization": "average", "no_repeat_ngram": 2, "prefix": (A,)},
    {"no_repeat_ngram": 2, "word_starts": (A, C), "prefix": (B,), "min_length": 5},
]


def name_of(changes):
    return "-".join(f"{name}={value}" for name, value in changes.items())


@pytest.fixture(scope="module")
def script():
    """Cases that like to repeat a token and not to end, so that there is something to keep them from."""
    prefixes = sum(VOCABULARY**length for length in range(LONGEST))
    random = np.random.default_rng(21)
    logits = random.normal(0, 1.5, [CASES, prefixes, VOCABULARY])
    logits[np.arange(CASES), :, random.choice(TOKENS, CASES)] += 2
    logits[:, :, [PADDING, START]] = -1e9
    return Script(log_softmax(logits))


@cache
def attention_in_step(number):
    return attention_after(np.array(number)).numpy().astype(float)


def reference_rules(case, changes):
    """What ``changes`` mean for one case."""

    def attention_to_tokens(prefix):
        number = 0
        for token in prefix:
            number = number * VOCABULARY + token + 1
        return attention_in_step(number)[: SOURCE_LENGTHS[case]]

    return ReferenceRules(
        normalization=changes.get("length_normalization", "gnmt"),
        attention_after=attention_to_tokens,
        **{name: value for name, value in changes.items() if name != "length_normalization"},
    )


@pytest.mark.parametrize(("beam_size", "n_best"), [(1, 1), (3, 3), (6, 2)])
@pytest.mark.parametrize("changes", ONE_OPTION + SEVERAL_OPTIONS, ids=name_of)
def test_options_have_the_same_effect_as_in_plain_python(script, changes, beam_size, n_best):
    max_lengths, alpha = random_max_lengths(12, LONGEST), 0.8
    found = script.search(beam_size, max_lengths, alpha, n_best, source_lengths=SOURCE_LENGTHS, **changes)
    for case in range(CASES):
        expected = reference_beam_search(
            script.after(case), END, max_lengths[case], alpha, beam_size, reference_rules(case, changes)
        )
        assert_same(found[case], expected[:n_best])


@pytest.mark.parametrize("changes", ONE_OPTION, ids=name_of)
def test_every_option_changes_what_is_found(script, changes):
    # Otherwise the comparisons with plain Python would show nothing.
    plain, changed = (
        [[ids for ids, _, _ in found] for found in script.search(6, LONGEST, 0.8, 6, **options)]
        for options in ({}, changes)
    )
    assert sum(one != other for one, other in zip(plain, changed, strict=True)) >= 5


@pytest.mark.parametrize("alpha", [0.0, 1.5])
@pytest.mark.parametrize("changes", ONE_OPTION + SEVERAL_OPTIONS, ids=name_of)
def test_a_beam_as_wide_as_all_sequences_finds_the_best_that_the_rules_allow(changes, alpha):
    script, max_lengths = random_script(13, max_length=4), random_max_lengths(14, 4)
    every = sum(len(TOKENS) ** length for length in range(4))  # 40 sequences
    found = script.search(every, max_lengths, alpha, 3, source_lengths=SOURCE_LENGTHS, **changes)
    for case in range(CASES):
        rules = reference_rules(case, changes)
        expected = brute_force(script.after(case), TOKENS, END, max_lengths[case], alpha, rules)
        assert_same(found[case], expected[:3])


def test_other_sentences_of_the_batch_do_not_change_a_case_with_any_option(script):
    changes = {"coverage_penalty": 0.3, "min_length": 3, "no_repeat_ngram": 2, "prefix": (A,)}
    max_lengths = random_max_lengths(15, LONGEST)
    together = script.search(3, max_lengths, 1.0, 3, source_lengths=SOURCE_LENGTHS, **changes)
    for case in range(0, CASES, 10):
        [alone] = Script(script.tables[case : case + 1]).search(
            3, max_lengths[case], 1.0, 3, source_lengths=SOURCE_LENGTHS[case], **changes
        )
        assert [ids for ids, _, _ in alone] == [ids for ids, _, _ in together[case]]
        np.testing.assert_allclose([one[1:] for one in alone], [one[1:] for one in together[case]], rtol=1e-5)


def test_every_sentence_has_its_own_prefix_and_its_own_minimum_length(script):
    prefixes, min_lengths = [(), (B,), (C, A)] * (CASES // 3), [1, 2, 4, 5] * (CASES // 4)
    requirements = Requirements(
        tf.constant(min_lengths),
        tf.fill([CASES], LONGEST),
        tf.constant(padded(prefixes)),
        tf.zeros([CASES, 0, 0], tf.int32),
        tf.zeros([CASES, 0, 0], tf.bool),
        tf.ones([CASES, SOURCE_LENGTH], tf.bool),
    )
    search = BeamSearch(script.step, Vocabulary(PADDING, START, END), SearchOptions(beam_size=3), 1.0)
    found = search(tf.fill([CASES, 3], -1), script.tables, requirements)
    for case, (prefix, min_length) in enumerate(zip(prefixes, min_lengths, strict=True)):
        wanted = ReferenceRules(min_length=min_length, prefix=prefix)
        expected = reference_beam_search(script.after(case), END, LONGEST, 1.0, 3, wanted)[0]
        assert tuple(found.ids[case, 0, : found.lengths[case, 0]].numpy().tolist()) == expected.ids
        np.testing.assert_allclose(found.scores[case, 0], expected.score, atol=1e-4)


def test_the_average_favours_long_output_more():
    # log 0.4 for one token against log 0.3 for two: 0.92 a token against 0.60, or over 7 / 6, 1.03.
    script = scripted({(): {END: 0.4, A: 0.3, B: 0.3}})
    [[(ids, _, score)]] = script.search(3, 4, alpha=1.0)
    assert ids == (END,)
    np.testing.assert_allclose(score, np.log(0.4), rtol=1e-5)
    [[(ids, _, score)]] = script.search(3, 4, alpha=1.0, length_normalization="average")
    assert ids == (A, END)
    np.testing.assert_allclose(score, np.log(0.3) / 2, rtol=1e-5)


def test_search_by_average_goes_on_while_longer_output_can_overtake():
    # After two tokens, log 0.25 / 2 is less than log 0.6, but log 0.25 / 4 is more.
    script = scripted({(): {END: 0.6, A: 0.25, B: 0.15}, (A,): {A: 1.0}, (A, A): {A: 1.0}})
    [[(ids, _, score)]] = script.search(2, 4, alpha=1.0, length_normalization="average")
    assert ids == (A, A, A, END)
    np.testing.assert_allclose(score, np.log(0.25) / 4, rtol=1e-5)


def test_the_coverage_penalty_equals_the_sum_by_hand():
    # Attention to the three source tokens is 0.1, 0.3, 0.2 in the first step and 0.2, 0.1, 0.4 after (C).
    script = scripted({(): {END: 0.6, C: 0.4}})
    [found] = script.search(2, 4, 0.0, 2, coverage_penalty=0.5)
    assert [ids for ids, _, _ in found] == [(C, END), (END,)]
    np.testing.assert_allclose([one[1] for one in found], np.log([0.4, 0.6]), rtol=1e-5)
    expected = [np.log(0.4) + 0.5 * np.log(0.3 * 0.4 * 0.6), np.log(0.6) + 0.5 * np.log(0.1 * 0.3 * 0.2)]
    np.testing.assert_allclose([one[2] for one in found], expected, rtol=1e-5)
    [found] = script.search(2, 4, 0.0, 2, coverage_penalty=0.5, source_lengths=1)
    expected = [np.log(0.4) + 0.5 * np.log(0.3), np.log(0.6) + 0.5 * np.log(0.1)]
    np.testing.assert_allclose([one[2] for one in found], expected, rtol=1e-5)


def test_coverage_is_full_at_one_finite_at_zero_and_ignores_padding():
    attended = tf.constant([[[0.5, 1.7, 0.25, 0.0], [1.0, 1.0, 0.0, 0.3]]])
    found = coverage(attended, tf.constant([[True, True, True, False]]))
    np.testing.assert_allclose(found, [[np.log(0.5 * 0.25), np.log(1e-6)]], rtol=1e-5)


def test_the_maximum_length_takes_precedence_over_the_minimum_length_and_the_prefix():
    script = random_script(16, max_length=4, cases=4)
    for changes, longest, expected in [
        ({"min_length": 9}, 3, None),
        ({"prefix": (A, B, C)}, 3, (A, B, END)),
        ({"prefix": (A, B, C)}, 1, (END,)),
    ]:
        for found in script.search(3, longest, **changes):
            [(ids, _, _)] = found
            assert len(ids) == longest
            assert ids[-1] == END
            assert expected in (None, ids)


def test_the_prefix_may_repeat_an_ngram_and_what_follows_may_not():
    for found in random_script(17, max_length=5).search(3, 5, 3.0, prefix=(A, A), no_repeat_ngram=1):
        [(ids, _, _)] = found
        assert ids[:2] == (A, A)
        assert A not in ids[2:]


def test_one_trace_serves_every_batch_length_penalty_and_prefix():
    network, traces = random_network(), []
    encode = network.encode
    network.encode = lambda *arguments: traces.append(arguments) or encode(*arguments)  # runs when traced
    graph = SearchGraph([network])
    random = np.random.default_rng(1)
    for trial in range(12):
        batch, prefix_length = 1 + trial % 5, trial % 4
        sources = random_sentences(trial, random.integers(1, 9, batch))
        min_length = int(random.integers(0, 4))
        max_length = min_length + int(random.integers(4, 12)) if trial % 3 else 0
        options = SearchOptions(
            beam_size=2,
            length_penalty=float(random.uniform(0, 2)),
            coverage_penalty=float(random.uniform(0.1, 1)),
            min_length=min_length,
            max_length=max_length,
            no_repeat_ngram=3,
            seed=trial,
        )
        prefixes = random.integers(4, 11, [batch, prefix_length]).astype(np.int32)
        constraints = no_constraints(batch)._replace(prefixes=prefixes)
        found = graph.search(padded(sources), options, constraints)
        lengths = found.lengths.numpy()[:, 0]
        assert (found.ids.numpy()[:, 0, :prefix_length] == prefixes).all()
        assert (lengths >= min_length).all()
    assert len(traces) == 1
    phrases = np.array([[[5, 6], [7, 0]], [[8, 0], [0, 0]]], np.int32)
    for number in (1, 2):  # phrases are another graph, but any number of them the same
        sources = np.zeros([2, number, 5], np.bool_)
        constraints = no_constraints(2)._replace(phrases=phrases[:, :number], phrase_sources=sources)
        graph.search(padded(random_sentences(1, [3, 5])), options, constraints)
    assert len(traces) == 2


def test_the_prefix_counts_towards_the_maximum_length():
    network = random_network()
    bias = network.embedding.bias.numpy()
    bias[SPECIAL_IDS.end] = -50  # would never end by itself
    network.embedding.bias.assign(bias)
    constraints = no_constraints(1)._replace(prefixes=np.array([[5, 6]], np.int32))
    options = SearchOptions(beam_size=2, max_length=4)
    found = SearchGraph([network]).search(padded(random_sentences(1, [3])), options, constraints)
    assert found.lengths.numpy().tolist() == [[4]]
