"""Token ids to logits: the LSTM, attention, and the encoder-decoder built from them."""

import translator.runtime  # noqa: F401  (before TensorFlow)
