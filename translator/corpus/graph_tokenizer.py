"""The tokenizer's twin inside TensorFlow."""

from __future__ import annotations

from typing import Any

import translator.runtime  # noqa: F401  (before TensorFlow)

# isort: split
import tensorflow as tf
import tensorflow_text

from translator.corpus.tokenizer import Tokenizer


def graph_tokenizer(tokenizer: Tokenizer) -> Any:
    """Returns the tensorflow-text twin of a tokenizer: ``tokenize(string [n]) -> ragged int32 [n, None]``."""
    return tensorflow_text.SentencepieceTokenizer(model=tokenizer.model, out_type=tf.int32)
