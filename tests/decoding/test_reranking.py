"""Reranking n-best lists with a backward model and a right-to-left model."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from references.networks import word_network, write_model
from references.reranking import BACKWARD, CONFIG, LINES, LONG, RIGHT_TO_LEFT

from translator.config import Config
from translator.decoding.reranking import rerank
from translator.decoding.translation import Translation
from translator.decoding.translator import Translator
from translator.errors import ConfigError, ModelError
from translator.search_options import SearchOptions


@pytest.fixture(scope="module")
def network(tokenizer):
    return word_network(tokenizer, seed=58)


@pytest.fixture(scope="module")
def plain(tokenizer, network):
    return Translator([network], tokenizer, CONFIG)


@pytest.fixture(scope="module")
def backward(tokenizer):
    return Translator([word_network(tokenizer, seed=12, end=1.0)], tokenizer, BACKWARD)


@pytest.fixture(scope="module")
def both(tokenizer, network, backward):
    return Translator([network], tokenizer, CONFIG, backward=backward)


@pytest.fixture(scope="module")
def from_the_end(tokenizer):
    return Translator([word_network(tokenizer, seed=12, end=1.0)], tokenizer, RIGHT_TO_LEFT)


def penalty(length, options):
    """What a log-probability is divided by."""
    alpha = options.get("length_penalty", 0.5)
    return length**alpha if "length_normalization" in options else ((5 + length) / 6) ** alpha


def expected(plain, backward, line, from_the_end=None, **options):
    """(text, score, log-probability) of all hypotheses of a beam, by the formula, best first."""
    [one] = plain.translate([line], n_best=4, alignments=False, **options)
    found = []
    for hypothesis in (one, *one.alternatives):
        score = hypothesis.score
        if backward is not None:
            [back] = backward.log_probabilities([hypothesis.text], [line])
            score += 0.2 * back / penalty(len(one.source_tokens), options)
        if from_the_end is not None:
            [found_there] = from_the_end.log_probabilities([line], [hypothesis.text])
            score += 0.5 * found_there / penalty(len(hypothesis.tokens), options)
        found.append((hypothesis.text, score, hypothesis.log_probability))
    return sorted(found, key=lambda row: -row[1])


def rows_of(translation):
    return [
        (each.text, each.score, each.log_probability) for each in (translation, *translation.alternatives)
    ]


def assert_same(found, wanted):
    assert [row[0] for row in found] == [row[0] for row in wanted]
    np.testing.assert_allclose([row[1:] for row in found], [row[1:] for row in wanted], atol=1e-3)


@pytest.mark.parametrize(
    "options",
    [{}, {"length_penalty": 1.0}, {"length_normalization": "average"}, {"coverage_penalty": 0.3}],
    ids=str,
)
def test_all_hypotheses_of_the_beam_are_reranked_by_the_backward_model(plain, backward, both, options):
    changed = 0
    found = both.translate(LINES, n_best=4, alignments=False, **options)
    for line, one, alone in zip(
        LINES, found, plain.translate(LINES, alignments=False, **options), strict=True
    ):
        assert_same(rows_of(one), expected(plain, backward, line, **options))
        changed += one.text != alone.text
    assert changed  # the backward model changes the order


@pytest.mark.parametrize("has_backward", [False, True])
@pytest.mark.parametrize("length_penalty", [0.5, 1.0])
def test_hypotheses_are_reranked_by_a_right_to_left_model(
    tokenizer, network, plain, backward, from_the_end, has_backward, length_penalty
):
    back = backward if has_backward else None
    together = Translator([network], tokenizer, CONFIG, backward=back, right_to_left=from_the_end)
    options = {"length_penalty": length_penalty}
    changed = 0
    found = together.translate(LINES, n_best=4, alignments=False, **options)
    for line, one, alone in zip(
        LINES, found, plain.translate(LINES, alignments=False, **options), strict=True
    ):
        assert_same(rows_of(one), expected(plain, back, line, from_the_end, **options))
        changed += one.text != alone.text
    assert changed


@pytest.mark.parametrize("number", [1, 2])
def test_as_many_translations_are_returned_as_requested(plain, backward, both, number):
    for line, one in zip(LINES, both.translate(LINES, n_best=number, alignments=False), strict=True):
        assert_same(rows_of(one), expected(plain, backward, line)[:number])


class PrefersTheLast:
    """Stands for a backward model; the last of the hypotheses is by far the likeliest."""

    def log_probabilities(self, sources, targets):
        return [100.0 * i for i in range(len(sources))]


@pytest.mark.parametrize(("number", "num_reranked"), [(1, 5), (3, 5), (9, 9)])
def test_the_best_five_of_a_wide_beam_are_reranked_or_as_many_as_requested(
    plain, tokenizer, network, number, num_reranked
):
    translator = Translator([network], tokenizer, CONFIG, backward=PrefersTheLast())
    [found] = translator.translate(LINES[:1], beam_size=9, n_best=number, alignments=False)
    [beam] = plain.translate(LINES[:1], beam_size=9, n_best=9, alignments=False)
    in_beam = [text for text, *_ in rows_of(beam)]
    assert [text for text, *_ in rows_of(found)] == in_beam[:num_reranked][::-1][:number]


def test_the_chosen_hypothesis_has_its_own_alignment(plain, both):
    found, alone = both.translate(LINES), plain.translate(LINES, n_best=4)
    for one, before in zip(found, alone, strict=True):
        [same] = [each for each in (before, *before.alternatives) if each.tokens == one.tokens]
        assert one.word_alignment == same.word_alignment
        np.testing.assert_allclose(one.alignment, same.alignment, atol=1e-5)


def test_each_part_of_a_long_line_is_reranked_separately(plain, backward, both, tokenizer):
    [found] = both.translate([LONG], alignments=False)
    parts = [tokenizer.decode([ids]) for ids in plain._long_lines.parts_of(tokenizer.encode([LONG]))[0]]
    texts = [text for [text] in parts]
    assert len(texts) == 3
    assert found.text == " ".join(expected(plain, backward, text)[0][0] for text in texts)


def test_lines_without_text_and_streams_are_unchanged(both):
    lines = ["", *LINES[:3], "  "]
    found = both.translate(lines, alignments=False)
    assert [found[0].text, found[-1].text] == ["", ""]
    streamed = list(both.translate_lines(iter(lines), interactive=True))
    assert [one.text for one in streamed] == [one.text for one in found]


def test_greedy_search_leaves_nothing_to_choose(both):
    with pytest.raises(ConfigError, match="backward chooses among several translations: give a larger"):
        both.translate(LINES, beam_size=1)


def test_a_model_that_is_greedy_by_its_settings_has_nothing_to_rerank(plain, both, monkeypatch):
    greedy = plain.translate(LINES, beam_size=1, alignments=False)
    monkeypatch.setattr(both, "config", both.config.override({"decoding.beam_size": 1}))
    found = both.translate(LINES, alignments=False)
    assert [one.text for one in found] == [one.text for one in greedy]


def test_samples_are_reranked(plain, both):
    options = {"sampling": True, "n_best": 5, "seed": 3, "alignments": False}
    for one, alone in zip(both.translate(LINES, **options), plain.translate(LINES, **options), strict=True):
        scores = [score for _, score, _ in rows_of(one)]
        assert scores == sorted(scores, reverse=True)
        assert sorted(text for text, *_ in rows_of(one)) == sorted(text for text, *_ in rows_of(alone))


def ranked_by_search(*hypotheses):
    """The translation of one sentence from (text, score, unmet terms) of its hypotheses, best first."""
    best, *others = (
        Translation(text, score, -2.0, (text, "</s>"), ("a", "</s>"), unmet_terms=unmet)
        for text, score, unmet in hypotheses
    )
    return replace(best, alternatives=tuple(others))


def test_hypotheses_with_the_same_unmet_terms_are_reranked_and_others_never_cross():
    found = ranked_by_search(("v", -1.0, ()), ("w", -2.0, ()), ("x", -0.5, ("T",)), ("y", -0.7, ("T",)))
    options = SearchOptions(n_best=4, length_penalty=0.0)
    [one] = rerank(["a"], [found], lambda sources, _: [0.0, 10.0, 20.0, 30.0], None, options)
    assert [(text, score) for text, score, _ in rows_of(one)] == [
        ("w", 0.0),
        ("v", -1.0),
        ("y", 5.3),
        ("x", 3.5),
    ]
    assert [each.unmet_terms for each in (one, *one.alternatives)] == [(), (), ("T",), ("T",)]


def test_scores_of_a_sentence_with_glossary_terms_descend_after_reranking(both):
    options = {"glossary": {"ada": "hal hal"}, "n_best": 3, "alignments": False, "beam_size": 6}
    for one in both.translate([f"ada {line}" for line in LINES], **options):
        hypotheses = [one, *one.alternatives]
        assert all("hal hal" in each.text or each.unmet_terms for each in hypotheses)
        keys = [(len(each.unmet_terms), -each.score) for each in hypotheses]
        assert keys == sorted(keys)


def test_equal_scores_keep_the_order_of_search():
    first = ranked_by_search(*((text, -1.0, ()) for text in "xyz"))

    def backward(sources, targets):
        assert list(zip(sources, targets, strict=True)) == [("x", "a"), ("y", "a"), ("z", "a")]
        return [-5.0, -3.0, -3.0]

    options = SearchOptions(n_best=3, length_penalty=0.0)
    [found] = rerank(["a"], [first], backward, None, options)
    assert [(text, round(score, 6)) for text, score, _ in rows_of(found)] == [
        ("y", -1.6),
        ("z", -1.6),
        ("x", -2),
    ]
    assert not any(each.alternatives for each in found.alternatives)


# Models in folders


@pytest.fixture(scope="module")
def folders(tmp_path_factory, tokenizer, network):
    configs = {"forward": CONFIG, "backward": BACKWARD, "unnamed": Config().override({"model.units": 8})}
    return {
        name: write_model(tmp_path_factory.mktemp(name), config, tokenizer, network)
        for name, config in configs.items()
    }


def test_a_model_is_loaded_with_a_backward_model(folders, plain, tokenizer, network):
    found = Translator.load(folders["forward"], backward=folders["backward"]).translate(LINES[:3])
    beside = Translator([network], tokenizer, BACKWARD)
    for line, one in zip(LINES, found, strict=False):
        assert_same(rows_of(one), expected(plain, beside, line)[:1])
    loaded = Translator.load(folders["backward"])
    again = Translator.load(folders["forward"], backward=loaded).translate(LINES[:3])
    assert [rows_of(one) for one in again] == [rows_of(one) for one in found]


def test_a_backward_model_of_the_same_direction_is_refused(folders):
    with pytest.raises(ModelError) as caught:
        Translator.load(folders["forward"], backward=folders["forward"])
    assert str(caught.value) == (
        f"{folders['forward']}: translates from de to en, as the other model does; give as backward a model "
        "from en to de"
    )
    with pytest.raises(ModelError, match=r"^the backward model: translates from de to en"):
        Translator.load(folders["forward"], backward=Translator.load(folders["forward"]))


def test_models_without_language_codes_are_accepted(folders):
    for one, other in itertools.permutations(["unnamed", "forward"]):
        assert Translator.load(folders[one], backward=folders[other]).translate(["ada"])[0].text
    assert Translator.load(folders["unnamed"], backward=folders["unnamed"]).translate(["ada"])[0].text


def test_a_missing_model_is_reported(folders, tmp_path):
    with pytest.raises(ModelError, match="no model here"):
        Translator.load(folders["forward"], backward=tmp_path)
