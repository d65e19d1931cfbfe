"""Exported graphs return what the translator returns, for any text, and each is traced only once."""

import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from references.toy import WORDS

from translator.decoding.translator import Translator
from translator.serving import token_search
from translator.serving.graph import TextGraph, TokenGraph

LINES = [" ".join(np.random.default_rng(i).choice(WORDS, 1 + i % 7)) for i in range(12)]
UGLY = ["", " ", "\u200b", "\t", "  ada  bob ", "unknown words!", "\u65e5\u672c", "\x00", "a" * 300]
UGLY += [" ".join(WORDS * 40), "ada. " * 50, "\u4f60\u597d\u3002" * 30]


@pytest.fixture(scope="module")
def graph(networks, tokenizer, config):
    return TextGraph(networks[:1], tokenizer, config)


@pytest.fixture(scope="module")
def signatures(graph):
    return graph.signatures()


def strings(tensor):
    return [value.decode() for value in tensor.numpy().reshape(-1)]


def translated(signatures, lines, beam_size, length_penalty, n_best):
    options = tf.constant(beam_size), tf.constant(length_penalty, tf.float32), tf.constant(n_best)
    found = signatures["translate"](tf.constant(lines, tf.string), *options)
    return found["translations"].numpy(), found["scores"].numpy()


@pytest.mark.parametrize("no_repeat_ngram", [0, 1])
@pytest.mark.parametrize("ensemble", [False, True])
def test_the_default_signature_equals_the_translator(networks, tokenizer, config, ensemble, no_repeat_ngram):
    together = networks if ensemble else networks[:1]
    config = config.override({"decoding.no_repeat_ngram": no_repeat_ngram})
    expected = Translator(together, tokenizer, config).translate(LINES, alignments=False)
    found = TextGraph(together, tokenizer, config).signatures()["serving_default"](tf.constant(LINES))
    assert strings(found["translation"]) == [one.text for one in expected]
    np.testing.assert_allclose(found["score"], [one.score for one in expected], atol=1e-4)


@pytest.mark.parametrize(("beam_size", "n_best"), [(1, 1), (2, 1), (4, 3), (5, 5)])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_options_equal_those_of_the_translator(translator, signatures, beam_size, n_best, length_penalty):
    expected = translator.translate(
        LINES, beam_size=beam_size, n_best=n_best, length_penalty=length_penalty, alignments=False
    )
    texts, scores = translated(signatures, LINES, beam_size, length_penalty, n_best)
    for one, row, values in zip(expected, texts, scores, strict=True):
        ranked = [one, *one.alternatives]
        assert [text.decode() for text in row[: len(ranked)]] == [each.text for each in ranked]
        np.testing.assert_allclose(values[: len(ranked)], [each.score for each in ranked], atol=1e-4)
        assert (row[len(ranked) :] == b"").all()  # there are fewer hypotheses than requested


@pytest.mark.parametrize("n_best", [2, 5])
def test_alternatives_of_long_lines_are_the_best_combinations_of_their_parts(translator, signatures, n_best):
    lines = [" ".join(WORDS * 4), "ada", "", "ada, bob. cid dee " * 9, "eve " * 70]
    options = {"beam_size": 5, "length_penalty": 0.5, "n_best": n_best, "alignments": False}
    expected = translator.translate(lines, **options)
    texts, scores = translated(signatures, lines, 5, 0.5, n_best)
    for one, row, values in zip(expected, texts, scores, strict=True):
        ranked = [one, *one.alternatives]
        assert [text.decode() for text in row[: len(ranked)]] == [each.text for each in ranked]
        np.testing.assert_allclose(values[: len(ranked)], [each.score for each in ranked], atol=1e-4)
        assert (row[len(ranked) :] == b"").all()


def test_options_out_of_range_are_clipped(signatures):
    for asked, within in [((0, -1.0, 0), (1, 0.0, 1)), ((2, 99.0, 7), (2, 10.0, 2))]:
        for outside, inside in zip(
            translated(signatures, LINES, *asked), translated(signatures, LINES, *within), strict=True
        ):
            np.testing.assert_array_equal(outside, inside)


def test_groups_do_not_change_a_translation(networks, tokenizer, config, signatures, monkeypatch):
    expected = translated(signatures, LINES + UGLY, 3, 0.5, 2)
    monkeypatch.setattr(token_search, "MAX_BATCH_TOKENS", 30)  # one or two sentences per group
    small = TextGraph(networks[:1], tokenizer, config).signatures()
    texts, scores = translated(small, LINES + UGLY, 3, 0.5, 2)
    assert (texts == expected[0]).all()
    np.testing.assert_allclose(scores, expected[1], atol=1e-4)


