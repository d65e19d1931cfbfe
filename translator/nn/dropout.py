"""The two kinds of dropout that sequences want."""

from __future__ import annotations

import keras


def variational_dropout(rate: float, name: str) -> keras.layers.Dropout:
    """Drops the same features at every step of a sentence (Gal and Ghahramani 2016, arXiv 1512.05287).

    Noise that changes from step to step would be averaged away by the recurrence. Input and output:
    float [batch, steps, features].
    """
    return keras.layers.Dropout(rate, noise_shape=(None, 1, None), name=name)


def word_dropout(rate: float, name: str) -> keras.layers.Dropout:
    """Blanks whole embeddings (Sennrich et al. 2016, arXiv 1606.02891, section 2.3).

    The network learns not to rely on any single word. Input and output: float [batch, steps, features].
    """
    return keras.layers.Dropout(rate, noise_shape=(None, None, 1), name=name)
