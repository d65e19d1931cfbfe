"""Why a setting differs from its default, and which settings a teacher hands on."""

import pytest

from translator.config import Config
from translator.errors import ConfigError
from translator.model_folder import load_config
from translator.recipes import FINE_TUNING, RECIPES
from translator.training.settings import (
    explained_settings,
    keep_config,
    settings_for,
    settings_for_student,
    write_config,
)


def explained(num_pairs, overrides, initial=None):
    found = explained_settings(settings_for(num_pairs, overrides, initial), num_pairs, initial)
    return {one.path: (one.value, one.default, one.reason) for one in found}


def test_a_recipe_gives_its_own_reasons():
    recipe = RECIPES[1]
    found = explained(recipe.num_pairs, {})
    assert {path: reason for path, (_, _, reason) in found.items()} == {
        path: reason for path, _, reason in recipe.settings
    }
    assert found["training.label_smoothing"][:2] == (0.2, Config().training.label_smoothing)


def test_the_recipe_of_the_defaults_has_nothing_to_explain():
    assert explained(30_000, {"source_language": "en"}) == {}


def test_settings_of_the_user_are_explained_with_the_value_of_the_recipe():
    found = explained(5_000, {"training.label_smoothing": 0.1, "training.seed": 4, "model.dictionary": 5})
    again = found["training.label_smoothing"]  # the default once more
    assert again == (0.1, 0.1, "set by you; the recipe has 0.2")
    assert found["training.seed"] == (4, 1, "set by you; the recipe has 1")
    assert found["model.dictionary"][2].endswith("(Arthur et al. 2016)")  # as the recipe has it


def test_settings_inherited_from_an_initial_model_are_explained(tmp_path):
    write_config(tmp_path, Config().override({"model.units": 64}))
    found = explained(30_000, {}, tmp_path)
    assert found["model.units"] == (64, 256, f"of the model that training started from, {tmp_path}")
    assert found["training.warmup_steps"][2] in [reason for _, _, reason in FINE_TUNING]
    assert set(found) == {"model.units", "training.warmup_steps", "training.learning_rate"}


def test_a_student_shares_only_languages_and_vocabulary_size_with_its_teacher(tmp_path):
    languages = {"source_language": "en", "target_language": "de"}
    size = {"tokenizer.vocabulary_size": 700}
    write_config(tmp_path, Config().override(languages | size | {"model.units": 64}))
    assert settings_for_student(languages, tmp_path) == languages | size
    assert settings_for_student(languages | size | {"model.units": 32}, tmp_path)["model.units"] == 32
    with pytest.raises(ConfigError, match="vocabulary of 700 tokens is taken over; leave tokenizer"):
        settings_for_student(languages | {"tokenizer.vocabulary_size": 800}, tmp_path)
    with pytest.raises(ConfigError, match="translates from en to de and cannot teach how to translate from"):
        settings_for_student(languages | {"target_language": "fr"}, tmp_path)


def test_a_training_that_began_before_the_dev_metric_was_a_choice_is_resumed(tmp_path):
    write_config(tmp_path, Config())
    chosen = Config().override({"training.dev_metric": "bleu-zh"})
    keep_config(tmp_path, chosen, has_steps=True)
    assert load_config(tmp_path) == chosen
    with pytest.raises(ConfigError, match=r"training\.dev_metric was 'bleu-zh' and is now 'chrf'"):
        keep_config(tmp_path, Config().override({"training.dev_metric": "chrf"}), has_steps=True)


def test_a_dev_metric_that_follows_from_the_dev_set_needs_no_explanation():
    config = settings_for(30_000, {}, None).override({"training.dev_metric": "bleu-zh"})
    assert explained_settings(config, 30_000, None) == []
