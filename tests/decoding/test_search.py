"""Beam search over scripted step functions, against search in plain Python and against cases done by hand."""

import numpy as np
import pytest
import tensorflow as tf
from references.model import log_softmax
from references.search import beam_search as reference_beam_search
from references.search import brute_force, greedy, score_of

from translator.decoding.search import BeamSearch
from translator.decoding.states import Requirements, StepOutput, Vocabulary
from translator.decoding.word_boundaries import WordBoundaries
from translator.errors import ConfigError
from translator.search_options import SearchOptions

PADDING, START, END, A, B, C = range(6)
VOCABULARY = 6
TOKENS = (A, B, C)
SOURCE_LENGTH = 3
CASES = 60  # random cases, searched as one batch


def attention_after(prefixes):
    """Attention to each source token, which depends on the prefix, [..., source_length]."""
    numbers = (prefixes[..., None] + 1) * np.array([1, 3, 7])
    return tf.cast(numbers % 5, tf.float32) / 10


class Script:
    """A step function whose log-probabilities depend on the whole prefix.

    Prefixes are numbered: the empty one is 0, and ``token`` after prefix n makes prefix
    n * vocabulary + token + 1. The state of a hypothesis is the number of its prefix, or -1 at the start.

    Args:
        tables: [cases, prefixes, vocabulary], the log-probabilities after each prefix.
    """

    def __init__(self, tables):
        self.tables = tf.constant(tables, tf.float32)

    def step(self, ids, state, tables):
        prefixes = tf.where(state < 0, 0, state * VOCABULARY + ids + 1)
        tf.debugging.assert_equal(tf.where(state < 0, ids, START), START)
        in_table = tf.clip_by_value(prefixes, 0, self.tables.shape[1] - 1)
        log_probs = tf.gather(tables, in_table, batch_dims=1)
        return StepOutput(log_probs, prefixes, attention_after(prefixes))

    def after(self, case):
        """``log_probs_after(prefix)`` of one case, for the references."""
        table = self.tables[case].numpy().astype(float)

        def log_probs_after(prefix):
            number = 0
            for token in prefix:
                number = number * VOCABULARY + token + 1
            return table[number]

        return log_probs_after

    def search(self, beam_size, max_lengths, alpha=1.0, n_best=1, **changes):
        """The hypotheses of each case, best first: [(ids up to the end, log-probability, score)].

        Args:
            beam_size: beam slots.
            max_lengths: most tokens, of each case or of all.
            alpha: exponent of the length penalty.
            n_best: how many to return.
            changes: ``prefix``, ``phrases`` and their ``sources``, ``source_lengths``, ``word_starts`` and
                ``word_parts``, and other search options.
        """
        cases = self.tables.shape[0]
        prefix = np.array(changes.pop("prefix", ()), np.int32)
        phrases = changes.pop("phrases", ())
        longest = max(map(len, phrases), default=0)
        padded = [[*phrase, *[PADDING] * (longest - len(phrase))] for phrase in phrases]
        padded = np.array(padded, np.int32).reshape(len(phrases), longest)
        sources = np.zeros([len(phrases), SOURCE_LENGTH], np.bool_)
        for row, positions in zip(sources, changes.pop("sources", ()), strict=False):
            row[list(positions)] = True
        words = words_of(changes.pop("word_starts", None), changes.pop("word_parts", ()))
        vocabulary = Vocabulary(PADDING, START, END, words)
        source_lengths = np.broadcast_to(changes.pop("source_lengths", SOURCE_LENGTH), [cases])
        options = SearchOptions(beam_size=beam_size, n_best=n_best, **changes)
        requirements = Requirements(
            tf.fill([cases], options.min_length),
            tf.broadcast_to(tf.constant(max_lengths, tf.int32), [cases]),
            tf.tile(prefix[None], [cases, 1]),
            tf.tile(padded[None], [cases, 1, 1]),
            tf.tile(sources[None], [cases, 1, 1]),
            tf.sequence_mask(source_lengths, SOURCE_LENGTH),
        )
        coverage = options.coverage_penalty or None
        search = BeamSearch(self.step, vocabulary, options, alpha, coverage, has_phrases=bool(phrases))
        found = search(tf.fill([cases, beam_size], -1), self.tables, requirements)
        assert found.ids.shape[:2] == found.lengths.shape == (cases, n_best)
        ids, lengths, log_probs, scores = (part.numpy() for part in found[:4])
        steps = np.arange(ids.shape[-1])
        assert (ids[steps >= lengths[..., None]] == PADDING).all()
        return [
            [
                (tuple(ids[i, j, : lengths[i, j]].tolist()), float(log_probs[i, j]), float(scores[i, j]))
                for j in range(n_best)
                if lengths[i, j]
            ]
            for i in range(cases)
        ]


