import re
import tomllib
from pathlib import Path

import pytest

from translator.distribution import NAME, install_command, version

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
PACKAGE = Path(__file__).parents[1] / "translator"


def test_name_and_version_are_those_of_the_installed_distribution():
    assert (NAME, version()) == (PYPROJECT["name"], PYPROJECT["version"])


@pytest.mark.parametrize("extra", PYPROJECT["optional-dependencies"])
def test_the_command_names_exactly_the_packages_of_an_extra(extra):
    """Not the extra of a distribution, which the package index may not have or know as another project."""
    wanted = PYPROJECT["optional-dependencies"][extra]
    found = re.findall(r"'([^']+)'", install_command(extra))
    assert sorted(sorted(re.split("[,;]|(?=[<>])", one)) for one in found) == sorted(
        sorted(re.split("[,;]|(?=[<>])", one)) for one in wanted
    )
    assert install_command(extra).startswith("pip install '")


def test_an_unknown_extra():
    with pytest.raises(ValueError, match="no optional part is called 'wings'"):
        install_command("wings")


def test_no_message_installs_the_project_that_has_the_name_of_our_command():
    sources = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.md"), PACKAGE.parent / "README.md"]
    wrong = re.compile(r"""pip install (-\S+ )*['"]?translator\b""")
    assert [path.name for path in sources if wrong.search(path.read_text(encoding="utf-8"))] == []
