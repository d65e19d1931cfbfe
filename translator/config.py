"""All settings of a model and its training, as frozen dataclasses.

They are read from TOML and ``--set``, and written resolved to config.json.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, get_type_hints

from translator.errors import ConfigError

# The version of config.json and of all other files in a model folder.
_FORMAT = 6
_OLDEST_FORMAT = 3  # formats 3 to 5 lack some settings, which keep their defaults
_RENAMED_SETTINGS = {"data.max_pieces": "data.max_tokens"}  # names up to format 5 -> names now


# What may be measured on the dev set: value of ``training.dev_metric`` -> its name in messages.
DEV_METRICS = {
    "auto": "score",
    "bleu-13a": "BLEU",
    "bleu-zh": "BLEU (zh)",
    "bleu-ja-mecab": "BLEU (ja-mecab)",
    "bleu-ko-mecab": "BLEU (ko-mecab)",
    "bleu-char": "BLEU (char)",
    "chrf": "chrF",
}


def setting(default: Any, help: str, low: float, high: float) -> Any:
    """Defines a field with its default, its help text and its valid range, ends included."""
    return field(default=default, metadata={"help": help, "low": low, "high": high})


@dataclass(frozen=True)
class TokenizerConfig:
    """How text is split into tokens."""

    vocabulary_size: int = setting(12000, "number of tokens, shared by both languages", 1, 1_000_000)


@dataclass(frozen=True)
class DataConfig:
    """Which sentence pairs are kept, and how they are put into batches."""

    max_words: int = setting(150, "longest source or target, in words; longer pairs are dropped", 1, 100_000)
    max_ratio: float = setting(9.0, "largest ratio of the lengths; pairs above it are dropped", 1, 1e6)
    max_tokens: int = setting(200, "longest sentence in tokens; pairs above it are dropped", 2, 10_000)
    batch_tokens: int = setting(
        3072, "tokens per batch, on the longer side, padding included", 16, 10_000_000
    )
    mixed_share: float = setting(0.5, "share of each epoch that is drawn from --mix-source", 0, 0.99)


@dataclass(frozen=True)
class ModelConfig:
    """The shape of the network, its dropout, and the direction in which it writes."""

    units: int = setting(256, "width of the embedding and of every layer; must be even", 2, 8192)
    encoder_layers: int = setting(2, "LSTM layers of the encoder; the first is bidirectional", 1, 16)
    decoder_layers: int = setting(2, "LSTM layers of the decoder; attention follows the first", 1, 16)
    attention_heads: int = setting(1, "attention heads; must divide units", 1, 64)
    dropout: float = setting(0.3, "variational dropout before each layer, one mask per sentence", 0, 0.95)
    word_dropout: float = setting(0.1, "share of input tokens whose whole embedding is dropped", 0, 0.95)
    output_row_length: float = setting(0.0, "fixed L2 norm of the output embedding's rows; 0: free", 0, 100)
    dictionary: int = setting(0, "dictionary translations per token; 0: no dictionary", 0, 100)
    right_to_left: bool = field(
        default=False, metadata={"help": "write from right to left; such a model reranks others"}
    )


@dataclass(frozen=True)
class TrainingConfig:
    """How the weights are learned, and when training ends."""

    max_epochs: int = setting(30, "maximum number of passes over the corpus", 1, 100_000)
    learning_rate: float = setting(3e-3, "peak learning rate of Adam, at the end of the warm-up", 1e-8, 1)
    warmup_steps: int = setting(400, "steps to the peak rate, which then decays; 0: constant", 0, 1_000_000)
    rate_decay: float = setting(0.7, "factor on the learning rate when the dev score stalls", 0.01, 1)
    rate_patience: int = setting(2, "evaluations without a better dev score before rate_decay", 1, 10_000)
    patience: int = setting(6, "evaluations without a better dev score before training ends", 1, 10_000)
    dev_metric: str = field(
        default="auto",
        metadata={
            "help": "metric of the dev set; auto: BLEU for the target's script",
            "choices": tuple(DEV_METRICS),
        },
    )
    checkpoint_steps: int = setting(
        500, "steps between checkpoints; the most that a crash can lose", 1, 10_000_000
    )
    evaluate_steps: int = setting(
        0, "steps between evaluations; 0: evaluate after every epoch", 0, 10_000_000
    )
    label_smoothing: float = setting(0.1, "probability moved from the correct token to all tokens", 0, 0.9)
    guided_alignment: float = setting(0.3, "weight of the loss between attention and word alignments", 0, 100)
    clip_norm: float = setting(1.0, "largest norm of the gradient of all weights", 1e-6, 1e6)
    average_decay: float = setting(0.998, "decay per step of the running weight average; 0: off", 0, 0.999999)
    mixed_precision: bool = field(
        default=True, metadata={"help": "compute in bfloat16 where faster; weights stay float32"}
    )
    seed: int = setting(1, "seed of the initial weights, the data order and the dropout", 0, 2**31 - 1)

    @property
    def dev_metric_name(self) -> str:
        """The name of the metric of the dev set."""
        return DEV_METRICS[self.dev_metric]


@dataclass(frozen=True)
class DecodingConfig:
    """The defaults of search, where the caller sets nothing."""

    beam_size: int = setting(5, "hypotheses kept per sentence", 1, 1000)
    length_penalty: float = setting(1.0, "length normalization; 0: none; larger: longer output", 0, 10)
    no_repeat_ngram: int = setting(0, "no sequence of this many words is repeated; 0: off", 0, 100)


@dataclass(frozen=True)
class CorpusFacts:
    """Facts about the training text; filled in by training, not set by users."""

    num_pairs: int = setting(0, "sentence pairs in training", 0, 2**62)
    longest_source: int = setting(0, "tokens of the longest source in training", 0, 2**62)


@dataclass(frozen=True)
class Config:
    """Everything that defines a training run, except its files."""

    source_language: str = field(default="source", metadata={"help": "name of the source language"})
    target_language: str = field(default="target", metadata={"help": "name of the target language"})
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    corpus: CorpusFacts = field(default_factory=CorpusFacts)

    @property
    def max_source_tokens(self) -> int:
        """The longest source that is translated in one part, in tokens: the longest in training."""
        return self.corpus.longest_source or self.data.max_tokens

    def override(self, values: Mapping[str, Any]) -> Config:
        """Returns a copy with some settings changed.

        Args:
            values: new values by dotted path, such as ``{"training.max_epochs": 5}``.

        Raises:
            ConfigError: names all faults at once: unknown keys (with the nearest valid key), wrong types and
                values out of range.
        """
        tree = dataclasses.asdict(self)
        known = _settings(Config)
        faults = []
        for path, value in values.items():
            if path not in known:
                faults.append(_unknown_setting(path, known))
                continue
            value, fault = check_setting(path, value, *known[path])
            if fault:
                faults.append(fault)
                continue
            *sections, name = path.split(".")
            branch = tree
            for section in sections:
                branch = branch[section]
            branch[name] = value
        units, heads = tree["model"]["units"], tree["model"]["attention_heads"]
        if units % 2 or units % heads:
            faults.append("model.units must be even and a multiple of model.attention_heads")
        if faults:
            raise ConfigError("; ".join(faults))
        return cast(Config, _build(Config, tree))

    def to_json(self) -> str:
        """The whole configuration as indented JSON, with the format version of the model folder."""
        tree = {"format": _FORMAT} | dataclasses.asdict(self)
        return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str, where: str) -> Config:
        """Reads what ``to_json`` wrote.

        Raises:
            ConfigError: if the text is not a JSON object, has a format that this version cannot read, or
                contains an invalid setting.
        """
        try:
            tree = json.loads(text)
            settings = flatten(tree) if isinstance(tree, dict) else {}
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{where}: not valid JSON ({error}); was it cut or edited?") from None
        if not isinstance(tree, dict):
            raise ConfigError(f"{where}: expected a JSON object of settings")
        format_version = settings.pop("format", 1)  # the first format had no number
        if format_version not in range(_OLDEST_FORMAT, _FORMAT + 1):
            is_newer = isinstance(format_version, int) and format_version > _FORMAT
            version, remedy = (
                ("a newer", "update translator") if is_newer else ("an older", "train the model again")
            )
            raise ConfigError(
                f"{where}: made by {version} version of translator (format {format_version!r}, "
                f"this one reads {_FORMAT}); {remedy}"
            )
        if format_version < _FORMAT:
            settings = {_RENAMED_SETTINGS.get(path, path): value for path, value in settings.items()}
        try:
            return Config().override(settings)
        except ConfigError as error:
            raise ConfigError(f"{where}: damaged, or edited ({error})") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Reads a TOML file of settings; returns them by dotted path.

    Raises:
        ConfigError: if the file cannot be read or is not valid TOML.
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    return flatten(tree)


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Parses ``key=value`` assignments, with values as in TOML; quotes around text are optional.

    Raises:
        ConfigError: if an assignment has no ``=``.
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        path, equals, literal = assignment.partition("=")
        if not equals:
            raise ConfigError(f"{assignment!r}: write a setting as key=value, such as training.max_epochs=5")
        try:
            values[path.strip()] = tomllib.loads(f"value = {literal}")["value"]
        except tomllib.TOMLDecodeError:
            values[path.strip()] = literal
    return values


def parse_weights(weights: Iterable[str]) -> dict[str, float]:
    """Parses ``file=number`` assignments.

    Raises:
        ConfigError: if an assignment has another form.
    """
    values = {}
    for weight in weights:
        name, equals, number = weight.rpartition("=")
        try:
            values[name] = float(number)
        except ValueError:
            equals = ""
        if not (name and equals):
            raise ConfigError(f"{weight!r}: write a weight as file=number, such as web.en=0.5")
    return values


def describe_settings() -> list[tuple[str, str, str]]:
    """Returns the dotted path, the default as JSON and the help text of every setting in a section.

    The languages, which are options of their own, and the facts about the corpus are left out.
    """
    defaults = flatten(dataclasses.asdict(Config()))
    return [
        (path, json.dumps(defaults[path]), metadata["help"])
        for path, (_, metadata) in _settings(Config).items()
        if "." in path and not path.startswith("corpus.")
    ]


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flattens nested tables to dotted paths: ``{"a": {"b": 1}}`` to ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _settings(config_type: Any, prefix: str = "") -> dict[str, tuple[type, Mapping[str, Any]]]:
    """The type and the field metadata of every setting, by dotted path."""
    hints = get_type_hints(config_type)
    settings: dict[str, tuple[type, Mapping[str, Any]]] = {}
    for item in dataclasses.fields(config_type):
        hint = hints[item.name]
        if dataclasses.is_dataclass(hint):
            settings |= _settings(hint, f"{prefix}{item.name}.")
        else:
            settings[f"{prefix}{item.name}"] = (hint, item.metadata)
    return settings


def _unknown_setting(path: str, known: Iterable[str]) -> str:
    """The message for an unknown key; suggests the nearest valid key, by its last part or as a whole."""
    known = list(known)
    by_name = {name.rpartition(".")[2]: name for name in known}
    last = path.rpartition(".")[2]
    near = (
        [by_name[last]]
        if last in by_name
        else difflib.get_close_matches(path, known, n=1, cutoff=0.6)
        or [by_name[name] for name in difflib.get_close_matches(last, by_name, n=1, cutoff=0.5)]
    )
    hint = f"did you mean {near[0]}?" if near else f"valid keys: {', '.join(known)}"
    return f"{path}: no such setting; {hint}"


def check_setting(path: str, value: Any, kind: type, metadata: Mapping[str, Any]) -> tuple[Any, str]:
    """Returns the value converted to its type, and a message if it is invalid, else an empty string."""
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        names = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
        return value, f"{path}: expected {names[kind]}, got {value!r}"
    if value not in metadata.get("choices", [value]):
        return value, f"{path}: {value!r} is none of {', '.join(metadata['choices'])}"
    if "low" in metadata and not metadata["low"] <= value <= metadata["high"]:
        return value, f"{path}: {value} is outside {metadata['low']} to {metadata['high']}"
    return value, ""


def _build(config_type: Any, tree: Mapping[str, Any]) -> Any:
    """Builds a dataclass and the dataclasses inside it from nested tables."""
    hints = get_type_hints(config_type)
    return config_type(
        **{
            name: _build(hints[name], value) if dataclasses.is_dataclass(hints[name]) else value
            for name, value in tree.items()
        }
    )
