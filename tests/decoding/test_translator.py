"""The translator: what comes back for each line, and what is refused."""

import itertools
import json
from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf
from references.model import ReferenceModel, log_softmax
from references.networks import word_network, write_model
from references.search import beam_search as reference_beam_search
from references.toy import WORDS

from translator.config import Config, ModelConfig
from translator.corpus.tokenizer import train_tokenizer
from translator.decoding import pipeline
from translator.decoding.alignment import word_alignment
from translator.decoding.glossary import Glossary
from translator.decoding.long_lines import LongLines
from translator.decoding.translator import Translator
from translator.errors import ConfigError, DataError, ModelError
from translator.model_folder import (
    build_network,
)
from translator.nn.model import SpecialIds, build_model
from translator.search_options import describe_options

CONFIG = Config().override(
    {"data.max_tokens": 30, "decoding.beam_size": 3, "decoding.length_penalty": 0.5, "model.units": 8}
)
LINES = [" ".join(np.random.default_rng(i).choice(WORDS, 1 + i % 5)) for i in range(12)]
LONG = " ".join(WORDS * 4 + WORDS[:5])  # three parts of at most 30 tokens
MIXED = ["ada", "bob cid dee eve fay gus hal ivy", "jon kim", "unknown words!", "leo mia ned", "oli"]


def random_translator(tokenizer, end, tokens=()):
    """A translator and its network, with random weights; more probable are the end and some other tokens."""
    special_ids = SpecialIds(tokenizer.padding_id, tokenizer.start_id, tokenizer.end_id)
    network = build_model(ModelConfig(units=8), tokenizer.vocabulary_size, special_ids)
    random = np.random.default_rng(1)
    for weight in network.trainable_variables:
        weight.assign(random.normal(1.0 if weight.name == "gamma" else 0.0, 0.5, weight.shape))
    bias = network.embedding.bias.numpy()
    bias[[special_ids.padding, special_ids.start]] = -50  # as a trained network has it
    bias[special_ids.end] += end
    for token in tokens:
        bias[tokenizer.tokens(range(tokenizer.vocabulary_size)).index(token)] += end
    network.embedding.bias.assign(bias)
    return Translator([network], tokenizer, CONFIG), network


@pytest.fixture(scope="module")
def translator(tokenizer):
    return random_translator(tokenizer, end=3)[0]


@pytest.fixture(scope="module")
def network(tokenizer):
    return word_network(tokenizer, seed=58)


@pytest.fixture(scope="module")
def other_network(tokenizer):
    return word_network(tokenizer, seed=12, end=1.0, encoder_layers=1, decoder_layers=1)


@pytest.fixture(scope="module")
def wordy(network, tokenizer):
    """A translator whose translations are words of the toy language, of many lengths."""
    return Translator([network], tokenizer, CONFIG)


@pytest.fixture(scope="module")
def plain(wordy):
    """The translations of ``LINES`` by ``wordy`` without any option."""
    found = wordy.translate(LINES)
    assert len({one.text for one in found}) > 6
    assert len({len(one.tokens) for one in found}) > 3
    return found


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
def test_a_line_without_text_gives_an_empty_translation(translator, blank):
    before, empty, after = translator.translate(["ada bob", blank, "cid"], beam_size=1, min_length=3)
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
        assert one.source_tokens == (*tokenizer.tokens(tokenizer.encode([line])[0]), "</s>")
        assert one.tokens[-1] == "</s>"
        assert one.log_probability < 0
        expected = one.log_probability / ((5 + len(one.tokens)) / 6) ** 0.5
        np.testing.assert_allclose(one.score, expected, rtol=1e-5)


def test_log_probability_is_what_the_network_gives_the_tokens(tokenizer):
    translator, network = random_translator(tokenizer, end=3)
    ids = {token: i for i, token in enumerate(tokenizer.tokens(range(tokenizer.vocabulary_size)))}
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
        ({"n_best": 0}, "n_best: 0 is outside 1 to 1000"),
        (
            {"n_best": 5, "beam_size": 4},
            "n_best: 5 is more than the beam size, 4",
        ),
    ],
    ids=str,
)
def test_options_out_of_range_are_refused_at_once(translator, method, options, message):
    with pytest.raises(ConfigError) as caught:
        getattr(translator, method)(["ada"], **options)
    assert str(caught.value) == message


def test_one_sentence_gives_one_translation(wordy):
    alone, [first, _] = (
        wordy.translate("ada bob", prefix="pam"),
        wordy.translate(["ada bob", "cid"], prefix="pam"),
    )
    assert (alone.text, alone.tokens, alone.word_alignment) == (
        first.text,
        first.tokens,
        first.word_alignment,
    )
    assert alone.text.startswith("pam")