def words_of(starts=None, parts=()):
    """Word boundaries of tokens of which some begin a word and some lengthen the word before.

    Args:
        starts: the tokens that begin a word; None: all that do not lengthen one.
        parts: the tokens that lengthen the word before.

    Returns:
        The boundaries; None if every token is a word.
    """
    if starts is None and not parts:
        return None
    starts = [token for token in TOKENS if token not in parts] if starts is None else starts
    tables = (np.isin(np.arange(VOCABULARY), tokens) for tokens in (starts, parts, TOKENS))
    return WordBoundaries(*tables)


def random_script(seed, max_length, cases=CASES, spread=1.5):
    """Random log-probabilities for all prefixes; padding and start are impossible."""
    prefixes = sum(VOCABULARY**length for length in range(max_length))
    logits = np.random.default_rng(seed).normal(0, spread, [cases, prefixes, VOCABULARY])
    logits[:, :, [PADDING, START]] = -1e9
    return Script(log_softmax(logits))


def scripted(probabilities, max_length=4):
    """One case from {prefix: {token: probability}}; after any other prefix the end is certain."""
    prefixes = sum(VOCABULARY**length for length in range(max_length))
    table = np.full([prefixes, VOCABULARY], -1e9)
    table[:, END] = 0.0
    for prefix, after in probabilities.items():
        number = 0
        for token in prefix:
            number = number * VOCABULARY + token + 1
        table[number] = -1e9
        for token, probability in after.items():
            table[number, token] = np.log(probability)
    return Script(table[None])


def random_max_lengths(seed, most):
    return np.random.default_rng(seed).integers(1, most + 1, CASES)


def assert_same(found, expected):
    """Hypotheses of one case, best first."""
    assert [ids for ids, _, _ in found] == [one.ids for one in expected]
    np.testing.assert_allclose([one[1] for one in found], [one.log_prob for one in expected], atol=1e-4)
    np.testing.assert_allclose([one[2] for one in found], [one.score for one in expected], atol=1e-4)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_beam_one_is_greedy(alpha):
    script, max_lengths = random_script(1, max_length=5), random_max_lengths(2, 5)
    found = script.search(1, max_lengths, alpha)
    for case in range(CASES):
        assert_same(found[case], [greedy(script.after(case), END, max_lengths[case], alpha)])


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0, 3.0])
@pytest.mark.parametrize("n_best", [1, 4])
def test_a_beam_as_wide_as_all_sequences_finds_the_best_ones(alpha, n_best):
    script, max_lengths = random_script(3, max_length=4), random_max_lengths(4, 4)
    every = sum(len(TOKENS) ** length for length in range(4))  # 40 sequences
    found = script.search(every, max_lengths, alpha, n_best)
    for case in range(CASES):
        expected = brute_force(script.after(case), TOKENS, END, max_lengths[case], alpha)
        assert_same(found[case], expected[:n_best])


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.0])
@pytest.mark.parametrize(("beam_size", "n_best"), [(2, 1), (3, 1), (3, 2), (4, 4), (7, 3)])
def test_search_equals_beam_search_in_plain_python(beam_size, n_best, alpha):
    script, max_lengths = random_script(beam_size, max_length=5), random_max_lengths(5, 5)
    found = script.search(beam_size, max_lengths, alpha, n_best)
    for case in range(CASES):
        expected = reference_beam_search(script.after(case), END, max_lengths[case], alpha, beam_size)
        assert_same(found[case], expected[:n_best])


def test_a_beam_of_three_beats_greedy():
    # Greedy search takes the probable first token and loses by it: 0.5 * 0.3 = 0.15 against 0.3 * 1.
    script = scripted({(): {A: 0.5, B: 0.3, C: 0.2}, (A,): {END: 0.3, B: 0.25, C: 0.25, A: 0.2}})
    [[(ids, log_prob, _)]] = script.search(1, 4, alpha=0.0)
    assert ids == (A, END)
    np.testing.assert_allclose(log_prob, np.log(0.15), rtol=1e-5)
    [[(ids, log_prob, _)]] = script.search(3, 4, alpha=0.0)
    assert ids == (B, END)
    np.testing.assert_allclose(log_prob, np.log(0.3), rtol=1e-5)


def test_a_wider_beam_is_better_on_average():
    script = random_script(8, max_length=5)
    mean_score = {beam: np.mean([found[0][2] for found in script.search(beam, 5)]) for beam in (1, 3)}
    assert mean_score[3] > mean_score[1] + 0.01


def test_finished_hypotheses_are_frozen():
    # The empty translation ends at step 1 and must stay as it is while the others go on to step 5.
    script = scripted({(): {END: 0.4, A: 0.6}, (A,): {A: 1.0}, (A, A): {B: 0.5, C: 0.5}}, max_length=5)
    [found] = script.search(3, 5, alpha=0.0, n_best=3)
    assert [ids for ids, _, _ in found] == [(END,), (A, A, B, END), (A, A, C, END)]
    np.testing.assert_allclose([one[1] for one in found], np.log([0.4, 0.3, 0.3]), rtol=1e-5)


