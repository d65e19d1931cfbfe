"""Model folders and exported models give what the translator gives, and say what they are for."""

import shutil

import numpy as np
import pytest
from references.toy import WORDS

from translator.decoding.alignment import pharaoh
from translator.decoding.translator import Translator
from translator.errors import ModelError
from translator.serving.export import export
from translator.serving.server.models import (
    ExportedModel,
    FolderModel,
    Hypothesis,
    Wish,
    between_words,
    distinct,
    find,
)

# Of the fourth, two of three parts have an empty translation; what joins them differs in spaces.
LINES = ["ada bob cid", "dee", " ".join(WORDS * 3), "eve, fay gus. hal " * 4, "ivy jon", "kim"]


@pytest.fixture(scope="module")
def translator(model_folder):
    return Translator.load(model_folder)


@pytest.fixture(scope="module", params=["folder", "exported"])
def model(request, model_folder, exported_folder):
    return FolderModel(model_folder) if request.param == "folder" else ExportedModel(exported_folder / "1")


def test_the_best(model, translator):
    found = model.translate(LINES, Wish())
    expected = translator.translate(LINES, alignments=False)
    assert [[one.text.split() for one in ranked] for ranked in found] == [
        [one.text.split()] for one in expected
    ]
    np.testing.assert_allclose(
        [ranked[0].score for ranked in found], [one.score for one in expected], atol=1e-4
    )
    assert all(ranked[0].attention is None for ranked in found)


def test_all_of_the_beam(model, translator):
    # Of lines in parts, the two forms combine the hypotheses of the parts differently.
    lines = [line for line in LINES if len(line.split()) < 5]
    found = model.translate(lines, Wish(n_best=True))
    expected = translator.translate(lines, num_hypotheses=3, alignments=False)
    for ranked, one in zip(found, expected, strict=True):
        texts = [" ".join(each.text.split()) for each in (one, *one.alternatives)]
        expected_texts = dict.fromkeys([texts[0], *filter(None, texts[1:])])
        assert [" ".join(each.text.split()) for each in ranked] == list(expected_texts)
    assert max(map(len, found)) == 3


@pytest.mark.parametrize("n_best", [False, True])
def test_attention_between_words_leads_to_the_word_alignment(model, translator, n_best):
    found = model.translate(LINES, Wish(n_best, attention=True))
    for line, ranked, one in zip(LINES, found, translator.translate(LINES), strict=True):
        attention = ranked[0].attention
        assert attention.shape == (len(one.text.split()), len(line.split()))
        assert (attention >= 0).all()
        assert (attention.sum(axis=1) <= 1 + 1e-4).all()
        links = tuple((int(row.argmax()), i) for i, row in enumerate(attention))
        assert pharaoh(links) == pharaoh(one.word_alignment)


def test_nobody_gets_the_line_of_another(model):
    alone = [model.translate([line], Wish())[0][0].text for line in LINES]
    assert [ranked[0].text for ranked in model.translate(LINES, Wish())] == alone


def test_any_text_is_translated(model):
    ugly = ["\x00", "\u200b", "\ufeff", "日本", "a" * 2000, "x\u2028y", "</s>", "¨ ½"]
    for wish in (Wish(), Wish(True), Wish(attention=True)):
        assert all(ranked for ranked in model.translate(ugly, wish))


def test_texts_that_read_alike_are_one():
    ranked = [Hypothesis(text, 0.0) for text in ("a", "b", "a", "", "c")]
    assert distinct(ranked) == [ranked[0], ranked[1], ranked[4]]
    assert distinct([Hypothesis("", 0.0), ranked[0]]) == [Hypothesis("", 0.0), ranked[0]]


def test_attention_of_words_by_hand():
    attention = np.array(
        [[0.5, 0.3, 0.1, 0.1], [0.2, 0.6, 0.1, 0.1], [0, 0, 0.9, 0.1], [0.1, 0.1, 0.1, 0.7]], np.float32
    )
    pieces = ["▁a", "b", "▁c", "</s>"]
    found = between_words("x yz", "ab c", attention, pieces, ["▁x", "▁y", "z", "</s>"])
    np.testing.assert_allclose(found, [[0.35, 0.55], [0, 0.9]], atol=1e-6)
    assert between_words("x y z", "ab c", attention, pieces, ["▁x", "▁y", "z", "</s>"]) is None


def test_an_end_within_a_line_of_two_parts_is_no_word():
    attention = np.eye(4, dtype=np.float32)
    pieces = ["▁a", "</s>", "▁b", "</s>"]
    np.testing.assert_array_equal(between_words("a b", "a b", attention, pieces, pieces), np.eye(2))


def test_languages_come_from_the_model(model_folder, exported_folder):
    for folder in (model_folder, exported_folder, exported_folder / "1"):
        place = find(str(folder))
        assert (place.source_language, place.target_language) == ("de", "en")
        place = find(f"{folder}=pt-BR:en")
        assert (place.source_language, place.target_language) == ("pt-BR", "en")
    assert (find(str(exported_folder)).folder, find(str(exported_folder)).is_exported) == (
        exported_folder / "1",
        True,
    )


def test_the_highest_version_is_taken(exported_folder, tmp_path):
    for version in ("2", "10", "9", "old"):
        shutil.copytree(exported_folder / "1", tmp_path / version)
    assert find(str(tmp_path)).folder == tmp_path / "10"
    assert find(str(tmp_path / "9")).folder == tmp_path / "9"


def test_a_folder_whose_name_has_an_equals_sign(model_folder, tmp_path):
    shutil.copytree(model_folder, tmp_path / "a=b:c")
    assert find(str(tmp_path / "a=b:c")).source_language == "de"
    assert find(f"{tmp_path / 'a=b:c'}=x:y").source_language == "x"


def test_an_export_that_does_not_say_its_languages(exported_folder, tmp_path):
    shutil.copytree(exported_folder / "1", tmp_path / "1")
    (tmp_path / "1" / "MODEL_CARD.md").unlink()
    with pytest.raises(ModelError, match=r"1: MODEL_CARD.md does not say its languages; give .*=FROM:TO"):
        find(str(tmp_path))
    place = find(f"{tmp_path}=de:en")
    assert place.load().translate(["ada"], Wish(n_best=True))[0]


def test_an_export_for_piece_ids(model_folder, tmp_path):
    export(model_folder, tmp_path, tokens=True)
    with pytest.raises(ModelError, match="takes piece ids, not text; export the model without --tokens"):
        find(str(tmp_path)).load()


def test_a_damaged_export(exported_folder, tmp_path):
    shutil.copytree(exported_folder / "1", tmp_path / "1")
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="1: damaged"):
        find(str(tmp_path)).load()


def test_no_model(tmp_path):
    with pytest.raises(ModelError, match="no model here"):
        find(str(tmp_path / "nothing"))
