"""Sampling: what is drawn is as frequent as it is probable, and obeys the options."""

import numpy as np
import pytest
import tensorflow as tf
from references.model import log_softmax
from references.networks import padded, random_network, random_sentences
from references.search import Rules as ReferenceRules
from references.search import found, greedy, repeats
from test_search import (
    CASES,
    END,
    PADDING,
    SOURCE_LENGTH,
    START,
    VOCABULARY,
    A,
    B,
    C,
    Script,
    random_max_lengths,
    random_script,
    scripted,
    words_of,
)

from translator.decoding.dynamic_options import DynamicOptions
from translator.decoding.graph import SearchGraph
from translator.decoding.sampling import filter_tokens, sample
from translator.decoding.states import Requirements, Vocabulary
from translator.search_options import SearchOptions

ROWS, DRAWS = 8, 1000  # the same sentence so many times, and draws of each

# Chi-square values that are exceeded once in a thousand times, by degrees of freedom.
CRITICAL = [np.nan, 10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88, 29.59]

# Every choice is one of two to four tokens, after which the end comes at the latest at step 3.
PROBABILITIES = {
    (): {A: 0.4, B: 0.3, C: 0.2, END: 0.1},
    (A,): {A: 0.1, B: 0.15, END: 0.75},
    (B,): {C: 0.6, END: 0.4},
    (C,): {A: 0.45, B: 0.35, C: 0.2},
}


def draw(
    script, number, max_lengths, alpha=1.0, seed=1, prefix=(), word_starts=None, word_parts=(), **changes
):
    """The draws of each case: [(ids up to the end, log-probability, score)], best score first."""
    cases = script.tables.shape[0]
    options = SearchOptions(sampling=True, n_best=number, length_penalty=alpha, seed=seed, **changes)
    requirements = Requirements(
        tf.fill([cases], options.min_length),
        tf.broadcast_to(tf.constant(max_lengths, tf.int32), [cases]),
        tf.tile(tf.constant(prefix, tf.int32, [len(prefix)])[None], [cases, 1]),
        tf.zeros([cases, 0, 0], tf.int32),
        tf.zeros([cases, 0, 0], tf.bool),
        tf.ones([cases, SOURCE_LENGTH], tf.bool),
    )
    state = tf.fill([cases, number], -1)
    vocabulary = Vocabulary(PADDING, START, END, words_of(word_starts, word_parts))
    numbers = DynamicOptions.of(options, range(cases))
    drawn = sample(script.step, state, script.tables, requirements, vocabulary, options, numbers)
    assert drawn.ids.shape[:2] == drawn.lengths.shape == (cases, number)
    ids, lengths, log_probs, scores = (part.numpy() for part in drawn[:4])
    steps = np.arange(ids.shape[-1])
    assert (lengths >= 1).all()
    assert (ids[steps >= lengths[..., None]] == PADDING).all()
    return [
        [
            (tuple(ids[i, j, : lengths[i, j]].tolist()), float(log_probs[i, j]), float(scores[i, j]))
            for j in range(number)
        ]
        for i in range(cases)
    ]


def plain_script(seed, max_length):
    """Random cases where the log-probabilities of no two tokens are close."""
    prefixes = sum(VOCABULARY**length for length in range(max_length))
    logits = np.random.default_rng(seed).permuted(
        np.broadcast_to(np.arange(VOCABULARY, dtype=float), [CASES, prefixes, VOCABULARY]), axis=-1
    )
    logits[:, :, [PADDING, START]] = -1e9
    return Script(log_softmax(logits))


def kept(probabilities, temperature, top_k, top_p):
    """The probabilities [vocabulary] of one choice after temperature, top-k and top-p, one by one."""
    with np.errstate(divide="ignore"):
        sharpened = np.exp(np.log(probabilities) / temperature)
    sharpened /= sharpened.sum()
    by_probability = sorted(range(len(sharpened)), key=lambda token: -sharpened[token])
    if top_k:
        by_probability = by_probability[:top_k]
    of_these, stay, together = sharpened[by_probability].sum(), [], 0.0
    for token in by_probability:
        if together >= top_p:
            break
        stay.append(token)
        together += sharpened[token] / of_these
    result = np.zeros_like(sharpened)
    result[stay] = sharpened[stay] / sharpened[stay].sum()
    return result