def test_lines_are_translated_when_the_input_pauses(translator):
    read = []

    def lines():
        for line in ["ada", "bob", "cid", "dee"]:
            read.append(line)
            yield line

    def is_pausing():
        return len(read) in (1, 3)

    translations = translator.translate_lines(lines(), interactive=is_pausing)
    num_read = [len(read) for _ in translations]
    assert num_read == [1, 3, 3, 4]


@pytest.mark.parametrize("interactive", [False, True])
def test_lines_before_one_that_cannot_be_read_are_translated(translator, interactive):
    def lines():
        yield from ("ada", "bob")
        raise DataError("line 3 is damaged")

    found = []
    with pytest.raises(DataError, match="line 3 is damaged"):
        found.extend(translator.translate_lines(lines(), interactive=interactive))
    expected = translator.translate(["ada", "bob"])
    assert [one.text for one in found] == [one.text for one in expected]


@pytest.mark.parametrize("text", [None, 5, b"ada", [None], ["ada", 5]], ids=repr)
def test_a_text_that_is_no_string_is_refused_by_every_method(translator, text):
    with pytest.raises(TypeError, match="expected a string"):
        translator.translate(text)
    with pytest.raises(TypeError, match="expected a string"):
        list(translator.translate_lines(text))
    with pytest.raises(TypeError, match="expected a string"):
        translator.log_probabilities(text, ["ada"])
    for method in (translator.inspect, translator.gates):
        with pytest.raises(TypeError, match="the text: expected a string, not"):
            method(text)
    with pytest.raises(TypeError, match="not one string"):
        translator.log_probabilities("ada", "bob")


def test_one_string_is_no_stream_of_lines(translator):
    with pytest.raises(TypeError, match="must be an iterable of sentences, not one string"):
        translator.translate_lines("ada bob")


@pytest.mark.parametrize("method", ["translate", "translate_lines"])
def test_an_option_without_effect_is_refused_as_on_the_command_line(translator, method):
    with pytest.raises(ConfigError, match=r"^top_k is for sampling: add sampling$"):
        getattr(translator, method)(["ada"], top_k=5)
    with pytest.raises(ConfigError, match="beam_size is for beam search, not for sampling: leave one out"):
        getattr(translator, method)(["ada"], beam_size=2, sampling=True)


def test_options_that_are_none_are_the_models_own(wordy):
    given, own = wordy.translate("ada bob", beam_size=None, top_k=None), wordy.translate("ada bob")
    assert (given.text, given.score) == (own.text, own.score)


def test_one_prefix_is_for_all_sentences(wordy):
    for one, other in zip(
        wordy.translate(LINES, prefix="pam pam"),
        wordy.translate(LINES, prefix=["pam pam"] * len(LINES)),
        strict=True,
    ):
        assert (one.text, one.score) == (other.text, other.score)


def test_a_glossary_may_be_a_mapping(wordy):
    one, other = (
        wordy.translate("ada bob", glossary=terms) for terms in ({"ada": "oli"}, Glossary({"ada": "oli"}))
    )
    assert (one.text, one.score) == (other.text, other.score)
    assert "oli" in one.text


def test_alignment_has_a_row_for_each_token_and_each_row_sums_to_one(translator):
    for one in translator.translate(MIXED, beam_size=2, n_best=2):
        for hypothesis in (one, *one.alternatives):
            assert hypothesis.alignment.dtype == np.float32
            assert hypothesis.alignment.shape == (len(hypothesis.tokens), len(hypothesis.source_tokens))
            assert (hypothesis.alignment >= 0).all()
            np.testing.assert_allclose(hypothesis.alignment.sum(axis=1), 1, rtol=1e-5)
    assert translator.translate(["ada"], alignments=False)[0].alignment is None


