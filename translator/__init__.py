"""Two text files in, your own translator out.

>>> import translator
>>> t = translator.load("models/en-de")  # doctest: +SKIP
>>> t.translate(["A dog runs."])[0].text  # doctest: +SKIP
'Ein Hund rennt.'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from translator.errors import ConfigError, DataError, ModelError, TranslatorError

if TYPE_CHECKING:
    from translator.api import compare, evaluate, inspect, load, train
    from translator.config import Config
    from translator.decoding.glossary import Glossary
    from translator.decoding.inspection import Inspection
    from translator.decoding.translation import Translation
    from translator.decoding.translator import Translator
    from translator.evaluation.comparison import Comparison
    from translator.evaluation.scores import Scores
    from translator.search_options import SearchOptions
    from translator.serving.export import ExportResult, export

__all__ = [
    "Comparison",
    "Config",
    "ConfigError",
    "DataError",
    "ExportResult",
    "Glossary",
    "Inspection",
    "ModelError",
    "Scores",
    "SearchOptions",
    "Translation",
    "Translator",
    "TranslatorError",
    "compare",
    "evaluate",
    "export",
    "inspect",
    "load",
    "train",
]

_MODULES = {
    "Comparison": "translator.evaluation.comparison",
    "Config": "translator.config",
    "ExportResult": "translator.serving.export",
    "Glossary": "translator.decoding.glossary",
    "Inspection": "translator.decoding.inspection",
    "Scores": "translator.evaluation.scores",
    "SearchOptions": "translator.search_options",
    "Translation": "translator.decoding.translation",
    "Translator": "translator.decoding.translator",
    "compare": "translator.api",
    "evaluate": "translator.api",
    "export": "translator.serving.export",
    "inspect": "translator.api",
    "load": "translator.api",
    "train": "translator.api",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used, so that --help need not wait for TensorFlow."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
