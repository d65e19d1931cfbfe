"""The rules of decoding: which tokens may not come next, and which token must.

Beam search and sampling build the same list of rules once and ask each rule before every step. A rule
answers with token ids. Sampling removes the banned tokens from the whole distribution. Beam search looks at
few candidates per hypothesis, so it removes most banned tokens from the candidates alone: a rule with
``bannable`` tokens can only ever ban these, and so many more candidates are enough. Only a rule that may ban
any token costs a pass over the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import tensorflow as tf

from translator.decoding.constraints import are_complete
from translator.decoding.states import IMPOSSIBLE, DecodingContext, Vocabulary
from translator.search_options import SearchOptions


class Rule:
    """One rule; by itself it bans and forces nothing.

    Attributes:
        bannable: the only tokens that it can ever ban; None: any.
    """

    bannable: frozenset[int] | None = frozenset()

    def banned_tokens(self, context: DecodingContext) -> tf.Tensor | None:
        """Tokens that may not come next: int32 [active or 1, beam or 1, any]; None: the rule never bans.

        Padding, which may never come next, fills up where there are fewer.
        """

    def forced_tokens(self, context: DecodingContext) -> tf.Tensor | None:
        """The only token that may come next: int32 [active, beam or 1]; -1: any may; None: never forces.

        A forced token comes next even if another rule bans it.
        """


class MaximumLength(Rule):
    """At the maximum length, a hypothesis ends."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._end = vocabulary.end

    def forced_tokens(self, context: DecodingContext) -> tf.Tensor:
        return tf.where(context.step + 1 >= context.requirements.max_lengths, self._end, -1)[:, None]


class Prefix(Rule):
    """A hypothesis begins with the prefix of its sentence."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._padding = vocabulary.padding

    def forced_tokens(self, context: DecodingContext) -> tf.Tensor:
        prefixes = context.requirements.prefixes
        position = tf.minimum(context.step, tf.shape(prefixes)[1])
        tokens = tf.pad(prefixes, [[0, 0], [0, 1]], constant_values=self._padding)[:, position]
        return tf.where(tokens == self._padding, -1, tokens)[:, None]


class NoSpecialTokens(Rule):
    """Padding and start are never part of a hypothesis."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._tokens = vocabulary.padding, vocabulary.start
        self.bannable = frozenset(self._tokens)

    def banned_tokens(self, context: DecodingContext) -> tf.Tensor:
        return tf.constant([[self._tokens]])


class MinimumLength(Rule):
    """No hypothesis ends before the minimum length."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.bannable = frozenset([vocabulary.end])

    def banned_tokens(self, context: DecodingContext) -> tf.Tensor:
        is_too_short = context.step + 1 < context.requirements.min_lengths
        return tf.where(is_too_short, self._vocabulary.end, self._vocabulary.padding)[:, None, None]


class AllPhrases(Rule):
    """No hypothesis ends before it has all its phrases, or is given up; see ``constraints``."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.bannable = frozenset([vocabulary.end])

    def banned_tokens(self, context: DecodingContext) -> tf.Tensor:
        vocabulary = self._vocabulary
        is_complete = are_complete(context.progress, context.requirements.phrases, vocabulary.padding)
        has_all = tf.reduce_all(is_complete, axis=2)
        return tf.where(has_all | context.is_given_up, vocabulary.padding, vocabulary.end)[:, :, None]

    def forced_tokens(self, context: DecodingContext) -> tf.Tensor:
        is_too_short = context.step + 1 < context.requirements.min_lengths
        return tf.where(context.is_given_up & ~is_too_short[:, None], self._vocabulary.end, -1)