def test_alternatives_are_the_next_best_translations(translator):
    for one, best in zip(
        translator.translate(MIXED, beam_size=4, n_best=4),
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
    text = "".join(token for token in one.source_tokens if token != "</s>")
    assert text.replace("▁", " ").replace("<0x2E>", ".").split() == line.split()
    assert one.text
    assert one.alignment.shape == (len(one.tokens), len(one.source_tokens))
    np.testing.assert_allclose(one.alignment.sum(axis=1), 1, rtol=1e-4)
    assert other.text == translator.translate(["ada"], beam_size=1)[0].text


def test_alternatives_of_a_long_line_are_the_best_choices_of_its_parts(wordy, tokenizer):
    [one] = wordy.translate([LONG], beam_size=3, n_best=3)
    parts = LongLines(tokenizer, 30).parts_of(tokenizer.encode([LONG]))[0]
    parts = wordy.translate(tokenizer.decode(parts), beam_size=3, n_best=3)
    choices = list(itertools.product(*([part, *part.alternatives] for part in parts)))
    best = sorted(choices, key=lambda choice: -sum(chosen.score for chosen in choice))[:3]
    found = [one, *one.alternatives]
    assert [each.tokens for each in found] == [sum((c.tokens for c in choice), ()) for choice in best]
    for each, choice in zip(found, best, strict=True):
        assert each.text == " ".join(chosen.text for chosen in choice)
        np.testing.assert_allclose(each.log_probability, sum(c.log_probability for c in choice), atol=1e-3)
        np.testing.assert_allclose(each.score, np.mean([c.score for c in choice]), atol=1e-4)
        assert_links(LONG, each)


def test_a_translation_is_one_line(tokenizer):
    translator, _ = random_translator(tokenizer, end=8, tokens=["<0x0A>", "<0x0D>"])
    translations = translator.translate(MIXED, beam_size=4, n_best=4)
    tokens = [token for one in translations for other in (one, *one.alternatives) for token in other.tokens]
    assert "<0x0A>" in tokens  # the network writes line feeds
    for one in translations:
        assert not any("\n" in other.text or "\r" in other.text for other in (one, *one.alternatives))


# What a translation begins with


def parts_of(one):
    """The tokens of each part of a long line's translation."""
    parts, part = [], []
    for token in one.tokens:
        part.append(token)
        if token == "</s>":
            parts.append(part)
            part = []
    assert part == []
    return parts


@pytest.mark.parametrize("method", ["translate", "translate_lines"])
def test_translations_begin_with_their_prefixes(wordy, plain, tokenizer, method):
    prefixes = ["pam", "", "hal hal hal", "eve fay ", "", "Wer, ada?", *[""] * 6]
    found = list(getattr(wordy, method)(LINES, prefix=prefixes, alignments=False))
    for one, prefix, without in zip(found, prefixes, plain, strict=True):
        assert one.text.startswith(prefix.strip())
        tokens = tokenizer.tokens(tokenizer.encode([prefix])[0])
        assert list(one.tokens[: len(tokens)]) == tokens
        if not prefix:
            assert one.tokens == without.tokens
            np.testing.assert_allclose(one.score, without.score, atol=1e-4)
    texts = [one.text for one in found]
    np.testing.assert_allclose(
        wordy.log_probabilities(LINES, texts), [one.log_probability for one in found], atol=1e-3
    )


def test_no_prefixes_are_as_many_empty_ones(wordy, plain):
    found = wordy.translate(LINES, prefix=[""] * len(LINES))
    assert [(one.text, one.tokens, one.word_alignment) for one in found] == [
        (one.text, one.tokens, one.word_alignment) for one in plain
    ]


def test_a_prefix_belongs_to_the_first_part_of_a_long_line_alone(wordy):
    [without] = wordy.translate([LONG], alignments=False)
    [one] = wordy.translate([LONG], prefix=["pam pam"], alignments=False)
    (_, *others), (first, *others_with) = parts_of(without), parts_of(one)
    assert first[:2] == ["▁pam", "▁pam"]
    assert len(others) == 2
    assert others_with == others


def test_a_line_without_text_has_no_prefix(wordy):
    before, blank, after = wordy.translate(["ada", " ", "bob"], prefix=["pam", "pam", ""], alignments=False)
    assert (before.text[:3], blank.text, blank.tokens) == ("pam", "", ())
    assert after.text == wordy.translate(["bob"], alignments=False)[0].text


@pytest.mark.parametrize("prefixes", [[], ["pam"], ["pam"] * 3])
@pytest.mark.parametrize("method", ["translate", "translate_lines"])
def test_another_number_of_prefixes_is_refused(wordy, method, prefixes):
    with pytest.raises(ValueError, match=r"there are (fewer|more) prefixes than sentences"):
        list(getattr(wordy, method)(["ada", "bob"], prefix=prefixes))


# Glossary

GLOSSARY = Glossary({"ada": "hal hal", "bob": "pam", "kim leo": "gus ivy dee", "kim": "fay"})


def holds(text, term):
    return f" {term} " in f" {text} "


@pytest.fixture
def anywhere(monkeypatch):
    """Terms may begin anywhere: a network with random weights attends to random words."""
    positions = Glossary.source_positions
    monkeypatch.setattr(
        Glossary, "source_positions", lambda *arguments: {term: [] for term in [*positions(*arguments)]}
    )


@pytest.mark.parametrize(
    ("line", "terms"),
    [
        ("ada", ["hal hal"]),
        ("kim", ["fay"]),
        ("kim leo bob", ["gus ivy dee", "pam"]),
        ("Bob and ADA", ["pam", "hal hal"]),
        ("mia ada kim ned", ["hal hal", "fay"]),
    ],
)
def test_target_terms_appear_where_their_source_term_does(anywhere, wordy, line, terms):
    assert GLOSSARY.targets_for(line) == terms
    [one] = wordy.translate([line], glossary=GLOSSARY, alignments=False)
    assert [term for term in terms if not holds(one.text, term)] == []
    [forced] = wordy.log_probabilities([line], [one.text])
    np.testing.assert_allclose(one.log_probability, forced, atol=1e-3)


@pytest.mark.parametrize("term", ["pam unknown", "unknown", "pam pam pam pam pam pam pam pam pam"])
def test_a_term_that_the_network_would_never_write_appears_all_the_same(anywhere, wordy, term):
    [one] = wordy.translate(["ada bob"], glossary=Glossary({"bob": term}), alignments=False)
    assert holds(one.text, term)


def test_a_translation_names_the_terms_that_it_lacks(anywhere, wordy):
    lines, options = ["ada bob", "cid", f"ada {LONG}"], {"glossary": {"ada": "hal hal hal"}, "n_best": 3}
    for one in wordy.translate(lines, **options):
        assert one.unmet_terms == ()
    short, without, long = wordy.translate(lines, max_length=3, **options)
    assert without.unmet_terms == ()
    assert {each.unmet_terms for each in (short, *short.alternatives)} == {("hal hal hal",)}
    assert long.unmet_terms == ("hal hal hal",) * len(parts_of(long))


@pytest.fixture
def lengthening(tokenizer):
    """A translator that lengthens words by the letter n, spelled as a byte, for as long as it may."""
    network = word_network(tokenizer, seed=58)
    bias = network.embedding.bias.numpy()
    bias[tokenizer.tokens(range(tokenizer.vocabulary_size)).index("<0x6E>")] = 20
    network.embedding.bias.assign(bias)
    return Translator([network], tokenizer, CONFIG)


@pytest.mark.parametrize("options", [{}, {"beam_size": 1}, {"sampling": True}], ids=str)
def test_no_translation_lengthens_the_last_word_of_its_prefix(lengthening, options):
    for one in lengthening.translate(LINES, prefix="ada", alignments=False, **options):
        assert one.text.startswith("ada ")
        assert one.text.endswith("nnn")


def test_no_translation_lengthens_the_last_word_of_a_term(anywhere, lengthening):
    for one in lengthening.translate(["bob", "bob cid"], glossary={"bob": "ada"}, alignments=False):
        assert "ada" in one.text.split()
        assert one.unmet_terms == ()


def test_a_term_is_written_where_attention_is_on_its_source_word_or_named_as_lacking(wordy):
    found = wordy.translate(LINES, glossary=dict.fromkeys(WORDS[:4], "pam oli"))
    num_written = 0
    for line, one in zip(LINES, found, strict=True):
        is_wanted = bool(set(line.split()) & set(WORDS[:4]))
        is_written = holds(one.text, "pam oli")
        assert is_written == is_wanted or one.unmet_terms == ("pam oli",)
        if is_written:
            num_written += 1
            attended = {one.source_tokens[i] for i in one.alignment.argmax(axis=1)}
            assert attended & {f"▁{word}" for word in WORDS[:4]}
    assert num_written > 1


def test_lines_without_a_term_are_translated_as_without_a_glossary(wordy, plain):
    glossary = Glossary({"nobody": "pam", "unknown": "hal"})
    found = wordy.translate(LINES, glossary=glossary, alignments=False)
    assert [(one.text, one.score) for one in found] == [(one.text, one.score) for one in plain]
    found = wordy.translate(LINES, glossary=Glossary({}), alignments=False)
    assert [(one.text, one.score) for one in found] == [(one.text, one.score) for one in plain]


def test_lines_without_a_term_are_the_same_beside_lines_with_one(anywhere, wordy, plain):
    found = wordy.translate([*LINES, "kim unknown ada"], glossary=Glossary({"unknown": "pam"}))
    assert holds(found.pop().text, "pam")
    assert [one.tokens for one in found] == [one.tokens for one in plain]
    np.testing.assert_allclose([one.score for one in found], [one.score for one in plain], atol=1e-4)


def test_a_term_counts_in_the_part_of_a_long_line_that_contains_it(anywhere, wordy):
    line = f"unknown {LONG} kim unknown"
    [one] = wordy.translate([line], glossary=Glossary({"unknown": "pam pam pam"}), alignments=False)
    held = ["▁pam ▁pam ▁pam" in " ".join(part) for part in parts_of(one)]
    assert len(held) >= 3
    assert held[0]
    assert held[-1]


def test_a_glossary_goes_with_prefixes(anywhere, wordy):
    [one] = wordy.translate(["ada bob"], glossary=GLOSSARY, prefix=["oli"], alignments=False)
    assert one.tokens[0] == "▁oli"
    assert holds(one.text, "hal hal")
    assert holds(one.text, "pam")


# Several networks


def test_the_same_network_twice_finds_what_it_finds_alone(network, tokenizer, plain):
    found = Translator([network, network], tokenizer, CONFIG).translate(LINES, alignments=False)
    assert [(one.text, one.tokens) for one in found] == [(one.text, one.tokens) for one in plain]
    for name in ("score", "log_probability"):
        numbers = [[getattr(one, name) for one in some] for some in (found, plain)]
        np.testing.assert_allclose(*numbers, atol=1e-4)


@pytest.fixture(scope="module")
def folders(tmp_path_factory, tokenizer, network, other_network):
    """Three model folders: two networks of one tokenizer, and one of another tokenizer."""
    another = train_tokenizer([" ".join(WORDS[i:]) for i in range(8)], 400)
    small = CONFIG.override({"model.encoder_layers": 1, "model.decoder_layers": 1, "decoding.beam_size": 2})
    models = [
        (CONFIG, tokenizer, network),
        (small, tokenizer, other_network),
        (small, another, build_network(small, another)),
    ]
    return [write_model(tmp_path_factory.mktemp("model"), *model) for model in models]


@pytest.fixture(scope="module")
def pair(folders):
    """Two networks of different shapes and weights, loaded from their folders."""
    return Translator.load(folders[0], [str(folders[1])])


def test_the_settings_are_those_of_the_first_model(pair):
    assert pair.config == CONFIG


def test_two_networks_report_the_mean_of_their_probabilities(network, other_network, pair, tokenizer):
    found = pair.translate(LINES, alignments=False)
    ids = {token: i for i, token in enumerate(tokenizer.tokens(range(tokenizer.vocabulary_size)))}
    for one in found:
        source_ids, target_ids = (
            tf.constant([[ids[token] for token in side]]) for side in (one.source_tokens, one.tokens)
        )
        probabilities = [
            np.exp(log_softmax(each((source_ids, target_ids))[0].numpy().astype(np.float64)))
            for each in (network, other_network)
        ]
        token_probabilities = np.mean(probabilities, axis=0)[np.arange(len(one.tokens)), target_ids[0]]
        np.testing.assert_allclose(one.log_probability, np.log(token_probabilities).sum(), atol=1e-3)
        expected = one.log_probability / ((5 + len(one.tokens)) / 6) ** 0.5
        np.testing.assert_allclose(one.score, expected, rtol=1e-5)
    forced = pair.log_probabilities(LINES, [one.text for one in found])
    np.testing.assert_allclose(forced, [one.log_probability for one in found], atol=1e-3)


def test_an_ensemble_searches_as_plain_python_does(network, other_network, pair, plain, tokenizer):
    references = [ReferenceModel(each) for each in (network, other_network)]
    changed = 0
    for line, one, alone in zip(LINES[:4], pair.translate(LINES[:4], alignments=False), plain, strict=False):
        source = [*tokenizer.encode([line])[0], tokenizer.end_id]

        def log_probs_after(prefix, source=source):
            logits = [each.teacher_forced(source, [*prefix, 0])[0][-1] for each in references]
            return np.log(np.mean([np.exp(log_softmax(one)) for one in logits], axis=0))

        longest = 2 * len(source) + 10
        best = reference_beam_search(log_probs_after, tokenizer.end_id, longest, 0.5, beam_size=3)[0]
        assert tuple(tokenizer.tokens(list(best.ids))) == one.tokens
        np.testing.assert_allclose([one.log_probability, one.score], [best.log_prob, best.score], atol=1e-3)
        changed += one.tokens != alone.tokens
    assert changed  # the second network changes the result


def test_models_of_different_tokenizers_form_no_ensemble(folders):
    with pytest.raises(ModelError) as caught:
        Translator.load(folders[0], folders[1:3])
    assert str(caught.value) == (
        f"{folders[2]}: has a different vocabulary from {folders[0]}; the models of an ensemble need "
        "the same tokenizer.model"
    )


def test_a_further_folder_without_a_model_is_reported(folders, tmp_path):
    with pytest.raises(ModelError) as caught:
        Translator.load(folders[0], tmp_path / "nowhere")
    assert str(caught.value).startswith(f"{tmp_path / 'nowhere'}: no model here")


# Given translations


def test_given_translations_are_as_probable_as_search_reports(wordy, plain, tokenizer):
    again = [tuple(tokenizer.tokens(ids)) for ids in tokenizer.encode([one.text for one in plain])]
    assert again == [one.tokens[:-1] for one in plain]  # else they would be other translations
    found = wordy.log_probabilities(LINES, [one.text for one in plain])
    assert all(type(value) is float for value in found)
    np.testing.assert_allclose(found, [one.log_probability for one in plain], atol=1e-3)


def test_order_and_other_pairs_do_not_change_a_probability(wordy, monkeypatch):
    random = np.random.default_rng(1)
    sources = [*LINES, "", "unknown words!", LONG]
    targets = ["pam " * i + "unknown" * (i % 3) for i in range(len(sources) - 1)] + [""]
    together = wordy.log_probabilities(sources, targets)
    assert len({round(value, 3) for value in together}) == len(sources)
    order = random.permutation(len(sources))
    shuffled = wordy.log_probabilities([sources[i] for i in order], [targets[i] for i in order])
    np.testing.assert_allclose(shuffled, [together[i] for i in order], rtol=1e-5, atol=1e-4)
    each_alone = zip(sources, targets, strict=True)
    alone = [wordy.log_probabilities([source], [target])[0] for source, target in each_alone]
    np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-4)
    monkeypatch.setattr("translator.decoding.batching.MAX_BATCH_TOKENS", 40)
    np.testing.assert_allclose(wordy.log_probabilities(sources, targets), together, rtol=1e-5, atol=1e-4)


