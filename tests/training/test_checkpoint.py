"""Checkpoints: written whole or not at all, read back exactly, and never trusted."""

import dataclasses

import keras
import numpy as np
import pytest

from translator.errors import ModelError
from translator.training.checkpoint import (
    TrainingState,
    last_checkpoint,
    read_state,
    restore_checkpoint,
    save_checkpoint,
)

STATE = TrainingState("abcd", 3, 7, 77, 12.5, 33.25, 60, 2, 0.49, True, 1.5, 2.5, 3.0, 4.5, "float32", "CPU")


def some_variables(seed, shapes=((3, 4), (5,), ())):
    random = np.random.default_rng(seed)
    return [keras.Variable(random.normal(size=shape), name=f"variable_{i}") for i, shape in enumerate(shapes)]


def values_of(variables):
    return [variable.numpy() for variable in variables]


def read_all(path, variables):
    """Reads counters and variables as a training that is resumed does."""
    state = read_state(path)
    restore_checkpoint(path, variables)
    return state


def previous_of(path):
    return path.with_name("previous.npz")


def save(path, state, variables):
    save_checkpoint(path, previous_of(path), state, variables)


def last_of(path, report=None):
    return last_checkpoint(path, previous_of(path), report or (lambda line: None))


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "training" / "checkpoint.npz"
    save(path, STATE, some_variables(1))
    return path


def test_round_trip(checkpoint):
    variables = some_variables(2)
    assert read_all(checkpoint, variables) == STATE
    for value, expected in zip(values_of(variables), values_of(some_variables(1)), strict=True):
        np.testing.assert_array_equal(value, expected)


def test_every_counter_is_kept():
    defaults = TrainingState()
    changed = [
        f.name for f in dataclasses.fields(STATE) if getattr(STATE, f.name) != getattr(defaults, f.name)
    ]
    assert changed == [field.name for field in dataclasses.fields(STATE)]  # so the round trip tests them all


def test_without_a_checkpoint_there_is_no_state(tmp_path):
    assert last_of(tmp_path / "checkpoint.npz") is None


def test_a_new_checkpoint_replaces_the_old_one_and_leaves_only_the_one_before(checkpoint):
    for step in (76, 77, 78):
        save(checkpoint, dataclasses.replace(STATE, step=step), some_variables(3))
    assert read_state(previous_of(checkpoint)).step == 77
    variables = some_variables(2)
    assert read_all(checkpoint, variables).step == 78
    np.testing.assert_array_equal(values_of(variables)[0], values_of(some_variables(3))[0])
    assert {path.name for path in checkpoint.parent.iterdir()} == {"checkpoint.npz", "previous.npz"}


def test_the_last_good_checkpoint_is_found(checkpoint):
    lines = []
    assert last_of(checkpoint, lines.append) == checkpoint
    save(checkpoint, dataclasses.replace(STATE, step=78), some_variables(3))
    assert last_of(checkpoint, lines.append) == checkpoint
    assert lines == []
    data = bytearray(checkpoint.read_bytes())
    data[len(data) // 2] ^= 8
    checkpoint.write_bytes(data)
    assert last_of(checkpoint, lines.append) == previous_of(checkpoint)
    [line] = lines
    assert line.startswith(f"warning: {checkpoint}: damaged (")
    assert line.endswith("); resuming from the checkpoint before it")
    previous_of(checkpoint).write_bytes(b"")
    with pytest.raises(ModelError, match=r"checkpoint\.npz: damaged \(.*\); remove it to start"):
        last_of(checkpoint)
    checkpoint.unlink()
    with pytest.raises(ModelError, match=r"previous\.npz: damaged"):
        last_of(checkpoint)


def test_too_little_memory_to_read_a_checkpoint_does_not_count_as_damage(checkpoint, monkeypatch):
    def too_little(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(np.lib.format, "read_array", too_little)
    for read in (last_of, read_state, lambda path: restore_checkpoint(path, some_variables(2))):
        with pytest.raises(MemoryError):
            read(checkpoint)


def test_after_a_kill_between_two_renames_the_one_before_is_found(checkpoint):
    checkpoint.rename(previous_of(checkpoint))
    lines = []
    assert last_of(checkpoint, lines.append) == previous_of(checkpoint)
    assert lines == []


def test_a_disk_that_is_full_while_saving_leaves_the_old_checkpoint(checkpoint, monkeypatch):
    def full(file, array, allow_pickle):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(ModelError, match="No space left on device"):
        save(checkpoint, dataclasses.replace(STATE, step=78), some_variables(3))
    assert [path.name for path in checkpoint.parent.iterdir()] == ["checkpoint.npz"]
    assert read_state(last_of(checkpoint)).step == 77


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_damaged(checkpoint, share):
    data = checkpoint.read_bytes()
    checkpoint.write_bytes(data[: int(share * len(data))])
    for read in (read_state, lambda path: restore_checkpoint(path, some_variables(2))):
        with pytest.raises(ModelError) as caught:
            read(checkpoint)
        message = str(caught.value)
        assert message.startswith(f"{checkpoint}: damaged (")
        assert message.endswith("); remove it to start this training from the beginning")
        assert "\n" not in message


@pytest.mark.parametrize(
    "content", [b"not a checkpoint\n", b"\x93NUMPY", b"\x80\x04K\x01.", bytes(range(256)) * 9]
)
def test_something_else_is_damaged(checkpoint, content):
    checkpoint.write_bytes(content)
    with pytest.raises(ModelError, match=r"checkpoint\.npz: damaged \(.+\); remove it to start") as caught:
        read_state(checkpoint)
    assert "\n" not in str(caught.value)


def test_a_wrong_byte_anywhere_is_damage_or_harmless(checkpoint):
    data, expected = checkpoint.read_bytes(), values_of(some_variables(1))
    random, refused = np.random.default_rng(1), 0
    for position in range(0, len(data), 3):
        wrong = bytearray(data)
        wrong[position] ^= int(random.integers(1, 256))
        checkpoint.write_bytes(wrong)
        variables = some_variables(2)
        try:
            state = read_all(checkpoint, variables)
        except ModelError:
            refused += 1
        else:
            assert state == STATE
            for value, of_saved in zip(values_of(variables), expected, strict=True):
                np.testing.assert_array_equal(value, of_saved)
    assert refused > len(data) / 6  # every third byte was tried


@pytest.mark.parametrize(
    "shapes", [((3, 4), (5,)), ((3, 4), (5,), (), (1,)), ((3, 4), (6,), ()), ((4, 3), (5,), ())]
)
def test_the_checkpoint_of_another_model_is_refused(checkpoint, shapes):
    with pytest.raises(
        ModelError, match=r"checkpoint\.npz: made by another version or configuration"
    ) as caught:
        restore_checkpoint(checkpoint, some_variables(2, shapes))
    assert "\n" not in str(caught.value)


def test_a_counter_that_does_not_exist_is_refused(tmp_path):
    path = tmp_path / "checkpoint.npz"
    np.savez(path, state=np.array('{"epoch": 1, "moon_phase": 0.5}'))
    with pytest.raises(ModelError, match="damaged"):
        read_state(path)


def test_python_objects_in_a_checkpoint_are_never_loaded(tmp_path):
    path = tmp_path / "checkpoint.npz"
    np.savez(path, state=np.array([object()], dtype=object))
    with pytest.raises(ModelError, match="damaged"):
        read_state(path)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        ModelError, match=r"checkpoint\.npz: cannot be written \((File exists|Not a directory)\)"
    ):
        save(tmp_path / "file" / "checkpoint.npz", STATE, some_variables(1))
