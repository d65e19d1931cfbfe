"""What may be asked of search: the checks of each option, and what is told of a wrong one."""

import dataclasses
import json
from typing import get_type_hints

import pytest

from translator.errors import ConfigError
from translator.search_options import (
    SearchKeywords,
    SearchOptions,
    describe_options,
    explain_ineffective_option,
)

WHOLE = {
    "beam_size": (1, 1000),
    "n_best": (1, 1000),
    "min_length": (0, 10_000),
    "max_length": (0, 10_000),
    "no_repeat_ngram": (0, 100),
    "top_k": (0, 1_000_000),
    "seed": (0, 2**31 - 1),
}
NUMBERS = {
    "length_penalty": (0, 10),
    "coverage_penalty": (0, 10),
    "temperature": (0.01, 100),
    "top_p": (0.001, 1),
}
SWITCHES = {"sampling", "shortlist"}
RANGES = WHOLE | NUMBERS


def refusal(**options):
    with pytest.raises(ConfigError) as caught:
        SearchOptions(**options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_option_is_described():
    names = [option.name for option in dataclasses.fields(SearchOptions)]
    assert list(describe_options()) == names
    assert set(names) == set(RANGES) | SWITCHES | {"length_normalization"}
    assert all(isinstance(text, str) and len(text) > 20 for text in describe_options().values())


def test_the_defaults_are_a_beam_of_five_and_nothing_else():
    assert dataclasses.asdict(SearchOptions()) == {
        "beam_size": 5,
        "n_best": 1,
        "length_penalty": 1.0,
        "length_normalization": "gnmt",
        "coverage_penalty": 0.0,
        "min_length": 0,
        "max_length": 0,
        "no_repeat_ngram": 0,
        "sampling": False,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0,
        "shortlist": False,
        "seed": 1,
    }


@pytest.mark.parametrize("name", RANGES)
def test_ranges_include_both_ends(name):
    for value in RANGES[name]:
        options = SearchOptions(**{"sampling": name == "n_best", name: value})
        assert getattr(options, name) == value


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_number_out_of_range_is_refused(name):
    low, high = WHOLE[name]
    for value in (low - 1, high + 1):
        assert refusal(**{name: value}) == f"{name}: {value} is outside {low} to {high}"


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_out_of_range_is_refused(name):
    low, high = NUMBERS[name]
    for value in (low - 0.0005, high + 0.5, float("nan"), float("inf"), -float("inf")):
        assert refusal(**{name: value}) == f"{name}: {value} is outside {low} to {high}"
    assert refusal(**{name: 101}) == f"{name}: 101.0 is outside {low} to {high}"


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", [2.0, 2.5, "2", True, False, [2], None])
def test_only_a_whole_number_is_taken_for_one(name, value):
    assert refusal(**{name: value}) == f"{name}: expected a whole number, got {value!r}"


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["0.5", True, False, [0.5], None, 1j])
def test_only_a_number_is_taken_for_one(name, value):
    assert refusal(**{name: value}) == f"{name}: expected a number, got {value!r}"


@pytest.mark.parametrize("name", NUMBERS)
def test_a_whole_number_is_a_number(name):
    value = getattr(SearchOptions(**{name: 1}), name)
    assert type(value) is float
    assert value == 1.0


@pytest.mark.parametrize("value", ["mean", "", "GNMT", None, 1, ["gnmt"]])
def test_an_unknown_normalization_is_refused(value):
    message = f"length_normalization: {value!r} is neither gnmt nor average"
    assert refusal(length_normalization=value) == message


@pytest.mark.parametrize("value", ["gnmt", "average"])
def test_both_normalizations_are_known(value):
    assert SearchOptions(length_normalization=value).length_normalization == value


@pytest.mark.parametrize("name", sorted(SWITCHES))
def test_a_switch_is_on_or_off(name):
    for value in (True, False):
        assert getattr(SearchOptions(**{name: value}), name) is value


