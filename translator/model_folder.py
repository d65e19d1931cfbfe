"""What stands where in a model folder, and how a model is loaded from it.

    config.json          all settings, resolved
    tokenizer.model      the SentencePiece model of both languages
    model.weights.npz    the best averaged weights so far
    lexicon.npz          the likely target pieces of each source piece, for faster search
    report.html          how the training went, for people; report.json has the same
    training/            the text as piece ids, dictionary.npz, checkpoint.npz and log.jsonl; only needed
                         to resume

Loading reads numbers and settings; nothing in a model folder is ever run as code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from translator.arrays import open_arrays, write_arrays
from translator.config import Config
from translator.corpus.tokenizer import Tokenizer
from translator.errors import ConfigError, ModelError
from translator.nn.model import SpecialIds, TranslationModel, build_model, min_num_weights

_LARGEST_CONFIG = 1 << 20  # bytes


def config_path(folder: Path) -> Path:
    """Where the settings are."""
    return folder / "config.json"


def tokenizer_path(folder: Path) -> Path:
    """Where the tokenizer is."""
    return folder / "tokenizer.model"


def lexicon_path(folder: Path) -> Path:
    """Where the lexical table is."""
    return folder / "lexicon.npz"


def weights_path(folder: Path) -> Path:
    """Where the best weights are."""
    return folder / "model.weights.npz"


def report_path(folder: Path) -> Path:
    """Where it is told how the training went, as JSON."""
    return folder / "report.json"


def report_page_path(folder: Path) -> Path:
    """Where the same is told for people."""
    return folder / "report.html"


def checkpoint_path(folder: Path) -> Path:
    """Where the state of the training is."""
    return folder / "training" / "checkpoint.npz"


def previous_checkpoint_path(folder: Path) -> Path:
    """Where the state before that is, should the last one be damaged."""
    return folder / "training" / "checkpoint-previous.npz"


def corpus_path(folder: Path) -> Path:
    """Where the text to learn from is, as piece ids."""
    return folder / "training" / "corpus"


def diversification_path(folder: Path) -> Path:
    """Where the first models are whose translations were learned from, and the text as they read it."""
    return folder / "training" / "diversification"


def backward_path(folder: Path) -> Path:
    """Where a diversification keeps its model of the other direction."""
    return diversification_path(folder) / "backward"


def lock_path(folder: Path) -> Path:
    """Where a training says that it is running."""
    return folder / "training" / "lock"


def dictionary_path(folder: Path) -> Path:
    """Where the translations are that a network begins with in its dictionary."""
    return folder / "training" / "dictionary.npz"


def log_path(folder: Path) -> Path:
    """Where each evaluation is recorded as a line of JSON."""
    return folder / "training" / "log.jsonl"


def seed_folder(folder: Path, seed: int) -> Path:
    """Where one of several models is that were trained alike but for the seed."""
    return folder / f"seed-{seed}"


def seed_folders(folder: Path) -> list[Path]:
    """The folders of the models of several seeds, in the order of the seeds; none where one model is."""
    found: list[Path] = []
    while config_path(seed_folder(folder, len(found) + 1)).exists():
        found.append(seed_folder(folder, len(found) + 1))
    return found


def model_folders(folders: Iterable[Path]) -> list[Path]:
    """The folders of single models: of several seeds, one for each."""
    return [member for folder in folders for member in seed_folders(folder) or [folder]]


def build_network(config: Config, tokenizer: Tokenizer) -> TranslationModel:
    """The network of a configuration, with new weights, for the pieces of a tokenizer."""
    special_ids = SpecialIds(tokenizer.padding_id, tokenizer.start_id, tokenizer.end_id)
    return build_model(config.model, tokenizer.vocabulary_size, special_ids)


def load_config(folder: Path) -> Config:
    """Reads the settings of a model.

    Raises:
        ModelError: if there is no model folder, or its settings cannot be read.
    """
    path = config_path(folder)
    try:
        if path.stat().st_size > _LARGEST_CONFIG:
            raise ModelError(f"{path}: too large for settings; is it another file?")
        return Config.from_json(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        if several := seed_folders(folder):
            raise ModelError(
                f"{folder}: holds models of several seeds; give one of them, such as {several[0]}"
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
        ModelError: if the folder is no complete model of this version.
    """
    config = load_config(folder)
    tokenizer = Tokenizer.load(tokenizer_path(folder))
    path = weights_path(folder)
    if path.exists() and path.stat().st_size < 4 * min_num_weights(config.model, tokenizer.vocabulary_size):
        # Seen before the network takes memory: a few edited digits could ask for more than there is.
        raise _misfit(path)("too few for these sizes")
    network = build_network(config, tokenizer)
    load_weights(network, folder)
    return network, tokenizer, config


def save_weights(network: TranslationModel, path: Path) -> None:
    """Writes all weights of a network under their names, such as ``decoder/lstm_0/lstm_cell/kernel``.

    Raises:
        OSError: if the file cannot be written.
    """
    write_arrays(path, {weight.path: weight.numpy() for weight in network.weights})


def load_weights(network: TranslationModel, folder: Path) -> None:
    """Loads the best weights of a model folder into a network of the same shape.

    Raises:
        ModelError: if there are none, or they do not fit.
    """
    path = weights_path(folder)
    if not path.exists():
        raise ModelError(f"{folder}: not trained yet ({path.name} is missing); run translator train again")
    with open_arrays(path, _misfit(path)) as arrays:
        values = {name: arrays[name] for name in arrays}
    weights = {weight.path: weight for weight in network.weights}
    for name in sorted(weights.keys() | values.keys()):
        needed = tuple(weights[name].shape) if name in weights else "nothing"
        found = values[name].shape if name in values else "nothing"
        if needed == found and values[name].dtype != weights[name].dtype:
            needed, found = str(weights[name].dtype), str(values[name].dtype)
        if needed != found:
            raise _misfit(path)(f"{name}: {found} where {needed} is needed")
    if network.dictionary is not None:
        pieces = values[network.dictionary.translations.path]
        if pieces.min(initial=0) < 0 or pieces.max(initial=0) >= network.dictionary.vocabulary_size:
            raise _misfit(path)("the translations of its dictionary are no pieces")
    for name, weight in weights.items():
        weight.assign(values[name])


def _misfit(path: Path) -> Callable[[str], ModelError]:
    """Makes the error for weights that cannot be used."""
    return lambda reason: ModelError(f"{path}: damaged, or not the weights of this config.json ({reason})")


def load_networks(folder: Path, *more_folders: Path) -> tuple[list[TranslationModel], Tokenizer, Config]:
    """Loads one model, or several that decide together; tokenizer and settings are those of the first.

    The folder of a training with several seeds stands for all its models.

    Raises:
        ModelError: if there is no complete model of this version, or the models have different vocabularies
            or do not all write from the same end.
    """
    folder, *others = model_folders([folder, *more_folders])
    network, tokenizer, config = load_model(folder)
    networks = [network]
    for other in others:
        network, other_tokenizer, its = load_model(other)
        if other_tokenizer.model != tokenizer.model:
            raise ModelError(
                f"{other}: has another vocabulary than {folder}; models translate together only with "
                "the same tokenizer.model"
            )
        if its.model.right_to_left != config.model.right_to_left:
            raise ModelError(
                f"{other}: writes from the other end than {folder}; give the one with model.right_to_left as "
                "--right-to-left, to judge what the other writes"
            )
        networks.append(network)
    return networks, tokenizer, config
