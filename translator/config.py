"""All settings of a translator, as frozen dataclasses: TOML and ``--set`` in, resolved JSON out."""

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

# The version of config.json and of everything beside it in a model folder.
_FORMAT = 6
_OLDEST_FORMAT = 3  # Formats 3 to 5 lack some settings, which then keep their defaults.
_RENAMED_SETTINGS = {"data.max_pieces": "data.max_tokens"}  # up to format 5


def setting(default: Any, help: str, low: float, high: float) -> Any:
    """A field with its meaning and its valid range (both ends belong to it)."""
    return field(default=default, metadata={"help": help, "low": low, "high": high})


@dataclass(frozen=True)
class TokenizerConfig:
    """How text is cut into pieces."""

    vocabulary_size: int = setting(12000, "pieces, both languages together", 1, 1_000_000)


@dataclass(frozen=True)
class DataConfig:
    """Which pairs are kept and how they are put into batches."""

    max_words: int = setting(150, "pairs with a longer side (in words) are dropped", 1, 100_000)
    max_ratio: float = setting(9.0, "pairs whose lengths differ by a larger factor are dropped", 1, 1e6)
    max_tokens: int = setting(200, "pairs with a longer side (in tokens) are left out", 2, 10_000)
    batch_tokens: int = setting(3072, "pieces a batch, on the longer side and with padding", 16, 10_000_000)
    mixed_share: float = setting(0.5, "share of the pairs of --mix-source in an epoch", 0, 0.99)


@dataclass(frozen=True)
class ModelConfig:
    """The shape of the network, its dropout, and from which end it writes."""

    units: int = setting(256, "width of the embedding and of every layer; even", 2, 8192)
    encoder_layers: int = setting(2, "LSTM layers of the encoder, the first of them bidirectional", 1, 16)
    decoder_layers: int = setting(2, "LSTM layers of the decoder, the first of them asks attention", 1, 16)
    attention_heads: int = setting(1, "attention heads; they divide units", 1, 64)
    dropout: float = setting(0.3, "variational dropout: one mask a sentence, before every layer", 0, 0.95)
    word_dropout: float = setting(0.1, "share of input words whose embedding is blanked", 0, 0.95)
    output_row_length: float = setting(0.0, "length of the rows that make logits; 0: as they grow", 0, 100)
    dictionary: int = setting(0, "counted translations of a piece to point at; 0: none", 0, 100)
    right_to_left: bool = field(
        default=False, metadata={"help": "write the last word first: judges what others write"}
    )


@dataclass(frozen=True)
class TrainingConfig:
    """How the weights are found and when training ends."""

    max_epochs: int = setting(30, "passes over the corpus at most", 1, 100_000)
    learning_rate: float = setting(3e-3, "Adam's highest rate, at the end of the warm-up", 1e-8, 1)
    warmup_steps: int = setting(400, "steps of rising rate, then it falls; 0: constant", 0, 1_000_000)
    rate_decay: float = setting(0.7, "factor on the rate when dev BLEU no longer rises", 0.01, 1)
    rate_patience: int = setting(2, "evaluations without a better dev BLEU before a decay", 1, 10_000)
    patience: int = setting(6, "evaluations without a better dev BLEU before the end", 1, 10_000)
    checkpoint_steps: int = setting(
        500, "steps between checkpoints: no more work is ever lost", 1, 10_000_000
    )
    evaluate_steps: int = setting(0, "steps between evaluations; 0: one after every epoch", 0, 10_000_000)
    label_smoothing: float = setting(0.1, "probability taken from the right piece, shared by all", 0, 0.9)
    guided_alignment: float = setting(0.3, "weight of attention's distance to word alignments", 0, 100)
    clip_norm: float = setting(1.0, "largest norm of the whole gradient", 1e-6, 1e6)
    average_decay: float = setting(0.998, "decay a step of the weight average; 0: off", 0, 0.999999)
    mixed_precision: bool = field(
        default=True, metadata={"help": "compute in bfloat16 where faster; weights stay float32"}
    )
    seed: int = setting(1, "seed of the weights, the order of the data and the dropout", 0, 2**31 - 1)


@dataclass(frozen=True)
class DecodingConfig:
    """How translations are searched for, where the caller does not say."""

    beam_size: int = setting(5, "hypotheses kept a sentence", 1, 1000)
    length_penalty: float = setting(1.0, "length normalization; 0: none, larger: longer output", 0, 10)
    no_repeat_ngram: int = setting(0, "so many words in a row never stand twice; 0: off", 0, 100)


