"""A model folder: loaded as it was written, refused with one clear line where something is wrong."""

import numpy as np
import pytest
from references.networks import padded

from translator.config import Config
from translator.errors import ModelError
from translator.training.model_folder import (
    checkpoint_path,
    config_path,
    load_model,
    log_path,
    network_for,
    tokenizer_path,
    weights_path,
)

CONFIG = Config().override({"model.units": 8, "model.encoder_layers": 2, "decoding.beam_size": 7})
IDS = padded([[270, 271, 3], [272, 3]])


@pytest.fixture
def network(tokenizer):
    return network_for(CONFIG, tokenizer)


@pytest.fixture
def folder(tmp_path, tokenizer, network):
    config_path(tmp_path).write_text(CONFIG.to_json(), encoding="utf-8")
    tokenizer_path(tmp_path).write_bytes(tokenizer.model)
    network.save_weights(weights_path(tmp_path))
    return tmp_path


def refusal(folder):
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_round_trip(folder, network, tokenizer):
    loaded, its_tokenizer, its_config = load_model(folder)
    assert its_config == CONFIG
    assert its_tokenizer.model == tokenizer.model
    np.testing.assert_array_equal(loaded((IDS, IDS)), network((IDS, IDS)))


def test_files_stand_where_they_are_documented(tmp_path):
    paths = [config_path, tokenizer_path, weights_path, checkpoint_path, log_path]
    assert [path(tmp_path).relative_to(tmp_path).as_posix() for path in paths] == [
        "config.json",
        "tokenizer.model",
        "model.weights.h5",
        "training/checkpoint.npz",
        "training/log.jsonl",
    ]


def test_the_network_has_the_pieces_of_the_tokenizer(network, tokenizer):
    assert network.embedding.vocabulary_size == tokenizer.vocabulary_size
    ids = (tokenizer.padding_id, tokenizer.start_id, tokenizer.end_id)
    assert network.special_ids == ids


def test_no_folder(tmp_path):
    message = "no model here (config.json is missing); give the --output folder of a training"
    assert refusal(tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}: {message}"


@pytest.mark.parametrize(
    "content", [b"", b'{"model": {"units', b"[1, 2]", b'{"model": {"wings": 2}}', b"\xff\xfe"]
)
def test_a_damaged_configuration(folder, content):
    config_path(folder).write_bytes(content)
    message = f"{config_path(folder)}: damaged, or made by another version of translator ("
    assert refusal(folder).startswith(message)


def test_no_tokenizer(folder):
    tokenizer_path(folder).unlink()
    assert refusal(folder) == f"{tokenizer_path(folder)}: cannot be read (No such file or directory)"


@pytest.mark.parametrize("content", [b"", b"nothing that sentencepiece knows"])
def test_a_damaged_tokenizer(folder, content):
    tokenizer_path(folder).write_bytes(content)
    assert refusal(folder).startswith(f"{tokenizer_path(folder)}: not a SentencePiece model (")


def test_no_weights_yet(folder):
    weights_path(folder).unlink()
    message = "not trained yet (model.weights.h5 is missing); run translator train again"
    assert refusal(folder) == f"{folder}: {message}"


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_cut_weights(folder, share):
    data = weights_path(folder).read_bytes()
    weights_path(folder).write_bytes(data[: int(share * len(data))])
    assert refusal(folder).startswith(
        f"{weights_path(folder)}: damaged, or not the weights of this config.json ("
    )


@pytest.mark.parametrize("tenth", [0, 1, 2, 8, 9])
def test_weights_with_a_hole(folder, tenth):
    """A block of zeros, as a disk or a download leaves it, in the file's own tables."""
    data = bytearray(weights_path(folder).read_bytes())
    start = tenth * len(data) // 10
    data[start : start + 2000] = bytes(2000)
    weights_path(folder).write_bytes(data)
    assert refusal(folder).startswith(
        f"{weights_path(folder)}: damaged, or not the weights of this config.json ("
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"model.units": 16},
        {"model.encoder_layers": 3},
        {"model.decoder_layers": 1},
    ],
    ids=str,
)
def test_weights_of_another_shape(folder, settings):
    config_path(folder).write_text(CONFIG.override(settings).to_json(), encoding="utf-8")
    assert refusal(folder).startswith(
        f"{weights_path(folder)}: damaged, or not the weights of this config.json ("
    )
