"""Lexical constraints: phrases that must appear in a translation, wherever they fit best.

In the manner of Post and Vilar (2018, "Fast Lexically Constrained Decoding with Dynamic Beam
Allocation", arXiv 1804.06609): in every step each hypothesis is also offered the next piece of each
phrase that it lacks, and the places of the beam are dealt out in turn to hypotheses that have come
equally far with their phrases, so that those which have not yet begun cannot crowd out the others. A
hypothesis may end only when it has all its phrases, or at the maximum length.

Shapes: ``phrases`` int32 [batch, number, steps], padded on the right and below; ``progress`` int32
[batch, beam, number], the pieces of each phrase that a hypothesis has in a row at its end, or all of them
once it has the phrase.
"""

from __future__ import annotations

import tensorflow as tf

from translator.decoding.rules import IMPOSSIBLE

_LARGE = 10_000  # more than there are places or pieces of phrases


def phrase_lengths(phrases: tf.Tensor, padding: int) -> tf.Tensor:
    """Tokens of each phrase, int32 [batch, number]; 0 where there is none."""
    return tf.reduce_sum(tf.cast(tf.not_equal(phrases, padding), tf.int32), axis=2)


def advance_progress(progress: tf.Tensor, pieces: tf.Tensor, phrases: tf.Tensor, padding: int) -> tf.Tensor:
    """Progress after one more piece.

    Args:
        progress: int32 [batch, any, number].
        pieces: int32 [batch, any].
        phrases: int32 [batch, number, steps].
        padding: the id that stands for no piece.

    Returns:
        int32 [batch, any, number]. A phrase that is complete stays so.
    """
    # The longest beginning of the phrase, of 1 to all its pieces, that now stands at the end.
    sizes = tf.range(1, tf.shape(phrases)[2] + 1)
    has_last = phrases[:, None] == pieces[:, :, None, None]  # [batch, any, number, size - 1]
    has_others = tf.gather(_borders(phrases), tf.transpose(progress, [0, 2, 1]), batch_dims=2)
    fits = has_last & tf.transpose(has_others, [0, 2, 1, 3])
    longest = tf.reduce_max(tf.where(fits, sizes, 0), axis=-1)
    is_complete = progress == phrase_lengths(phrases, padding)[:, None]
    return tf.where(is_complete, progress, longest)


def _borders(phrases: tf.Tensor) -> tf.Tensor:
    """Which beginnings of a phrase go on when another one stands at the end of a hypothesis.

    Returns:
        Bool [batch, number, steps + 1, steps]; at ``[m, k - 1]``, whether the first k - 1 pieces of the
        phrase are the last k - 1 of its first m (as in the search for words by Knuth, Morris and Pratt).
    """
    steps = tf.shape(phrases)[2]
    known = tf.range(steps + 1)[:, None, None]  # m
    others = tf.range(steps)[None, :, None]  # k - 1
    place = tf.range(steps)[None, None, :]
    at_end = tf.gather(phrases, tf.clip_by_value(known - others + place, 0, steps - 1), axis=2)
    is_same = (at_end == phrases[:, :, None, None, :]) | (place >= others)
    return tf.reduce_all(is_same, axis=-1) & (others <= known)[..., 0]


def next_phrase_tokens(progress: tf.Tensor, phrases: tf.Tensor, padding: int) -> tf.Tensor:
    """The next piece of each phrase, int32 [batch, any, number]; padding where a phrase is complete."""
    open_ended = tf.pad(phrases, [[0, 0], [0, 0], [0, 1]], constant_values=padding)
    by_phrase = tf.gather(open_ended, tf.transpose(progress, [0, 2, 1]), batch_dims=2)
    return tf.transpose(by_phrase, [0, 2, 1])


def are_complete(progress: tf.Tensor, phrases: tf.Tensor, padding: int) -> tf.Tensor:
    """Bool [batch, any]: whether all phrases are complete."""
    return tf.reduce_all(progress == phrase_lengths(phrases, padding)[:, None], axis=2)


def allocate_beam_by_constraints(
    totals: tf.Tensor, progress: tf.Tensor, phrases: tf.Tensor, padding: int, places: int
) -> tf.Tensor:
    """Chooses candidates in turn from the groups that have come equally far.

    The best of each group comes first, the group with the most pieces in front, then the second best of
    each, and so on.

    Args:
        totals: float32 [batch, candidates]; log-probabilities; ``IMPOSSIBLE`` at worst.
        progress: int32 [batch, candidates, number]; of each candidate.
        phrases: int32 [batch, number, steps].
        padding: the id that stands for no piece.
        places: how many candidates are chosen.

    Returns:
        Their indices, int32 [batch, places].
    """
    is_complete = progress == phrase_lengths(phrases, padding)[:, None]
    pieces = tf.reduce_sum(tf.where(is_complete, progress, 0), axis=2)
    pieces += tf.reduce_max(tf.where(is_complete, 0, progress), axis=2)
    # How many of the same group are better; of equal ones, those that stand before.
    better = totals[:, None, :] > totals[:, :, None]
    order = tf.range(tf.shape(totals)[1])
    better |= (totals[:, None, :] == totals[:, :, None]) & (order[None, :] < order[:, None])
    is_same = pieces[:, None, :] == pieces[:, :, None]
    rank = tf.reduce_sum(tf.cast(better & is_same, tf.int32), axis=2)
    worth = pieces - rank * _LARGE
    worth = tf.where(totals <= IMPOSSIBLE / 2, -_LARGE * _LARGE, worth)
    _, chosen = tf.math.top_k(worth, places)
    return chosen