def test_no_given_translations_have_no_probabilities(wordy):
    assert wordy.log_probabilities([], []) == []


@pytest.mark.parametrize(("sources", "targets"), [(["ada"], []), ([], ["ada"]), (["ada", "bob"], ["cid"])])
def test_another_number_of_given_translations_is_refused(wordy, sources, targets):
    with pytest.raises(ValueError, match=r"\d sources but \d targets"):
        wordy.log_probabilities(sources, targets)


# Gates

LAYERS = {"encoder/forward": 4, "encoder/backward": 4, "encoder/lstm_1": 8}
LAYERS |= {"decoder/lstm_0": 8, "decoder/lstm_1": 8}


def test_gates_have_a_time_step_for_each_token(wordy, plain):
    for line, one in list(zip(LINES, plain, strict=True))[:4]:
        found = wordy.gates(line)
        assert set(found) == set(LAYERS)
        for name, gates in found.items():
            steps = len(one.source_tokens if name.startswith("encoder") else one.tokens)
            for part in gates:
                assert part.shape == (steps, LAYERS[name])
                assert part.dtype == np.float32


def test_gates_reproduce_what_an_lstm_puts_out(wordy):
    for name, gates in wordy.gates("ada bob cid dee", "kim leo, unknown").items():
        for gate in (gates.input_gate, gates.forget_gate, gates.output_gate):
            assert ((gate > 0) & (gate < 1)).all()
        np.testing.assert_allclose(gates.cell_tanh, np.tanh(gates.cell), atol=1e-5)
        np.testing.assert_allclose(gates.output, gates.output_gate * np.tanh(gates.cell), atol=1e-5)
        if name == "encoder/backward":
            gates = type(gates)(*(part[::-1] for part in gates))
        before = np.concatenate([np.zeros_like(gates.cell[:1]), gates.cell[:-1]])
        expected = gates.forget_gate * before + gates.input_gate * gates.candidate
        first = 1 if name.startswith("decoder") else 0  # the decoder begins with a state from the source
        np.testing.assert_allclose(gates.cell[first:], expected[first:], atol=1e-5)


