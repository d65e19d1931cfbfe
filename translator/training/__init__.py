"""Batches to weights: the training step, its callbacks, checkpoints and the loop around them."""
