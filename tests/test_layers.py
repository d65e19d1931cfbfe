"""Imports point one way: a module imports from its own room or from rooms before it, never back."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "translator"
ROOMS = [
    "errors",
    "distribution",
    "files",
    "arrays",
    "runtime",
    "devices",
    "config",
    "search_options",
    "recipes",
    "corpus",
    "nn",
    "model_folder",
    "training",
]
ROOMS += ["decoding", "evaluation", "reports", "training_jobs", "api", "serving", "cli"]
# Rooms that stand side by side: neither imports the other.
STRANGERS = {"nn": {"corpus"}, "decoding": {"training"}}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    """The room of a module of the package; ``python -m translator`` belongs to the command line."""
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "cli" if room == "__main__" else room


def rooms_imported(source: str) -> set[str]:
    """The rooms that a module imports from anywhere in its code, functions included."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are written in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("translator.")}


def test_the_checker_sees_every_form_of_import():
    source = (
        "import translator.nn as n\nfrom translator import api\ndef f():\n  from translator.cli.main import x"
    )
    assert rooms_imported(source) == {"nn", "api", "cli"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_from_rooms_before_it(path):
    room, imported = room_of(path), rooms_imported(path.read_text(encoding="utf-8"))
    allowed = set(ROOMS[: ROOMS.index(room) + 1]) - STRANGERS.get(room, set())
    assert imported <= allowed, f"{room} must not import {sorted(imported - allowed)}"


@pytest.mark.parametrize(
    "module",
    [
        "states",
        "scoring",
        "rules",
        "constraints",
        "candidates",
        "finished",
        "search",
        "sampling",
    ],
)
def test_the_search_knows_no_model(module):
    source = (PACKAGE / "decoding" / f"{module}.py").read_text(encoding="utf-8")
    assert rooms_imported(source) <= {"search_options", "decoding"}
    assert "decoding.graph" not in source
