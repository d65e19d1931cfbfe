"""The ``translator`` command: its subcommands are imported when they are called, so that help is instant."""

from __future__ import annotations

import errno
import importlib
import io
import os
import signal
import sys
from types import FrameType

import click

from translator.distribution import NAME
from translator.errors import TranslatorError, first_line

# Errors without a file's name that writing to standard output gives: others are of sockets and the like.
_OF_WRITING = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EAGAIN, errno.ENXIO)
)
_COMMANDS = ("demo", "corpus", "train", "translate", "evaluate", "score", "inspect", "export", "serve")


class _Commands(click.Group):
    """The subcommands, one module each in ``translator.cli``."""

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
    """Two text files that say the same thing in two languages in, your own translator out.

    \b
    Try it:            translator demo
    Look at your text: translator corpus --source train.en --target train.de
    Train your own:    translator train --source train.en --target train.de \\
                           --from en --to de --output models/en-de
    Use it:            translator translate models/en-de < in.txt > out.txt
    Measure it:        translator evaluate models/en-de --source test.en --reference test.de
    Look inside it:    translator inspect models/en-de "A dog runs."
    Ship it:           translator export models/en-de exported/en-de
    Serve it:          translator serve models/en-de

    Text files are UTF-8 with one sentence a line, plain or packed (gzip, xz, zstd). Results go to
    standard output, progress and messages to standard error.
    """


def _discard_output() -> None:
    """Sends to nowhere what is still to be written to standard output, so that its end fails no more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_closed_streams() -> None:
    """Opens the null device in place of standard streams that are closed, as after ``>&-``."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  (to the end)


class _TerminatedError(KeyboardInterrupt):
    """Somebody asked the process to terminate, as ``timeout`` and job schedulers do."""


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _TerminatedError


def main() -> None:
    """Runs the command line; every expected failure is one line on standard error and exit status 1."""
    _open_closed_streams()
    signal.signal(signal.SIGTERM, _terminate)  # so that no unfinished file stays behind
    if isinstance(sys.stdout, io.TextIOWrapper):  # a character that it cannot show is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = command.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as ending:
        status = ending.exit_code
    except click.ClickException as error:  # wrong usage
        error.show()
        status = error.exit_code
    except TranslatorError as error:
        click.echo(f"translator: {error}", err=True)
        status = 1
    except BrokenPipeError:  # whoever read standard output has seen enough, as in `| head`
        _discard_output()
        status = 128 + signal.SIGPIPE
    except OSError as error:  # a folder that may not be entered, a full disk behind standard output
        where = error.filename
        if where is None and error.errno in _OF_WRITING:
            where = "standard output"
            _discard_output()
        said = error.strerror or first_line(error)
        click.echo(f"translator: {said if where is None else f'{where}: {said}'}", err=True)
        status = 1
    except (click.exceptions.Abort, KeyboardInterrupt) as error:
        click.echo("translator: stopped", err=True)
        is_terminated = isinstance(error.__cause__ or error, _TerminatedError)  # click raises its own from it
        status = 128 + (signal.SIGTERM if is_terminated else signal.SIGINT)
    except Exception as error:
        # The second is TensorFlow's, which may not have been imported.
        if not isinstance(error, MemoryError) and type(error).__name__ != "ResourceExhaustedError":
            raise
        click.echo("translator: out of memory; give less text, or a machine with more of it", err=True)
        status = 1
    sys.exit(status if isinstance(status, int) else 0)
