"""The options of search: one frozen, checked set."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict, get_args

from translator.config import check_setting, setting
from translator.errors import ConfigError

Normalization = Literal["gnmt", "average"]


@dataclass(frozen=True)
class SearchOptions:
    """How translations are searched for; each field's ``help`` says what it does.

    Raises:
        ConfigError: if a value is out of range, or two options cannot go together.
    """

    beam_size: int = setting(
        5,
        "hypotheses kept per sentence; 1 is greedy and fastest, more finds more probable translations",
        1,
        1000,
    )
    n_best: int = setting(1, "translations returned for each sentence, best first", 1, 1000)
    length_penalty: float = setting(
        1.0,
        "exponent against output that is too short: 0 is no correction, larger values give longer output",
        0,
        10,
    )
    length_normalization: Normalization = field(
        default="gnmt",
        metadata={
            "help": "what a log-probability is divided by: ((5 + length) / 6) ** penalty (gnmt), or "
            "length ** penalty (average), which favours long output more"
        },
    )
    coverage_penalty: float = setting(
        0.0,
        "against dropped text: a penalty on source tokens that get little attention; start with 0.2",
        0,
        10,
    )
    min_length: int = setting(
        0, "fewest tokens, the end included; against output that stops early", 0, 10_000
    )
    max_length: int = setting(0, "most tokens, the end included; 0: twice the source plus ten", 0, 10_000)
    no_repeat_ngram: int = setting(
        0, "no n words in a row appear twice in a translation; against loops in output; 0: off", 0, 100
    )
    sampling: bool = field(
        default=False,
        metadata={
            "help": "draw translations at random instead of searching for the most probable one; for variety"
        },
    )
    temperature: float = setting(
        1.0, "with sampling: below 1 favours probable tokens, above 1 gives more variety", 0.01, 100
    )
    top_k: int = setting(0, "with sampling: only among the k most probable tokens; 0: all", 0, 1_000_000)
    top_p: float = setting(
        1.0,
        "with sampling: only among the most probable tokens that together have this probability",
        0.001,
        1,
    )
    shortlist: bool = field(
        default=False,
        metadata={
            "help": "choose only among tokens that are likely for the words of a batch: faster; "
            "probabilities are then relative to those tokens"
        },
    )
    seed: int = setting(1, "with sampling: the same seed and text give the same output", 0, 2**31 - 1)

    def __post_init__(self) -> None:
        faults = []
        for option in dataclasses.fields(self):
            if option.name == "length_normalization":  # one of a few words, checked below
                continue
            value, fault = check_setting(
                option.name, getattr(self, option.name), type(option.default), option.metadata
            )
            object.__setattr__(self, option.name, value)
            faults += [fault] if fault else []
        if self.length_normalization not in get_args(Normalization):
            faults.append(f"length_normalization: {self.length_normalization!r} is neither gnmt nor average")
        if not faults and not self.sampling and self.n_best > self.beam_size:
            faults.append(f"n_best: {self.n_best} is more than the beam size, {self.beam_size}")
        if not faults and 0 < self.max_length < self.min_length:
            faults.append(f"min_length: {self.min_length} is more than max_length, {self.max_length}")
        if faults:
            raise ConfigError("; ".join(faults))

    @property
    def width(self) -> int:
        """Hypotheses that are computed side by side per sentence."""
        return self.n_best if self.sampling else self.beam_size


def describe_options() -> dict[str, str]:
    """Returns the help text of each option, by name."""
    return {option.name: option.metadata["help"] for option in dataclasses.fields(SearchOptions)}


class SearchKeywords(TypedDict, total=False):
    """The fields of ``SearchOptions`` as keyword arguments, so that editors and type checkers know them."""

    beam_size: int
    n_best: int
    length_penalty: float
    length_normalization: Normalization
    coverage_penalty: float
    min_length: int
    max_length: int
    no_repeat_ngram: int
    sampling: bool
    temperature: float
    top_k: int
    top_p: float
    shortlist: bool
    seed: int


_ONLY_FOR_SAMPLING = {"temperature", "top_k", "top_p", "seed"}
_ONLY_FOR_BEAM_SEARCH = {"beam_size", "coverage_penalty"}


def explain_ineffective_option(
    given: Mapping[str, Any],
    rerankers: Sequence[str] = (),
    minimum_bayes_risk: bool = False,
    spelled: Callable[[str], str] = str,
) -> str:
    """Finds an option that has no effect given the others, or that decides what another one decides too.

    Args:
        given: the search options that the caller gave, by name.
        rerankers: the names of the options whose models rerank hypotheses, such as ``backward``.
        minimum_bayes_risk: whether the hypothesis is chosen by minimum Bayes risk.
        spelled: turns the name of an option into what the user types, such as ``--beam-size``.

    Returns:
        A sentence that names the option and the remedy; empty if all options have an effect.
    """
    given = {name: value for name, value in given.items() if value is not None and value is not False}
    sampling, n_best = given.get("sampling", False), given.get("n_best", 1)
    by_risk = spelled("minimum_bayes_risk")
    if not sampling and (idle := _ONLY_FOR_SAMPLING & given.keys()):
        return f"{spelled(min(idle))} is for sampling: add {spelled('sampling')}"
    if sampling and (idle := _ONLY_FOR_BEAM_SEARCH & given.keys()):
        return f"{spelled(min(idle))} is for beam search, not for {spelled('sampling')}: leave one out"
    if minimum_bayes_risk and n_best == 1:
        return f"{by_risk} chooses among several translations: add {spelled('n_best')}"
    if not rerankers:
        return ""
    reranker = spelled(rerankers[0])
    if minimum_bayes_risk:
        return f"{reranker} and {by_risk} both choose the translation: leave one out"
    wider = "n_best" if sampling else "beam_size"
    if (n_best if sampling else given.get("beam_size")) == 1:
        return f"{reranker} chooses among several translations: give a larger {spelled(wider)}"
    return ""


def explain_unscored_hypotheses(
    given: Mapping[str, Any], minimum_bayes_risk: bool, spelled: Callable[[str], str] = str
) -> str:
    """Finds out whether several translations of a sentence would be found where only the best is scored.

    Args:
        given: the search options that the caller gave, by name.
        minimum_bayes_risk: whether one of them is chosen by minimum Bayes risk.
        spelled: turns the name of an option into what the user types, such as ``--n-best``.

    Returns:
        A sentence that names the option and the remedy; empty if one translation is found or chosen.
    """
    if minimum_bayes_risk or (given.get("n_best") or 1) == 1:
        return ""
    return (
        f"only the best translation is scored: leave {spelled('n_best')} out, or choose among them with "
        f"{spelled('minimum_bayes_risk')}"
    )