def exact_probabilities(log_probs_after, max_length, temperature=1.0, top_k=0, top_p=1.0):
    """Every sequence that can be drawn -> its probability."""
    unfinished, finished = {(): 1.0}, {}
    for length in range(1, max_length + 1):
        longer = {}
        for ids, probability in unfinished.items():
            choices = kept(np.exp(log_probs_after(ids)), temperature, top_k, top_p)
            if length == max_length:
                choices = np.eye(VOCABULARY)[END]
            for token in np.flatnonzero(choices):
                where = finished if token == END else longer
                where[(*ids, int(token))] = probability * choices[token]
        unfinished = longer
    return finished


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"temperature": 0.5},
        {"temperature": 2.0},
        {"top_k": 2},
        {"top_p": 0.75},
        {"top_k": 3, "top_p": 0.6, "temperature": 1.5},
    ],
    ids=str,
)
@pytest.mark.parametrize("max_length", [2, 4])
def test_sequences_are_as_frequent_as_they_are_probable(changes, max_length):
    script = scripted(PROBABILITIES)
    expected = exact_probabilities(script.after(0), max_length, **changes)
    np.testing.assert_allclose(sum(expected.values()), 1)
    drawn = draw(Script(np.repeat(script.tables, ROWS, axis=0)), DRAWS, max_length, **changes)
    counts = dict.fromkeys(expected, 0)
    for row in drawn:
        for ids, _, _ in row:
            counts[ids] += 1  # an error if it cannot be drawn
    total = ROWS * DRAWS
    chi_square = sum((counts[ids] - total * p) ** 2 / (total * p) for ids, p in expected.items())
    assert chi_square < CRITICAL[len(expected) - 1]


def test_draws_of_a_batch_and_of_a_sentence_are_independent():
    # First tokens of two sentences, and of two draws of one sentence, agree by chance alone.
    tables = np.repeat(scripted({(): {A: 0.5, B: 0.5}}).tables, 2000, axis=0)
    pairs = draw(Script(tables), 2, 2)
    first = np.array([[ids[0] == A for ids, _, _ in row] for row in pairs])
    assert abs(np.mean(first[::2, 0] == first[1::2, 0]) - 0.5) < 0.05
    assert abs(np.mean(first[:, 0] == first[:, 1]) - 0.5) < 0.05


def test_a_temperature_near_zero_is_greedy():
    script, max_lengths = plain_script(1, max_length=5), random_max_lengths(2, 5)
    for case, row in enumerate(draw(script, 2, max_lengths, temperature=0.01)):
        assert {ids for ids, _, _ in row} == {greedy(script.after(case), END, max_lengths[case], 1.0).ids}


@pytest.mark.parametrize("changes", [{"top_k": 1}, {"top_p": 0.001}], ids=str)
def test_sampling_only_the_most_probable_token_is_greedy(changes):
    script, max_lengths = random_script(3, max_length=5), random_max_lengths(4, 5)
    for case, row in enumerate(draw(script, 2, max_lengths, temperature=3.0, **changes)):
        assert {ids for ids, _, _ in row} == {greedy(script.after(case), END, max_lengths[case], 1.0).ids}


@pytest.mark.parametrize("top_k", [0, 1, 2, 5, 9, 100])
@pytest.mark.parametrize("top_p", [1.0, 0.9, 0.5, 0.001])
def test_filter_tokens_keeps_what_plain_python_keeps(top_k, top_p):
    log_probs = log_softmax(np.random.default_rng(5).normal(0, 2, [6, 7, 9]))
    found = filter_tokens(tf.constant(log_probs, tf.float32), tf.constant(top_k), tf.constant(top_p)).numpy()
    for row, expected in zip(found.reshape(-1, 9), log_probs.reshape(-1, 9), strict=True):
        stays = kept(np.exp(expected), 1.0, top_k, top_p) > 0
        np.testing.assert_allclose(row[stays], expected[stays], rtol=1e-5)
        assert (row[~stays] < -1e8).all()


def test_top_p_is_the_least_probability_that_stays():
    log_probs = tf.math.log([[[0.1, 0.5, 0.3, 0.1], [0.05, 0.05, 0.1, 0.8]]])
    for top_p, expected in [
        (0.45, [[0, 1, 0, 0], [0, 0, 0, 1]]),
        (0.55, [[0, 1, 1, 0], [0, 0, 0, 1]]),
        (0.85, [[1, 1, 1, 1], [0, 0, 1, 1]]),  # of two equal ones, both stay
    ]:
        found = filter_tokens(log_probs, tf.constant(0), tf.constant(top_p)).numpy() > -1e8
        np.testing.assert_array_equal(found[0], np.array(expected, bool), err_msg=str(top_p))


def test_the_same_seed_gives_the_same_draws_and_another_seed_others():
    script = random_script(6, max_length=5)
    first, again, other = (draw(script, 4, 5, seed=seed) for seed in (7, 7, 8))
    assert first == again
    differing = [case for case in range(CASES) if first[case] != other[case]]
    assert len(differing) > CASES / 2


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("normalization", ["gnmt", "average"])
def test_log_probabilities_are_those_of_the_model_whatever_the_options(alpha, normalization):
    script, max_lengths = random_script(9, max_length=5), random_max_lengths(10, 5)
    changes = {"temperature": 1.7, "top_k": 3, "top_p": 0.9, "min_length": 2, "no_repeat_ngram": 2}
    drawn = draw(script, 5, max_lengths, alpha, prefix=(C,), length_normalization=normalization, **changes)
    rules = ReferenceRules(normalization=normalization)
    for case, row in enumerate(drawn):
        for ids, log_prob, score in row:
            expected = found(script.after(case), ids, alpha, rules)
            np.testing.assert_allclose([log_prob, score], [expected.log_prob, expected.score], atol=1e-4)
        scores = [score for _, _, score in row]
        assert scores == sorted(scores, reverse=True)


