"""The files of a model folder, and how a model is loaded from it.

    config.json          all settings, resolved
    tokenizer.model      the SentencePiece model, shared by both languages
    model.weights.npz    the best averaged weights so far
    lexicon.npz          likely target tokens of each source token, for faster search
    report.html          the report of the training; report.json holds the same data
    training/            the text as token ids, dictionary.npz, checkpoint.npz and log.jsonl; needed only to
                         resume

Loading reads numbers and settings; nothing in a model folder is ever executed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from translator.arrays import open_arrays, write_arrays
from translator.config import Config
from translator.corpus.tokenizer import Tokenizer
from translator.errors import ConfigError, ModelError
from translator.nn.model import SpecialIds, TranslationModel, build_model, min_num_weights

_MAX_CONFIG_SIZE = 1 << 20  # bytes


def config_path(folder: Path) -> Path:
    """Path of the settings in a model folder."""
    return folder / "config.json"


def tokenizer_path(folder: Path) -> Path:
    """Path of the tokenizer in a model folder."""
    return folder / "tokenizer.model"


def lexicon_path(folder: Path) -> Path:
    """Path of the lexicon, from which search takes shortlists."""
    return folder / "lexicon.npz"


def weights_path(folder: Path) -> Path:
    """Path of the best weights."""
    return folder / "model.weights.npz"


def report_path(folder: Path) -> Path:
    """Path of the training report as JSON."""
    return folder / "report.json"


def report_page_path(folder: Path) -> Path:
    """Path of the training report as a web page."""
    return folder / "report.html"


def checkpoint_path(folder: Path) -> Path:
    """Path of the latest checkpoint of the training."""
    return folder / "training" / "checkpoint.npz"


def previous_checkpoint_path(folder: Path) -> Path:
    """Path of the checkpoint before the latest, in case that one is damaged."""
    return folder / "training" / "checkpoint-previous.npz"


def corpus_path(folder: Path) -> Path:
    """Path of the folder with the training text as token ids."""
    return folder / "training" / "corpus"


def diversification_path(folder: Path) -> Path:
    """Path of the folder with the teachers of a diversification and the text that they translate."""
    return folder / "training" / "diversification"


def backward_path(folder: Path) -> Path:
    """Path of the backward model of a diversification, which is a model folder."""
    return diversification_path(folder) / "backward"


def lock_path(folder: Path) -> Path:
    """Path of the lock file of a running training."""
    return folder / "training" / "lock"


def dictionary_path(folder: Path) -> Path:
    """Path of the counted translations that fill the dictionary of a new network."""
    return folder / "training" / "dictionary.npz"


def log_path(folder: Path) -> Path:
    """Path of the log, with one line of JSON per evaluation."""
    return folder / "training" / "log.jsonl"


def seed_folder(folder: Path, seed: int) -> Path:
    """Path of one of several models that differ only in the seed."""
    return folder / f"seed-{seed}"


def seed_folders(folder: Path) -> list[Path]:
    """Returns the folders of the models of several seeds, in order; empty for a single model."""
    folders: list[Path] = []
    while config_path(seed_folder(folder, len(folders) + 1)).exists():
        folders.append(seed_folder(folder, len(folders) + 1))
    return folders


def model_folders(folders: Iterable[Path]) -> list[Path]:
    """Expands each folder with models of several seeds into the folders of these models."""
    return [single for folder in folders for single in seed_folders(folder) or [folder]]


def build_network(config: Config, tokenizer: Tokenizer) -> TranslationModel:
    """Builds the network of a configuration for the vocabulary of a tokenizer, with new weights."""
    special_ids = SpecialIds(tokenizer.padding_id, tokenizer.start_id, tokenizer.end_id)
    return build_model(config.model, tokenizer.vocabulary_size, special_ids)


def load_config(folder: Path) -> Config:
    """Reads the settings of a model.

    Raises:
        ModelError: if there is no model, or its settings cannot be read.
    """
    path = config_path(folder)
    try:
        if path.stat().st_size > _MAX_CONFIG_SIZE:
            raise ModelError(f"{path}: too large for settings; is it the right file?")
        return Config.from_json(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        if single_models := seed_folders(folder):
            raise ModelError(
                f"{folder}: holds models of several seeds; give one of them, such as {single_models[0]}"
            ) from None
        raise ModelError(
            f"{folder}: no model here (config.json is missing); give the --output folder of a training"
        ) from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    except ConfigError as error:
        raise ModelError(str(error)) from None
    except UnicodeDecodeError as error:
        raise ModelError(f"{path}: damaged, or edited ({error})") from None


def load_model(folder: Path) -> tuple[TranslationModel, Tokenizer, Config]:
    """Loads the best weights of a model folder into a network.

    Raises:
        ModelError: if the folder is not a complete model of this version.
    """
    config = load_config(folder)
    tokenizer = Tokenizer.load(tokenizer_path(folder))
    path = weights_path(folder)
    if path.exists() and path.stat().st_size < 4 * min_num_weights(config.model, tokenizer.vocabulary_size):
        # Checked before the network is built: a few edited digits could ask for more memory than there is.
        raise _mismatch(path)("too few for these sizes")
    network = build_network(config, tokenizer)
    load_weights(network, folder)
    return network, tokenizer, config


def save_weights(network: TranslationModel, path: Path) -> None:
    """Writes all weights of a network under their paths, such as ``decoder/lstm_0/lstm_cell/kernel``.

    Raises:
        OSError: if the file cannot be written.
    """
    write_arrays(path, {weight.path: weight.numpy() for weight in network.weights})


def load_weights(network: TranslationModel, folder: Path) -> None:
    """Loads the best weights of a model folder into a network of the same shape.

    Raises:
        ModelError: if there are no weights, or they do not fit.
    """
    path = weights_path(folder)
    if not path.exists():
        raise ModelError(f"{folder}: not trained yet ({path.name} is missing); run translator train again")
    with open_arrays(path, _mismatch(path)) as arrays:
        values = {name: arrays[name] for name in arrays}
    weights = {weight.path: weight for weight in network.weights}
    for name in sorted(weights.keys() | values.keys()):
        needed = tuple(weights[name].shape) if name in weights else "nothing"
        found = values[name].shape if name in values else "nothing"
        if needed == found and values[name].dtype != weights[name].dtype:
            needed, found = str(weights[name].dtype), str(values[name].dtype)
        if needed != found:
            raise _mismatch(path)(f"{name}: {found} where {needed} is needed")
    if network.dictionary is not None:
        token_ids = values[network.dictionary.translations.path]
        if token_ids.min(initial=0) < 0 or token_ids.max(initial=0) >= network.dictionary.vocabulary_size:
            raise _mismatch(path)("its dictionary has translations that are not in the vocabulary")
    for name, weight in weights.items():
        weight.assign(values[name])


def _mismatch(path: Path) -> Callable[[str], ModelError]:
    """Returns a function that makes the error for unusable weights, given the reason."""
    return lambda reason: ModelError(f"{path}: damaged, or not the weights of this config.json ({reason})")


def load_networks(folder: Path, *more_folders: Path) -> tuple[list[TranslationModel], Tokenizer, Config]:
    """Loads one model or an ensemble; the tokenizer and the settings are those of the first model.

    A folder with models of several seeds stands for all of them.

    Raises:
        ModelError: if a folder is not a complete model of this version, or if the models have different
            vocabularies or write in different directions.
    """
    folder, *others = model_folders([folder, *more_folders])
    network, tokenizer, config = load_model(folder)
    networks = [network]
    for other in others:
        network, other_tokenizer, other_config = load_model(other)
        if other_tokenizer.model != tokenizer.model:
            raise ModelError(
                f"{other}: has a different vocabulary from {folder}; the models of an ensemble need the same "
                "tokenizer.model"
            )
        if other_config.model.right_to_left != config.model.right_to_left:
            raise ModelError(
                f"{other}: writes in the opposite direction to {folder}; give the model with "
                "model.right_to_left as --right-to-left, so that it reranks the translations of the other"
            )
        networks.append(network)
    return networks, tokenizer, config
