"""Cross-entropy with the smoothed labels written out."""

import numpy as np

from references.model import log_softmax


def smoothed_labels(targets, vocabulary_size, smoothing):
    """smoothing / vocabulary for every token, plus the rest for the target: [n, vocabulary]."""
    labels = np.full([len(targets), vocabulary_size], smoothing / vocabulary_size)
    labels[np.arange(len(targets)), targets] += 1 - smoothing
    return labels


def smoothed_cross_entropy(logits, targets, smoothing):
    """-sum_v label_v log p_v of logits [n, vocabulary] and targets [n]: [n]."""
    return -(smoothed_labels(targets, logits.shape[-1], smoothing) * log_softmax(logits)).sum(axis=-1)
