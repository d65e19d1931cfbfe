"""The settings of a training: from its recipe, the user and an initial model; and those it must keep."""

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

# Settings that may change when a training is resumed; all others would make a different model.
_FREE_SETTINGS = (
    "training.max_epochs",
    "training.patience",
    "training.checkpoint_steps",
    "decoding.",
    "corpus.",
)
_VOCABULARY = "tokenizer.vocabulary_size"
_DEV_METRIC = "training.dev_metric"
# Settings that a training takes over from the model whose weights it starts from.
_INHERITED = (
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
    """Returns the user's settings with the size of the vocabulary that is taken over from a teacher.

    Args:
        overrides: the user's settings by dotted path.
        teacher: the folder of the teacher model.

    Raises:
        ConfigError: if the user asks for other languages, or for a vocabulary of another size.
    """
    taught, wanted = load_config(teacher), Config().override(overrides)
    if (taught.source_language, taught.target_language) != (wanted.source_language, wanted.target_language):
        raise ConfigError(
            f"{teacher}: translates from {taught.source_language} to {taught.target_language} and cannot "
            f"teach how to translate from {wanted.source_language} to {wanted.target_language}; give a "
            "teacher that can"
        )
    size = taught.tokenizer.vocabulary_size
    if overrides.get(_VOCABULARY, size) != size:
        raise ConfigError(
            f"{teacher}: its vocabulary of {size:,} tokens is taken over; leave {_VOCABULARY} out"
        )
    return {**overrides, _VOCABULARY: size}


def settings_for(num_pairs: int, overrides: Mapping[str, Any], initial_model: Path | None) -> Config:
    """Returns the recipe for a number of pairs, overridden by an initial model and by the user.

    Args:
        num_pairs: training pairs.
        overrides: the user's settings by dotted path.
        initial_model: the folder of the model whose weights training starts from, or None.

    Raises:
        ConfigError: if a setting is not valid, or the weights are of another network.
    """
    config = config_for(num_pairs)
    if initial_model is None:
        return config.override(overrides)
    before = flatten(dataclasses.asdict(load_config(initial_model)))
    inherited = {path: before[path] for path in _INHERITED}
    config = config.override({path: value for path, value, _ in FINE_TUNING} | inherited)
    config = config.override(overrides)
    now = flatten(dataclasses.asdict(config))
    changed = [f"{path} is {before[path]!r} there" for path in _INHERITED if now[path] != before[path]]
    if changed:
        raise ConfigError(f"{initial_model}: its weights are of another network ({', '.join(changed)})")
    return config


@dataclass(frozen=True)
class ExplainedSetting:
    """A setting that differs from the default or from the recipe.

    Attributes:
        path: its dotted path.
        value: its value.
        default: its default value.
        reason: why it has this value.
    """

    path: str
    value: Any
    default: Any
    reason: str


def explained_settings(config: Config, num_pairs: int, initial_model: Path | None) -> list[ExplainedSetting]:
    """Explains every setting that differs from the default or from the recipe.

    Args:
        config: the settings of a training, as ``settings_for`` returns them.
        num_pairs: see ``settings_for``.
        initial_model: see ``settings_for``.
    """
    reasons = {path: reason for path, _, reason in recipe_for(num_pairs).settings}
    if initial_model is not None:
        reasons |= {path: reason for path, _, reason in FINE_TUNING}
        reasons |= dict.fromkeys(_INHERITED, f"of the model that training started from, {initial_model}")
    recipe, settings, defaults = (
        flatten(dataclasses.asdict(one))
        for one in (settings_for(num_pairs, {}, initial_model), config, Config())
    )
    found = []
    for path, value in settings.items():
        if "." not in path or path.startswith("corpus."):
            continue  # languages and facts about the corpus are not settings
        if path == _DEV_METRIC and recipe[path] == "auto":
            continue  # it follows from the dev set
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


def keep_config(folder: Path, config: Config, has_steps: bool) -> None:
    """Writes the settings into the folder, unless a training there has made steps with other settings.

    Args:
        folder: the model folder.
        config: the settings.
        has_steps: whether the folder holds a training that has made steps.

    Raises:
        ConfigError: if it has, with other settings.
    """
    if has_steps and config_path(folder).exists() and (changes := _changes(folder, config)):
        raise ConfigError(
            f"{folder}: holds a training with other settings ({', '.join(changes)}); give the old ones to "
            "resume it, or another --output"
        )
    write_config(folder, config)


def would_make_the_same_model(folder: Path, config: Config) -> bool:
    """Returns whether the settings in the folder would make the same model.

    Raises:
        ModelError: if the settings in the folder cannot be read.
    """
    return config_path(folder).exists() and not _changes(folder, config)


def _changes(folder: Path, config: Config) -> list[str]:
    """Lists the settings that differ in the folder and would make a different model."""
    before, now = (flatten(dataclasses.asdict(one)) for one in (load_config(folder), config))
    if before[_DEV_METRIC] == "auto":  # trained before there was a choice
        before[_DEV_METRIC] = now[_DEV_METRIC]
    changed = [path for path in now if now[path] != before[path] and not path.startswith(_FREE_SETTINGS)]
    return [f"{path} was {before[path]!r} and is now {now[path]!r}" for path in changed]