def test_a_finished_hypothesis_takes_one_beam_slot():
    # Of two beam slots, the end takes one at step 1; the other goes to A. B was never kept.
    script = scripted({(): {END: 0.4, A: 0.35, B: 0.25}, (A,): {A: 0.6, C: 0.4}})
    [found] = script.search(2, 4, alpha=0.0, n_best=2)
    assert [ids for ids, _, _ in found] == [(END,), (A, A, END)]


def test_the_best_hypothesis_is_returned_and_not_the_first_that_ends():
    # (END) ends first with log 0.4; (A, B, C, END) ends last with log 0.36, but is worth more by its length.
    script = scripted({(): {END: 0.4, A: 0.6}, (A,): {B: 0.6, C: 0.4}, (A, B): {C: 1.0}})
    [[(ids, log_prob, score)]] = script.search(2, 4, alpha=1.0)
    assert ids == (A, B, C, END)
    np.testing.assert_allclose(log_prob, np.log(0.36), rtol=1e-5)
    np.testing.assert_allclose(score, np.log(0.36) / (9 / 6), rtol=1e-5)
    assert score > score_of(np.log(0.4), 1, 1.0)
    [[(ids, _, _)]] = script.search(2, 4, alpha=0.0)
    assert ids == (END,)


def test_search_stops_when_nothing_can_overtake():
    script, steps = scripted({(): {END: 0.9, A: 0.1}, (A,): {A: 1.0}, (A, A): {A: 1.0}}, max_length=8), []

    def counted(*arguments):
        steps.append(arguments)
        return Script.step(script, *arguments)

    script.step = counted
    [[(ids, _, _)]] = script.search(2, 8)
    assert ids == (END,)
    assert len(steps) == 1  # log 0.1 is worth log 0.1 / (13 / 6) at the end: less than log 0.9


@pytest.mark.parametrize("beam_size", [1, 3])
def test_the_maximum_length_forces_the_end_and_counts_its_log_probability(beam_size):
    never_ending = {END: 0.01, A: 0.99}
    script = scripted({(): never_ending, (A,): never_ending, (A, A): never_ending})
    [[(ids, log_prob, _)]] = script.search(beam_size, 3, alpha=10.0)
    assert ids == (A, A, END)
    np.testing.assert_allclose(log_prob, np.log(0.99 * 0.99 * 0.01), rtol=1e-5)


def test_a_maximum_length_of_one_allows_only_the_end():
    script = random_script(1, max_length=2)
    for case, found in enumerate(script.search(3, 1, n_best=3)):
        [(ids, log_prob, _)] = found  # no other hypothesis exists
        assert ids == (END,)
        np.testing.assert_allclose(log_prob, script.after(case)(())[END], rtol=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_n_best_are_sorted_distinct_and_scored_by_their_length(alpha):
    script = random_script(6, max_length=4)
    for found in script.search(8, 4, alpha, n_best=8):
        assert len(found) == len({ids for ids, _, _ in found}) == 8
        scores = [score for _, _, score in found]
        assert scores == sorted(scores, reverse=True)
        expected = [score_of(log_prob, len(ids), alpha) for ids, log_prob, _ in found]
        np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_other_sentences_of_the_batch_do_not_change_a_case():
    script, max_lengths = random_script(7, max_length=5), random_max_lengths(9, 5)
    together = script.search(3, max_lengths, n_best=3)
    for case in range(0, CASES, 6):
        [alone] = Script(script.tables[case : case + 1]).search(3, max_lengths[case], n_best=3)
        assert [ids for ids, _, _ in alone] == [ids for ids, _, _ in together[case]]
        np.testing.assert_allclose([one[1:] for one in alone], [one[1:] for one in together[case]], rtol=1e-6)


def test_padding_and_start_are_no_part_of_a_hypothesis():
    prefixes = sum(VOCABULARY**length for length in range(3))
    tables = np.random.default_rng(1).normal(size=[CASES, prefixes, VOCABULARY])
    tables[:, :, [PADDING, START]] += 3  # more likely than any text
    for found in Script(log_softmax(tables)).search(3, 3, n_best=3):
        assert {token for ids, _, _ in found for token in ids} <= {END, A, B, C}


@pytest.mark.parametrize(("n_best", "fault"), [(0, "outside 1 to"), (4, "more than the beam size, 3")])
def test_n_best_cannot_exceed_the_beam_size(n_best, fault):
    with pytest.raises(ConfigError, match=rf"n_best: {n_best} is {fault}"):
        random_script(1, max_length=2).search(3, 2, n_best=n_best)
