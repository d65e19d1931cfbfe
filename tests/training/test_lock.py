"""One training at a time in a folder, and nothing half written left by one that was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from translator.errors import ModelError
from translator.model_folder import config_path
from translator.training import lock
from translator.training.lock import locked


def test_a_second_process_is_told_which_one_is_training(tmp_path):
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


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch):
    def no_lock(*arguments):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(lock.fcntl, "flock", no_lock)
    with pytest.raises(ModelError, match="its file system has no locks"), locked(tmp_path / "model"):
        pass


def test_a_lock_goes_with_its_process(tmp_path):
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


def test_what_was_half_written_is_cleared_away_and_the_rest_stays(tmp_path):
    names = [".unfinished-x1-model.weights.npz", "training/.unfinished-ab-checkpoint.npz"]
    others = ["config.json", ".hidden", "training/log.jsonl"]
    for name in (*names, *others):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    with locked(tmp_path):
        left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*others, "training/lock"}


def test_a_training_that_failed_before_it_made_anything_leaves_no_folder(tmp_path):
    folder = tmp_path / "model"
    with pytest.raises(ZeroDivisionError), locked(folder):
        raise ZeroDivisionError
    assert not folder.exists()

    def fail_later():
        with locked(folder):
            config_path(folder).write_text("{}")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_later()
    assert config_path(folder).exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    message = r"cannot be written \((File exists|Not a directory)\); give another --output"
    with pytest.raises(ModelError, match=message), locked(tmp_path / "file" / "model"):
        pass
    with (
        pytest.raises(ModelError, match=r"cannot be written \(.*\); give another --output"),
        locked(Path("/proc/x")),
    ):
        pass


def test_a_full_disk_is_told_and_leaves_no_folder(tmp_path):
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
    assert not folder.exists()
