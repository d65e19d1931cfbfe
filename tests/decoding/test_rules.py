"""The rules of decoding by hand, and that both ways to apply them agree."""

import numpy as np
import pytest
import tensorflow as tf
from test_search import END, PADDING, START, VOCABULARY, A, B, C

from translator.decoding.rules import (
    AllPhrases,
    DecodingRules,
    MaximumLength,
    MinimumLength,
    NoRepeatedNgram,
    NoSpecialTokens,
    Prefix,
)
from translator.decoding.states import DecodingContext, Requirements, Vocabulary
from translator.search_options import SearchOptions

TOKENS = Vocabulary(PADDING, START, END)


def context_at(step, ids, progress=None, is_given_up=False):
    """The context of two sentences with one hypothesis each; of the phrase (A, B) and of no phrase."""
    return DecodingContext(
        tf.constant(step),
        tf.constant([[row + [PADDING] * (5 - len(row))] for row in ids]),
        tf.constant([[[0]], [[0]]] if progress is None else progress),
        tf.fill([2, 1], is_given_up),
        Requirements(
            min_lengths=tf.constant([3, 0]),
            max_lengths=tf.constant([5, 3]),
            prefixes=tf.constant([[B, C], [A, PADDING]]),
            phrases=tf.constant([[[A, B]], [[PADDING, PADDING]]]),
            phrase_sources=tf.zeros([2, 1, 1], tf.bool),
            source_mask=tf.ones([2, 1], tf.bool),
        ),
    )


def banned(rule, context):
    """The tokens that a rule bans after each hypothesis, without padding."""
    ids = tf.broadcast_to(rule.banned_tokens(context), [2, 1, rule.banned_tokens(context).shape[2]])
    return [sorted(set(row) - {PADDING}) for [row] in ids.numpy().tolist()]


def test_padding_and_start_are_banned_at_every_step():
    rule = NoSpecialTokens(TOKENS)
    assert rule.banned_tokens(context_at(0, [[], []])).numpy().tolist() == [[[PADDING, START]]]
    assert rule.bannable == {PADDING, START}


@pytest.mark.parametrize(("step", "expected"), [(0, [[END], []]), (1, [[END], []]), (2, [[], []])])
def test_the_end_is_banned_below_the_minimum_length(step, expected):
    assert banned(MinimumLength(TOKENS), context_at(step, [[], []])) == expected


@pytest.mark.parametrize(("progress", "expected"), [(0, [[END], []]), (1, [[END], []]), (2, [[], []])])
def test_the_end_is_banned_until_all_phrases_are_complete(progress, expected):
    context = context_at(2, [[A, B], [A, B]], [[[progress]], [[0]]])
    assert banned(AllPhrases(TOKENS), context) == expected


@pytest.mark.parametrize(("step", "expected"), [(1, [[-1], [END]]), (2, [[END], [END]])])
def test_a_hypothesis_that_is_given_up_ends_unless_it_is_too_short(step, expected):
    context = context_at(step, [[A, B], [A, B]], is_given_up=True)
    assert banned(AllPhrases(TOKENS), context) == [[], []]
    assert AllPhrases(TOKENS).forced_tokens(context).numpy().tolist() == expected


def test_a_token_is_banned_if_it_would_repeat_an_ngram():
    context = context_at(4, [[A, B, C, A], [A, A, B, B]])
    assert banned(NoRepeatedNgram(TOKENS, 2), context) == [[B], [B]]
    assert banned(NoRepeatedNgram(TOKENS, 1), context) == [[A, B, C], [A, B]]
    assert NoRepeatedNgram(TOKENS, 2).bannable is None


@pytest.mark.parametrize(("step", "expected"), [(0, [B, A]), (1, [C, -1]), (2, [-1, -1])])
def test_the_prefix_is_forced_token_by_token(step, expected):
    forced = Prefix(TOKENS).forced_tokens(context_at(step, [[], []]))
    assert forced.numpy().tolist() == [[token] for token in expected]


@pytest.mark.parametrize(("step", "expected"), [(1, [-1, -1]), (2, [-1, END]), (4, [END, END])])
def test_the_end_is_forced_at_the_maximum_length(step, expected):
    forced = MaximumLength(TOKENS).forced_tokens(context_at(step, [[], []]))
    assert forced.numpy().tolist() == [[token] for token in expected]


def test_of_two_forced_tokens_the_maximum_length_counts_and_a_stuck_hypothesis_ends():
    rules = DecodingRules(TOKENS, SearchOptions())
    context = context_at(1, [[B], [A]])
    context = context._replace(requirements=context.requirements._replace(max_lengths=tf.constant([2, 9])))
    assert rules.forced_tokens(tf.zeros([2, 1, 4]), context).numpy().tolist() == [[END], [-1]]
    assert rules.forced_tokens(tf.fill([2, 1, 4], -1e9), context).numpy().tolist() == [[END], [END]]


@pytest.mark.parametrize("step", [0, 2, 4])
def test_bans_among_candidates_are_those_in_the_whole_distribution(step):
    rules = DecodingRules(TOKENS, SearchOptions(no_repeat_ngram=2), has_phrases=True)
    context = context_at(step, [[A, B, C, A], [A, A, B, B]])
    log_probs = tf.constant(np.random.default_rng(step).normal(size=[2, 1, VOCABULARY]), tf.float32)
    candidates = tf.tile(tf.range(VOCABULARY)[None, None], [2, 1, 1])
    by_candidate = rules.ban_candidates(rules.ban_any(log_probs, context), candidates, context)
    np.testing.assert_array_equal(by_candidate, rules.ban(log_probs, context))
    assert rules.num_bannable == 3  # padding, start and end
