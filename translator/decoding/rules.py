"""What hypotheses must and must not be, and what they are worth: functions on piece ids and sums."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

IMPOSSIBLE = -1e9  # a finite stand-in for a log-probability of minus infinity


class Requirements(NamedTuple):
    """What a hypothesis must and must not be; one row a sentence.

    Attributes:
        min_lengths: int32 [batch]; pieces at least, the end included.
        max_lengths: int32 [batch]; pieces at most, the end included, at least 1. A hypothesis that
            reaches it is made to end there.
        prefixes: int32 [batch, prefix steps]; the pieces that it starts with, padded on the right.
        phrases: int32 [batch, number, phrase steps]; the pieces of each phrase that must appear in it,
            padded; see ``constraints``.
        source_mask: bool [batch, source steps]; true at pieces.
    """

    min_lengths: tf.Tensor
    max_lengths: tf.Tensor
    prefixes: tf.Tensor
    phrases: tf.Tensor
    source_mask: tf.Tensor


class Vocabulary(NamedTuple):
    """The ids that mean something to search.

    Attributes:
        padding: fills up after the end; never part of a hypothesis.
        start: what the first step reads; never part of a hypothesis.
        end: ends a hypothesis.
        is_word_start: bool [vocabulary]; whether a piece begins a word; None: every piece is a word.
    """

    padding: int
    start: int
    end: int
    is_word_start: Any = None


def length_penalty(lengths: tf.Tensor, alpha: tf.Tensor, normalization: str = "gnmt") -> tf.Tensor:
    """What a log-probability is divided by: float32, of the shape of ``lengths``; see above."""
    lengths = tf.cast(lengths, tf.float32)
    return tf.pow((5.0 + lengths) / 6.0 if normalization == "gnmt" else lengths, alpha)


def coverage(attended: tf.Tensor, source_mask: tf.Tensor) -> tf.Tensor:
    """How little of the source was left without attention (Wu et al. 2016, equation 15, without its factor).

    Args:
        attended: float32 [batch, beam, source steps]; the attention of all steps, summed.
        source_mask: bool [batch, source steps]; true at pieces.

    Returns:
        float32 [batch, beam]; at most 0.
    """
    logarithms = tf.math.log(tf.clip_by_value(attended, 1e-6, 1.0))
    return tf.reduce_sum(tf.where(source_mask[:, None], logarithms, 0.0), axis=-1)


def forced_pieces(step: tf.Tensor, rules: Requirements, pieces: Vocabulary) -> tf.Tensor:
    """The only piece that may come next: int32 [batch], -1 where any may.

    At the last step before the maximum length that is the end, within the prefix its next piece.
    """
    prefix_steps = tf.shape(rules.prefixes)[1]
    padded = tf.pad(rules.prefixes, [[0, 0], [0, 1]], constant_values=pieces.padding)
    of_prefix = padded[:, tf.minimum(step, prefix_steps)]
    forced = tf.where(of_prefix == pieces.padding, -1, of_prefix)
    return tf.where(step + 1 >= rules.max_lengths, pieces.end, forced)


def repeating_pieces(ids: tf.Tensor, step: tf.Tensor, size: int, pieces: Vocabulary) -> tf.Tensor:
    """The pieces that would make a hypothesis repeat itself.

    They begin a word that follows the same ``size - 1`` words as once before, so that a name of many pieces
    may be told twice and no word is given up half-way. Or they go on within a word, as the third or later of
    pieces that stand in it once before (if ``size`` is 3), as where a word runs on without an end.

    Args:
        ids: int32 [batch, beam, max steps]; hypotheses.
        step: int32 []; the pieces that they have so far.
        size: so many words in a row must not stand twice.
        pieces: which of them begin a word.

    Returns:
        int32 [batch, beam, max steps]; such pieces, and padding.
    """
    positions = tf.range(tf.shape(ids)[2])
    is_known = tf.broadcast_to(positions < step, tf.shape(ids))
    begins = is_known if pieces.is_word_start is None else is_known & tf.gather(pieces.is_word_start, ids)
    words_from_here = tf.cumsum(tf.cast(begins, tf.int32), axis=2, reverse=True)

    def beginning_of(number: int) -> tf.Tensor:
        """The position where the latest words begin, int32 [batch, beam, 1]; -1 where there are fewer."""
        where = tf.where(begins & (words_from_here == number), positions, -1)
        return tf.reduce_max(where, axis=2, keepdims=True)

    # How many of the latest pieces must stand before a position for its piece to be forbidden.
    of_words = step - beginning_of(size - 1) if size > 1 else tf.zeros_like(ids[:, :, :1])
    has_words = of_words <= step
    within = tf.maximum(beginning_of(1), 0)
    number = tf.where(begins, of_words, size - 1)
    is_repeated = tf.where(
        begins, has_words & (positions >= of_words), is_known & (positions - (size - 1) >= within)
    )

    def compared(back: tf.Tensor, is_repeated: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        before = tf.roll(ids, shift=back, axis=2)  # at position p, the piece at p - back
        latest = tf.gather(ids, [tf.maximum(step - back, 0)], axis=2)
        return back + 1, is_repeated & ((before == latest) | (back > number))

    most = tf.reduce_max(tf.where(is_repeated, number, 0))
    _, is_repeated = tf.while_loop(
        lambda back, _: back <= most, compared, (tf.constant(1), is_repeated), parallel_iterations=1
    )
    return tf.where(is_repeated, ids, pieces.padding)


def without(log_probs: tf.Tensor, banned: tf.Tensor) -> tf.Tensor:
    """Makes pieces impossible.

    Args:
        log_probs: float32 [batch, beam, vocabulary].
        banned: int32 [batch, beam, any number]; their ids.
    """
    shape = tf.shape(log_probs)
    flat = tf.reshape(log_probs, [-1, shape[2]])
    rows = tf.repeat(tf.range(tf.shape(flat)[0]), tf.shape(banned)[2])
    where = tf.stack([rows, tf.reshape(banned, [-1])], axis=1)
    flat = tf.tensor_scatter_nd_update(flat, where, tf.fill([tf.shape(where)[0]], IMPOSSIBLE))
    return tf.reshape(flat, shape)
