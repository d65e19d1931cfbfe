"""Model folders and exported models return what the translator returns."""

import shutil

import numpy as np
import pytest
from references.toy import WORDS

from translator.decoding.alignment import pharaoh
from translator.decoding.translation import Translation
from translator.decoding.translator import Translator
from translator.errors import ConfigError, ModelError
from translator.serving.server import models as models_module
from translator.serving.server.model_locations import find_model
from translator.serving.server.models import (
    ExportedModel,
    FolderModel,
    FolderOptions,
    Hypothesis,
    RequestOptions,
    distinct,
)
from translator.serving.server.word_attention import between_words

# Of the fourth, two of three parts have an empty translation; what joins them differs in spaces.
LINES = ["ada bob cid", "dee", " ".join(WORDS * 3), "eve, fay gus. hal " * 4, "ivy jon", "kim"]


@pytest.fixture(scope="module")
def translator(model_folder):
    return Translator.load(model_folder)


@pytest.fixture(scope="module", params=["folder", "exported"])
def model(request, model_folder, exported_folder):
    return FolderModel(model_folder) if request.param == "folder" else ExportedModel(exported_folder / "1")


def test_the_best_translation_is_that_of_the_translator(model, translator):
    found = model.translate(LINES, RequestOptions())
    expected = translator.translate(LINES, alignments=False)
    assert [[one.text.split() for one in ranked] for ranked in found] == [
        [one.text.split()] for one in expected
    ]
    np.testing.assert_allclose(
        [ranked[0].score for ranked in found], [one.score for one in expected], atol=1e-4
    )
    assert all(ranked[0].attention is None for ranked in found)


def test_the_n_best_list_holds_all_hypotheses_of_the_beam(model, translator):
    # Of lines in parts, the two forms combine the hypotheses of the parts differently.
    lines = [line for line in LINES if len(line.split()) < 5]
    found = model.translate(lines, RequestOptions(n_best=True))
    expected = translator.translate(lines, n_best=3, alignments=False)
    for ranked, one in zip(found, expected, strict=True):
        texts = [" ".join(each.text.split()) for each in (one, *one.alternatives)]
        expected_texts = dict.fromkeys([texts[0], *filter(None, texts[1:])])
        assert [" ".join(each.text.split()) for each in ranked] == list(expected_texts)
    assert max(map(len, found)) == 3


@pytest.mark.parametrize("n_best", [False, True])
def test_the_most_attended_words_are_those_of_the_word_alignment(model, translator, n_best):
    found = model.translate(LINES, RequestOptions(n_best, attention=True))
    for line, ranked, one in zip(LINES, found, translator.translate(LINES), strict=True):
        attention = ranked[0].attention
        assert attention.shape == (len(one.text.split()), len(line.split()))
        assert (attention >= 0).all()
        assert (attention.sum(axis=1) <= 1 + 1e-4).all()
        links = tuple((int(row.argmax()), i) for i, row in enumerate(attention))
        assert pharaoh(links) == pharaoh(one.word_alignment)


def test_a_line_whose_attention_could_fill_the_memory_has_none(model, monkeypatch):
    monkeypatch.setattr(models_module, "_MAX_BYTES_WITH_ATTENTION", 12)
    lines = ["ada bob cid", "ada bob cid dee", "é" * 6, "é" * 7]
    found = model.translate(lines, RequestOptions(attention=True))
    assert [ranked[0].attention is None for ranked in found] == [False, True, False, True]
    plain = model.translate(lines, RequestOptions())
    assert [ranked[0].text for ranked in found] == [ranked[0].text for ranked in plain]


def test_lines_of_a_batch_do_not_change_each_other(model):
    alone = [model.translate([line], RequestOptions())[0][0].text for line in LINES]
    assert [ranked[0].text for ranked in model.translate(LINES, RequestOptions())] == alone


def test_any_text_is_translated(model):
    ugly = ["\x00", "\u200b", "\ufeff", "日本", "a" * 2000, "x\u2028y", "</s>", "¨ ½"]
    for options in (RequestOptions(), RequestOptions(True), RequestOptions(attention=True)):
        assert all(ranked for ranked in model.translate(ugly, options))


