"""The search options, which every command that translates has."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import click

from translator.config import DecodingConfig
from translator.search_options import SearchOptions, describe_options, explain_ineffective_option

ensemble_option = click.option(
    "--ensemble",
    multiple=True,
    metavar="MODEL",
    help="Another model with the same vocabulary, to average probabilities with; may be repeated.",
)
backward_option = click.option(
    "--backward",
    metavar="MODEL",
    help="Rerank with this model of the opposite direction.",
)
right_to_left_option = click.option(
    "--right-to-left",
    metavar="MODEL",
    help="Rerank with this model, which was trained with --set model.right_to_left=true.",
)
glossary_option = click.option(
    "--glossary",
    "glossary_file",
    metavar="FILE",
    help="Terms that must be translated as given: per line a source term, a tab and the target term.",
)
_CHOICES = {"length_normalization": click.Choice(["gnmt", "average"])}
# Options whose defaults are in config.json of the model.
_MODEL_DEFAULTS = {option.name for option in dataclasses.fields(DecodingConfig)}
# Options that do not apply to "translator inspect", which shows one beam over the whole vocabulary.
_NOT_FOR_INSPECTION = {"n_best", "sampling", "temperature", "top_k", "top_p", "seed", "shortlist"}

# Options that do not apply to "translator serve": a request says how many translations it wants, and the
# same text should always get the same answer.
_NOT_FOR_SERVING = _NOT_FOR_INSPECTION - {"shortlist"}


def search_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--beam-size`` and all other search options to a command, which receives them as ``search``.

    ``search`` is a dictionary with only those options that were given on the command line.
    """
    return _with_options(command, dataclasses.fields(SearchOptions))


def beam_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the search options that apply to the beam of ``translator inspect``, in the same way."""
    fields = [
        option for option in dataclasses.fields(SearchOptions) if option.name not in _NOT_FOR_INSPECTION
    ]
    return _with_options(command, fields)


def serving_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the search options that apply to ``translator serve``, in the same way."""
    fields = [option for option in dataclasses.fields(SearchOptions) if option.name not in _NOT_FOR_SERVING]
    return _with_options(command, fields)


def flag(name: str) -> str:
    """Returns the command-line option of a search option, such as ``--beam-size`` of ``beam_size``."""
    return f"--{name.replace('_', '-')}"


def _with_options(
    command: Callable[..., Any], fields: Sequence[dataclasses.Field[Any]]
) -> Callable[..., Any]:
    """Adds search options to a command and refuses those that would have no effect."""

    def with_options(**arguments: Any) -> Any:
        given = {option.name: arguments.pop(option.name) for option in fields}
        search = {name: value for name, value in given.items() if value is not None and value is not False}
        rerankers = [name for name in ("backward", "right_to_left") if arguments.get(name)]
        by_risk = arguments.get("minimum_bayes_risk", False)
        if fault := explain_ineffective_option(search, rerankers, by_risk, spelled=flag):
            raise click.UsageError(fault)
        return command(search=search, **arguments)

    meanings = describe_options()
    with_options.__doc__ = command.__doc__
    wrapped: Callable[..., Any] = with_options
    for option in reversed(fields):
        wrapped = _click_option(option, meanings[option.name])(wrapped)
    return wrapped


def _click_option(option: dataclasses.Field[Any], meaning: str) -> Callable[..., Any]:
    """Returns the decorator that adds one search option to a command."""
    name, text = flag(option.name), f"{meaning[0].upper()}{meaning[1:]}."
    if isinstance(option.default, bool):
        return click.option(name, option.name, is_flag=True, help=text)
    default = f"the model's, usually {option.default}" if option.name in _MODEL_DEFAULTS else option.default
    kind = _CHOICES.get(option.name, type(option.default))
    return click.option(name, option.name, type=kind, help=f"{text} [default: {default}]")
