"""Batches to weights: the training step, its callbacks, checkpoints and the loop around them."""

import translator.runtime  # noqa: F401  (before TensorFlow)
