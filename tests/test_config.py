import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.config import Config, flatten, parse_assignments, parse_weights, read_toml
from translator.errors import ConfigError

SETTINGS = {  # the default and the dataclass field of every setting, by dotted path
    f"{section.name}.{item.name}": (getattr(getattr(Config(), section.name), item.name), item)
    for section in dataclasses.fields(Config)
    if dataclasses.is_dataclass(getattr(Config(), section.name))
    for item in dataclasses.fields(getattr(Config(), section.name))
}
RANGES = {path: item.metadata for path, (_, item) in SETTINGS.items() if "low" in item.metadata}


def message_of(action, *arguments) -> str:
    """The one-line message of the ConfigError that the call must raise."""
    with pytest.raises(ConfigError) as error:
        action(*arguments)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    return message


# Overriding


def test_overriding_changes_some_settings_and_keeps_the_rest():
    config = Config().override({"training.max_epochs": 5, "model.dropout": 0.25, "source_language": "en"})
    assert (config.training.max_epochs, config.model.dropout, config.source_language) == (5, 0.25, "en")
    back = {"training.max_epochs": 30, "model.dropout": 0.3, "source_language": "source"}
    assert config.override(back) == Config()


def test_overriding_leaves_the_original_unchanged():
    config = Config()
    config.override({"training.max_epochs": 5})
    assert config == Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.training.max_epochs = 5


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("training.max_epoch", "training.max_epochs"),
        ("trainning.max_epochs", "training.max_epochs"),
        ("dropout", "model.dropout"),
        ("batch_token", "data.batch_tokens"),
        pytest.param("training.units", "model.units"),
        ("source_lang", "source_language"),
    ],
)
def test_an_unknown_key_names_the_nearest_valid_one(wrong, nearest):
    message = message_of(Config().override, {wrong: 5})
    assert message == f"{wrong}: no such setting; did you mean {nearest}?"


