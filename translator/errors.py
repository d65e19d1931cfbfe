"""Every failure that a user can cause or mend, as one small tree.

The message of a ``TranslatorError`` is one line for the user: what is wrong, where, and what to do.
The command line prints it and exits with status 1.
"""


def first_line(error: BaseException) -> str:
    """What an error of another library says, for a message of ours: its first line, or else its name."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class TranslatorError(Exception):
    """Base class of all errors that this package raises on purpose."""


class ConfigError(TranslatorError):
    """A setting is unknown, has the wrong type or is out of range."""


class DataError(TranslatorError):
    """A text file or a corpus cannot be used as it is."""


class ModelError(TranslatorError):
    """A model folder is missing, incomplete or does not fit."""
