"""Attention in two passes: dot-product attention, then coverage and location features.

With little training text, attention is vague, and translations repeat themselves or run in loops, because
plain attention does not know which source positions are translated already. Attention therefore runs in two
passes. The first is plain dot-product attention. The second adds features of all earlier first passes to the
scores. At target position ``t`` and source position ``s``:

    score_ts    = q_t . k_s / sqrt(units / heads)                       (1) query and keys
    first_ts    = mean over heads of softmax_s(score_ts)                (2) first pass
    coverage_ts = sum over u < t of first_us                            (3)
    location_ts = sum over k = -3 ... 3 of w_k first_{t-1, s-k}         (4)
    a_ts        = softmax_s(score_ts + c coverage_ts + location_ts)     (5) second pass: attention weights
    context_t   = sum over s of a_ts v_s                                (6) values

(1) and (6) are scaled dot-product attention with heads (Vaswani et al. 2017, "Attention Is All You Need",
arXiv 1706.03762, section 3.2). (3) is from Tu et al. (2016, "Modeling Coverage for Neural Machine
Translation", arXiv 1601.04811) and (4) from Chorowski et al. (2015, "Attention-Based Models for Speech
Recognition", arXiv 1506.07503, section 2.1); ``c`` and ``w_k`` are learned. In those papers the sums run over
the final weights, so each target position has to wait for the one before. First passes do not depend on each
other, so training computes all target positions in parallel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import tensorflow as tf


class AttentionMemory(NamedTuple):
    """The encoded source as attention sees it; computed once per sentence.

    Attributes:
        keys: float [batch, heads, source_length, units / heads].
        values: float [batch, heads, source_length, units / heads].
        lexical_values: float [batch, source_length, units or 2 * units]; the embedding of each source token,
            followed by its dictionary vector if the model has a dictionary.
        padding_bias: float [batch, 1, 1, source_length]; added to the scores: 0 at tokens, a large negative
            number at padding.
    """

    keys: tf.Tensor
    values: tf.Tensor
    lexical_values: tf.Tensor
    padding_bias: tf.Tensor


class AttentionHistory(NamedTuple):
    """What the second pass knows about earlier target positions.

    Attributes:
        coverage: float32 [..., source_length]; the sum of all first passes so far, (3).
        previous: float32 [..., source_length]; the first pass at the previous target position.
    """

    coverage: tf.Tensor
    previous: tf.Tensor


class AttentionOutput(NamedTuple):
    """The result of attention for each query.

    Attributes:
        context: float [batch, target_length, units]; the heads side by side.
        lexical_context: float [batch, target_length, units or 2 * units]; the sum of ``lexical_values``,
            weighted with the mean of the heads.
        weights: float32 [batch, heads, target_length, source_length]; each row sums to one.
        history: the history for the next target position.
    """

    context: tf.Tensor
    lexical_context: tf.Tensor
    weights: tf.Tensor
    history: AttentionHistory


_LOCATION_RADIUS = 3  # the largest |k| in (4)
_SCALE = 4.0  # c and w_k are stored divided by 4, so that Adam moves them four times as fast


@keras.saving.register_keras_serializable(package="translator")
class Attention(keras.layers.Layer):
    """Multi-head dot-product attention with coverage and location features; see the equations above.

    The keys and values depend on the source alone, so ``project_memory`` computes them once and all decoding
    steps share them.

    Args:
        units: width of the queries, of the memory and of the context.
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
        # Exempt from autocast, because they are added to the scores in float32.
        self.coverage_weight = self.add_weight((), "zeros", "float32", autocast=False, name="coverage")
        self.location_weights = self.add_weight(
            (2 * _LOCATION_RADIUS + 1,), "zeros", "float32", autocast=False, name="location"
        )
        self.built = True

    def project_memory(
        self, memory: tf.Tensor, lexical_values: tf.Tensor, source_mask: tf.Tensor
    ) -> AttentionMemory:
        """Computes keys and values from the output of the encoder.

        Args:
            memory: float [batch, source_length, units], the output of the encoder.
            lexical_values: float [batch, source_length, units or 2 * units]; see ``AttentionMemory``.
            source_mask: bool [batch, source_length], true at tokens.
        """
        keys_values = self.key_value(memory)
        keys, values = (self._split_heads(part) for part in tf.split(keys_values, 2, axis=-1))
        padding_bias = tf.where(source_mask[:, None, None, :], 0.0, -1e9)
        return AttentionMemory(keys, values, lexical_values, padding_bias)

    def call(self, query: tf.Tensor, memory: AttentionMemory, history: AttentionHistory) -> AttentionOutput:
        """Attends from consecutive target positions, all at once.

        Args:
            query: float [batch, target_length, units].
            memory: the result of ``project_memory``.
            history: the history before the first of these positions, [batch, source_length].
        """
        history = AttentionHistory(*(tf.cast(part, tf.float32) for part in history))  # undoes autocast
        scores = self._scores(query, memory)
        first = _first_pass(scores)
        coverage = history.coverage[:, None] + tf.cumsum(first, axis=1)  # [batch, target, source]
        history_at_each_position = AttentionHistory(
            coverage=tf.concat([history.coverage[:, None], coverage[:, :-1]], axis=1),  # (3)
            previous=tf.concat([history.previous[:, None], first[:, :-1]], axis=1),
        )
        next_history = AttentionHistory(coverage[:, -1], first[:, -1])
        return self._second_pass(scores, history_at_each_position, memory, next_history)

    def step(self, query: tf.Tensor, memory: AttentionMemory, history: AttentionHistory) -> AttentionOutput:
        """Attends from the next target position of several hypotheses per sentence.

        Args:
            query: float [batch, beam, units].
            memory: the result of ``project_memory``.
            history: the history of each hypothesis, [batch, beam, source_length].
        """
        scores = self._scores(query, memory)
        first = _first_pass(scores)
        next_history = AttentionHistory(history.coverage + first, first)
        return self._second_pass(scores, history, memory, next_history)

    def _scores(self, query: tf.Tensor, memory: AttentionMemory) -> tf.Tensor:
        """(1): float32 [batch, heads, target_length, source_length]; about -1e9 at padding."""
        queries = self._split_heads(self.query(query)) * (self.units // self.num_heads) ** -0.5
        scores = tf.matmul(queries, memory.keys, transpose_b=True)
        return tf.cast(scores, tf.float32) + tf.cast(memory.padding_bias, tf.float32)

    def _second_pass(
        self,
        scores: tf.Tensor,
        history: AttentionHistory,
        memory: AttentionMemory,
        next_history: AttentionHistory,
    ) -> AttentionOutput:
        """(5) and (6); ``history`` is that of each query, [batch, target_length, source_length]."""
        features = _SCALE * (self.coverage_weight * history.coverage + self._location(history.previous))
        weights = tf.nn.softmax(scores + features[:, None])  # (5)
        context = tf.matmul(tf.cast(weights, memory.values.dtype), memory.values)  # (6)
        mean_weights = tf.cast(tf.reduce_mean(weights, axis=1), memory.lexical_values.dtype)
        lexical_context = tf.matmul(mean_weights, memory.lexical_values)
        return AttentionOutput(self._merge_heads(context), lexical_context, weights, next_history)

    def _location(self, previous: tf.Tensor) -> tf.Tensor:
        """(4) without the scale: [batch, target_length, source_length] of the same shape."""
        source_length = tf.shape(previous)[2]
        padded = tf.pad(previous, [[0, 0], [0, 0], [_LOCATION_RADIUS, _LOCATION_RADIUS]])
        # The weight at index i belongs to k = i - _LOCATION_RADIUS.
        return tf.add_n(
            [
                self.location_weights[i]
                * padded[:, :, 2 * _LOCATION_RADIUS - i : 2 * _LOCATION_RADIUS - i + source_length]
                for i in range(2 * _LOCATION_RADIUS + 1)
            ]
        )

    def _split_heads(self, vectors: tf.Tensor) -> tf.Tensor:
        """[batch, length, units] to [batch, heads, length, units / heads]."""
        if self.num_heads == 1:
            return vectors[:, None]
        shape = tf.shape(vectors)
        heads = tf.reshape(vectors, [shape[0], shape[1], self.num_heads, self.units // self.num_heads])
        return tf.transpose(heads, [0, 2, 1, 3])

    def _merge_heads(self, heads: tf.Tensor) -> tf.Tensor:
        """[batch, heads, length, units / heads] to [batch, length, units]."""
        vectors = tf.transpose(heads, [0, 2, 1, 3])
        shape = tf.shape(vectors)
        return tf.reshape(vectors, [shape[0], shape[1], self.units])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "num_heads": self.num_heads}


def _first_pass(scores: tf.Tensor) -> tf.Tensor:
    """(2): scores [batch, heads, target_length, source_length] to weights averaged over the heads."""
    return tf.reduce_mean(tf.nn.softmax(scores), axis=1)
