"""Imports point one way: a module imports from its own layer or from earlier ones, never from later ones."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "translator"
LAYERS = [
    "errors",
    "wording",
    "distribution",
    "files",
    "arrays",
    "resources",
    "runtime",
    "devices",
    "config",
    "search_options",
    "recipes",
    "corpus",
    "nn",
    "model_folder",
    "decoding",
]
LAYERS += ["evaluation", "training", "reports", "training_jobs", "api", "serving", "cli"]
# Layers side by side: the first must not import the second, although that comes earlier in the list.
FORBIDDEN = {"nn": {"corpus"}, "training": {"decoding"}}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def layer_of(path: Path) -> str:
    """The layer of a module of the package; ``python -m translator`` belongs to the command line."""
    layer = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "cli" if layer == "__main__" else layer


def imported_layers(source: str) -> set[str]:
    """The layers that a module imports from, anywhere in its code, functions included."""
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
    assert imported_layers(source) == {"nn", "api", "cli"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_from_earlier_layers(path):
    layer, imported = layer_of(path), imported_layers(path.read_text(encoding="utf-8"))
    allowed = set(LAYERS[: LAYERS.index(layer) + 1]) - FORBIDDEN.get(layer, set())
    assert imported <= allowed, f"{layer} must not import {sorted(imported - allowed)}"


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
def test_search_does_not_know_the_model(module):
    source = (PACKAGE / "decoding" / f"{module}.py").read_text(encoding="utf-8")
    assert imported_layers(source) <= {"search_options", "decoding"}
    assert "decoding.graph" not in source


_MOST_LINES_OF_A_FILE, _MOST_LINES_OF_A_FUNCTION = 350, 60


def lines_of_functions(source: str) -> dict[str, int]:
    """The lines of each function and method, without its docstring."""
    sizes = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            docstring = first.end_lineno - first.lineno + 1 if has_docstring else 0
            sizes[node.name] = node.end_lineno - node.lineno + 1 - docstring
    return sizes


def test_the_checker_counts_lines():
    source = 'def f():\n  """A docstring\n  of two lines."""\n  def g():\n    return 1\n  return g\n'
    assert lines_of_functions(source) == {"f": 4, "g": 2}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_files_and_functions_are_short_enough_to_read(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= _MOST_LINES_OF_A_FILE
    sizes = lines_of_functions(source)
    assert {name: size for name, size in sizes.items() if size > _MOST_LINES_OF_A_FUNCTION} == {}