def test_gates_are_those_of_the_given_translation(wordy, plain, tokenizer):
    by_search, given = wordy.gates(LINES[4]), wordy.gates(LINES[4], plain[4].text)
    other = wordy.gates(LINES[4], "ada bob cid dee eve fay")
    for name in LAYERS:
        np.testing.assert_array_equal(by_search[name].output, given[name].output)
        if name.startswith("encoder"):
            np.testing.assert_array_equal(other[name].output, given[name].output)
        else:
            assert len(other[name].output) == 7
    assert wordy.gates("", "")["decoder/lstm_0"].output.shape == (1, 8)


# Options


@pytest.mark.parametrize("method", ["translate", "translate_lines"])
def test_an_unknown_option_is_reported_with_the_valid_ones(wordy, method):
    with pytest.raises(ConfigError) as caught:
        getattr(wordy, method)(["ada"], beam=3, zoom=2)
    assert str(caught.value) == f"beam: no such option; valid ones: {', '.join(describe_options())}"


def test_the_attention_of_a_long_line_takes_memory_for_its_parts_alone(wordy):
    [one] = wordy.translate([" ".join(WORDS * 20)])
    assert len(one.attention_by_part) > 10
    parts = sum(part.size for part in one.attention_by_part)
    assert parts < one.alignment.size / 8
    np.testing.assert_allclose(one.alignment.sum(axis=1), 1, rtol=1e-4)


