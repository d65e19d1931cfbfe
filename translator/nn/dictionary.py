"""The dictionary: translations of source tokens, counted in the corpus instead of learned by gradients."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from translator.nn.embedding import TiedEmbedding

_MIN_HIDDEN = 0.1  # the share of lookups that training hides even for the most frequent tokens


@keras.saving.register_keras_serializable(package="translator")
class Dictionary(keras.layers.Layer):
    """Looks up the translations of source tokens, as a vector in the space of the output embedding.

    Let ``p_sv`` be the share of the occurrences of source token ``s`` that were translated as target token
    ``v``, and ``r_v`` the output row that gives the logit of ``v``. The dictionary vector of ``s`` is

        d_s = sum_v p_sv r_v / |r_v|

    Attention sums these vectors like the embeddings, and the decoder adds the sum to its readout, scaled by a
    learned gate, which raises the logits of likely translations, including rare words (after Arthur, Neubig
    and Nakamura 2016, "Incorporating Discrete Translation Lexicons into Neural Machine Translation", arXiv
    1606.02006, who add the logarithm of a word's probability to its logit).

    In the sentence that an entry was counted in, a rare word is always translated as the dictionary says; in
    a new sentence it may not be. To keep the network from relying on the dictionary too much, training hides
    the entry of a token that was seen ``n`` times with probability ``1/n``, and at least 0.1.

    Attributes:
        translations: int32 [vocabulary, num_translations]; the target tokens, the likeliest first.
        shares: float32 [vocabulary, num_translations]; ``p_sv`` of each; 0 where there are fewer.
        counts: float32 [vocabulary]; how often each token was seen in source sentences.

    Args:
        vocabulary_size: number of tokens.
        num_translations: translations per token.
    """

    def __init__(self, vocabulary_size: int, num_translations: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size, self.num_translations = vocabulary_size, num_translations
        self._seeds = keras.random.SeedGenerator()

    def build(self, _: Any = None) -> None:
        shape, fixed = (self.vocabulary_size, self.num_translations), {"trainable": False, "autocast": False}
        self.translations = self.add_weight(shape, "zeros", "int32", name="translations", **fixed)
        self.shares = self.add_weight(shape, "zeros", "float32", name="shares", **fixed)
        self.counts = self.add_weight(shape[:1], "zeros", "float32", name="counts", **fixed)
        self.built = True

    def call(self, source_ids: tf.Tensor, *, embedding: TiedEmbedding, training: bool = False) -> tf.Tensor:
        """Int32 source ids [batch, source_length] to ``d_s``, [batch, source_length, units]."""
        unit_rows = embedding.unit_rows(tf.gather(tf.convert_to_tensor(self.translations), source_ids))
        shares = tf.gather(tf.convert_to_tensor(self.shares), source_ids)
        if training:
            counts = tf.gather(tf.convert_to_tensor(self.counts), source_ids)
            hidden = tf.maximum(1.0 / tf.maximum(counts, 1.0), _MIN_HIDDEN)
            is_kept = keras.random.uniform(tf.shape(source_ids), seed=self._seeds) >= hidden
            shares *= tf.cast(is_kept, tf.float32)[..., None]
        vectors = tf.linalg.matvec(unit_rows, shares, transpose_a=True)
        return tf.cast(vectors, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "num_translations": self.num_translations,
        }
