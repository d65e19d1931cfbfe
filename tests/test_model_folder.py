"""A model folder is loaded as it was written, or refused with one clear line."""

import numpy as np
import pytest
from references.networks import padded, write_model

from translator.arrays import write_arrays
from translator.config import Config
from translator.errors import ModelError
from translator.model_folder import (
    build_network,
    checkpoint_path,
    config_path,
    load_model,
    log_path,
    save_weights,
    tokenizer_path,
    weights_path,
)
from translator.nn.model import min_num_weights

CONFIG = Config().override({"model.units": 8, "model.encoder_layers": 2, "decoding.beam_size": 7})
IDS = padded([[270, 271, 3], [272, 3]])


@pytest.fixture
def network(tokenizer):
    return build_network(CONFIG, tokenizer)


@pytest.fixture
def folder(tmp_path, tokenizer, network):
    return write_model(tmp_path, CONFIG, tokenizer, network)


def refusal(folder):
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_round_trip(folder, network, tokenizer):
    loaded, loaded_tokenizer, config = load_model(folder)
    assert config == CONFIG
    assert loaded_tokenizer.model == tokenizer.model
    np.testing.assert_array_equal(loaded((IDS, IDS)), network((IDS, IDS)))


def test_files_have_the_documented_paths(tmp_path):
    paths = [config_path, tokenizer_path, weights_path, checkpoint_path, log_path]
    assert [path(tmp_path).relative_to(tmp_path).as_posix() for path in paths] == [
        "config.json",
        "tokenizer.model",
        "model.weights.npz",
        "training/checkpoint.npz",
        "training/log.jsonl",
    ]


def test_the_network_has_the_vocabulary_of_the_tokenizer(network, tokenizer):
    assert network.embedding.vocabulary_size == tokenizer.vocabulary_size
    ids = (tokenizer.padding_id, tokenizer.start_id, tokenizer.end_id)
    assert network.special_ids == ids


def test_a_missing_folder(tmp_path):
    message = "no model here (config.json is missing); give the --output folder of a training"
    assert refusal(tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}: {message}"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "not valid JSON ("),
        (b'{"model": {"units', "not valid JSON ("),
        (b"[1, 2]", "expected a JSON object of settings"),
        (b'{"format": 4, "model": {"wings": 2}}', "damaged, or edited (model.wings: no such setting;"),
        (b"\xff\xfe", "damaged, or edited ('utf-8' codec"),
        (b'{"format": 7}', "made by a newer version of translator (format 7,"),
        (b" " * 2**20 + b"{}", "too large for settings; is it the right file?"),
    ],
)
def test_a_damaged_configuration(folder, content, fault):
    config_path(folder).write_bytes(content)
    assert refusal(folder).startswith(f"{config_path(folder)}: {fault}")


def test_a_folder_with_several_models_is_not_a_model(folder):
    (folder / "seed-1").mkdir()
    config_path(folder).rename(config_path(folder / "seed-1"))
    assert refusal(folder) == (
        f"{folder}: holds models of several seeds; give one of them, such as {folder / 'seed-1'}"
    )


def test_a_missing_tokenizer(folder):
    tokenizer_path(folder).unlink()
    assert refusal(folder) == f"{tokenizer_path(folder)}: cannot be read (No such file or directory)"


@pytest.mark.parametrize("content", [b"", b"nothing that sentencepiece knows"])
def test_a_damaged_tokenizer(folder, content):
    tokenizer_path(folder).write_bytes(content)
    assert refusal(folder).startswith(f"{tokenizer_path(folder)}: not a SentencePiece model (")


def test_a_tokenizer_that_is_too_large(folder):
    with tokenizer_path(folder).open("wb") as file:
        file.truncate(2**26 + 1)
    message = "too large for a SentencePiece model; is it another file?"
    assert refusal(folder) == f"{tokenizer_path(folder)}: {message}"


