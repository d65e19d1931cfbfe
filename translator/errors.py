"""The errors that a user can cause or fix, as one small tree.

The message of a ``TranslatorError`` is one line for the user: what is wrong, where, and what to do.
The command line prints it and exits with status 1.
"""


def first_line(error: BaseException) -> str:
    """First line of an error's message, or else the name of its type, to quote in our own messages."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class TranslatorError(Exception):
    """Base class of all errors that this package raises on purpose."""


class ConfigError(TranslatorError):
    """A setting is unknown, has the wrong type or is out of range."""


class DataError(TranslatorError):
    """A text file or a corpus cannot be used."""


class ModelError(TranslatorError):
    """A model folder is missing, incomplete or does not match."""
