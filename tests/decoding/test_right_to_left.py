"""Right-to-left models: their translations read from left to right, and they rerank those of others."""

import itertools

import numpy as np
import pytest
from references.networks import word_network, write_model
from references.reranking import BACKWARD, CONFIG, LINES, LONG, RIGHT_TO_LEFT

from translator.config import Config
from translator.corpus.word_order import reverse_words
from translator.decoding.glossary import Glossary
from translator.decoding.translator import Translator
from translator.errors import ConfigError, ModelError
from translator.serving.export import export


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b c", "c b a"),
        ("  a,  b\u00a0c. ", "c. b a,"),
        ("a", "a"),
        ("", ""),
        ("\u4f60\u597d", "\u4f60\u597d"),
    ],
)
def test_the_last_word_comes_first(text, expected):
    assert reverse_words(text) == expected
    assert reverse_words(expected).split() == text.split()


@pytest.fixture(scope="module")
def network(tokenizer):
    return word_network(tokenizer, seed=58)


@pytest.fixture(scope="module")
def plain(tokenizer, network):
    return Translator([network], tokenizer, CONFIG)


@pytest.fixture(scope="module")
def reversed_model(tokenizer, network):
    """The same network; what it writes is to be read from the end."""
    return Translator([network], tokenizer, RIGHT_TO_LEFT)


def test_a_translation_reads_from_left_to_right_and_its_tokens_keep_their_order(plain, reversed_model):
    options = {"n_best": 2}
    for one, other in zip(
        plain.translate(LINES, **options), reversed_model.translate(LINES, **options), strict=True
    ):
        for forward, found in zip((one, *one.alternatives), (other, *other.alternatives), strict=True):
            assert found.text.split() == forward.text.split()[::-1]
            assert (found.tokens, found.score) == (forward.tokens, forward.score)
            np.testing.assert_array_equal(found.alignment, forward.alignment)
            last = len(found.text.split()) - 1
            assert {(i, last - j) for i, j in found.word_alignment} == set(forward.word_alignment)
            assert [j for _, j in found.word_alignment] == list(range(last + 1))


def test_the_parts_of_a_long_line_stay_in_their_order(plain, reversed_model, tokenizer):
    [one] = reversed_model.translate([LONG])
    parts = plain._long_lines.parts_of(tokenizer.encode([LONG]))[0]
    texts = [found.text for found in plain.translate(tokenizer.decode(parts))]
    assert len(texts) == 3
    assert one.text == " ".join(map(reverse_words, texts))
    assert [j for _, j in one.word_alignment] == list(range(len(one.text.split())))


def test_given_translations_are_as_probable_as_search_found_them(reversed_model):
    found = reversed_model.translate(LINES)
    given = reversed_model.log_probabilities(LINES, [one.text for one in found])
    np.testing.assert_allclose(given, [one.log_probability for one in found], atol=1e-3)


def test_gates_and_beam_are_those_of_the_written_order(plain, reversed_model):
    text = reversed_model.translate(LINES[3:4])[0].text
    wanted = plain.gates(LINES[3], reverse_words(text))["decoder/lstm_0"]
    inspection = reversed_model.inspect(LINES[3])
    for found in (reversed_model.gates(LINES[3], text), reversed_model.gates(LINES[3]), inspection.gates):
        np.testing.assert_allclose(found["decoder/lstm_0"].output, wanted.output, atol=1e-5)
    assert inspection.translation.text == text


def test_the_words_of_a_term_keep_their_order(reversed_model, tmp_path):
    (tmp_path / "terms.tsv").write_text("ada\thal ivy\n", encoding="utf-8")
    glossary = Glossary.read(tmp_path / "terms.tsv")
    [one] = reversed_model.translate(["ada bob cid"], glossary=glossary, beam_size=6, alignments=False)
    assert "hal ivy" in one.text


def test_a_prefix_is_refused(reversed_model):
    with pytest.raises(ConfigError, match="writes from right to left and cannot begin with a prefix"):
        reversed_model.translate(["ada"], prefix=["bob"])


# Models in folders


@pytest.fixture(scope="module")
def folders(tmp_path_factory, tokenizer, network):
    configs = {
        "forward": CONFIG,
        "reversed": RIGHT_TO_LEFT,
        "other languages": BACKWARD.override({"model.right_to_left": True}),
        "unnamed": Config().override({"model.units": 8, "model.right_to_left": True}),
    }
    return {
        name: write_model(tmp_path_factory.mktemp(name), config, tokenizer, network)
        for name, config in configs.items()
    }


def test_a_model_is_loaded_with_a_right_to_left_model(folders, tokenizer, network, reversed_model):
    wanted = Translator([network], tokenizer, CONFIG, right_to_left=reversed_model).translate(LINES)
    for reranker in (
        folders["reversed"],
        Translator.load(folders["reversed"]),
        folders["unnamed"],
    ):
        found = Translator.load(folders["forward"], right_to_left=reranker).translate(LINES)
        assert [(one.text, one.score) for one in found] == [(one.text, one.score) for one in wanted]


@pytest.mark.parametrize(("name", "setting"), [("forward", "true"), ("reversed", "false")])
def test_a_reranking_model_that_writes_from_the_same_end_is_refused(folders, name, setting):
    with pytest.raises(ModelError) as caught:
        Translator.load(folders[name], right_to_left=folders[name])
    assert str(caught.value) == (
        f"{folders[name]}: writes from the same end as the other model; give one that was trained with "
        f"--set model.right_to_left={setting}"
    )


def test_a_reranking_model_of_other_languages_is_refused(folders):
    with pytest.raises(ModelError) as caught:
        Translator.load(folders["forward"], right_to_left=folders["other languages"])
    assert str(caught.value) == (
        f"{folders['other languages']}: translates from en to de, and the other model from de to en; give "
        "one of the same languages"
    )


def test_models_that_write_from_different_ends_form_no_ensemble(folders):
    for one, other in itertools.permutations(["forward", "reversed"]):
        with pytest.raises(ModelError, match=r"writes in the opposite direction to .+; give the model with"):
            Translator.load(folders[one], folders[other])


def test_a_right_to_left_model_is_not_exported(folders, tmp_path):
    with pytest.raises(ModelError, match="writes from right to left, to rerank; export one"):
        export(folders["reversed"], tmp_path / "exported")
    assert not (tmp_path / "exported").exists()
