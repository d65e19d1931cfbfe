"""The whole network for one sentence pair without padding."""

import numpy as np

from references.decoder import decoder_step, initial_state
from references.encoder import encode


def log_softmax(logits):
    """The logarithm of softmax over the last axis."""
    largest = logits.max(axis=-1, keepdims=True)
    return logits - largest - np.log(np.exp(logits - largest).sum(axis=-1, keepdims=True))


def output_rows(matrix, length):
    """The output rows: those of the matrix, scaled to one length unless it is 0."""
    return length * matrix / np.linalg.norm(matrix, axis=1, keepdims=True) if length else matrix


class ReferenceModel:
    """A ``TranslationModel`` without TensorFlow, in float64.

    Attributes:
        weights: the value of each weight, by path.

    Args:
        network: the ``TranslationModel`` to copy.
    """

    def __init__(self, network):
        config = network.get_config()
        self.weights = {weight.path: weight.numpy().astype(np.float64) for weight in network.weights}
        self.units, self.num_heads = config["units"], config["attention_heads"]
        self.output_row_length = config["output_row_length"]
        self.encoder_layers, self.decoder_layers = config["encoder_layers"], config["decoder_layers"]
        self.start_id = network.special_ids.start

    def embed(self, token_id):
        """The embedding [units] of a token."""
        return self.weights["embedding/matrix"][token_id] * np.sqrt(self.units)

    def encode(self, source_ids):
        """Source ids, including the end, to the memory [source_length, units] and the lexical values.

        The lexical value of a token is its embedding, followed by its dictionary vector if there is one.
        """
        embedded = np.stack([self.embed(token_id) for token_id in source_ids])
        memory = encode(self.weights, embedded, self.encoder_layers)
        if "dictionary/shares" not in self.weights:
            return memory, embedded
        dictionary_vectors = np.stack([self.look_up(token_id) for token_id in source_ids])
        return memory, np.concatenate([embedded, dictionary_vectors], axis=1)

    def look_up(self, token_id):
        """The dictionary vector of a token, [units]."""
        translations = self.weights["dictionary/translations"][token_id].astype(int)
        rows = output_rows(self.weights["embedding/matrix"], 1.0)[translations]
        return self.weights["dictionary/shares"][token_id] @ rows

    def step(self, previous_id, state, memory, lexical_values):
        """Logits of the next token [vocabulary], new state and attention weights [heads, source_length]."""
        readout, state, attention = decoder_step(
            self.weights, self.embed(previous_id), state, memory, lexical_values, self.num_heads
        )
        rows = output_rows(self.weights["embedding/matrix"], self.output_row_length)
        logits = rows @ readout + self.weights["embedding/bias"]
        return logits, state, attention

    def teacher_forced(self, source_ids, target_ids):
        """Logits [target_length, vocabulary] and attention [heads, target_length, source_length]."""
        memory, lexical_values = self.encode(source_ids)
        state = initial_state(self.weights, memory, self.decoder_layers)
        all_logits, all_attention = [], []
        for previous_id in [self.start_id, *target_ids[:-1]]:
            logits, state, attention = self.step(previous_id, state, memory, lexical_values)
            all_logits.append(logits)
            all_attention.append(attention)
        return np.stack(all_logits), np.stack(all_attention, axis=1)

    def log_probs(self, source_ids, target_ids):
        """The log-probability of each target token, [target_length]."""
        logits, _ = self.teacher_forced(source_ids, target_ids)
        return log_softmax(logits)[np.arange(len(target_ids)), target_ids]
