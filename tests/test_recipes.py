import itertools

import pytest

from translator.config import Config
from translator.recipes import RECIPES, config_for, recipe_for, small_corpus_warning


def name_of(recipe):
    return recipe.name


@pytest.mark.parametrize(
    ("num_pairs", "nearest"),
    [  # the limits are the geometric means: 2,236.07, 12,247.4, 67,082.04 and 474,341.6
        (0, 1_000),
        (1, 1_000),
        (2_236, 1_000),
        (2_237, 5_000),
        (5_000, 5_000),
        (12_247, 5_000),
        (12_248, 30_000),
        (30_000, 30_000),
        (67_082, 30_000),
        (67_083, 150_000),
        (474_341, 150_000),
        (474_342, 1_500_000),
        (10**9, 1_500_000),
    ],
)
def test_the_recipe_of_the_nearest_size_on_a_logarithmic_scale_is_taken(num_pairs, nearest):
    assert recipe_for(num_pairs).num_pairs == nearest


@pytest.mark.parametrize("recipe", RECIPES, ids=name_of)
def test_every_recipe_gives_a_valid_configuration_with_its_settings(recipe):
    config = config_for(recipe.num_pairs)
    for path, value, _ in recipe.settings:
        section, name = path.split(".")
        assert getattr(getattr(config, section), name) == value


@pytest.mark.parametrize("recipe", RECIPES, ids=name_of)
def test_a_recipe_lists_each_differing_setting_once_with_a_reason(recipe):
    default = Config()
    paths = [path for path, _, _ in recipe.settings]
    assert len(paths) == len(set(paths))
    for path, value, reason in recipe.settings:
        section, name = path.split(".")
        assert value != getattr(getattr(default, section), name), f"{path} is the default"
        assert len(reason.split()) >= 3, f"{path} needs a reason"


def test_the_defaults_are_the_recipe_for_30_thousand_pairs():
    assert config_for(30_000) == Config()


def test_a_larger_corpus_gets_no_smaller_model_and_no_more_dropout():
    assert [recipe.num_pairs for recipe in RECIPES] == sorted(recipe.num_pairs for recipe in RECIPES)
    configs = [config_for(recipe.num_pairs) for recipe in RECIPES]
    for smaller, larger in itertools.pairwise(configs):
        assert smaller.tokenizer.vocabulary_size <= larger.tokenizer.vocabulary_size
        assert smaller.data.batch_tokens <= larger.data.batch_tokens
        assert smaller.model.units <= larger.model.units
        assert smaller.model.dropout >= larger.model.dropout
        assert smaller.model.word_dropout >= larger.model.word_dropout
        assert smaller.training.max_epochs >= larger.training.max_epochs


def test_only_few_pairs_get_a_warning_with_what_to_expect():
    assert small_corpus_warning(2_999).startswith("2,999 pairs are few")
    assert "1,000 gave 15" in small_corpus_warning(1)
    assert small_corpus_warning(3_000) == ""
    assert small_corpus_warning(10**6) == ""
