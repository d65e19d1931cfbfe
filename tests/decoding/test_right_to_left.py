"""Models that write the last word first: their translations read as ever, and they judge those of others."""

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
    ("text", "turned"),
    [
        ("a b c", "c b a"),
        ("  a,  b\u00a0c. ", "c. b a,"),
        ("a", "a"),
        ("", ""),
        ("\u4f60\u597d", "\u4f60\u597d"),
    ],
)
def test_the_last_word_comes_first(text, turned):
    assert reverse_words(text) == turned
    assert reverse_words(turned).split() == text.split()


@pytest.fixture(scope="module")
def network(tokenizer):
    return word_network(tokenizer, seed=58)


@pytest.fixture(scope="module")
def plain(tokenizer, network):
    return Translator([network], tokenizer, CONFIG)


@pytest.fixture(scope="module")
def turned(tokenizer, network):
    """The same network; what it writes is to be read from the end."""
    return Translator([network], tokenizer, RIGHT_TO_LEFT)


def test_a_translation_reads_as_ever_and_its_pieces_stand_as_they_were_written(plain, turned):
    options = {"n_best": 2}
    for one, other in zip(plain.translate(LINES, **options), turned.translate(LINES, **options), strict=True):
        for straight, found in zip((one, *one.alternatives), (other, *other.alternatives), strict=True):
            assert found.text.split() == straight.text.split()[::-1]
            assert (found.tokens, found.score) == (straight.tokens, straight.score)
            np.testing.assert_array_equal(found.alignment, straight.alignment)
            last = len(found.text.split()) - 1
            assert {(i, last - j) for i, j in found.word_alignment} == set(straight.word_alignment)
            assert [j for _, j in found.word_alignment] == list(range(last + 1))


def test_the_parts_of_a_long_line_stay_in_their_order(plain, turned, tokenizer):
    [one] = turned.translate([LONG])
    parts = plain._long_lines.parts_of(tokenizer.encode([LONG])[0])
    texts = [found.text for found in plain.translate(tokenizer.decode(parts))]
    assert len(texts) == 3
    assert one.text == " ".join(map(reverse_words, texts))
    assert [j for _, j in one.word_alignment] == list(range(len(one.text.split())))


def test_given_translations_are_as_probable_as_search_found_them(turned):
    found = turned.translate(LINES)
    given = turned.log_probabilities(LINES, [one.text for one in found])
    np.testing.assert_allclose(given, [one.log_probability for one in found], atol=1e-3)


def test_the_gates_and_the_beam_are_those_of_what_was_written(plain, turned):
    text = turned.translate(LINES[3:4])[0].text
    wanted = plain.gates(LINES[3], reverse_words(text))["decoder/lstm_0"]
    for found in (turned.gates(LINES[3], text), turned.gates(LINES[3]), turned.inspect(LINES[3]).gates):
        np.testing.assert_allclose(found["decoder/lstm_0"].output, wanted.output, atol=1e-5)
    assert turned.inspect(LINES[3]).translation.text == text


def test_the_words_of_a_term_keep_their_order(turned, tmp_path):
    (tmp_path / "terms.tsv").write_text("ada\thal ivy\n", encoding="utf-8")
    glossary = Glossary.read(tmp_path / "terms.tsv")
    [one] = turned.translate(["ada bob cid"], glossary=glossary, beam_size=6, alignments=False)
    assert "hal ivy" in one.text


def test_a_prefix_is_refused(turned):
    with pytest.raises(ConfigError, match="writes from right to left and cannot begin with a prefix"):
        turned.translate(["ada"], prefix=["bob"])


# Models in folders


@pytest.fixture(scope="module")
def folders(tmp_path_factory, tokenizer, network):
    configs = {
        "straight": CONFIG,
        "turned": RIGHT_TO_LEFT,
        "other languages": BACKWARD.override({"model.right_to_left": True}),
        "unnamed": Config().override({"model.units": 8, "model.right_to_left": True}),
    }
    return {
        name: write_model(tmp_path_factory.mktemp(name), config, tokenizer, network)
        for name, config in configs.items()
    }


def test_a_model_is_loaded_with_one_that_writes_from_the_other_end(folders, tokenizer, network, turned):
    wanted = Translator([network], tokenizer, CONFIG, right_to_left=turned).translate(LINES)
    for judge in (folders["turned"], Translator.load(folders["turned"]), folders["unnamed"]):
        found = Translator.load(folders["straight"], right_to_left=judge).translate(LINES)
        assert [(one.text, one.score) for one in found] == [(one.text, one.score) for one in wanted]


@pytest.mark.parametrize(("name", "setting"), [("straight", "true"), ("turned", "false")])
def test_a_judge_that_writes_from_the_same_end_is_refused(folders, name, setting):
    with pytest.raises(ModelError) as caught:
        Translator.load(folders[name], right_to_left=folders[name])
    assert str(caught.value) == (
        f"{folders[name]}: writes from the same end as the other model; give one that was trained with "
        f"--set model.right_to_left={setting}"
    )


def test_a_judge_of_other_languages_is_refused(folders):
    with pytest.raises(ModelError) as caught:
        Translator.load(folders["straight"], right_to_left=folders["other languages"])
    assert str(caught.value) == (
        f"{folders['other languages']}: translates from en to de, and the other model from de to en; give "
        "one of the same languages"
    )


def test_models_that_write_from_both_ends_do_not_decide_together(folders):
    for one, other in itertools.permutations(["straight", "turned"]):
        with pytest.raises(ModelError, match=r"writes in the other direction than .+; give the one with"):
            Translator.load(folders[one], folders[other])


def test_none_is_exported(folders, tmp_path):
    with pytest.raises(ModelError, match="writes from right to left, to judge what others write"):
        export(folders["turned"], tmp_path / "exported")
    assert not (tmp_path / "exported").exists()