@dataclass(frozen=True)
class CorpusFacts:
    """What training found out about its text; filled in by training, not set by users."""

    num_pairs: int = setting(0, "pairs that were trained on", 0, 2**62)
    longest_source: int = setting(0, "pieces of the longest source that the weights have seen", 0, 2**62)


@dataclass(frozen=True)
class Config:
    """Everything that one training run needs to know, except its files."""

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
        """Pieces that a sentence to translate may have: no more than the longest in training had."""
        return self.corpus.longest_source or self.data.max_tokens

    def override(self, values: Mapping[str, Any]) -> Config:
        """Returns a copy with some settings changed.

        Args:
            values: dotted path of a setting -> new value, such as ``{"training.max_epochs": 5}``.

        Raises:
            ConfigError: naming every unknown key (with the nearest valid one), wrong type and value
                out of range, all at once.
        """
        tree = dataclasses.asdict(self)
        known = _settings(Config)
        faults = []
        for path, value in values.items():
            if path not in known:
                faults.append(_unknown(path, known))
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
        """The whole configuration as indented JSON, with the format of the model folder."""
        tree = {"format": _FORMAT} | dataclasses.asdict(self)
        return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str, where: str) -> Config:
        """Reads what ``to_json`` wrote.

        Raises:
            ConfigError: if the text is no JSON object, of a format that this version does not know, or one of
                its settings is not valid.
        """
        try:
            tree = json.loads(text)
            settings = flatten(tree) if isinstance(tree, dict) else {}
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{where}: not valid JSON ({error}); was it cut or edited?") from None
        if not isinstance(tree, dict):
            raise ConfigError(f"{where}: expected a JSON object of settings")
        form = settings.pop("format", 1)  # the first had no number
        if form not in range(_OLDEST_FORMAT, _FORMAT + 1):
            newer = isinstance(form, int) and form > _FORMAT
            version, remedy = (
                ("a newer", "update translator") if newer else ("an older", "train the model again")
            )
            raise ConfigError(
                f"{where}: made by {version} version of translator (format {form!r}, this one reads "
                f"{_FORMAT}); {remedy}"
            )
        if form < _FORMAT:
            settings = {_RENAMED_SETTINGS.get(path, path): value for path, value in settings.items()}
        try:
            return Config().override(settings)
        except ConfigError as error:
            raise ConfigError(f"{where}: damaged, or edited ({error})") from None


def read_toml(path: Path) -> dict[str, Any]:
    """Reads a TOML file of settings as dotted paths.

    Raises:
        ConfigError: if the file cannot be read or is not TOML.
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
    """Reads ``key=value`` words, the value written as in TOML (quotes around text may be left out).

    Raises:
        ConfigError: if a word has no ``=``.
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
    """Reads ``file=number`` words.

    Raises:
        ConfigError: if a word is something else.
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
    """Every setting that a user may change: its dotted path, its default, and its meaning."""
    defaults = flatten(dataclasses.asdict(Config()))
    return [
        (path, json.dumps(defaults[path]), metadata["help"])
        for path, (_, metadata) in _settings(Config).items()
        if "." in path and not path.startswith("corpus.")
    ]


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Turns nested tables into dotted paths: ``{"a": {"b": 1}}`` into ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _settings(config_type: Any, prefix: str = "") -> dict[str, tuple[type, Mapping[str, Any]]]:
    """Dotted path of every setting -> its type and its field's metadata."""
    hints = get_type_hints(config_type)
    found: dict[str, tuple[type, Mapping[str, Any]]] = {}
    for item in dataclasses.fields(config_type):
        hint = hints[item.name]
        if dataclasses.is_dataclass(hint):
            found |= _settings(hint, f"{prefix}{item.name}.")
        else:
            found[f"{prefix}{item.name}"] = (hint, item.metadata)
    return found


def _unknown(path: str, known: Iterable[str]) -> str:
    """The message for a key that does not exist; the nearest valid key is found by its last part too."""
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
    """Returns the value in its own type, and a fault or an empty string."""
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        names = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
        return value, f"{path}: expected {names[kind]}, got {value!r}"
    if "low" in metadata and not metadata["low"] <= value <= metadata["high"]:
        return value, f"{path}: {value} is outside {metadata['low']} to {metadata['high']}"
    return value, ""


def _build(config_type: Any, tree: Mapping[str, Any]) -> Any:
    """Builds a dataclass, and those inside it, from nested tables."""
    hints = get_type_hints(config_type)
    return config_type(
        **{
            name: _build(hints[name], value) if dataclasses.is_dataclass(hints[name]) else value
            for name, value in tree.items()
        }
    )
