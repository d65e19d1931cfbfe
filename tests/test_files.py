"""Files are written completely or not at all."""

import os
import threading
from pathlib import Path

import pytest

from translator.errors import ModelError
from translator.files import atomic_write, check_writable, remove_unfinished


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ZeroDivisionError])
def test_an_interrupted_write_leaves_the_old_file(tmp_path, interruption):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def interrupted_write():
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise interruption

    with pytest.raises(interruption):
        interrupted_write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_complete_write_replaces_the_file(tmp_path):
    path = tmp_path / "new" / "file.weights.npz"
    with atomic_write(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.name.endswith(".weights.npz")
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_the_umask_of_the_user_decides_who_may_read_a_file(tmp_path):
    before = os.umask(0o077)
    try:
        with atomic_write(tmp_path / "file.txt") as temporary:
            temporary.write_text("new")
    finally:
        os.umask(before)
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == 0o600


def test_a_symbolic_link_is_kept_and_its_target_replaced(tmp_path):
    target, link = tmp_path / "other" / "file.txt", tmp_path / "link.txt"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to(target)
    with atomic_write(link) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_a_pipe_is_kept_and_gets_the_content(tmp_path):
    pipe, contents = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: contents.append(pipe.read_text()))
    reader.start()
    with atomic_write(pipe) as temporary:
        temporary.write_text("new")
    reader.join()
    assert contents == ["new"]
    assert pipe.is_fifo()


def test_a_pipe_without_a_path_gets_the_content():
    reader, writer = os.pipe()  # as when /dev/stdout is a pipe
    with atomic_write(Path(f"/dev/fd/{writer}")) as temporary:
        temporary.write_text("new")
    assert os.read(reader, 10) == b"new"
    os.close(reader)
    os.close(writer)


def test_a_full_disk_leaves_the_old_file_and_says_what_to_do(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    message = (
        r"file\.txt: cannot be written \(No space left on device\); check the folder and the free space$"
    )
    with pytest.raises(ModelError, match=message), atomic_write(path):
        raise OSError(28, "No space left on device")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_reported_before_the_work(tmp_path):
    path = tmp_path / "file.txt"
    check_writable(path)
    assert not list(tmp_path.iterdir())
    path.write_text("old")
    check_writable(path)
    assert path.read_text() == "old"
    check_writable(Path("/dev/null"))
    for unwritable, reason in ((path / "x.txt", "File exists"), (tmp_path, "Is a directory")):
        with pytest.raises(ModelError, match=rf"cannot be written \({reason}\)"):
            check_writable(unwritable)


def test_unfinished_files_are_removed(tmp_path):
    with atomic_write(tmp_path / "file.txt") as temporary:
        leftover = tmp_path / f"{temporary.name}-of-a-killed-process"
        leftover.write_text("half")
        remove_unfinished(tmp_path)
        temporary.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]