@pytest.mark.parametrize("name", sorted(SWITCHES))
@pytest.mark.parametrize("value", ["no", "false", 0, 1, None])
def test_only_true_or_false_is_taken_for_a_switch(name, value):
    assert refusal(**{name: value}) == f"{name}: expected true or false, got {value!r}"


def test_more_hypotheses_than_the_beam_size_are_refused():
    message = "n_best: 6 is more than the beam size, 5"
    assert refusal(n_best=6) == message
    assert SearchOptions(n_best=5).n_best == 5


def test_samples_may_outnumber_the_beam_size():
    assert SearchOptions(n_best=1000, beam_size=1, sampling=True).n_best == 1000


def test_lengths_that_exclude_each_other_are_refused():
    assert refusal(min_length=5, max_length=4) == "min_length: 5 is more than max_length, 4"
    assert SearchOptions(min_length=5, max_length=5).min_length == 5
    assert SearchOptions(min_length=5).max_length == 0  # no maximum was asked for


def test_all_errors_are_reported_at_once():
    message = refusal(beam_size=0, top_p=2, length_penalty="1", length_normalization="mean", n_best=9)
    assert message == (
        "beam_size: 0 is outside 1 to 1000; length_penalty: expected a number, got '1'; "
        "top_p: 2.0 is outside 0.001 to 1; length_normalization: 'mean' is neither gnmt nor average"
    )


def test_options_are_frozen_and_may_be_compared():
    options = SearchOptions(beam_size=3, length_penalty=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.beam_size = 4
    assert options == SearchOptions(beam_size=3, length_penalty=1.0)
    assert hash(options) == hash(SearchOptions(beam_size=3, length_penalty=1.0))
    assert dataclasses.replace(options, beam_size=4) == SearchOptions(beam_size=4)
    with pytest.raises(ConfigError):
        dataclasses.replace(options, beam_size=0)


def test_options_are_plain_values():
    assert SearchOptions(**json.loads(json.dumps(dataclasses.asdict(SearchOptions())))) == SearchOptions()


def test_editors_know_every_option_with_its_type():
    assert get_type_hints(SearchKeywords) == get_type_hints(SearchOptions)


@pytest.mark.parametrize(
    ("given", "rerankers", "by_risk", "fault"),
    [
        ({}, (), False, ""),
        ({"top_k": 5}, (), False, "top_k is for sampling: add sampling"),
        ({"seed": 1, "top_p": 0.5}, (), False, "seed is for sampling: add sampling"),
        ({"temperature": 0.5, "sampling": True}, (), False, ""),
        (
            {"beam_size": 3, "sampling": True},
            (),
            False,
            "beam_size is for beam search, not for sampling: leave one out",
        ),
        ({"coverage_penalty": 0.2}, (), False, ""),
        ({}, (), True, "minimum_bayes_risk chooses among several translations: add n_best"),
        ({"n_best": 3}, (), True, ""),
        (
            {"n_best": 3},
            ("backward",),
            True,
            "backward and minimum_bayes_risk both choose the translation: leave one out",
        ),
        (
            {"beam_size": 1},
            ("right_to_left",),
            False,
            "right_to_left chooses among several translations: give a larger beam_size",
        ),
        (
            {"sampling": True},
            ("backward",),
            False,
            "backward chooses among several translations: give a larger n_best",
        ),
        ({"sampling": True, "n_best": 2}, ("backward",), False, ""),
        ({"beam_size": 2}, ("backward", "right_to_left"), False, ""),
    ],
)
def test_an_option_without_effect_is_found(given, rerankers, by_risk, fault):
    assert explain_ineffective_option(given, rerankers, by_risk) == fault


def test_an_option_without_effect_is_spelled_as_the_user_typed_it():
    assert explain_ineffective_option({"top_k": 5}, spelled=lambda name: f"--{name.replace('_', '-')}") == (
        "--top-k is for sampling: add --sampling"
    )
