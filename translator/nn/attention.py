"""Attention: each decoder position looks at the source positions that matter to it, and knows where it was.

With so little text that attention is vague, translations say a thing twice or run in loops, for nothing
tells attention what is done already. Here each position looks twice. The first look is plain attention. The
second is told what all earlier first looks have seen, and where the last one was:

    first    = softmax_s(score)
    covered  = sum of the first looks before
    second   = softmax_s(score + c * covered_s + sum_k w_k * last_(s - k)),  k = -3 ... 3

``c`` (coverage: Tu et al. 2016, "Modeling Coverage for Neural Machine Translation", arXiv 1601.04811) and
``w`` (location: Chorowski et al. 2015, "Attention-Based Models for Speech Recognition", arXiv 1506.07503,
section 2.1) are numbers that are learned, each as four times a weight, for it has further to go than others.
In those papers the sums are of the attention itself, which then needs one step after the other; of the first
looks they are known for all steps at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import tensorflow as tf


class AttentionMemory(NamedTuple):
    """What attention needs of the source, computed once a sentence.

    Attributes:
        keys: float [batch, heads, source steps, units / heads].
        values: float [batch, heads, source steps, units / heads].
        words: float [batch, source steps, units or more]; the embeddings of the source pieces, and whatever
            else is known of each by itself.
        bias: float [batch, 1, 1, source steps]; 0 at pieces, a large negative number at padding.
    """

    keys: tf.Tensor
    values: tf.Tensor
    words: tf.Tensor
    bias: tf.Tensor


class AttentionPast(NamedTuple):
    """Where attention has looked before: the first looks, in the mean of the heads.

    Attributes:
        covered: float32 [..., source steps]; the sum of all so far.
        last: float32 [..., source steps]; that of the step before.
    """

    covered: tf.Tensor
    last: tf.Tensor


class Attended(NamedTuple):
    """What attention found for each query.

    Attributes:
        context: float [batch, target steps, units], of all heads side by side.
        words: float [batch, target steps, units or more]; the words, weighted with the mean of the heads.
        weights: float32 [batch, heads, target steps, source steps]; those of a row sum to one.
        past: for the query after the last one, or of each query, as it was given.
    """

    context: tf.Tensor
    words: tf.Tensor
    weights: tf.Tensor
    past: AttentionPast


_REACH = 3  # how far from the last look the next one is told of it
_PACE = 4.0  # the learned numbers count so many times: they need to go further than the rate lets weights go


@keras.saving.register_keras_serializable(package="translator")
class Attention(keras.layers.Layer):
    """Scaled dot-product attention with projections and heads (Vaswani et al. 2017, section 3.2).

    For one head, with query ``q``, keys ``k_s`` and values ``v_s`` of the source positions ``s``:

        score_s  = q . k_s / sqrt(units / heads)
        weight_s = softmax_s(score_s + what the past says; see above)
        context  = sum_s weight_s v_s

    The weights, in the mean of the heads, also sum up the embeddings of the source, for ``LexicalModel``.

    The keys and values depend on the source alone: ``memory`` computes them once, and every decoder
    step reuses them.

    Args:
        units: width of the queries, the memory and the context.
        num_heads: number of heads; divides ``units``.
    """

    def __init__(self, units: int, num_heads: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if units % num_heads:
            raise ValueError(f"num_heads ({num_heads}) must divide units ({units})")
        self.units = units
        self.num_heads = num_heads
        self.query = keras.layers.Dense(units, use_bias=False, name="query")
        self.key_value = keras.layers.Dense(2 * units, use_bias=False, name="key_value")

    def build(self, _: Any = None) -> None:
        self.query.build((None, None, self.units))
        self.key_value.build((None, None, self.units))
        # Exempt from autocast: their sum with the scores is made in float32.
        self.coverage = self.add_weight((), "zeros", "float32", autocast=False, name="coverage")
        self.location = self.add_weight(
            (2 * _REACH + 1,), "zeros", "float32", autocast=False, name="location"
        )
        self.built = True

    def memory(self, memory: tf.Tensor, words: tf.Tensor, mask: tf.Tensor) -> AttentionMemory:
        """Prepares the encoder's output for attention.

        Args:
            memory: float [batch, source steps, units].
            words: float [batch, source steps, units or more]; what is known of each piece by itself.
            mask: bool [batch, source steps], true at pieces.
        """
        keys_values = self.key_value(memory)
        keys, values = (self._split_heads(part) for part in tf.split(keys_values, 2, axis=-1))
        bias = tf.where(mask[:, None, None, :], 0.0, -1e9)
        return AttentionMemory(keys, values, words, bias)

    def call(self, query: tf.Tensor, memory: AttentionMemory, past: AttentionPast) -> Attended:
        """Attends from queries that follow each other.

        Args:
            query: float [batch, target steps, units].
            memory: what ``self.memory`` returned.
            past: before the first of these queries, [batch, source steps].
        """
        past = AttentionPast(*(tf.cast(part, tf.float32) for part in past))  # as Keras has cast them
        scores = self._scores(query, memory)
        looks = _first_looks(scores)
        covered = past.covered[:, None] + tf.cumsum(looks, axis=1)
        before = AttentionPast(
            tf.concat([past.covered[:, None], covered[:, :-1]], axis=1),
            tf.concat([past.last[:, None], looks[:, :-1]], axis=1),
        )
        return self._attended(scores, before, memory, AttentionPast(covered[:, -1], looks[:, -1]))

    def step(self, query: tf.Tensor, memory: AttentionMemory, past: AttentionPast) -> Attended:
        """Attends from the next query of several hypotheses a sentence.

        Args:
            query: float [batch, beam, units].
            memory: what ``self.memory`` returned.
            past: of each hypothesis, [batch, beam, source steps].
        """
        scores = self._scores(query, memory)
        looks = _first_looks(scores)
        return self._attended(scores, past, memory, AttentionPast(past.covered + looks, looks))

    def _scores(self, query: tf.Tensor, memory: AttentionMemory) -> tf.Tensor:
        """float32 [batch, heads, target steps, source steps]; hardly anything at padding."""
        queries = self._split_heads(self.query(query)) * (self.units // self.num_heads) ** -0.5
        scores = tf.matmul(queries, memory.keys, transpose_b=True)
        return tf.cast(scores, tf.float32) + tf.cast(memory.bias, tf.float32)

    def _attended(
        self, scores: tf.Tensor, before: AttentionPast, memory: AttentionMemory, past: AttentionPast
    ) -> Attended:
        """What is found with scores and what stood before each query, [batch, target steps, source steps]."""
        told = _PACE * (self.coverage * before.covered + self._near(before.last))
        weights = tf.nn.softmax(scores + told[:, None])
        context = tf.matmul(tf.cast(weights, memory.values.dtype), memory.values)
        context = tf.transpose(context, [0, 2, 1, 3])
        shape = tf.shape(context)
        context = tf.reshape(context, [shape[0], shape[1], self.units])
        words = tf.matmul(tf.cast(tf.reduce_mean(weights, axis=1), memory.words.dtype), memory.words)
        return Attended(context, words, weights, past)

    def _near(self, last: tf.Tensor) -> tf.Tensor:
        """At each source position the looks around it, weighted by how far ahead of them it is."""
        steps = tf.shape(last)[2]
        padded = tf.pad(last, [[0, 0], [0, 0], [_REACH, _REACH]])
        # The k-th weight is for positions that are k - _REACH ahead of the last look.
        return tf.add_n(
            [
                self.location[k] * padded[:, :, 2 * _REACH - k : 2 * _REACH - k + steps]
                for k in range(2 * _REACH + 1)
            ]
        )

    def _split_heads(self, vectors: tf.Tensor) -> tf.Tensor:
        """[batch, steps, units] to [batch, heads, steps, units / heads]."""
        if self.num_heads == 1:
            return vectors[:, None]
        shape = tf.shape(vectors)
        heads = tf.reshape(vectors, [shape[0], shape[1], self.num_heads, self.units // self.num_heads])
        return tf.transpose(heads, [0, 2, 1, 3])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "num_heads": self.num_heads}


def _first_looks(scores: tf.Tensor) -> tf.Tensor:
    """Scores [batch, heads, target steps, source steps] to plain attention, the mean of the heads."""
    return tf.reduce_mean(tf.nn.softmax(scores), axis=1)
