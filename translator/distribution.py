"""The installed distribution: its version, and how to install its optional parts.

The package and the command are called ``translator``. On PyPI that name belongs to another project, so the
distribution is called ``lstm-translator``.
"""

from __future__ import annotations

import importlib.metadata

NAME = "lstm-translator"


def version() -> str:
    """The version of the installed distribution, such as ``0.2.0``."""
    return importlib.metadata.version(NAME)


def install_command(extra: str) -> str:
    """The command that installs what an optional part needs, for a checkout and a wheel alike.

    It names the required packages themselves: pip would look ``lstm-translator[extra]`` up on the package
    index, which knows nothing of a checkout.

    Args:
        extra: a name among the optional dependencies in ``pyproject.toml``, such as ``inspect``.

    Raises:
        ValueError: if there is no such extra.
    """
    requirements = [
        requirement.partition(";")[0].strip()
        for requirement in importlib.metadata.requires(NAME) or ()
        if f"extra == '{extra}'" in requirement.replace('"', "'")
    ]
    if not requirements:
        raise ValueError(f"no optional part is called {extra!r}")
    return "pip install " + " ".join(f"'{requirement}'" for requirement in requirements)