def test_samples_are_the_same_for_the_same_seed(wordy):
    options = {"sampling": True, "n_best": 4, "alignments": False}

    def drawn(seed):
        return [
            [(other.text, other.log_probability, other.score) for other in (one, *one.alternatives)]
            for one in wordy.translate(LINES, seed=seed, **options)
        ]

    found = drawn(7)
    assert drawn(7) == found
    assert drawn(8) != found
    assert len({text for some in found for text, _, _ in some}) > 30
    for line, some in zip(LINES, found, strict=True):
        texts, log_probabilities, scores = zip(*some, strict=True)
        assert sorted(scores, reverse=True) == list(scores)
        forced = wordy.log_probabilities([line] * 4, texts)
        np.testing.assert_allclose(log_probabilities, forced, atol=1e-3)


def test_samples_of_a_line_do_not_depend_on_the_other_lines_or_the_number_of_batches(wordy, monkeypatch):
    def drawn(lines):
        found = wordy.translate_lines(lines, sampling=True, n_best=2, seed=7)
        return [[each.text for each in (one, *one.alternatives)] for one in found]

    found = drawn(LINES)
    monkeypatch.setattr(pipeline, "num_parallel_batches", lambda: 5)
    assert drawn(LINES) == found
    assert drawn([*LINES[:4], "ada ada ada ada ada ada"])[:4] == found[:4]