def test_draws_are_no_shorter_than_the_minimum_and_no_longer_than_the_maximum():
    script, max_lengths = random_script(11, max_length=5), random_max_lengths(12, 5)
    lengths = set()  # of those that may have five tokens
    for most, row in zip(max_lengths, draw(script, 8, max_lengths, min_length=3), strict=True):
        for ids, _, _ in row:
            assert min(3, most) <= len(ids) <= most
            assert ids.index(END) == len(ids) - 1
            lengths |= {len(ids)} if most == 5 else set()
    assert lengths == {3, 4, 5}


def test_padding_and_start_are_never_drawn():
    prefixes = sum(VOCABULARY**length for length in range(3))
    tables = np.random.default_rng(13).normal(size=[CASES, prefixes, VOCABULARY])
    tables[:, :, [PADDING, START]] += 3  # more likely than any text
    for changes in ({}, {"top_k": 1}, {"top_p": 0.1}):
        for row in draw(Script(log_softmax(tables)), 3, 3, **changes):
            assert {token for ids, _, _ in row for token in ids} <= {END, A, B, C}


def test_draws_start_with_as_much_of_the_prefix_as_the_maximum_length_allows():
    script, max_lengths = random_script(14, max_length=5), random_max_lengths(15, 5)
    for most, row in zip(max_lengths, draw(script, 4, max_lengths, prefix=(C, A)), strict=True):
        start = (C, A)[: most - 1]
        assert {ids[: len(start)] for ids, _, _ in row} == {start}


def test_no_draw_lengthens_the_last_word_of_the_prefix():
    script = random_script(18, max_length=5)
    assert any(ids[1] == C for row in draw(script, 4, 5, prefix=(A,)) for ids, _, _ in row)
    drawn = [ids for row in draw(script, 4, 5, prefix=(A,), word_parts=(C,)) for ids, _, _ in row]
    assert not any(ids[1] == C for ids in drawn)
    assert any(C in ids for ids in drawn)  # other words may be lengthened


@pytest.mark.parametrize("word_starts", [None, (A, B)])
@pytest.mark.parametrize("size", [1, 2])
def test_draws_repeat_no_ngram(size, word_starts):
    script = random_script(16, max_length=6, spread=0.3)
    repeated = [0, 0]
    for i, changes in enumerate([{}, {"no_repeat_ngram": size}]):
        for row in draw(script, 8, 6, word_starts=word_starts, **changes):
            for ids, _, _ in row:
                repeated[i] += any(repeats(ids[:n], token, size, word_starts) for n, token in enumerate(ids))
    assert repeated[0] > 50
    assert repeated[1] == 0


def test_padding_is_not_drawn_where_the_rules_leave_no_token():
    # Three tokens, none twice, are too few for a minimum length of six.
    for row in draw(random_script(17, max_length=6), 2, 6, min_length=6, no_repeat_ngram=1):
        assert {token for ids, _, _ in row for token in ids} <= {END, A, B, C}


def test_one_trace_serves_every_temperature_top_k_top_p_and_number_of_draws():
    network, traces = random_network(), []
    encode = network.encode
    network.encode = lambda *arguments: traces.append(arguments) or encode(*arguments)  # runs when traced
    graph, source_ids = SearchGraph([network]), padded(random_sentences(1, [4, 2, 9]))
    settings = [
        {},
        {"temperature": 0.5},
        {"top_k": 2},
        {"top_p": 0.4},
        {"n_best": 3},
        {"n_best": 7, "top_k": 5},
    ]
    found = [graph.search(source_ids, SearchOptions(sampling=True, **each)) for each in settings]
    assert len(traces) == 1
    assert [len(each.lengths[0]) for each in found] == [1, 1, 1, 1, 3, 7]
    likeliest = graph.search(source_ids, SearchOptions(sampling=True, top_k=1))
    greedy_ids = graph.search(source_ids, SearchOptions(beam_size=1)).ids
    np.testing.assert_array_equal(likeliest.ids, greedy_ids)


def test_one_trace_serves_every_batch_length_penalty_and_seed():
    network, traces = random_network(), []
    encode = network.encode
    network.encode = lambda *arguments: traces.append(arguments) or encode(*arguments)  # runs when traced
    graph = SearchGraph([network])
    for seed, lengths in enumerate([[4, 2, 9], [1], [5, 5], [3, 8, 1, 2]]):
        options = SearchOptions(
            sampling=True, n_best=2, seed=seed, length_penalty=seed / 2, max_length=6 * seed
        )
        source_ids = padded(random_sentences(seed, lengths))
        one, same = (graph.search(source_ids, options) for _ in range(2))
        for part, same_part in zip(one, same, strict=True):
            np.testing.assert_array_equal(part, same_part)
        forced = [network.log_probs(source_ids, one.ids[:, place]).numpy().sum(axis=1) for place in (0, 1)]
        np.testing.assert_allclose(one.log_probs, np.stack(forced, axis=1), atol=1e-4)
    assert len(traces) == 1 + 8  # that of search, and one of each forced decoding
