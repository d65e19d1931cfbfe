"""A full disk and a read-only disk give a one-line error, and no training progress is lost."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
Run = Callable[..., "subprocess.CompletedProcess[str]"]

SETTINGS = ("training.max_epochs=1", "training.evaluate_steps=10", "training.checkpoint_steps=5")
SETTINGS += ("model.units=32", "tokenizer.vocabulary_size=300", "data.batch_tokens=400")


@pytest.fixture
def disk(tmp_path):
    """Mounts a file system in memory with the given options, such as its size."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount_points = []

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("needs permission to mount a file system")
        mount_points.append(folder)
        return folder

    yield mount
    for mount_point in mount_points:
        subprocess.run(["umount", str(mount_point)], check=True)


def train(run: Run, folder: Path, work: Path) -> tuple[int, list[str]]:
    """Trains on a few pairs of the sample; returns the exit status and the lines of standard error."""
    words = ["train", "--output", str(folder / "model")]
    for side, language in (("source", "en"), ("target", "de")):
        path = work / f"train.{language}"
        lines = (SAMPLE / path.name).read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(lines[:400]), encoding="utf-8")
        words += [f"--{side}", str(path)]
    words += [word for setting in SETTINGS for word in ("--set", setting)]
    done = run(*words)
    return done.returncode, done.stderr.splitlines()


# The disk is full at the first file, somewhere in between, or at the second checkpoint.
@pytest.mark.parametrize("size", ["4k", "250k", "2200k"])
def test_a_full_disk_is_reported_and_training_resumes_when_there_is_space(run, disk, tmp_path, size):
    folder = disk(f"size={size}")
    status, lines = train(run, folder, tmp_path)
    assert status == 1
    assert lines[-1].startswith(f"translator: {folder}/model")
    assert "cannot be written (" in lines[-1]
    assert lines[-1].endswith("); check the folder and the free space")
    assert not [line for line in lines if "Traceback" in line or "Error" in line]
    assert not list(folder.rglob(".unfinished-*"))
    subprocess.run(["mount", "-o", "remount,size=50m", str(folder)], check=True)
    status, lines = train(run, folder, tmp_path)
    assert status == 0
    assert (folder / "model" / "model.weights.npz").exists()


def test_a_read_only_disk_is_reported(run, disk, tmp_path):
    folder = disk("ro")
    assert train(run, folder, tmp_path) == (
        1,
        [f"translator: {folder}/model: cannot be written (Read-only file system); give another --output"],
    )