def test_samples_of_a_long_line_are_made_of_one_of_each_part(wordy):
    line, number = " ".join(WORDS * 20), 12
    options = {"sampling": True, "n_best": number, "seed": 3, "temperature": 1.3}
    [one] = wordy.translate([line], **options)
    drawn = [one, *one.alternatives]
    assert len(drawn) == number
    assert [each.score for each in drawn] == sorted((each.score for each in drawn), reverse=True)
    parts = [len(block) for block in one.attention_by_part]
    assert len(parts) > 10
    beginnings, ends = set(), set()
    for each in drawn:
        first = len(each.attention_by_part[0])
        last = len(each.attention_by_part[-1])
        beginnings.add(each.tokens[:first])
        ends.add(each.tokens[-last:])
    assert min(len(beginnings), len(ends)) > number / 2  # the best of them alone would be a few
    again = wordy.translate([line, "ada"], **options)[0]
    assert [each.text for each in (again, *again.alternatives)] == [each.text for each in drawn]


def test_the_same_line_many_times_is_drawn_anew_each_time(wordy):
    found = wordy.translate(["ada bob cleo"] * 100, sampling=True, alignments=False)
    assert len({one.text for one in found}) > 60


def pairs_twice(tokens):
    """Pairs of neighbouring words that stand more than once; words begin with SentencePiece's space."""
    pairs = list(pairwise("".join(tokens[:-1]).split("▁")[1:]))
    return {each for each in pairs if pairs.count(each) > 1}


def test_no_two_words_in_a_row_are_repeated_if_requested(wordy):
    options = {"min_length": 10, "alignments": False}
    assert any(pairs_twice(one.tokens) for one in wordy.translate(LINES, **options))
    for one in wordy.translate(LINES, no_repeat_ngram=2, **options):
        assert not pairs_twice(one.tokens)
        assert len(one.tokens) >= 10