def test_hypotheses_with_the_same_text_are_merged():
    ranked = [Hypothesis(text, 0.0) for text in ("a", "b", "a", "", "c")]
    assert distinct(ranked) == [ranked[0], ranked[1], ranked[4]]
    assert distinct([Hypothesis("", 0.0), ranked[0]]) == [Hypothesis("", 0.0), ranked[0]]


def test_attention_between_words_equals_a_case_computed_by_hand():
    attention = np.array(
        [[0.5, 0.3, 0.1, 0.1], [0.2, 0.6, 0.1, 0.1], [0, 0, 0.9, 0.1], [0.1, 0.1, 0.1, 0.7]], np.float32
    )
    tokens = ["▁a", "b", "▁c", "</s>"]
    found = between_words("x yz", "ab c", [attention], tokens, ["▁x", "▁y", "z", "</s>"])
    np.testing.assert_allclose(found, [[0.35, 0.55], [0, 0.9]], atol=1e-6)
    assert between_words("x y z", "ab c", [attention], tokens, ["▁x", "▁y", "z", "</s>"]) is None


def test_the_words_of_one_part_have_no_attention_to_those_of_another():
    """Each part has its own weights, so that a long line takes no more memory than its parts."""
    parts = [np.array([[0.5, 0.2], [0, 1]], np.float32), np.array([[0.25, 0.75], [0, 1]], np.float32)]
    tokens = ["▁a", "</s>", "▁b", "</s>"]
    found = between_words("a b", "a b", parts, tokens, tokens)
    np.testing.assert_array_equal(found, [[0.5, 0], [0, 0.25]])
    whole = np.zeros([4, 4], np.float32)
    whole[:2, :2], whole[2:, 2:] = parts
    np.testing.assert_array_equal(between_words("a b", "a b", [whole], tokens, tokens), found)


def test_a_model_folder_takes_the_options_of_search(monkeypatch, tmp_path, translator):
    terms = tmp_path / "terms.tsv"
    terms.write_text("ada\tkim\n", encoding="utf-8")
    seen = {}

    class Recorder:
        config = translator.config

        @classmethod
        def load(cls, folder, ensemble, **rerankers):
            seen.update(rerankers, ensemble=ensemble)
            return cls()

        def translate(self, lines, **options):
            seen.update(options)
            return [Translation(line, -1.0, -1.0, (), ()) for line in lines]

    monkeypatch.setattr("translator.decoding.translator.Translator", Recorder)
    options = FolderOptions(("a", "b"), "c", "d", str(terms), {"beam_size": 7, "shortlist": True})
    model = FolderModel(tmp_path, options)
    assert model.translate(["ada"], RequestOptions(n_best=True)) == [[Hypothesis("ada", -1.0)]]
    glossary = seen.pop("glossary")
    assert glossary.targets_for("ada") == ["kim"]
    assert seen == {
        "ensemble": ("a", "b"),
        "backward": "c",
        "right_to_left": "d",
        "beam_size": 7,
        "shortlist": True,
        "n_best": 7,
        "alignments": False,
    }
    model.translate(["ada", "x" * 5000], RequestOptions(attention=True))
    assert (seen["n_best"], seen["alignments"]) == (1, True)


def test_reranking_models_are_checked_when_a_folder_is_loaded(model_folder):
    with pytest.raises(ModelError, match="translates from de to en, as the other model does"):
        FolderModel(model_folder, FolderOptions(backward=str(model_folder)))


def test_an_exported_model_takes_no_options_of_search(exported_folder):
    location = find_model(str(exported_folder))
    with pytest.raises(ConfigError, match="an exported model translates as it was exported; leave out"):
        location.load(FolderOptions(search={"beam_size": 2}))


def test_an_export_with_a_truncated_file_is_reported_as_damaged(exported_folder, tmp_path):
    folder = tmp_path / "1"
    shutil.copytree(exported_folder / "1", folder)
    path = next(folder.glob("variables/variables.data-*"))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"damaged \(.+\)"):
        ExportedModel(folder)
