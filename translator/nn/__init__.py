"""Piece ids to logits: the LSTM, attention, and the encoder-decoder that they make up."""

import translator.runtime  # noqa: F401  (before TensorFlow)
