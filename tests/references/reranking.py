"""Settings and lines for tests of reranking."""

import numpy as np

from references.toy import WORDS
from translator.config import Config

CONFIG = Config().override(
    {
        "data.max_tokens": 30,
        "decoding.beam_size": 4,
        "decoding.length_penalty": 0.5,
        "model.units": 8,
        "source_language": "de",
        "target_language": "en",
    }
)
RIGHT_TO_LEFT = CONFIG.override({"model.right_to_left": True})
BACKWARD = CONFIG.override({"source_language": "en", "target_language": "de"})
LINES = [" ".join(np.random.default_rng(i).choice(WORDS, 1 + i % 5)) for i in range(12)]
LONG = " ".join(WORDS * 4 + WORDS[:5])  # three parts of at most 30 tokens
