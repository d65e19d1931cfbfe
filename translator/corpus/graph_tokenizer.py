"""Builds the TensorFlow version of a tokenizer, for use inside graphs and SavedModels."""

from __future__ import annotations

from typing import Any

import translator.runtime  # noqa: F401  (before TensorFlow)

# isort: split
import tensorflow as tf
import tensorflow_text

from translator.corpus.tokenizer import Tokenizer


def graph_tokenizer(tokenizer: Tokenizer) -> Any:
    """Returns a tensorflow-text tokenizer that gives the same ids.

    Its ``tokenize`` maps string [n] to ragged int32 [n, None].
    """
    return tensorflow_text.SentencepieceTokenizer(model=tokenizer.model, out_type=tf.int32)
