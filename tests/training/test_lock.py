"""One training at a time per folder, and nothing half written is left by one that was killed."""

import contextlib
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from translator.errors import ModelError
from translator.model_folder import config_path, lock_path
from translator.training.lock import locked
from translator.training.preparation import check_folder


def test_a_second_process_learns_which_one_is_training(tmp_path):
    folder = tmp_path / "model"
    program = f"""
from pathlib import Path
from translator.training.lock import locked
with locked(Path({str(folder)!r})):
    pass
"""
    with locked(folder):
        second = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    last = second.stderr.strip().splitlines()[-1]
    assert last.endswith(
        f"ModelError: {folder}: another training is running there (process {os.getpid()}); wait for its end, "
        "or give another --output"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_file_system_without_locks_is_reported(tmp_path, monkeypatch):
    def no_lock(*arguments):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", no_lock)
    with pytest.raises(ModelError, match="its file system has no locks"), locked(tmp_path / "model"):
        pass


def test_a_lock_ends_with_its_process(tmp_path):
    folder = tmp_path / "model"
    program = f"""
import os, signal
from pathlib import Path
from translator.training.lock import locked
with locked(Path({str(folder)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    with locked(folder):
        pass


def test_half_written_files_are_removed_and_all_others_stay(tmp_path):
    names = [".unfinished-x1-model.weights.npz", "training/.unfinished-ab-checkpoint.npz"]
    others = ["config.json", ".hidden", "training/log.jsonl"]
    for name in (*names, *others):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    with locked(tmp_path):
        left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*others, "training/lock"}


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_training_that_failed_before_it_made_anything_leaves_a_folder_that_can_be_used_again(tmp_path):
    folder = tmp_path / "model"
    for _ in range(2):
        check_folder(folder)
        with pytest.raises(ZeroDivisionError), locked(folder):
            raise ZeroDivisionError
        assert files_in(folder) == [lock_path(folder)]


def test_what_a_failed_training_has_made_stays(tmp_path):
    def fail_later():
        with locked(tmp_path):
            config_path(tmp_path).write_text("{}")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_later()
    assert config_path(tmp_path).exists()


def test_after_a_training_failed_two_others_never_hold_the_lock_together(tmp_path):
    """If the lock file were removed, the other two would lock two different files."""
    folder = tmp_path / "model"
    with contextlib.suppress(ZeroDivisionError), locked(folder):
        waiting = lock_path(folder).open("ab")  # as another process that is about to lock it
        raise ZeroDivisionError
    with waiting:
        fcntl.flock(waiting, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(ModelError, match="another training is running there"), locked(folder):
            pass
    with locked(folder):
        pass


def test_a_lock_of_an_unknown_process_is_reported_too(tmp_path):
    path = lock_path(tmp_path)
    path.parent.mkdir()
    with path.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        message = r"another training is running there \(process unknown\)"
        with pytest.raises(ModelError, match=message), locked(tmp_path):
            pass


def test_a_folder_that_cannot_be_made_is_reported(tmp_path):
    (tmp_path / "file").write_text("in the way")
    message = r"cannot be written \((File exists|Not a directory)\); give another --output"
    with pytest.raises(ModelError, match=message), locked(tmp_path / "file" / "model"):
        pass
    with (
        pytest.raises(ModelError, match=r"cannot be written \(.*\); give another --output"),
        locked(Path("/proc/x")),
    ):
        pass


def test_a_full_disk_is_reported_and_leaves_a_folder_that_can_be_used_again(tmp_path):
    folder = tmp_path / "model"
    program = f"""
import resource, signal
from pathlib import Path
from translator.training.lock import locked
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
with locked(Path({str(folder)!r})):
    pass
"""
    full = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    last = full.stderr.strip().splitlines()[-1]
    assert last.endswith("lock: cannot be written (File too large); check the folder and the free space")
    check_folder(folder)
    with locked(folder):
        pass
