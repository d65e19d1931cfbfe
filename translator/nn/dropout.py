"""Dropout for sequences: the same features at every time step, or whole words."""

from __future__ import annotations

import keras


def variational_dropout(rate: float, name: str) -> keras.layers.Dropout:
    """Drops the same features at every time step (Gal and Ghahramani 2016, arXiv 1512.05287).

    The recurrence would average away noise that changes from one time step to the next. Input and output:
    float [batch, time, features].
    """
    return keras.layers.Dropout(rate, noise_shape=(None, 1, None), name=name)


def word_dropout(rate: float, name: str) -> keras.layers.Dropout:
    """Drops whole embeddings (Sennrich et al. 2016, arXiv 1606.02891, section 2.3).

    The network learns not to rely on any single word. Input and output: float [batch, time, features].
    """
    return keras.layers.Dropout(rate, noise_shape=(None, None, 1), name=name)
