"""The ``translator`` command, which imports a subcommand only when it is called, so that help is instant."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import os
import re
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import click

from translator.distribution import NAME
from translator.errors import ConfigError, TranslatorError, first_line

# Errors that may come from writing to standard output; such an error names no file.
_WRITE_ERRORS = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EAGAIN, errno.ENXIO)
)
_OUT_OF_MEMORY = "out of memory; translate fewer lines at a time or use a machine with more memory"
_COMMANDS = (
    "demo",
    "split",
    "corpus",
    "train",
    "translate",
    "evaluate",
    "score",
    "inspect",
    "export",
    "serve",
    "help",
)


class _ClosedOutputError(Exception):
    """The reader closed standard output early, as ``| head`` does."""


@contextlib.contextmanager
def _noticing_closed_output() -> Iterator[None]:
    """Replaces the error of a closed pipe, for which click would exit with status 1."""
    try:
        yield
    except BrokenPipeError:
        raise _ClosedOutputError from None


def _as_typed(message: str, command: click.Command) -> str:
    """Replaces the Python names of options in a message by what the user types, such as ``--beam-size``."""
    flags = {
        str(option.name): option.opts[0] for option in command.params if isinstance(option, click.Option)
    }

    def flag(match: re.Match[str]) -> str:
        # A name of one word is the option only where it is what the message, or a part of it, is about.
        is_subject = re.search(r"(^|; )$", message[: match.start()]) and message.startswith(": ", match.end())
        return flags[match[0]] if "_" in match[0] or is_subject else match[0]

    return re.sub(rf"(?<![\w./-])({'|'.join(flags)})(?![\w/-]|\.\w)", flag, message)


class _Commands(click.Group):
    """Finds each subcommand in the module of ``translator.cli`` with the same name."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _noticing_closed_output():  # of --help
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _noticing_closed_output():
            try:
                return super().invoke(ctx)
            except ConfigError as error:
                command = self.get_command(ctx, ctx.invoked_subcommand or "")
                raise ConfigError(_as_typed(str(error), command) if command else str(error)) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"translator.cli.{cmd_name}").command
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=NAME)
def command() -> None:
    """Train your own translator from two text files that say the same thing in two languages.

    \b
    See it work:       translator demo
    Set a test aside:  translator split --source all.en --target all.de \\
                           --from en --to de --output .
    Check your text:   translator corpus --source train.en --target train.de
    Train:             translator train --source train.en --target train.de \\
                           --from en --to de --output models/en-de
    Translate:         translator translate models/en-de < in.txt > out.txt
    Evaluate:          translator evaluate models/en-de --source test.en --reference test.de
    Look inside:       translator inspect models/en-de "A dog runs."
    Export:            translator export models/en-de exported/en-de
    Serve:             translator serve models/en-de
    Read the guides:   translator help

    Text files are UTF-8 with one sentence per line, plain or packed (gzip, bzip2, xz, zstd, zip). Results go
    to standard output; progress and messages go to standard error.
    """


def _discard_output() -> None:
    """Redirects standard output to the null device, so that flushing it at exit cannot fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_closed_streams() -> None:
    """Opens the null device in place of each standard stream that is closed, as after ``>&-``."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  (stays open until exit)


def _report_os_error(error: OSError) -> None:
    """Prints which file the error concerns, which may be standard output, and the reason."""
    where = error.filename
    if where is None and error.errno in _WRITE_ERRORS:
        where = "standard output"
        _discard_output()
    reason = error.strerror or first_line(error)
    click.echo(f"translator: {reason if where is None else f'{where}: {reason}'}", err=True)


class _TerminatedError(KeyboardInterrupt):
    """The process received SIGTERM, which ``timeout`` and job schedulers send."""


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _TerminatedError


def main() -> None:
    """Runs the command line; an expected failure is one line on standard error and exit status 1."""
    _open_closed_streams()
    signal.signal(signal.SIGTERM, _terminate)  # unwinds, so that no unfinished file is left behind
    if isinstance(sys.stdout, io.TextIOWrapper):  # escapes what its encoding cannot show
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = command.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as exit_request:
        status = exit_request.exit_code
    except click.ClickException as error:  # wrong usage
        error.show()
        status = error.exit_code
    except TranslatorError as error:
        click.echo(f"translator: {error}", err=True)
        status = 1
    except (_ClosedOutputError, BrokenPipeError):
        _discard_output()
        status = 128 + signal.SIGPIPE
    except OSError as error:  # such as a folder without permission, or a full disk behind standard output
        _report_os_error(error)
        status = 1
    except (click.exceptions.Abort, KeyboardInterrupt) as error:
        click.echo("translator: stopped", err=True)
        is_terminated = isinstance(error.__cause__ or error, _TerminatedError)  # click chains its Abort to it
        status = 128 + (signal.SIGTERM if is_terminated else signal.SIGINT)
    except Exception as error:
        # The name is checked because TensorFlow, which defines the second error, may not be imported.
        if not isinstance(error, MemoryError) and type(error).__name__ != "ResourceExhaustedError":
            raise
        click.echo(f"translator: {_OUT_OF_MEMORY}", err=True)
        status = 1
    sys.exit(status if isinstance(status, int) else 0)