def test_a_model_has_its_own_search_defaults(tokenizer, network):
    settings = {"decoding.beam_size": 2, "decoding.length_penalty": 0.3, "decoding.no_repeat_ngram": 2}
    by_itself = Translator([network], tokenizer, CONFIG.override(settings))
    options = {"min_length": 10, "alignments": False}
    found = by_itself.translate(LINES, **options)
    assert not any(pairs_twice(one.tokens) for one in found)
    asked = {name.partition(".")[2]: value for name, value in settings.items()}
    assert found == Translator([network], tokenizer, CONFIG).translate(LINES, **options, **asked)
    switched_off = by_itself.translate(LINES, no_repeat_ngram=0, **options)
    assert any(pairs_twice(one.tokens) for one in switched_off)


def test_length_limits_are_respected(wordy, plain):
    lengths = [len(one.tokens) for one in plain]
    assert min(lengths) < 4 < max(lengths)
    for one in wordy.translate(LINES, min_length=9, alignments=False):
        assert len(one.tokens) >= 9
    for one, without in zip(wordy.translate(LINES, max_length=4, alignments=False), plain, strict=True):
        assert len(one.tokens) <= 4
        if len(without.tokens) <= 3:
            assert one.tokens == without.tokens
    for one in wordy.translate(LINES, min_length=6, max_length=6, alignments=False):
        assert len(one.tokens) == 6


def test_the_maximum_length_counts_the_prefix(wordy):
    options = {"min_length": 5, "max_length": 5, "alignments": False}
    for one in wordy.translate(LINES, prefix=["pam pam"] * len(LINES), **options):
        assert one.tokens[:2] == ("▁pam", "▁pam")
        assert len(one.tokens) == 5


# Which words belong together


def assert_links(line, one):
    """Each word of a translation is linked to a word of its line."""
    sources, targets = zip(*one.word_alignment, strict=True)
    assert list(targets) == list(range(len(one.text.split())))
    assert set(sources) <= set(range(len(line.split())))


def test_every_word_is_linked_to_a_word_of_its_line(plain):
    for line, one in zip(LINES, plain, strict=True):
        assert_links(line, one)
        expected = word_alignment(one.alignment, one.tokens[:-1], one.source_tokens[:-1])
        assert one.word_alignment == expected


def test_words_that_are_spelled_in_bytes_count_once(wordy):
    lines = ["unknown words, ada!", "\u65e5\u672c bob \U0001f98a", "  ada\u00a0bob  "]
    for line, one in zip(lines, wordy.translate(lines, prefix=["\u65e5 na!"] * 3), strict=True):
        assert one.text.startswith("\u65e5 na!")
        assert_links(line, one)


def test_words_of_a_long_line_are_counted_over_all_its_parts(wordy):
    [one] = wordy.translate([LONG])
    assert_links(LONG, one)
    row = column = source_words = target_words = 0
    expected = []
    source_parts = " ".join(one.source_tokens).split("</s>")[:-1]
    for part, source_part in zip(parts_of(one), source_parts, strict=True):
        source_part = source_part.split()
        here = one.alignment[row : row + len(part), column : column + len(source_part) + 1]
        links = word_alignment(here, part[:-1], source_part)
        expected += [(source_words + source, target_words + target) for source, target in links]
        row, column = row + len(part), column + len(source_part) + 1
        source_words, target_words = source_words + len(source_part), target_words + len(part) - 1
    assert (row, column) == one.alignment.shape
    assert one.word_alignment == tuple(expected)
    assert {source for source, _ in expected} & set(range(40, 69))


@pytest.mark.parametrize("line", ["ada bob", LONG], ids=["short", "long"])
def test_links_are_plain_numbers(wordy, line):
    [one] = wordy.translate([line])
    assert json.loads(json.dumps(one.word_alignment)) == [list(link) for link in one.word_alignment]


@pytest.mark.parametrize(
    "line",
    [f"ada {'x' * 100} bob", "ada " + "\u65e5\u672c\u3002" * 12 + " bob"],
    ids=["a long word", "sentences without spaces"],
)
def test_a_word_that_is_cut_in_parts_stays_one_word(wordy, line):
    [one] = wordy.translate([line])
    assert one.source_tokens.count("</s>") > 2
    assert_links(line, one)


@pytest.mark.parametrize("line", ["ada bob", LONG, "", " ", "\u200b"])
def test_alignments_are_computed_only_if_requested(wordy, line):
    [one] = wordy.translate([line], alignments=False)
    assert one.alignment is None
    assert one.word_alignment is None
    [one] = wordy.translate_lines([line])
    assert one.alignment is None
    assert one.word_alignment is None
    [one] = wordy.translate_lines([line], alignments=True)
    assert one.alignment.shape == (len(one.tokens), len(one.source_tokens))
    assert (len(one.word_alignment) > 0) == bool(line.strip("\u200b "))