def test_alignments_equal_those_of_the_translator(translator, signatures):
    lines = [LINES[3], "", " ".join(WORDS * 4), LINES[5], "ada, bob. " * 9]
    expected = translator.translate(lines, alignments=True)
    found = {name: value.numpy() for name, value in signatures["align"](tf.constant(lines)).items()}
    assert [text.decode() for text in found["translation"]] == [one.text for one in expected]
    for i, one in enumerate(expected):
        rows, columns = len(one.tokens), len(one.source_tokens)
        assert (found["lengths"][i], found["source_lengths"][i]) == (rows, columns)
        for name, tokens in (("pieces", one.tokens), ("source_pieces", one.source_tokens)):
            assert [token.decode() for token in found[name][i, : len(tokens)]] == list(tokens)
            assert (found[name][i, len(tokens) :] == b"").all()
        np.testing.assert_allclose(found["attention"][i, :rows, :columns], one.alignment, atol=1e-4)
        outside = found["attention"][i].copy()
        outside[:rows, :columns] = 0
        assert (outside == 0).all()
        np.testing.assert_allclose(found["score"][i], one.score, atol=1e-4)


@pytest.mark.parametrize("name", ["serving_default", "align"])
@pytest.mark.parametrize("lines", [[], [""], ["", " "], UGLY], ids=["none", "empty", "blank", "ugly"])
def test_ugly_lines_give_one_result_each(signatures, translator, name, lines):
    found = signatures[name](tf.constant(lines, tf.string))
    expected = translator.translate(lines, alignments=False)
    assert strings(found["translation"]) == [one.text for one in expected]
    np.testing.assert_allclose(found["score"], [one.score for one in expected], atol=1e-4)
    for value in found.values():
        assert value.shape[0] == len(lines)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=40))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_gives_one_line_each(signatures, lines):
    encodable = [line.encode("utf-8", "replace") for line in lines]
    found = signatures["serving_default"](tf.constant(encodable))
    assert found["translation"].shape == found["score"].shape == (len(lines),)
    assert not any({"\n", "\r", "\t"} & set(text) for text in strings(found["translation"]))
    assert np.isfinite(found["score"]).all()


def test_bytes_that_are_not_valid_text_give_a_result(signatures):
    found = signatures["serving_default"](tf.constant([b"\xff\xfe", b"ada \xc3", b"\xed\xa0\x80"]))
    assert found["translation"].shape == (3,)


def test_each_signature_is_traced_once(signatures):
    for lines in (["ada"], LINES, [], ["", " ".join(WORDS * 9)]):
        signatures["serving_default"](tf.constant(lines, tf.string))
        signatures["align"](tf.constant(lines, tf.string))
        translated(signatures, lines, 2 + len(lines), 1.0, 2)
    for name in ("serving_default", "align", "translate"):
        assert signatures[name].experimental_get_tracing_count() == 1, name


def test_simultaneous_callers_get_their_own_translations(signatures):
    expected = strings(signatures["serving_default"](tf.constant(LINES))["translation"])
    answers = {}

    def call(i):
        answers[i] = strings(signatures["batched"](tf.constant([LINES[i], ""]))["translation"])

    threads = [threading.Thread(target=call, args=[i]) for i in range(len(LINES))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {i: [text, ""] for i, text in enumerate(expected)}


def test_a_call_may_have_more_lines_than_a_batch_holds(signatures):
    lines = LINES * 20
    expected = strings(signatures["serving_default"](tf.constant(lines))["translation"])
    assert strings(signatures["batched"](tf.constant(lines))["translation"]) == expected


def test_token_ids_are_translated_like_text(translator, networks, tokenizer, config):
    lines = [*LINES, ""]
    expected = translator.translate(lines, beam_size=4, n_best=2, alignments=False)
    rows = tf.ragged.constant(tokenizer.encode(lines), tf.int32).to_tensor(tokenizer.padding_id)
    signatures = TokenGraph(networks[:1], tokenizer, config).signatures()
    found = signatures["translate"](rows, tf.constant(4), tf.constant(0.5), tf.constant(2))
    ids, lengths, scores = (found[name].numpy() for name in ("target_ids", "lengths", "scores"))
    for i, one in enumerate(expected):
        for j, each in enumerate([one, *one.alternatives]):
            pieces = tokenizer.tokens(ids[i, j, : lengths[i, j]].tolist())
            assert pieces == list(each.tokens[:-1])
            assert (ids[i, j, lengths[i, j] :] == tokenizer.padding_id).all()
            np.testing.assert_allclose(scores[i, j], each.score, atol=1e-4)
    default = signatures["serving_default"](rows)
    best = translator.translate(lines, alignments=False)
    texts = tokenizer.decode(
        [row[:n].tolist() for row, n in zip(default["target_ids"].numpy(), default["length"], strict=True)]
    )
    assert texts == [one.text for one in best]
    # An end-of-sentence token in the source changes nothing.
    ended = tf.concat([rows, tf.fill([len(lines), 1], tokenizer.end_id)], axis=1)
    np.testing.assert_array_equal(signatures["serving_default"](ended)["target_ids"], default["target_ids"])


def test_a_graph_exported_on_a_machine_with_a_gpu_runs_anywhere(networks, config, tokenizer, monkeypatch):
    def cudnn(*_):
        raise AssertionError("cuDNN's kernel is for a GPU only")

    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["a card"])
    monkeypatch.setattr(keras.layers.LSTM, "inner_loop", cudnn)
    with pytest.raises(AssertionError, match="for a GPU only"):  # as in training
        networks[0].encode(tf.constant([[4, 3]]))
    for signature in TextGraph(networks[:1], tokenizer, config).signatures().values():
        signature.get_concrete_function()