def test_a_key_unlike_any_other_lists_all_valid_ones():
    message = message_of(Config().override, {"xyz": 5})
    assert message.startswith("xyz: no such setting; valid keys: source_language, target_language, ")
    assert all(path in message for path in SETTINGS)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("training.max_epochs", 5.0, "a whole number, got 5.0"),
        ("training.max_epochs", True, "a whole number, got True"),
        ("training.max_epochs", "5", "a whole number, got '5'"),
        ("training.max_epochs", None, "a whole number, got None"),
        ("model.dropout", "0.1", "a number, got '0.1'"),
        ("model.dropout", False, "a number, got False"),
        ("training.mixed_precision", 1, "true or false, got 1"),
        ("training.mixed_precision", "yes", "true or false, got 'yes'"),
        ("source_language", 5, "text, got 5"),
        ("source_language", ["en"], "text, got ['en']"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(path, value, expected):
    assert message_of(Config().override, {path: value}) == f"{path}: expected {expected}"


def test_a_whole_number_is_accepted_as_a_number():
    config = Config().override({"data.max_ratio": 3})
    assert config.data.max_ratio == 3.0
    assert type(config.data.max_ratio) is float


@pytest.mark.parametrize(
    ("path", "value", "valid"),
    [
        ("training.max_epochs", 0, "1 to 100000"),
        ("training.max_epochs", -3, "1 to 100000"),
        ("model.dropout", 1, "0 to 0.95"),
        ("model.dropout", -0.001, "0 to 0.95"),
        ("data.mixed_share", 1.0, "0 to 0.99"),
        ("training.learning_rate", 0, "1e-08 to 1"),
        ("training.seed", 2**31, "0 to 2147483647"),
        ("decoding.beam_size", 0, "1 to 1000"),
        ("model.dropout", float("nan"), "0 to 0.95"),
        ("data.max_ratio", float("inf"), "1 to 1000000.0"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(path, value, valid):
    message = message_of(Config().override, {path: value})
    shown = float(value) if isinstance(SETTINGS[path][0], float) else value
    assert message == f"{path}: {shown} is outside {valid}"


@pytest.mark.parametrize("path", RANGES)
def test_both_ends_of_a_range_belong_to_it_and_the_default_lies_in_it(path):
    default, item = SETTINGS[path]
    low, high = type(default)(item.metadata["low"]), type(default)(item.metadata["high"])
    for value in (low, default, high):
        flat = flatten(dataclasses.asdict(Config().override({path: value})))
        assert flat[path] == value
    for value in (low - 1, high + 1):
        assert "is outside" in message_of(Config().override, {path: value})


def test_every_setting_has_a_help_text():
    for path, (_, item) in SETTINGS.items():
        assert item.metadata.get("help"), path


def test_all_faults_are_reported_at_once():
    values = {"training.max_epoch": 5, "model.dropout": 2.0, "training.seed": "x", "model.units": 64}
    assert message_of(Config().override, values) == (
        "training.max_epoch: no such setting; did you mean training.max_epochs?; "
        "model.dropout: 2.0 is outside 0 to 0.95; "
        "training.seed: expected a whole number, got 'x'"
    )


@pytest.mark.parametrize(("units", "heads"), [(255, 1), (255, 5), (256, 3), (10, 4)])
def test_units_that_are_odd_or_that_the_heads_do_not_divide_are_refused(units, heads):
    message = message_of(Config().override, {"model.units": units, "model.attention_heads": heads})
    assert message == "model.units must be even and a multiple of model.attention_heads"


@pytest.mark.parametrize(
    ("units", "heads"),
    [
        (2, 1),
        (256, 8),
        (6, 3),
        pytest.param(12, 4),
    ],
)
def test_even_units_that_the_heads_divide_are_valid(units, heads):
    config = Config().override({"model.units": units, "model.attention_heads": heads})
    assert (config.model.units, config.model.attention_heads) == (units, heads)


# JSON


@st.composite
def valid_settings(draw):
    """Valid values for some of the settings, except for the two that depend on each other."""
    values = {}
    for path in draw(st.sets(st.sampled_from(sorted(SETTINGS.keys() - {"model.units"})))):
        default, item = SETTINGS[path]
        low, high = item.metadata.get("low"), item.metadata.get("high")
        if path == "model.attention_heads":
            values[path] = draw(st.sampled_from([1, 2, 4, 8]))
        elif "choices" in item.metadata:
            values[path] = draw(st.sampled_from(item.metadata["choices"]))
        elif isinstance(default, bool):
            values[path] = draw(st.booleans())
        elif isinstance(default, int):
            values[path] = draw(st.integers(low, high))
        else:
            values[path] = draw(st.floats(low, high))
    return values | {"target_language": draw(st.text())}


@given(valid_settings())
def test_every_configuration_survives_json(values):
    config = Config().override(values)
    assert Config.from_json(config.to_json(), "config.json") == config


def test_json_holds_every_setting_in_a_readable_form():
    text = Config().override({"training.max_epochs": 5, "source_language": "Español"}).to_json()
    tree = json.loads(text)
    assert tree["training"]["max_epochs"] == 5
    assert tree["training"]["seed"] == 1
    assert {f"{name}.{key}" for name, part in tree.items() if isinstance(part, dict) for key in part} == set(
        SETTINGS
    )
    assert '"source_language": "Español",\n' in text
    assert text.endswith("}\n")


@pytest.mark.parametrize("text", ["", "{", '{"training": {"seed": 1}', "\x00"])
def test_truncated_json_is_refused(text):
    message = message_of(Config.from_json, text, "m/config.json")
    assert message.startswith("m/config.json: not valid JSON (")
    assert message.endswith("); was it cut or edited?")


@pytest.mark.parametrize("text", ["[]", "5", "null", '"text"'])
def test_json_that_is_not_an_object_is_refused(text):
    assert message_of(Config.from_json, text, "c.json") == "c.json: expected a JSON object of settings"


def test_json_with_an_invalid_setting_names_the_file():
    text = Config().to_json().replace('"seed": 1', '"seed": "x"')
    message = message_of(Config.from_json, text, "c.json")
    assert message == "c.json: damaged, or edited (training.seed: expected a whole number, got 'x')"


@pytest.mark.parametrize(
    ("format_version", "message"),
    [
        ("7", "a newer version of translator (format 7, this one reads 6); update translator"),
        ("1", "an older version of translator (format 1, this one reads 6); train the model again"),
        (
            '"x"',
            "an older version of translator (format 'x', this one reads 6); train the model again",
        ),
    ],
)
def test_json_of_another_version_is_distinguished_from_damage(format_version, message):
    text = Config().to_json().replace('"format": 6', f'"format": {format_version}')
    text = text.replace("patience", "patience_of_another_version")
    assert message_of(Config.from_json, text, "c.json") == f"c.json: made by {message}"


@pytest.mark.parametrize(
    ("format_version", "unknown", "last"),
    [
        (3, ("dictionary", "right_to_left"), '"output_row_length": 0.0'),
        (4, ("right_to_left",), '"dictionary": 0'),
    ],
)
def test_json_of_an_older_format_is_read_with_defaults(format_version, unknown, last):
    text = Config().to_json().replace('"format": 6', f'"format": {format_version}')
    lines = [line for line in text.splitlines() if not any(name in line for name in unknown)]
    text = "\n".join(lines).replace(f"{last},", last)
    assert Config.from_json(text, "c.json") == Config()


@pytest.mark.parametrize("format_version", [3, 4, 5])
def test_a_renamed_setting_is_read_from_an_older_format(format_version):
    text = (
        Config()
        .override({"data.max_tokens": 77})
        .to_json()
        .replace('"format": 6', f'"format": {format_version}')
    )
    assert Config.from_json(text.replace("max_tokens", "max_pieces"), "c.json").data.max_tokens == 77


def test_the_current_format_knows_no_former_names():
    text = Config().to_json().replace("max_tokens", "max_pieces")
    assert "data.max_pieces: no such setting; did you mean data.max_tokens?" in message_of(
        Config.from_json, text, "c.json"
    )


def test_json_without_a_format_has_the_oldest():
    assert "older version of translator (format 1," in message_of(Config.from_json, "{}", "c.json")


@pytest.mark.parametrize("depth", [900, 990, 5_000, 100_000])
def test_deeply_nested_json_is_refused(depth):
    text = '{"a":' * depth + "1" + "}" * depth
    message = message_of(Config.from_json, text, "c.json")
    assert "maximum recursion depth" in message or "older version" in message


# TOML


def toml(folder: Path, content: bytes) -> Path:
    path = folder / "recipe.toml"
    path.write_bytes(content)
    return path


def test_toml_is_read_as_dotted_paths(tmp_path):
    path = toml(
        tmp_path,
        'target_language = "español"\nmodel.units = 128\n[training]\nmax_epochs = 5  # a few\n'
        "learning_rate = 1e-3\nmixed_precision = false\n".encode(),
    )
    values = read_toml(path)
    assert values == {
        "target_language": "español",
        "model.units": 128,
        "training.max_epochs": 5,
        "training.learning_rate": 1e-3,
        "training.mixed_precision": False,
    }
    assert Config().override(values).training.max_epochs == 5


def test_toml_with_a_byte_order_mark_is_read(tmp_path):
    assert read_toml(toml(tmp_path, b"\xef\xbb\xbftraining.seed = 2\n")) == {"training.seed": 2}


def test_a_missing_toml_file_is_reported(tmp_path):
    path = tmp_path / "none.toml"
    assert message_of(read_toml, path) == (
        f"{path}: cannot be read (No such file or directory); check the path"
    )


def test_a_folder_instead_of_a_toml_file_is_reported(tmp_path):
    assert message_of(read_toml, tmp_path) == f"{tmp_path}: cannot be read (Is a directory); check the path"


def test_toml_that_is_not_utf_8_is_reported(tmp_path):
    path = toml(tmp_path, "target_language = 'español'".encode("latin-1"))
    assert message_of(read_toml, path) == f"{path}: not UTF-8 text; save it as UTF-8"


def test_invalid_toml_is_reported_with_its_line(tmp_path):
    path = toml(tmp_path, b"[training]\nmax_epochs: 5\n")
    message = message_of(read_toml, path)
    assert message.startswith(f"{path}: not valid TOML: ")
    assert "line 2" in message


# Assignments on the command line


@pytest.mark.parametrize(
    ("assignment", "path", "value"),
    [
        ("training.max_epochs=5", "training.max_epochs", 5),
        ("data.batch_tokens=10_000", "data.batch_tokens", 10_000),
        ("training.learning_rate=1e-3", "training.learning_rate", 1e-3),
        ("training.mixed_precision=false", "training.mixed_precision", False),
        ("source_language=en", "source_language", "en"),
        ("source_language='en'", "source_language", "en"),
        ('source_language="en"', "source_language", "en"),
        ("source_language=pt BR", "source_language", "pt BR"),
        ("source_language=a=b", "source_language", "a=b"),
        ("source_language=", "source_language", ""),
        (" training.seed = 2 ", "training.seed", 2),
    ],
)
def test_an_assignment_is_read_as_toml_or_else_as_text(assignment, path, value):
    parsed = parse_assignments([assignment])
    assert parsed == {path: value}
    assert type(parsed[path]) is type(value)


def test_the_last_of_two_assignments_wins():
    assert parse_assignments(["training.seed=2", "model.units=64", "training.seed=3"]) == {
        "training.seed": 3,
        "model.units": 64,
    }


def test_an_assignment_without_an_equals_sign_is_refused():
    assert message_of(parse_assignments, ["training.max_epochs"]) == (
        "'training.max_epochs': write a setting as key=value, such as training.max_epochs=5"
    )


def test_a_weight_is_read_with_the_name_of_its_file():
    assert parse_weights(["web.en=0.5", "a=b.en=2"]) == {"web.en": 0.5, "a=b.en": 2}
    assert parse_weights([]) == {}


@pytest.mark.parametrize("weight", ["web.en", "web.en=", "=0.5", "web.en=half", ""])
def test_a_weight_without_a_file_or_a_number_is_refused(weight):
    assert message_of(parse_weights, [weight]) == (
        f"{weight!r}: write a weight as file=number, such as web.en=0.5"
    )


def test_an_assignment_of_the_wrong_type_is_refused_when_it_is_used():
    message = message_of(Config().override, parse_assignments(["training.seed=abc"]))
    assert message == "training.seed: expected a whole number, got 'abc'"
