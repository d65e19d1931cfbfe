"""Models are found from their arguments, with their language pairs."""

import shutil

import pytest

from translator.errors import ModelError
from translator.serving.export import export
from translator.serving.server.model_locations import find_model
from translator.serving.server.models import RequestOptions


def test_languages_come_from_the_model_or_the_argument(model_folder, exported_folder):
    for folder in (model_folder, exported_folder, exported_folder / "1"):
        location = find_model(str(folder))
        assert (location.source_language, location.target_language) == ("de", "en")
        location = find_model(f"{folder}=pt-BR:en")
        assert (location.source_language, location.target_language) == ("pt-BR", "en")
    assert (find_model(str(exported_folder)).folder, find_model(str(exported_folder)).is_exported) == (
        exported_folder / "1",
        True,
    )


def test_the_highest_version_is_taken(exported_folder, tmp_path):
    for version in ("2", "10", "9", "old"):
        shutil.copytree(exported_folder / "1", tmp_path / version)
    assert find_model(str(tmp_path)).folder == tmp_path / "10"
    assert find_model(str(tmp_path / "9")).folder == tmp_path / "9"


def test_a_folder_name_may_contain_an_equals_sign(model_folder, tmp_path):
    shutil.copytree(model_folder, tmp_path / "a=b:c")
    assert find_model(str(tmp_path / "a=b:c")).source_language == "de"
    assert find_model(f"{tmp_path / 'a=b:c'}=x:y").source_language == "x"


def test_an_export_without_its_model_card_needs_languages_in_the_argument(exported_folder, tmp_path):
    shutil.copytree(exported_folder / "1", tmp_path / "1")
    (tmp_path / "1" / "MODEL_CARD.md").unlink()
    with pytest.raises(ModelError, match=r"1: MODEL_CARD.md does not state its languages; give .*=FROM:TO"):
        find_model(str(tmp_path))
    location = find_model(f"{tmp_path}=de:en")
    assert location.load().translate(["ada"], RequestOptions(n_best=True))[0]


def test_an_export_for_token_ids_is_refused(model_folder, tmp_path):
    export(model_folder, tmp_path, tokens=True)
    with pytest.raises(ModelError, match="takes token ids, not text; export the model without --tokens"):
        find_model(str(tmp_path)).load()


def test_a_damaged_export_is_refused(exported_folder, tmp_path):
    shutil.copytree(exported_folder / "1", tmp_path / "1")
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="1: damaged"):
        find_model(str(tmp_path)).load()


def test_a_missing_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no model here"):
        find_model(str(tmp_path / "nothing"))
