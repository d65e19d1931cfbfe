"""Lexical constraints: phrases that must appear in a translation, wherever they fit best.

The method is that of Post and Vilar (2018, "Fast Lexically Constrained Decoding with Dynamic Beam
Allocation", arXiv 1804.06609). In every step each hypothesis gets the next token of each phrase that it lacks
as an additional candidate. The beam slots are then allocated in turn to groups of candidates that have come
equally far with their phrases, so that hypotheses which have not begun a phrase cannot crowd out the others.
A hypothesis may end only when it has all its phrases, or at the maximum length.

A phrase that translates known source words is offered only where attention is on them, and not where the
model takes the sentence for finished: an improbable phrase would otherwise be cheapest behind the last full
stop. A finished sentence without such a phrase, begun nowhere, is given up: it ends. So a phrase is lacking
where the model never translates its source words.

A phrase is made of whole words: "Kater" is not part of "Katern". So a hypothesis that ends with a phrase has
it for good only when the next token does not lengthen the last word; if it does, the phrase is lacking again.

Shapes: ``phrases`` int32 [batch, phrases, phrase_length], padded on the right and below; ``progress`` int32
[batch, beam, phrases]: how many tokens of each phrase the hypothesis ends with, and one more than all of them
once it has the phrase for good.
"""

from __future__ import annotations

import tensorflow as tf

from translator.decoding.states import IMPOSSIBLE, Vocabulary
from translator.decoding.word_boundaries import WordBoundaries


def phrase_lengths(phrases: tf.Tensor, padding: int) -> tf.Tensor:
    """Tokens of each phrase, int32 [batch, phrases]; 0 where there is none."""
    return tf.reduce_sum(tf.cast(tf.not_equal(phrases, padding), tf.int32), axis=2)


def advance_progress(
    progress: tf.Tensor, tokens: tf.Tensor, phrases: tf.Tensor, vocabulary: Vocabulary
) -> tf.Tensor:
    """Progress after one more token.

    Args:
        progress: int32 [batch, any, phrases].
        tokens: int32 [batch, any].
        phrases: int32 [batch, phrases, phrase_length].
        vocabulary: the special tokens, and where words begin and end.

    Returns:
        int32 [batch, any, phrases]. A phrase stays complete unless the token lengthens its last word.
    """
    # The longest beginning of the phrase, of 1 to all its tokens, that the hypothesis now ends with.
    sizes = tf.range(1, tf.shape(phrases)[2] + 1)
    has_last = phrases[:, None] == tokens[:, :, None, None]  # [batch, any, phrases, size - 1]
    known = tf.minimum(progress, tf.shape(phrases)[2])
    has_others = tf.gather(_borders(phrases), tf.transpose(known, [0, 2, 1]), batch_dims=2)
    fits = has_last & tf.transpose(has_others, [0, 2, 1, 3])
    longest = tf.reduce_max(tf.where(fits, sizes, 0), axis=-1)
    lengths = phrase_lengths(phrases, vocabulary.padding)[:, None]
    is_kept = progress >= lengths
    if vocabulary.words is not None:
        is_lengthened = _leave_word_open(phrases, lengths[:, 0], vocabulary.words)[:, None]
        is_lengthened &= tf.gather(vocabulary.words.continues_word, tokens)[:, :, None]
        is_kept = (progress > lengths) | ((progress == lengths) & ~is_lengthened)
    return tf.where(is_kept, lengths + 1, longest)


def _leave_word_open(phrases: tf.Tensor, lengths: tf.Tensor, words: WordBoundaries) -> tf.Tensor:
    """Whether the last word of each phrase can be lengthened, bool [batch, phrases]."""
    last_tokens = tf.gather(phrases, tf.maximum(lengths - 1, 0), batch_dims=2)
    return tf.gather(words.leaves_word_open, last_tokens)


def _borders(phrases: tf.Tensor) -> tf.Tensor:
    """Which beginnings of a phrase can go on when the hypothesis ends with another beginning of it.

    Returns:
        Bool [batch, phrases, phrase_length + 1, phrase_length]; at ``[m, k - 1]``, whether the first k - 1
        tokens of the phrase are the last k - 1 of its first m (as in the string search of Knuth, Morris and
        Pratt).
    """
    phrase_length = tf.shape(phrases)[2]
    known = tf.range(phrase_length + 1)[:, None, None]  # m
    others = tf.range(phrase_length)[None, :, None]  # k - 1
    position = tf.range(phrase_length)[None, None, :]
    at_end = tf.gather(phrases, tf.clip_by_value(known - others + position, 0, phrase_length - 1), axis=2)
    is_same = (at_end == phrases[:, :, None, None, :]) | (position >= others)
    return tf.reduce_all(is_same, axis=-1) & (others <= known)[..., 0]