class NoRepeatedNgram(Rule):
    """No ``size`` words in a row appear twice.

    A banned token begins a word that follows the same ``size - 1`` words as once before, so that a name of
    many tokens may be repeated and no word is given up half-way. Or it goes on within a word, as the last of
    ``size`` tokens that this word already has in a row, as where a word runs on without an end.
    """

    bannable = None

    def __init__(self, vocabulary: Vocabulary, size: int) -> None:
        self._vocabulary, self._size = vocabulary, size

    def banned_tokens(self, context: DecodingContext) -> tf.Tensor:
        """int32 [active, beam, max_length]."""
        ids, step, size = context.ids, context.step, self._size
        words = self._vocabulary.words
        positions = tf.range(tf.shape(ids)[2])
        is_known = tf.broadcast_to(positions < step, tf.shape(ids))
        begins = is_known if words is None else is_known & tf.gather(words.begins_word, ids)
        words_from_here = tf.cumsum(tf.cast(begins, tf.int32), axis=2, reverse=True)

        def start_of_last_words(number: int) -> tf.Tensor:
            """The position where the last words begin, int32 [active, beam, 1]; -1 if there are fewer."""
            where = tf.where(begins & (words_from_here == number), positions, -1)
            return tf.reduce_max(where, axis=2, keepdims=True)

        # A token is banned if as many tokens before it as the context is long are the last ones so far.
        word_context = step - start_of_last_words(size - 1) if size > 1 else tf.zeros_like(ids[:, :, :1])
        has_words = word_context <= step
        word_start = tf.maximum(start_of_last_words(1), 0)
        context_lengths = tf.where(begins, word_context, size - 1)
        is_repeated = tf.where(
            begins,
            has_words & (positions >= word_context),
            is_known & (positions - (size - 1) >= word_start),
        )

        def compare(back: tf.Tensor, is_repeated: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            before = tf.roll(ids, shift=back, axis=2)  # at position p, the token at p - back
            latest = tf.gather(ids, [tf.maximum(step - back, 0)], axis=2)
            return back + 1, is_repeated & ((before == latest) | (back > context_lengths))

        longest = tf.reduce_max(tf.where(is_repeated, context_lengths, 0))
        _, is_repeated = tf.while_loop(
            lambda back, _: back <= longest, compare, (tf.constant(1), is_repeated), parallel_iterations=1
        )
        return tf.where(is_repeated, ids, self._vocabulary.padding)


class DecodingRules:
    """All rules of a search, in order of precedence: of two tokens that are forced, the first counts.

    Args:
        vocabulary: the special tokens, and where words begin and end.
        options: whether there is a rule against repeated n-grams.
        has_phrases: whether there are phrases that must appear.
    """

    def __init__(self, vocabulary: Vocabulary, options: SearchOptions, has_phrases: bool = False) -> None:
        rules: list[Rule] = [
            MaximumLength(vocabulary),
            Prefix(vocabulary),
            NoSpecialTokens(vocabulary),
            MinimumLength(vocabulary),
        ]
        if has_phrases:
            rules.append(AllPhrases(vocabulary))
        if options.no_repeat_ngram:
            rules.append(NoRepeatedNgram(vocabulary, options.no_repeat_ngram))
        self._vocabulary, self._rules = vocabulary, rules
        self._narrow = [rule for rule in rules if rule.bannable]
        self._wide = [rule for rule in rules if rule.bannable is None]
        self.num_bannable = len(frozenset().union(*(rule.bannable or () for rule in self._narrow)))

    def keep_prefix_whole(self, log_probs: tf.Tensor, context: DecodingContext) -> tf.Tensor:
        """Makes the tokens impossible that would lengthen the last word of the prefix, just after it.

        Args:
            log_probs: float32 [active, beam, vocabulary].
            context: what the rules see.
        """
        words = self._vocabulary.words
        if words is None:
            return log_probs
        prefixes, padding = context.requirements.prefixes, self._vocabulary.padding
        lengths = tf.reduce_sum(tf.cast(prefixes != padding, tf.int32), axis=1)
        last = tf.gather(
            tf.pad(prefixes, [[0, 0], [1, 0]], constant_values=padding), lengths, axis=1, batch_dims=1
        )
        is_after = (context.step == lengths) & tf.gather(words.leaves_word_open, last)
        is_banned = is_after[:, None, None] & tf.convert_to_tensor(words.continues_word)
        # Nearly every step is after no prefix, and then there is no pass over the vocabulary.
        return tf.cond(
            tf.reduce_any(is_after), lambda: tf.where(is_banned, IMPOSSIBLE, log_probs), lambda: log_probs
        )

    def ban(self, log_probs: tf.Tensor, context: DecodingContext) -> tf.Tensor:
        """Makes every banned token impossible in a distribution, float32 [active, beam, vocabulary]."""
        return _ban(self.keep_prefix_whole(log_probs, context), self._rules, context)

    def ban_any(self, log_probs: tf.Tensor, context: DecodingContext) -> tf.Tensor:
        """The same for those rules alone that may ban any token."""
        return _ban(log_probs, self._wide, context)

    def ban_candidates(self, log_probs: tf.Tensor, tokens: tf.Tensor, context: DecodingContext) -> tf.Tensor:
        """The same for the other rules, in a list of candidates.

        Args:
            log_probs: float32 [active, beam, candidates].
            tokens: int32 [active, beam, candidates]; their tokens.
            context: what the rules see.
        """
        is_banned = [
            tokens == banned[:, :, i, None]
            for banned in _banned_tokens(self._narrow, context)
            for i in range(banned.shape[2])
        ]
        return tf.where(reduce(tf.logical_or, is_banned), IMPOSSIBLE, log_probs)

    def forced_tokens(self, allowed: tf.Tensor, context: DecodingContext) -> tf.Tensor:
        """The only token that may come next, int32 [active, beam]; -1 where any of the allowed ones may.

        A hypothesis that the rules leave no token must end.

        Args:
            allowed: float32 [active, beam, any]; log-probabilities after all bans.
            context: what the rules see.
        """
        by_rule = [tokens for rule in self._rules if (tokens := rule.forced_tokens(context)) is not None]
        forced = reduce(lambda first, later: tf.where(first >= 0, first, later), by_rule)
        is_stuck = tf.reduce_max(allowed, axis=-1) <= IMPOSSIBLE / 2
        return tf.where(is_stuck & (forced < 0), self._vocabulary.end, forced)


def _banned_tokens(rules: Sequence[Rule], context: DecodingContext) -> list[tf.Tensor]:
    return [tokens for rule in rules if (tokens := rule.banned_tokens(context)) is not None]


def _ban(log_probs: tf.Tensor, rules: Sequence[Rule], context: DecodingContext) -> tf.Tensor:
    """Makes the tokens that some rules ban impossible, float32 [active, beam, vocabulary]."""
    banned = _banned_tokens(rules, context)
    if not banned:
        return log_probs
    shape = tf.shape(log_probs)
    tokens = tf.concat(
        [tf.broadcast_to(some, [shape[0], shape[1], tf.shape(some)[2]]) for some in banned], axis=2
    )
    flat = tf.reshape(log_probs, [-1, shape[2]])
    rows = tf.repeat(tf.range(tf.shape(flat)[0]), tf.shape(tokens)[2])
    where = tf.stack([rows, tf.reshape(tokens, [-1])], axis=1)
    flat = tf.tensor_scatter_nd_update(flat, where, tf.fill([tf.shape(where)[0]], IMPOSSIBLE))
    return tf.reshape(flat, shape)
