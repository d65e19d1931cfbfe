"""The settings of a training: from its recipe, the user and a model to begin with; and those it must keep."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from translator.config import Config, flatten
from translator.errors import ConfigError
from translator.files import atomic_write
from translator.model_folder import config_path, load_config
from translator.recipes import FINE_TUNING, config_for, recipe_for

# Settings that may change when a training goes on; all others would make another model of it.
_FREE_SETTINGS = (
    "training.max_epochs",
    "training.patience",
    "training.checkpoint_steps",
    "decoding.",
    "corpus.",
)
_VOCABULARY = "tokenizer.vocabulary_size"
# Settings that a model brings along when another training begins with its weights.
_OF_THE_WEIGHTS = (
    _VOCABULARY,
    "model.units",
    "model.encoder_layers",
    "model.decoder_layers",
    "model.attention_heads",
    "model.output_row_length",
    "model.dictionary",
    "model.right_to_left",
)


def settings_for_student(overrides: Mapping[str, Any], teacher: Path) -> dict[str, Any]:
    """The user's settings and the size of the vocabulary that is taken over from a teacher.

    Args:
        overrides: the user's settings by dotted path.
        teacher: the folder of the model.

    Raises:
        ConfigError: if they ask for other languages, or for a vocabulary of another size.
    """
    its, given = load_config(teacher), Config().override(overrides)
    if (its.source_language, its.target_language) != (given.source_language, given.target_language):
        raise ConfigError(
            f"{teacher}: translates from {its.source_language} to {its.target_language} and cannot teach how "
            f"to translate from {given.source_language} to {given.target_language}; give a teacher that can"
        )
    size = its.tokenizer.vocabulary_size
    if overrides.get(_VOCABULARY, size) != size:
        raise ConfigError(
            f"{teacher}: its vocabulary of {size:,} pieces is taken over; leave {_VOCABULARY} out"
        )
    return {**overrides, _VOCABULARY: size}


def settings_for(num_pairs: int, overrides: Mapping[str, Any], initial: Path | None) -> Config:
    """The recipe for so many pairs, with what a model to begin with brings along and the user's settings.

    Args:
        num_pairs: pairs to learn from.
        overrides: the user's settings by dotted path.
        initial: the folder of the model whose weights training begins with, or None.

    Raises:
        ConfigError: if a setting is not valid, or the weights are of another network.
    """
    config = config_for(num_pairs)
    if initial is None:
        return config.override(overrides)
    before = flatten(dataclasses.asdict(load_config(initial)))
    brought = {path: before[path] for path in _OF_THE_WEIGHTS}
    config = config.override({path: value for path, value, _ in FINE_TUNING} | brought)
    config = config.override(overrides)
    now = flatten(dataclasses.asdict(config))
    changed = [f"{path} is {before[path]!r} there" for path in _OF_THE_WEIGHTS if now[path] != before[path]]
    if changed:
        raise ConfigError(f"{initial}: its weights are of another network ({', '.join(changed)})")
    return config


@dataclass(frozen=True)
class ExplainedSetting:
    """A setting that is not as it is by default, or not as the recipe has it.

    Attributes:
        path: its dotted path.
        value: what it is.
        default: what it is by default.
        reason: why it is so.
    """

    path: str
    value: Any
    default: Any
    reason: str


def explained_settings(config: Config, num_pairs: int, initial: Path | None) -> list[ExplainedSetting]:
    """Says of every setting that differs from the default, or from the recipe, why it does.

    Args:
        config: the settings of a training, as ``settings_for`` gives them.
        num_pairs: as there.
        initial: as there.
    """
    reasons = {path: reason for path, _, reason in recipe_for(num_pairs).settings}
    if initial is not None:
        reasons |= {path: reason for path, _, reason in FINE_TUNING}
        reasons |= dict.fromkeys(_OF_THE_WEIGHTS, f"of the model that training began with, {initial}")
    recipe, settings, defaults = (
        flatten(dataclasses.asdict(one)) for one in (settings_for(num_pairs, {}, initial), config, Config())
    )
    found = []
    for path, value in settings.items():
        if "." not in path or path.startswith("corpus."):  # languages and facts are no settings
            continue
        if value != recipe[path]:
            reason = f"set by you; the recipe has {recipe[path]}"
            found.append(ExplainedSetting(path, value, defaults[path], reason))
        elif value != defaults[path]:
            found.append(ExplainedSetting(path, value, defaults[path], reasons[path]))
    return found


def write_config(folder: Path, config: Config) -> None:
    """Writes the settings into the model folder."""
    with atomic_write(config_path(folder)) as path:
        path.write_text(config.to_json(), encoding="utf-8")


def keep_config(folder: Path, config: Config, begun: bool) -> None:
    """Writes the settings into the folder, unless a training there has begun with others.

    Args:
        folder: the model folder.
        config: the settings.
        begun: whether there has been a step of training.

    Raises:
        ConfigError: if there has been one with others.
    """
    if begun and config_path(folder).exists() and (changes := _changes(folder, config)):
        raise ConfigError(
            f"{folder}: holds a training with other settings ({', '.join(changes)}); give the old ones to go "
            "on with it, or another --output"
        )
    write_config(folder, config)


def would_make_the_same_model(folder: Path, config: Config) -> bool:
    """Whether those that are written in the folder would make the same model.

    Raises:
        ModelError: if they cannot be read.
    """
    return config_path(folder).exists() and not _changes(folder, config)


def _changes(folder: Path, config: Config) -> list[str]:
    """What is written otherwise in the folder, and would make another model."""
    before, now = (flatten(dataclasses.asdict(one)) for one in (load_config(folder), config))
    changed = [path for path in now if now[path] != before[path] and not path.startswith(_FREE_SETTINGS)]
    return [f"{path} was {before[path]!r} and is now {now[path]!r}" for path in changed]