def may_begin(attention: tf.Tensor, is_over: tf.Tensor, phrase_sources: tf.Tensor) -> tf.Tensor:
    """Whether each phrase may begin with the next token: bool [batch, beam, phrases].

    Args:
        attention: float32 [batch, beam, source_length]; the attention weights of the next token.
        is_over: bool [batch, beam]; whether the model takes the sentence for finished.
        phrase_sources: bool [batch, phrases, source_length]; see ``Requirements``.
    """
    most_attended = tf.argmax(attention, axis=2, output_type=tf.int32)
    is_on_source = tf.gather(tf.transpose(phrase_sources, [0, 2, 1]), most_attended, batch_dims=1)
    return (is_on_source & ~is_over[:, :, None]) | ~_have_source(phrase_sources)


def _have_source(phrase_sources: tf.Tensor) -> tf.Tensor:
    """Whether it is known what each phrase translates: bool [batch, 1, phrases]."""
    return tf.reduce_any(phrase_sources, axis=2)[:, None]


def are_given_up(
    progress: tf.Tensor,
    is_anchored: tf.Tensor,
    is_over: tf.Tensor,
    phrases: tf.Tensor,
    phrase_sources: tf.Tensor,
    padding: int,
) -> tf.Tensor:
    """Whether hypotheses are to end although they lack phrases: bool [batch, beam].

    That is where the sentence is over, and every phrase that is lacking has a source and is not begun.

    Args:
        progress: int32 [batch, beam, phrases].
        is_anchored: bool [batch, beam, phrases]; see ``SearchState``.
        is_over: bool [batch, beam]; whether the model takes the sentence for finished.
        phrases: int32 [batch, phrases, phrase_length].
        phrase_sources: bool [batch, phrases, source_length].
        padding: the id of padding.
    """
    is_complete = are_complete(progress, phrases, padding)
    is_begun = is_anchored & (progress > 0)
    can_give_up = is_complete | (_have_source(phrase_sources) & ~is_begun)
    return is_over & tf.reduce_all(can_give_up, axis=2) & ~tf.reduce_all(is_complete, axis=2)


def next_phrase_tokens(progress: tf.Tensor, phrases: tf.Tensor, padding: int) -> tf.Tensor:
    """The next token of each phrase, int32 [batch, any, phrases]; padding where a phrase is complete."""
    open_ended = tf.pad(phrases, [[0, 0], [0, 0], [0, 1]], constant_values=padding)
    known = tf.minimum(progress, tf.shape(phrases)[2])
    by_phrase = tf.gather(open_ended, tf.transpose(known, [0, 2, 1]), batch_dims=2)
    return tf.transpose(by_phrase, [0, 2, 1])


def are_complete(progress: tf.Tensor, phrases: tf.Tensor, padding: int) -> tf.Tensor:
    """Bool [batch, any, phrases]: whether each phrase is complete; true where there is none."""
    return progress >= phrase_lengths(phrases, padding)[:, None]


def allocate_beam_by_constraints(
    totals: tf.Tensor, progress: tf.Tensor, phrases: tf.Tensor, padding: int, beam_size: int | tf.Tensor
) -> tf.Tensor:
    """Chooses candidates in turn from the groups that have come equally far with their phrases.

    The best candidate of each group comes first, starting with the group that has the most tokens of
    phrases; then the second best of each, and so on.

    Args:
        totals: float32 [batch, candidates]; log-probabilities; ``IMPOSSIBLE`` at worst.
        progress: int32 [batch, candidates, phrases]; the progress of each candidate.
        phrases: int32 [batch, phrases, phrase_length].
        padding: the id of padding.
        beam_size: how many candidates are chosen.

    Returns:
        Their indices, int32 [batch, beam].
    """
    lengths = phrase_lengths(phrases, padding)[:, None]
    is_complete = progress >= lengths
    num_tokens = tf.reduce_sum(tf.where(is_complete, lengths, 0), axis=2)
    num_tokens += tf.reduce_max(tf.where(is_complete, 0, progress), axis=2)
    # Each group in a row, the best candidate first; of equal ones, the one that stands before.
    by_total = tf.argsort(totals, direction="DESCENDING", stable=True)
    groups = tf.gather(num_tokens, by_total, batch_dims=1)
    by_group = tf.argsort(groups, stable=True)
    groups = tf.gather(groups, by_group, batch_dims=1)
    in_order = tf.gather(by_total, by_group, batch_dims=1)
    rank = tf.range(tf.shape(totals)[1]) - tf.searchsorted(groups, groups)
    # Rank by rank; the group that is furthest comes first. A rank behind the whole beam is never chosen.
    priority = groups - tf.minimum(rank, beam_size) * (tf.reduce_max(num_tokens) + 1)
    is_possible = tf.gather(totals, in_order, batch_dims=1) > IMPOSSIBLE / 2
    _, chosen = tf.math.top_k(tf.where(is_possible, priority, tf.int32.min), beam_size)
    return tf.gather(in_order, chosen, batch_dims=1)
