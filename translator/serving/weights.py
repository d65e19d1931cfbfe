"""Smaller weights for an exported model: stored with 16 or 8 bits, and used as float32."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Literal

import keras
import tensorflow as tf

from translator.nn.lstm import without_cudnn

Precision = Literal["float32", "float16", "int8"]


class Weights:
    """The weights of networks, stored at a given precision for a SavedModel.

    ``float16`` rounds every weight. ``int8`` stores a matrix as ``scale * integer`` with integers from
    -127 to 127, and one scale per row of the embedding or per column of any other matrix. This is symmetric
    quantization with one scale per output (Jacob et al. 2018, arXiv 1712.05877, section 2.1). Vectors stay
    float32, because they take little space.

    Attributes:
        stored: one variable for each variable of the networks.
        scales: one variable for each matrix that is stored with 8 bits.

    Args:
        variables: the Keras variables of the networks.
        precision: the precision of the stored weights.
    """

    def __init__(self, variables: Sequence[keras.Variable], precision: Precision) -> None:
        self._originals = tuple(variables)
        self.stored: list[tf.Variable] = []
        self.scales: list[tf.Variable] = []
        for variable in variables:
            value = tf.convert_to_tensor(variable)
            is_weight = value.dtype.is_floating  # the token ids of a dictionary are stored unchanged
            if precision == "float16" and is_weight:
                value = tf.cast(value, tf.float16)
            elif precision == "int8" and is_weight and len(value.shape) == 2:
                scale = tf.reduce_max(tf.abs(value), axis=_inputs_axis(variable), keepdims=True) / 127.0
                scale = tf.where(scale > 0, scale, 1.0)
                value = tf.cast(tf.round(value / scale), tf.int8)
                self.scales.append(tf.Variable(scale, trainable=False))
            self.stored.append(tf.Variable(value, trainable=False))

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """Returns a context in which the networks use these weights in place of their own, on any device."""
        scales, mapping = iter(self.scales), []
        for variable, stored in zip(self._originals, self.stored, strict=True):
            value = tf.cast(stored, variable.dtype)
            mapping.append((variable, value * next(scales) if stored.dtype == tf.int8 else value))
        with keras.StatelessScope(state_mapping=mapping), without_cudnn():
            yield


def _inputs_axis(variable: keras.Variable) -> int:
    """Returns the axis that a product with the matrix sums over; in the embedding it is that of the units."""
    return 1 if variable.path.endswith("embedding/matrix") else 0
