"""Lexical constraints: their parts by hand, small cases, and random cases against all sequences."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from references.networks import padded
from references.search import Rules as ReferenceRules
from references.search import brute_force, contains
from test_search import (
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
    random_script,
    scripted,
    words_of,
)

from translator.decoding.constraints import (
    advance_progress,
    allocate_beam_by_constraints,
    are_complete,
    next_phrase_tokens,
)
from translator.decoding.search import BeamSearch
from translator.decoding.states import Requirements, StepOutput, Vocabulary
from translator.search_options import SearchOptions

# Two sentences: one with the phrases (A, B) and (C), one with (B, B, C) alone.
PHRASES = tf.constant([[[A, B, 0], [C, 0, 0]], [[B, B, C], [0, 0, 0]]])

reproducible = settings(max_examples=25, deadline=None, derandomize=True, database=None)


def forgetful(probabilities, max_length):
    """One case where the same tokens are always equally probable."""
    prefixes = sum(VOCABULARY**length for length in range(max_length))
    table = np.full([prefixes, VOCABULARY], -1e9)
    for token, probability in probabilities.items():
        table[:, token] = np.log(probability)
    return Script(table[None])


def best(script, beam_size, max_length, alpha=0.0, **changes):
    """Ids and log-probability of the best hypothesis of one case."""
    [[(ids, log_prob, _)]] = script.search(beam_size, max_length, alpha, **changes)
    return ids, log_prob


def progress_through(ids, phrases, word_parts=()):
    """Progress of one hypothesis after each of its tokens, [tokens, number]."""
    phrases, steps = tf.constant(padded(phrases))[None], []
    vocabulary = Vocabulary(PADDING, START, END, words_of(parts=word_parts))
    progress = tf.zeros([1, 1, phrases.shape[1]], tf.int32)
    for token in ids:
        progress = advance_progress(progress, tf.constant([[token]]), phrases, vocabulary)
        steps.append(progress[0, 0].numpy().tolist())
    return steps


def test_the_next_token_of_each_phrase_is_found():
    progress = tf.constant([[[0, 0], [1, 0], [2, 0], [2, 1]], [[0, 0], [1, 0], [2, 0], [3, 0]]])
    expected = [
        [[A, C], [B, C], [PADDING, C], [PADDING, PADDING]],
        [[B, PADDING], [B, PADDING], [C, PADDING], [PADDING, PADDING]],
    ]
    assert next_phrase_tokens(progress, PHRASES, PADDING).numpy().tolist() == expected


def test_a_hypothesis_is_complete_when_all_its_phrases_are():
    progress = tf.constant(
        [[[0, 0], [2, 0], [1, 1], [2, 1], [3, 2]], [[0, 0], [1, 0], [2, 0], [3, 0], [4, 1]]]
    )
    expected = [[False, False, False, True, True], [False, False, False, True, True]]
    assert np.all(are_complete(progress, PHRASES, PADDING), axis=2).tolist() == expected


def test_a_sentence_without_phrases_is_complete_at_once():
    for phrases in (tf.zeros([1, 2, 3], tf.int32), tf.zeros([1, 0, 0], tf.int32)):
        progress = tf.zeros([1, 2, phrases.shape[1]], tf.int32)
        assert np.all(are_complete(progress, phrases, PADDING), axis=2).tolist() == [[True, True]]


def test_progress_grows_starts_again_or_stays_complete():
    progress = tf.constant([[[0, 0], [1, 0], [1, 0], [1, 0], [2, 0], [2, 1]], [[0, 0]] * 3 + [[2, 0]] * 3])
    tokens = tf.constant([[A, B, A, C, C, A], [A, B, C, C, A, END]])
    expected = [
        [[1, 0], [2, 0], [1, 0], [0, 1], [3, 1], [3, 2]],
        [[0, 1], [1, 1], [0, 1], [3, 1], [0, 1], [0, 1]],
    ]
    assert (
        advance_progress(progress, tokens, PHRASES, Vocabulary(PADDING, START, END)).numpy().tolist()
        == expected
    )


@pytest.mark.parametrize(
    ("phrases", "ids", "expected"),
    [
        ([(A, B), (B, C)], (A, B, C), [[1, 0], [2, 1], [3, 2]]),  # phrases may share tokens
        ([(B,), (A, B)], (B, A, B), [[1, 0], [2, 1], [2, 2]]),  # and stand one in another
        ([(A, A)], (A, B, A, A), [[1], [0], [1], [2]]),
        ([(A, B, A, C)], (A, B, A, C), [[1], [2], [3], [4]]),
    ],
)
def test_progress_is_counted_through_a_hypothesis(phrases, ids, expected):
    assert progress_through(ids, phrases) == expected


@pytest.mark.parametrize(
    ("phrase", "ids", "expected"),
    [
        ((A, A, B), (A, A, A, B), [1, 2, 2, 3]),
        ((A, B, A, C), (A, B, A, B, A, C), [1, 2, 3, 2, 3, 4]),
    ],
)
def test_a_phrase_may_begin_within_a_beginning_of_itself(phrase, ids, expected):
    assert [progress for [progress] in progress_through(ids, [phrase])] == expected


@pytest.mark.parametrize(
    ("phrase", "ids", "expected"),
    [
        ((A,), (A, C, B, A, B, C), [1, 0, 0, 1, 2, 2]),
        ((A,), (A, C, A, END), [1, 0, 1, 2]),
        ((B, A), (B, A, C, B, A), [1, 2, 0, 1, 2]),
        ((A, C), (A, C, C, A, C, B), [1, 2, 0, 1, 2, 3]),
    ],
)
def test_a_phrase_whose_last_word_is_lengthened_is_lacking_again(phrase, ids, expected):
    assert [progress for [progress] in progress_through(ids, [phrase], word_parts=(C,))] == expected


def allocated(totals, phrase_tokens, beam_size):
    """Allocates the beam of one sentence whose candidates have so many tokens of one long phrase."""
    phrases = tf.fill([1, 1, 9], A)
    progress = tf.constant(phrase_tokens)[None, :, None]
    return (
        allocate_beam_by_constraints(tf.constant([totals]), progress, phrases, PADDING, beam_size)
        .numpy()[0]
        .tolist()
    )


def test_beam_slots_are_allocated_in_turn_to_groups_of_equal_progress():
    totals = [-1.0, -2.0, -3.0, -4.0, -9.0, -8.0, -7.0]
    tokens = [0, 0, 0, 0, 1, 1, 2]
    # The best of each group, the furthest group in front; then the second best; then what is left.
    assert allocated(totals, tokens, 7) == [6, 5, 0, 4, 1, 2, 3]
    assert allocated(totals, tokens, 4) == [6, 5, 0, 4]
    assert allocated(totals, tokens, 1) == [6]


def test_impossible_candidates_get_beam_slots_last():
    totals, tokens = [-1e9, -5.0, -1e9, -4.0, -6.0], [2, 0, 1, 0, 0]
    assert allocated(totals, tokens, 3) == [3, 1, 4]
    assert set(allocated(totals, tokens, 5)[3:]) == {0, 2}


def test_the_memory_that_allocation_takes_grows_with_the_candidates_and_not_their_square():
    batch, candidates, num_phrases, length = 3, 10_300, 2, 4
    allocate = tf.function(lambda *tensors: allocate_beam_by_constraints(*tensors, PADDING, 100))
    graph = allocate.get_concrete_function(
        tf.TensorSpec([batch, candidates]),
        tf.TensorSpec([batch, candidates, num_phrases], tf.int32),
        tf.TensorSpec([batch, num_phrases, length], tf.int32),
    ).graph
    sizes = [output.shape.num_elements() for node in graph.get_operations() for output in node.outputs]
    assert max(size or 0 for size in sizes) <= batch * candidates * num_phrases


def test_of_equal_candidates_the_first_gets_the_beam_slot():
    assert allocated([-1.0, -1.0, -1.0], [0, 0, 0], 2) == [0, 1]


def test_groups_count_all_complete_phrases_and_the_longest_unfinished_one():
    # In the first sentence 1, 2 + 1, 0, 1 + 1 and 2 tokens; in the second 1 each, so totals alone count.
    progress = tf.constant([[[1, 0], [2, 1], [0, 0], [1, 1], [2, 0]], [[1, 0]] * 5])
    totals = tf.constant([[-1.0, -5.0, -2.0, -3.0, -4.0], [-5.0, -4.0, -3.0, -2.0, -1.0]])
    found = allocate_beam_by_constraints(totals, progress, PHRASES, PADDING, 5).numpy().tolist()
    assert found == [[1, 3, 0, 2, 4], [4, 3, 2, 1, 0]]


def test_a_phrase_that_the_model_dislikes_appears():
    script = forgetful({END: 0.989, A: 0.01, B: 0.0009, C: 0.0001}, max_length=4)
    assert best(script, 5, 4)[0] == (END,)
    ids, log_prob = best(script, 5, 4, phrases=[(C,)])
    assert ids == (C, END)
    np.testing.assert_allclose(log_prob, np.log(0.0001 * 0.989), rtol=1e-5)


def test_a_phrase_appears_where_it_fits_best():
    script = scripted({(): {A: 0.9, B: 0.05, C: 0.05}, (A,): {B: 0.3, C: 0.7}, (A, B): {END: 1.0}})
    assert best(script, 5, 4, phrases=[(B,)])[0] == (A, B, END)  # 0.27 against 0.05


def test_the_tokens_of_a_phrase_are_contiguous():
    script = forgetful({END: 0.97, A: 0.02, B: 0.009, C: 0.001}, max_length=5)
    assert best(script, 5, 5, phrases=[(B, C)])[0] == (B, C, END)
    assert best(script, 5, 5, phrases=[(C, C)])[0] == (C, C, END)


def test_two_phrases_both_appear():
    script = forgetful({END: 0.97, A: 0.02, B: 0.0099, C: 0.0001}, max_length=6)
    ids, log_prob = best(script, 5, 6, phrases=[(B, A), (C,)])
    assert ids in {(B, A, C, END), (C, B, A, END)}
    np.testing.assert_allclose(log_prob, np.log(0.97 * 0.02 * 0.0099 * 0.0001), rtol=1e-5)
    assert best(script, 5, 6, phrases=[(A, B), (B, C)])[0] == (A, B, C, END)


def test_a_phrase_that_the_model_would_write_anyway_changes_nothing():
    script = scripted({(): {A: 0.8, B: 0.2}, (A,): {B: 0.9, C: 0.1}, (A, B): {END: 0.9, C: 0.1}})
    without = best(script, 5, 5)
    assert without[0] == (A, B, END)
    for phrases in ([(A,)], [(B,)], [(A, B)], [(A,), (B,)]):
        assert best(script, 5, 5, phrases=phrases) == without


class Monotone(Script):
    """A step function whose attention is on the source token of the same position, or else on the last."""

    def step(self, ids, state, tables):
        output = super().step(ids, state, tables)
        length = tf.searchsorted([0, VOCABULARY, VOCABULARY + VOCABULARY**2], tf.reshape(output.state, [-1]))
        attention = tf.one_hot(tf.minimum(length, SOURCE_LENGTH - 1), SOURCE_LENGTH)
        return output._replace(attention=tf.reshape(attention, [*output.state.shape, SOURCE_LENGTH]))


def monotone(probabilities, max_length=5):
    """One case of ``scripted`` with that attention."""
    return Monotone(scripted(probabilities, max_length).tables)


def rival(number):
    """Probabilities where C is cheapest behind the end of (A, B), and never written of itself before it."""
    return {
        (): {A: 0.9999, C: 0.0001},
        (A,): {B: 0.9989, C: 0.0001, A: 0.001},
        (A, C): {B: 0.5, END: 0.5},
        (A, B): {END: 1 - number, C: number},
        (A, A): {C: 0.9, END: 0.1},
    }


@pytest.mark.parametrize(("sources", "expected"), [((0,), (C,)), ((1,), (A, C)), ((0, 1), (C,))])
def test_a_phrase_begins_only_where_attention_is_on_its_source(sources, expected):
    ids, _ = best(monotone(rival(0.1)), 1, 5, phrases=[(C,)], sources=[sources])
    assert ids[: len(expected)] == expected


def test_no_phrase_is_put_behind_a_finished_sentence():
    assert best(monotone(rival(0.1)), 5, 5, phrases=[(C,)])[0] == (A, B, C, END)  # it may begin anywhere
    for position in range(SOURCE_LENGTH):  # the last one is that of the step after (A, B)
        ids, _ = best(monotone(rival(0.1)), 5, 5, phrases=[(C,)], sources=[(position,)])
        assert ids[:2] != (A, B)


def test_a_sentence_that_may_go_on_takes_a_phrase_behind_its_most_probable_end():
    assert best(monotone(rival(0.6)), 5, 5, phrases=[(C,)], sources=[(2,)])[0] == (A, B, C, END)


@pytest.mark.parametrize("beam_size", [1, 4])
def test_a_sentence_whose_phrase_finds_no_place_ends_without_it(beam_size):
    script = monotone({(): {A: 0.99, B: 0.01}, (A,): {END: 0.9, B: 0.1}})
    found = script.search(beam_size, 5, phrases=[(C,)], sources=[(2,)])
    assert found[0][0][0] == (A, END)


def test_a_phrase_that_the_model_writes_of_itself_counts_wherever_it_is():
    script = monotone({(): {A: 1.0}, (A,): {C: 1.0}, (A, C): {B: 0.9, END: 0.1}, (A, C, B): {END: 1.0}})
    assert best(script, 5, 5, phrases=[(C, B)], sources=[(0,)])[0] == (A, C, B, END)


def test_no_hypothesis_ends_before_it_has_all_its_phrases():
    phrases = [(B, C), (A,)]
    for seed in range(3):
        script = random_script(seed, max_length=6, cases=10)
        for found in script.search(6, 6, n_best=6, phrases=phrases):
            assert found
            for ids, _, _ in found:
                assert len(ids) == 6 or all(contains(ids, phrase) for phrase in phrases)


@pytest.mark.parametrize("beam_size", [1, 3])
@pytest.mark.parametrize("longest", [1, 2, 3])
def test_a_hypothesis_ends_at_a_maximum_length_too_short_for_its_phrases(beam_size, longest):
    script = random_script(4, max_length=4, cases=10)
    for found in script.search(beam_size, longest, phrases=[(A, B), (C,)]):
        [(ids, _, _)] = found
        assert len(ids) == longest
        assert ids.index(END) == longest - 1


def test_hypotheses_that_all_lack_phrases_are_ranked_by_score():
    script = random_script(7, max_length=3)
    for found in script.search(6, 3, n_best=6, phrases=[(A, B, C, A)]):
        scores = [score for _, _, score in found]
        assert scores == sorted(scores, reverse=True)


def test_a_hypothesis_with_its_phrases_ranks_before_a_more_probable_one_without():
    # Without C, search can go on to the maximum length, where the end is forced: 0.9 * 0.9 * 0.09.
    script = forgetful({A: 0.9, END: 0.09, C: 0.01}, max_length=3)
    ids, log_prob = best(script, 5, 3, phrases=[(C,)])
    assert ids == (C, END)
    np.testing.assert_allclose(log_prob, np.log(0.01 * 0.09), rtol=1e-5)


def test_a_beam_of_one_writes_the_phrases_first():
    script = random_script(5, max_length=6, cases=10)
    for found in script.search(1, 6, phrases=[(A, B), (C,)]):
        [(ids, _, _)] = found
        assert contains(ids, (A, B))
        assert contains(ids, (C,))


@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_a_phrase_is_never_the_beginning_of_a_longer_word(beam_size):
    script = scripted({(): {A: 1.0}, (A,): {C: 0.9, B: 0.06, END: 0.04}, (A, B): {C: 0.7, END: 0.3}})
    assert best(script, beam_size, 4, phrases=[(A,)])[0][:2] == (A, C)  # where every token is a word
    ids, _ = best(script, beam_size, 4, phrases=[(A,)], word_parts=(C,))
    assert contains(ids, (A, B)) or contains(ids, (A, END))


def test_a_longer_word_that_begins_like_a_phrase_may_precede_it():
    script = scripted({(): {A: 1.0}, (A,): {C: 0.99, END: 0.01}, (A, C): {A: 0.5, END: 0.5}})
    assert best(script, 5, 5, phrases=[(A,)], word_parts=(C,))[0] == (A, C, A, END)


def test_no_phrase_lengthens_the_last_word_of_the_prefix():
    script = forgetful({END: 0.5, A: 0.3, B: 0.1, C: 0.1}, max_length=6)
    ids, _ = best(script, 5, 6, phrases=[(A, C)], prefix=(A,), word_parts=(C,))
    assert ids == (A, A, C, END)


def test_a_prefix_may_hold_a_phrase_or_its_beginning():
    script = forgetful({END: 0.97, A: 0.02, B: 0.0099, C: 0.0001}, max_length=6)
    assert best(script, 5, 6, phrases=[(B, C)], prefix=(A, B, C))[0] == (A, B, C, END)
    assert best(script, 5, 6, phrases=[(B, C)], prefix=(A, B))[0] == (A, B, C, END)


def test_a_phrase_may_repeat_an_ngram():
    # A phrase that must appear takes precedence over the rule against repetition.
    script = forgetful({END: 0.97, A: 0.02, B: 0.0099, C: 0.0001}, max_length=6)
    assert best(script, 5, 6, phrases=[(A, A)], no_repeat_ngram=1)[0] == (A, A, END)


def search_large_vocabulary(logits, phrases, beam_size, max_length, source=()):
    """The ``beam_size`` best hypotheses of one case where a token needs a phrase to be among the best.

    Args:
        logits: [vocabulary]; of every step.
        phrases: that must appear.
        beam_size: beam slots.
        max_length: most tokens.
        source: the source tokens of each phrase; attention is always on the first of two.
    """
    log_probs = tf.math.log_softmax(tf.constant(logits, tf.float32))
    sources = np.isin([0, 1], source)

    def step(ids, state, memory):
        attention = tf.tile(tf.constant([[[0.9, 0.1]]]), [1, beam_size, 1])
        return StepOutput(tf.tile(log_probs[None, None], [1, beam_size, 1]), state, attention)

    requirements = Requirements(
        tf.constant([0]),
        tf.constant([max_length]),
        tf.zeros([1, 0], tf.int32),
        tf.constant(padded(phrases))[None],
        tf.tile(sources[None, None], [1, len(phrases), 1]),
        tf.ones([1, 2], tf.bool),
    )
    options = SearchOptions(beam_size=beam_size, n_best=beam_size)
    search = BeamSearch(step, Vocabulary(PADDING, START, END), options, 1.0, has_phrases=True)
    found = search(tf.zeros([1, beam_size, 1]), tf.zeros([1, 1]), requirements)
    rows, lengths = found.ids.numpy()[0].tolist(), found.lengths.numpy()[0]
    return [tuple(row[:length]) for row, length in zip(rows, lengths, strict=True) if length]


@pytest.mark.parametrize("beam_size", [1, 2, 4])
def test_tokens_that_are_never_among_the_best_appear_for_a_phrase(beam_size):
    logits = np.arange(30.0)
    logits[END] = 80
    assert search_large_vocabulary(logits, [(B, A)], beam_size, 6)[0] == (B, A, END)


@pytest.mark.parametrize("beam_size", [1, 4])
@pytest.mark.parametrize(
    ("source", "is_completed"), [((0,), True), ((0, 1), True), ((1,), False), ((), True)]
)
def test_a_phrase_that_the_model_begins_without_attention_to_its_source_is_not_completed(
    beam_size, source, is_completed
):
    # The model writes 29, the most probable token, all the time, but not B after it.
    found = search_large_vocabulary(np.arange(30.0), [(29, B)], beam_size, 6, source)
    assert contains(found[0], (29, B)) == is_completed


def test_phrases_with_a_common_beginning_do_not_duplicate_a_hypothesis():
    # The first token of both phrases is not among the best of any hypothesis: each phrase offers it.
    found = search_large_vocabulary(np.arange(30.0), [(A,), (A, B)], 6, 5)
    assert len(set(found)) == len(found) == 6


def test_every_sentence_has_its_own_phrases():
    wanted = [[(C,)], [], [(B, C), (A,)], [(A, A)]]
    script = random_script(6, max_length=6, cases=len(wanted))
    phrases = np.zeros([4, 2, 2], np.int32)
    for row, some in zip(phrases, wanted, strict=True):
        for phrase, tokens in zip(row, some, strict=False):
            phrase[: len(tokens)] = tokens
    requirements = Requirements(
        tf.zeros([4], tf.int32),
        tf.fill([4], 6),
        tf.zeros([4, 0], tf.int32),
        tf.constant(phrases),
        tf.zeros([4, 2, SOURCE_LENGTH], tf.bool),
        tf.ones([4, SOURCE_LENGTH], tf.bool),
    )
    options = SearchOptions(beam_size=5)
    search = BeamSearch(script.step, Vocabulary(PADDING, START, END), options, 1.0, has_phrases=True)
    found = search(tf.fill([4, 5], -1), script.tables, requirements)
    for case, some in enumerate(wanted):
        [[(ids, log_prob, _)]] = Script(script.tables[case : case + 1]).search(5, 6, phrases=some)
        assert tuple(found.ids[case, 0, : found.lengths[case, 0]].numpy().tolist()) == ids
        np.testing.assert_allclose(found.log_probs[case, 0], log_prob, atol=1e-4)


def lists_of_phrases(most_tokens):
    phrase = st.lists(st.sampled_from(TOKENS), min_size=1, max_size=3).map(tuple)
    some = st.lists(phrase, min_size=1, max_size=3, unique=True)
    return some.filter(lambda phrases: sum(map(len, phrases)) <= most_tokens)


@reproducible
@given(
    seed=st.integers(0, 999),
    phrases=lists_of_phrases(most_tokens=5),
    beam_size=st.integers(5, 8),
    alpha=st.sampled_from([0.0, 1.0, 2.0]),
)
def test_the_best_hypothesis_contains_every_phrase(seed, phrases, beam_size, alpha):
    script = random_script(seed, max_length=6, cases=10)
    for found in script.search(beam_size, 6, alpha, phrases=phrases):
        [(ids, _, _)] = found
        assert all(contains(ids, phrase) for phrase in phrases)


@reproducible
@given(
    seed=st.integers(0, 999),
    phrases=lists_of_phrases(most_tokens=3),
    alpha=st.sampled_from([0.0, 1.0, 2.0]),
    prefix=st.lists(st.sampled_from(TOKENS), max_size=1).map(tuple),
)
def test_a_beam_as_wide_as_all_sequences_finds_the_best_with_every_phrase(seed, phrases, alpha, prefix):
    script = random_script(seed, max_length=5, cases=5)
    every = sum(len(TOKENS) ** length for length in range(5))  # 121 sequences
    rules = ReferenceRules(phrases=tuple(phrases), prefix=prefix)
    for case, found in enumerate(script.search(every, 5, alpha, phrases=phrases, prefix=prefix)):
        expected = brute_force(script.after(case), TOKENS, END, 5, alpha, rules)[0]
        [(ids, log_prob, score)] = found
        assert ids == expected.ids
        np.testing.assert_allclose([log_prob, score], [expected.log_prob, expected.score], atol=1e-4)
