"""Search with a network: what it reports is what the network says, in any batch, from one trace."""

import numpy as np
import pytest
import tensorflow as tf
from references.model import ReferenceModel, log_softmax
from references.networks import SPECIAL_IDS, padded, random_network, random_sentences
from references.search import beam_search as reference_beam_search
from references.search import greedy

from translator.decoding import graph as graph_module
from translator.decoding.dynamic_options import DynamicOptions
from translator.decoding.graph import SearchGraph, max_target_lengths, no_constraints, search
from translator.search_options import SearchOptions

SOURCES = random_sentences(1, [4, 1, 7, 2, 3])


@pytest.fixture(scope="module")
def network():
    network = random_network(attention_heads=2, dictionary=2)
    bias = network.embedding.bias.numpy()
    bias[[SPECIAL_IDS.padding, SPECIAL_IDS.start]] = -50  # as a trained network has it
    network.embedding.bias.assign(bias)
    return network


@pytest.fixture(scope="module")
def graph(network):
    return SearchGraph([network])


def options(beam_size, length_penalty, n_best):
    return SearchOptions(beam_size=beam_size, length_penalty=length_penalty, n_best=n_best)


def rows_of(found, i):
    """The hypotheses of sentence i: ids up to the end, log-probability, score."""
    ids, lengths, log_probs, scores = (part.numpy()[i] for part in found[:4])
    return [
        (tuple(row[:length].tolist()), log_prob, score)
        for row, length, log_prob, score in zip(ids, lengths, log_probs, scores, strict=True)
    ]


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("beam_size", [1, 3])
def test_search_equals_numpy_network_and_python_search(network, graph, beam_size, alpha):
    reference = ReferenceModel(network)
    found = graph.search(padded(SOURCES), options(beam_size, alpha, 1))
    for i, source in enumerate(SOURCES):

        def log_probs_after(prefix, source=source):
            return log_softmax(reference.teacher_forced(source, [*prefix, SPECIAL_IDS.end])[0][-1])

        max_length = 2 * len(source) + 10
        if beam_size == 1:
            expected = greedy(log_probs_after, SPECIAL_IDS.end, max_length, alpha)
        else:
            expected = reference_beam_search(log_probs_after, SPECIAL_IDS.end, max_length, alpha, beam_size)[
                0
            ]
        [(ids, log_prob, score)] = rows_of(found, i)
        assert ids == expected.ids
        np.testing.assert_allclose([log_prob, score], [expected.log_prob, expected.score], atol=1e-4)


@pytest.mark.parametrize(("beam_size", "n_best"), [(1, 1), (5, 5), (8, 2)])
def test_reported_log_probability_is_that_of_forced_decoding(network, graph, beam_size, n_best):
    source_ids = padded(SOURCES, extra=2)
    found = graph.search(source_ids, options(beam_size, 1.0, n_best))
    assert (found.lengths.numpy() > 0).all()
    for rank in range(n_best):
        for log_probs in (network.log_probs, graph.log_probs):
            forced = tf.reduce_sum(log_probs(source_ids, found.ids[:, rank]), axis=1)
            np.testing.assert_allclose(found.log_probs[:, rank], forced, atol=1e-4)


def test_padding_and_other_sentences_do_not_change_what_is_found(graph):
    together = graph.search(padded(SOURCES, extra=4), options(4, 1.0, 4))
    for i, source in enumerate(SOURCES):
        alone = rows_of(graph.search(padded([source]), options(4, 1.0, 4)), 0)
        assert [ids for ids, _, _ in rows_of(together, i)] == [ids for ids, _, _ in alone]
        numbers = [row[1:] for row in rows_of(together, i)]
        np.testing.assert_allclose(numbers, [row[1:] for row in alone], atol=1e-4)


def test_the_graph_finds_what_eager_search_finds(network, graph):
    wanted, source_ids = options(3, 0.5, 2), tf.constant(padded(SOURCES))
    eager = search(
        [network], source_ids, no_constraints(5), wanted, DynamicOptions.of(wanted), has_phrases=False
    )
    in_graph = graph.search(source_ids, wanted)
    for name, expected, found in zip(eager._fields, eager, in_graph, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4, err_msg=name)


def traced_network():
    """A network and a list that grows by one with each graph that is traced with it."""
    network, traces = random_network(), []
    encode = network.encode
    network.encode = lambda *arguments: traces.append(arguments) or encode(*arguments)  # runs when traced
    return network, traces


def test_one_trace_serves_every_batch_length_penalty_and_width():
    network, traces = traced_network()
    graph = SearchGraph([network])
    for sources, penalty in [(SOURCES, 1.0), (SOURCES[:1], 0.0), (SOURCES[1:3], 0.5), (SOURCES[1:2], 1)]:
        graph.search(padded(sources), options(2, penalty, 1))
    for beam_size, n_best in [(3, 1), (3, 3), (8, 2), (20, 20)]:
        found = graph.search(padded(SOURCES), options(beam_size, 1.0, n_best))
        assert found.lengths.shape == (len(SOURCES), n_best)
    assert len(traces) == 1
    graph.search(padded(SOURCES), options(1, 1.0, 1))
    assert len(traces) == 2  # greedy search is a graph of its own
    for sources in (SOURCES, SOURCES[:1]):
        graph.attention(padded(sources), padded(sources, extra=1))
        graph.log_probs(padded(sources), padded(sources, extra=1))
    assert len(traces) == 4


def test_only_the_graphs_that_were_used_last_are_kept(monkeypatch):
    monkeypatch.setattr(graph_module, "_MAX_SEARCH_GRAPHS", 2)
    network, traces = traced_network()
    graph = SearchGraph([network])
    for size in (1, 2, 1, 3, 1, 4):
        graph.search(padded(SOURCES[:1]), SearchOptions(beam_size=2, no_repeat_ngram=size))
    assert len(traces) == 4  # that of size 1 was kept all the time
    graph.search(padded(SOURCES[:1]), SearchOptions(beam_size=2, no_repeat_ngram=2))
    assert len(traces) == 5


def test_a_translation_may_be_twice_as_long_as_its_source_plus_ten_tokens():
    source_ids = tf.constant(padded(random_sentences(1, [1, 5]), extra=3))
    assert max_target_lengths(source_ids, SPECIAL_IDS.padding).numpy().tolist() == [12, 20]


def test_a_minimum_above_the_default_maximum_is_reached(graph):
    source_ids = padded([[4, 5, 3]])
    [[length]] = graph.search(source_ids, SearchOptions(beam_size=2, min_length=40)).lengths.numpy()
    assert length == 40 > max_target_lengths(source_ids, SPECIAL_IDS.padding).numpy()[0]
