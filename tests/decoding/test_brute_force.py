"""Search with many random networks against all translations that there are, scored by forced decoding."""

from itertools import product

import numpy as np
import pytest
import tensorflow as tf
from references.networks import SPECIAL_IDS, padded, random_network, random_sentences
from references.search import score_of

from translator.decoding.graph import SearchGraph
from translator.search_options import SearchOptions

VOCABULARY_SIZE, MAX_LENGTH = 6, 4
NETWORKS = 100  # of each shape
# The tokens that a translation may contain: text, and the unknown token.
TOKENS = sorted({*range(VOCABULARY_SIZE)} - {*SPECIAL_IDS})
EVERY = [(*body, SPECIAL_IDS.end) for length in range(MAX_LENGTH) for body in product(TOKENS, repeat=length)]
WIDE = len(EVERY)


def redraw(network, random):
    """New random weights, large ones, and a rare end: else most translations would be empty."""
    for weight in network.trainable_variables:
        weight.assign(random.normal(1.0 if weight.name == "gamma" else 0.0, 1.0, weight.shape))
    network.embedding.bias.assign(network.embedding.bias - 2 * np.eye(VOCABULARY_SIZE)[SPECIAL_IDS.end])


def score_all(graph, source_ids, alpha):
    """Each translation of each sentence -> its log-probability and score, from one forced decoding."""
    log_probs = graph.log_probs(
        np.repeat(source_ids, len(EVERY), axis=0), np.tile(padded(EVERY), [len(source_ids), 1])
    )
    totals = tf.reduce_sum(log_probs, axis=1).numpy().reshape(len(source_ids), len(EVERY)).astype(float)
    return [
        {ids: (total, score_of(total, len(ids), alpha)) for ids, total in zip(EVERY, row, strict=True)}
        for row in totals
    ]


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 2, 2)], ids=str)
def test_a_wide_beam_finds_the_optimum_and_a_narrow_one_reports_true_scores(shape):
    encoder_layers, decoder_layers, heads = shape
    network = random_network(
        vocabulary_size=VOCABULARY_SIZE,
        units=4,
        encoder_layers=encoder_layers,
        decoder_layers=decoder_layers,
        attention_heads=heads,
        dictionary=3 * (heads - 1),
    )
    graph, random = SearchGraph([network]), np.random.default_rng(sum(shape))
    best_lengths, num_missed = set(), dict.fromkeys((1, 2, 3), 0)
    for trial in range(NETWORKS):
        redraw(network, random)
        source_ids = padded(random_sentences(trial, random.integers(1, 6, 2), VOCABULARY_SIZE))
        alpha = float(random.choice([0.0, 0.6, 1.0, 2.0]))
        scored = score_all(graph, source_ids, alpha)
        for beam_size in (1, 2, 3, WIDE):
            options = SearchOptions(
                beam_size=beam_size,
                n_best=min(beam_size, 3),
                length_penalty=alpha,
                max_length=MAX_LENGTH,
            )
            ids, lengths, log_probs, scores, _ = (part.numpy() for part in graph.search(source_ids, options))
            for i, of_sentence in enumerate(scored):
                found = [tuple(row[:length].tolist()) for row, length in zip(ids[i], lengths[i], strict=True)]
                forced = np.array([of_sentence[one] for one in found])
                np.testing.assert_allclose(log_probs[i], forced[:, 0], atol=1e-4)
                np.testing.assert_allclose(scores[i], forced[:, 1], atol=1e-4)
                in_order = sorted((score for _, score in of_sentence.values()), reverse=True)
                if beam_size == WIDE:
                    np.testing.assert_allclose(scores[i], in_order[: len(found)], atol=1e-4)
                    best_lengths.add(len(found[0]))
                else:
                    assert scores[i, 0] <= in_order[0] + 1e-4
                    num_missed[beam_size] += bool(scores[i, 0] < in_order[0] - 1e-4)
    # The cases are worth the name: translations of all lengths win, and narrow beams miss some.
    assert best_lengths == {1, 2, 3, 4}
    assert num_missed[1] > num_missed[3] > 0