def test_missing_weights(folder):
    weights_path(folder).unlink()
    message = "not trained yet (model.weights.npz is missing); run translator train again"
    assert refusal(folder) == f"{folder}: {message}"


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_truncated_weights(folder, share):
    data = weights_path(folder).read_bytes()
    weights_path(folder).write_bytes(data[: int(share * len(data))])
    assert refusal(folder).startswith(
        f"{weights_path(folder)}: damaged, or not the weights of this config.json ("
    )


@pytest.mark.parametrize("tenth", [0, 1, 2, 8, 9])
def test_weights_with_a_block_of_zeros(folder, tenth):
    """A bad disk or download can leave such a block, here in the tables of the archive."""
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


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"model.units": 32},
        {"model.encoder_layers": 1, "model.decoder_layers": 1},
        {"model.units": 64, "model.encoder_layers": 5, "model.decoder_layers": 4},
    ],
    ids=str,
)
def test_the_lower_bound_on_the_number_of_weights_holds(tokenizer, settings):
    config = CONFIG.override(settings)
    size = sum(int(np.prod(weight.shape)) for weight in build_network(config, tokenizer).trainable_variables)
    bound = min_num_weights(config.model, tokenizer.vocabulary_size)
    assert size / 2 <= bound <= size


@pytest.mark.parametrize("token_id", [-1, 10**6])
def test_a_dictionary_with_ids_outside_the_vocabulary_is_refused(tokenizer, tmp_path, token_id):
    config = CONFIG.override({"model.dictionary": 2})
    config_path(tmp_path).write_text(config.to_json(), encoding="utf-8")
    tokenizer_path(tmp_path).write_bytes(tokenizer.model)
    network = build_network(config, tokenizer)
    shape = network.dictionary.translations.shape
    network.dictionary.translations.assign(np.arange(shape[0] * shape[1]).reshape(shape) % shape[0])
    save_weights(network, weights_path(tmp_path))
    loaded, _, _ = load_model(tmp_path)
    np.testing.assert_array_equal(loaded.dictionary.translations, network.dictionary.translations)
    network.dictionary.translations.assign(np.full(shape, token_id))
    save_weights(network, weights_path(tmp_path))
    assert refusal(tmp_path).endswith("(its dictionary has translations that are not in the vocabulary)")


def test_sizes_larger_than_the_weights_are_refused_before_they_take_memory(folder):
    """Building this network, with some 200 GB of weights, would kill the process."""
    sizes = {"model.units": 8192, "model.encoder_layers": 16, "model.decoder_layers": 16}
    config_path(folder).write_text(CONFIG.override(sizes).to_json(), encoding="utf-8")
    assert refusal(folder).endswith("not the weights of this config.json (too few for these sizes)")


def test_any_reader_of_numpy_archives_finds_the_weights_by_path(folder, network):
    with np.load(weights_path(folder)) as arrays:
        assert arrays["embedding/matrix"].shape == (network.embedding.vocabulary_size, 8)
        np.testing.assert_array_equal(
            arrays["decoder/lstm_0/lstm_cell/kernel"], network.decoder.layers[0].cell.kernel
        )
        assert len(arrays.files) == len(network.trainable_variables)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            lambda arrays: arrays.pop("decoder/readout/bias"),
            "decoder/readout/bias: nothing where (8,) is needed",
        ),
        (lambda arrays: arrays.update(more=np.zeros(3, np.float32)), "more: (3,) where nothing is needed"),
        (
            lambda arrays: arrays.update({"decoder/readout/bias": np.zeros([8, 1], np.float32)}),
            "decoder/readout/bias: (8, 1) where (8,) is needed",
        ),
        (
            lambda arrays: arrays.update({"decoder/readout/bias": np.zeros(8)}),
            "decoder/readout/bias: float64 where float32 is needed",
        ),
        (
            lambda arrays: arrays.update({"decoder/readout/bias": np.zeros(8, "U8")}),
            "decoder/readout/bias: <U8 where float32 is needed",
        ),
    ],
)
def test_weights_that_do_not_match_the_network(folder, change, fault):
    with np.load(weights_path(folder)) as file:
        arrays = dict(file)
    change(arrays)
    write_arrays(weights_path(folder), arrays)
    assert refusal(folder).endswith(f"not the weights of this config.json ({fault})")
