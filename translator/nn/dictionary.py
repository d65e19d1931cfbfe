"""The dictionary: what each source piece became in the corpus, counted, and not learned by gradients."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from translator.nn.embedding import TiedEmbedding

_LEAST_HIDDEN = 0.1  # share of the occurrences of any piece for which training does not look it up


@keras.saving.register_keras_serializable(package="translator")
class Dictionary(keras.layers.Layer):
    """Looks up the translations of source pieces, as a vector that points at their rows.

    With the rows ``r_v`` that make logits, the translations ``v`` of a source piece ``s`` and the share
    ``p_sv`` of its occurrences that became each of them,

        d_s = sum_v p_sv r_v / |r_v|

    Attention sums these up as it does the embeddings, and the decoder adds the sum to its readout, as much as
    it trusts it; the logit of a likely translation then rises, be it ever so rare (after Arthur, Neubig and
    Nakamura 2016, "Incorporating Discrete Translation Lexicons into Neural Machine Translation", arXiv
    1606.02006, who add the logarithm of a word's probability to its logit).

    In its own sentence a rare word is always translated as the dictionary says, for that is where the entry
    comes from; in a new one it is not. So that the network does not trust it too much, training looks a piece
    that was seen ``n`` times up with a probability of ``1 - 1/n`` only, and 0.9 at most.

    Attributes:
        translations: int32 [vocabulary, most]; of each source piece, the likeliest first.
        shares: float32 [vocabulary, most]; of each of them; 0 where there are no more.
        counts: float32 [vocabulary]; how often each piece was seen in source sentences.

    Args:
        vocabulary_size: number of pieces.
        most: translations a piece.
    """

    def __init__(self, vocabulary_size: int, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size, self.most = vocabulary_size, most
        self._seeds = keras.random.SeedGenerator()

    def build(self, _: Any = None) -> None:
        shape, fixed = (self.vocabulary_size, self.most), {"trainable": False, "autocast": False}
        self.translations = self.add_weight(shape, "zeros", "int32", name="translations", **fixed)
        self.shares = self.add_weight(shape, "zeros", "float32", name="shares", **fixed)
        self.counts = self.add_weight(shape[:1], "zeros", "float32", name="counts", **fixed)
        self.built = True

    def call(self, source_ids: tf.Tensor, *, embedding: TiedEmbedding, training: bool = False) -> tf.Tensor:
        """Int32 source pieces [batch, source steps] to ``d_s``, [batch, source steps, units]."""
        directions = embedding.directions(tf.gather(tf.convert_to_tensor(self.translations), source_ids))
        shares = tf.gather(tf.convert_to_tensor(self.shares), source_ids)
        if training:
            counts = tf.gather(tf.convert_to_tensor(self.counts), source_ids)
            hidden = tf.maximum(1.0 / tf.maximum(counts, 1.0), _LEAST_HIDDEN)
            looked_up = keras.random.uniform(tf.shape(source_ids), seed=self._seeds) >= hidden
            shares *= tf.cast(looked_up, tf.float32)[..., None]
        pointing = tf.linalg.matvec(directions, shares, transpose_a=True)
        return tf.cast(pointing, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size, "most": self.most}
