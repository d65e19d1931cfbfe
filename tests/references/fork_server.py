"""Runs the command line in processes of their own that need not import TensorFlow each time.

Importing TensorFlow takes longer than most commands. A server process imports it once, together with the
package, and computes nothing. For each command it forks a child, which gets the arguments, folder,
environment and standard streams of the caller and calls the same ``main`` as the installed command. So every
command has its own process, memory and signals, as it has from a shell.

    python tests/references/fork_server.py SOCKET
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any


class ForkServer:
    """The caller's side: starts the server, runs commands in its children, and stops it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = os.path.join(self._folder.name, "socket")
        self._process = subprocess.Popen([sys.executable, __file__, self._path])

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def run(
        self, *arguments: object, standard_input: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs ``translator ARGUMENTS`` in the current folder, as ``subprocess.run`` with text would."""
        words = [os.fsencode(str(word)).decode("latin-1") for word in arguments]
        request = {"arguments": words, "folder": os.getcwd(), "environment": dict(os.environ) | environment}
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            given.write(standard_input.encode("utf-8", "surrogateescape"))
            given.seek(0)
            with self._connection() as connection:
                message = json.dumps(request).encode()
                socket.send_fds(connection, [b"%08d" % len(message)], [f.fileno() for f in (given, out, err)])
                connection.sendall(message)
                status = int(connection.makefile().readline() or -1000)
            printed = []
            for file in (out, err):
                file.seek(0)
                printed.append(file.read().decode("utf-8"))
        return subprocess.CompletedProcess([*arguments], status, *printed)

    def _connection(self) -> socket.socket:
        for _ in range(6000):
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(self._path)
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                if self._process.poll() is not None:
                    raise RuntimeError("the fork server has ended") from None
                time.sleep(0.02)
            else:
                return connection
        raise RuntimeError("the fork server does not start")


def _serve(path: str) -> None:
    import translator.api
    import translator.cli.main as command_line
    import translator.serving.export  # noqa: F401

    for name in command_line.command.list_commands(None):  # type: ignore[arg-type]
        __import__(f"translator.cli.{name}")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        while True:
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                _supervise(connection, command_line.main)
            connection.close()
            while True:  # children that have ended
                try:
                    if os.waitpid(-1, os.WNOHANG)[0] == 0:
                        break
                except ChildProcessError:
                    break


def _supervise(connection: socket.socket, main: Callable[[], Any]) -> None:
    """Forks the command, waits for it, and sends its exit status, negative for a signal."""
    length, streams, _, _ = socket.recv_fds(connection, 8, 3)
    content = connection.makefile("rb").read(int(length))
    request = json.loads(content)
    command = os.fork()
    if command:
        _, status = os.waitpid(command, 0)
        connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
    sys.argv = ["translator", *(os.fsdecode(word.encode("latin-1")) for word in request["arguments"])]
    status: Any = 1
    try:
        main()
        status = 0
    except SystemExit as end:
        status = end.code
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                status = status or 120
        os._exit(status if isinstance(status, int) else int(status is not None))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _serve(sys.argv[1])
