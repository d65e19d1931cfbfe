"""The whole network for one sentence pair without padding."""

import numpy as np

from references.decoder import decoder_step, initial_states
from references.encoder import encode


def log_softmax(logits):
    """Along the last axis."""
    largest = logits.max(axis=-1, keepdims=True)
    return logits - largest - np.log(np.exp(logits - largest).sum(axis=-1, keepdims=True))


def output_rows(matrix, length):
    """The rows that make logits: those of the matrix, all of one length unless that is 0."""
    return length * matrix / np.linalg.norm(matrix, axis=1, keepdims=True) if length else matrix


class ReferenceModel:
    """A ``TranslationModel`` without TensorFlow, in float64.

    Attributes:
        weights: path of each weight -> its value.

    Args:
        network: the ``TranslationModel`` whose weights and shape are copied.
    """

    def __init__(self, network):
        config = network.get_config()
        self.weights = {weight.path: weight.numpy().astype(np.float64) for weight in network.weights}
        self.units, self.num_heads = config["units"], config["attention_heads"]
        self.output_row_length = config["output_row_length"]
        self.encoder_layers, self.decoder_layers = config["encoder_layers"], config["decoder_layers"]
        self.start_id = network.special_ids.start

    def embed(self, piece_id):
        """The vector [units] of a piece."""
        return self.weights["embedding/matrix"][piece_id] * np.sqrt(self.units)

    def encode(self, source_ids):
        """Source pieces, the end included, to the memory [source steps, units] and what each is by itself.

        That is its embedding and, with a dictionary, what it points at beside it.
        """
        embedded = np.stack([self.embed(piece_id) for piece_id in source_ids])
        memory = encode(self.weights, embedded, self.encoder_layers)
        if "dictionary/shares" not in self.weights:
            return memory, embedded
        pointing = np.stack([self.look_up(piece_id) for piece_id in source_ids])
        return memory, np.concatenate([embedded, pointing], axis=1)

    def look_up(self, piece_id):
        """What the dictionary says of a piece, [units]."""
        translations = self.weights["dictionary/translations"][piece_id].astype(int)
        rows = output_rows(self.weights["embedding/matrix"], 1.0)[translations]
        return self.weights["dictionary/shares"][piece_id] @ rows

    def step(self, previous_id, states, memory, words):
        """Logits of the next piece [vocabulary], new states and attention [heads, source steps]."""
        readout, states, attention = decoder_step(
            self.weights, self.embed(previous_id), states, memory, words, self.num_heads
        )
        rows = output_rows(self.weights["embedding/matrix"], self.output_row_length)
        logits = rows @ readout + self.weights["embedding/bias"]
        return logits, states, attention

    def teacher_forced(self, source_ids, target_ids):
        """Logits [target steps, vocabulary] and attention [heads, target steps, source steps]."""
        memory, words = self.encode(source_ids)
        states = initial_states(self.weights, memory, self.decoder_layers)
        all_logits, all_attention = [], []
        for previous_id in [self.start_id, *target_ids[:-1]]:
            logits, states, attention = self.step(previous_id, states, memory, words)
            all_logits.append(logits)
            all_attention.append(attention)
        return np.stack(all_logits), np.stack(all_attention, axis=1)

    def log_probs(self, source_ids, target_ids):
        """The log-probability of each target piece, [target steps]."""
        logits, _ = self.teacher_forced(source_ids, target_ids)
        return log_softmax(logits)[np.arange(len(target_ids)), target_ids]
