"""The errors that a user can cause or fix, as one small tree.

The message of a ``TranslatorError`` is one line for the user: what is wrong, where, and what to do.
The command line prints it and exits with status 1.
"""


def first_line(error: BaseException) -> str:
    """Returns the first line of an error's message, or the name of its type if the message is empty."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class TranslatorError(Exception):
    """Base class of the errors that a user can cause or fix."""


class ConfigError(TranslatorError):
    """A setting is unknown, has the wrong type or is out of range."""


class DataError(TranslatorError):
    """A text file or a corpus cannot be used."""


class ModelError(TranslatorError):
    """A model folder is missing, incomplete or unsuitable, or a file cannot be written."""
