"""The translator: what comes back for each line, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf
from references.toy import WORDS

from translator.config import Config, ModelConfig
from translator.decoding.translator import Translator
from translator.errors import ConfigError
from translator.nn.model import SpecialIds, build_model

CONFIG = Config().override(
    {"data.max_pieces": 30, "decoding.beam_size": 3, "decoding.length_penalty": 0.5, "model.units": 8}
)
MIXED = ["ada", "bob cid dee eve fay gus hal ivy", "jon kim", "unknown words!", "leo mia ned", "oli"]


def random_translator(tokenizer, end, pieces=()):
    """A translator and its network, with random weights; the end and some other pieces are made likelier."""
    special_ids = SpecialIds(tokenizer.padding_id, tokenizer.start_id, tokenizer.end_id)
    network = build_model(ModelConfig(units=8), tokenizer.vocabulary_size, special_ids)
    random = np.random.default_rng(1)
    for weight in network.trainable_variables:
        weight.assign(random.normal(1.0 if weight.name == "gamma" else 0.0, 0.5, weight.shape))
    bias = network.embedding.bias.numpy()
    bias[[special_ids.padding, special_ids.start]] = -50  # as a trained network has it
    bias[special_ids.end] += end
    for piece in pieces:
        bias[tokenizer.pieces(range(tokenizer.vocabulary_size)).index(piece)] += end
    network.embedding.bias.assign(bias)
    return Translator([network], tokenizer, CONFIG), network


@pytest.fixture(scope="module")
def translator(tokenizer):
    return random_translator(tokenizer, end=3)[0]


def test_lines_of_mixed_lengths_keep_their_order(translator):
    together = translator.translate(MIXED, beam_size=2)
    assert len({one.text for one in together}) > 3
    for line, one in zip(MIXED, together, strict=True):
        [alone] = translator.translate([line], beam_size=2)
        assert (one.text, one.tokens, one.source_tokens) == (alone.text, alone.tokens, alone.source_tokens)
        np.testing.assert_allclose(one.score, alone.score, atol=1e-4)


def test_streamed_lines_give_what_a_list_gives(translator):
    lines = [" ".join(WORDS[i % 16 : i % 16 + 1 + i % 5]) for i in range(150)]  # more than one window
    from_list = translator.translate(lines, beam_size=1)
    from_stream = list(translator.translate_lines(iter(lines), beam_size=1))
    assert [one.text for one in from_stream] == [one.text for one in from_list]
    assert all(one.alignment is None for one in from_stream)


@pytest.mark.parametrize("blank", ["", "   ", "\t", "\u200b"])
def test_a_line_without_text_gives_an_empty_translation_in_its_place(translator, blank):
    before, empty, after = translator.translate(["ada bob", blank, "cid"], beam_size=1)
    assert before.text
    assert after.text
    assert (empty.text, empty.score, empty.log_probability) == ("", 0.0, 0.0)
    assert (empty.tokens, empty.source_tokens, empty.alternatives) == ((), (), ())


def test_nothing_to_translate_gives_nothing(translator):
    assert translator.translate([]) == []
    assert list(translator.translate_lines([])) == []
    assert [one.text for one in translator.translate(["", " "])] == ["", ""]


def test_tokens_scores_and_log_probability_belong_together(translator, tokenizer):
    for line, one in zip(MIXED, translator.translate(MIXED, length_penalty=0.5), strict=True):
        assert one.source_tokens == (*tokenizer.pieces(tokenizer.encode([line])[0]), "</s>")
        assert one.tokens[-1] == "</s>"
        assert one.log_probability < 0
        expected = one.log_probability / ((5 + len(one.tokens)) / 6) ** 0.5
        np.testing.assert_allclose(one.score, expected, rtol=1e-5)


def test_log_probability_is_what_the_network_gives_the_tokens(tokenizer):
    translator, network = random_translator(tokenizer, end=3)
    ids = {piece: i for i, piece in enumerate(tokenizer.pieces(range(tokenizer.vocabulary_size)))}
    for one in translator.translate(MIXED):
        source_ids, target_ids = (
            [[ids[token] for token in side]] for side in (one.source_tokens, one.tokens)
        )
        forced = network.log_probs(tf.constant(source_ids), tf.constant(target_ids))
        np.testing.assert_allclose(one.log_probability, tf.reduce_sum(forced), atol=1e-3)


def test_defaults_come_from_the_configuration(translator):
    by_default = translator.translate(MIXED)
    explicit = translator.translate(MIXED, beam_size=3, length_penalty=0.5)
    assert [(one.text, one.score) for one in by_default] == [(one.text, one.score) for one in explicit]
    greedy = translator.translate(MIXED, beam_size=1, length_penalty=0.5)
    assert [one.score for one in greedy] != [one.score for one in by_default]


@pytest.mark.parametrize("method", ["translate", "translate_lines"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam_size": 0}, "beam_size: 0 is outside 1 to 1000"),
        ({"beam_size": 1001}, "beam_size: 1001 is outside 1 to 1000"),
        ({"beam_size": 2.5}, "beam_size: expected a whole number, got 2.5"),
        ({"length_penalty": -0.5}, "length_penalty: -0.5 is outside 0 to 10"),
        ({"length_penalty": 11}, "length_penalty: 11.0 is outside 0 to 10"),
        ({"top_p": 0}, "top_p: 0.0 is outside 0.001 to 1"),
        ({"length_normalization": "mean"}, "length_normalization: 'mean' is neither gnmt nor average"),
        ({"min_length": 5, "max_length": 4}, "min_length: 5 is more than max_length, 4"),
        ({"num_hypotheses": 0}, "num_hypotheses: 0 is outside 1 to 1000"),
        (
            {"num_hypotheses": 5, "beam_size": 4},
            "num_hypotheses: 5 is outside 1 to the beam size, 4",
        ),
    ],
    ids=str,
)
def test_options_out_of_range_are_refused_at_once(translator, method, options, message):
    with pytest.raises(ConfigError) as caught:
        getattr(translator, method)(["ada"], **options)
    assert str(caught.value) == message


@pytest.mark.parametrize("method", ["translate", "translate_lines"])
def test_one_string_is_no_list_of_sentences(translator, method):
    with pytest.raises(TypeError, match="must be a list of sentences, not one string"):
        getattr(translator, method)("ada bob")


def test_alignment_has_a_row_for_each_token_and_each_row_sums_to_one(translator):
    for one in translator.translate(MIXED, beam_size=2, num_hypotheses=2):
        for hypothesis in (one, *one.alternatives):
            assert hypothesis.alignment.dtype == np.float32
            assert hypothesis.alignment.shape == (len(hypothesis.tokens), len(hypothesis.source_tokens))
            assert (hypothesis.alignment >= 0).all()
            np.testing.assert_allclose(hypothesis.alignment.sum(axis=1), 1, rtol=1e-5)
    assert translator.translate(["ada"], alignments=False)[0].alignment is None


def test_alternatives_are_the_next_best_translations(translator):
    for one, best in zip(
        translator.translate(MIXED, beam_size=4, num_hypotheses=4),
        translator.translate(MIXED, beam_size=4),
        strict=True,
    ):
        assert one.tokens == best.tokens
        ranked = [one, *one.alternatives]
        assert len(ranked) == len({hypothesis.tokens for hypothesis in ranked}) == 4
        assert sorted(ranked, key=lambda hypothesis: -hypothesis.score) == ranked
        assert best.alternatives == ()
        assert all(alternative.alternatives == () for alternative in one.alternatives)


def test_first_translations_come_before_the_input_ends(translator):
    num_read = 0

    def endless():
        nonlocal num_read
        while True:
            num_read += 1
            yield WORDS[num_read % 16]

    stream = translator.translate_lines(endless(), beam_size=1)
    assert num_read == 0
    next(stream)
    assert 1 <= num_read <= 64


def test_interactive_translation_answers_before_the_next_line_is_read(translator):
    conversation = []

    def lines():
        for line in ["ada", "", "bob cid"]:
            conversation.append("line")
            yield line

    for _ in translator.translate_lines(lines(), beam_size=1, interactive=True):
        conversation.append("translation")
    assert conversation == ["line", "translation"] * 3


def test_a_line_of_five_thousand_words(translator):
    line = " ".join(WORDS[i % 16] + ("." if i % 37 == 36 else "") for i in range(5000))
    one, other = translator.translate([line, "ada"], beam_size=1)
    num_parts = one.source_tokens.count("</s>")
    assert num_parts >= 5000 / 30
    pieces = "".join(token for token in one.source_tokens if token != "</s>")
    assert pieces.replace("▁", " ").replace("<0x2E>", ".").split() == line.split()
    assert one.text
    assert one.alignment.shape == (len(one.tokens), len(one.source_tokens))
    np.testing.assert_allclose(one.alignment.sum(axis=1), 1, rtol=1e-4)
    assert other.text == translator.translate(["ada"], beam_size=1)[0].text


def test_a_translation_is_one_line(tokenizer):
    translator, _ = random_translator(tokenizer, end=8, pieces=["<0x0A>", "<0x0D>"])
    translations = translator.translate(MIXED, beam_size=4, num_hypotheses=4)
    tokens = [token for one in translations for other in (one, *one.alternatives) for token in other.tokens]
    assert "<0x0A>" in tokens  # the network says line feeds
    for one in translations:
        assert not any("\n" in other.text or "\r" in other.text for other in (one, *one.alternatives))
