"""Which models can rerank the translations of which: checks of their languages and word order."""

from __future__ import annotations

from translator.config import Config
from translator.errors import ModelError


def _languages(config: Config) -> tuple[str, str]:
    return config.source_language, config.target_language


_UNNAMED = _languages(Config())  # of a model that was trained without language codes


def check_backward(backward: Config, model: Config, name: str) -> None:
    """Raises ModelError unless one model can be the backward model of the other.

    Args:
        backward: the settings of the backward model.
        model: the settings of the model whose translations it reranks.
        name: what the message calls the backward model.
    """
    source, target = _languages(backward)
    if _languages(model) == (source, target) != _UNNAMED:
        raise ModelError(
            f"{name}: translates from {source} to {target}, as the other model does; give as backward a "
            f"model from {target} to {source}"
        )


def check_right_to_left(right_to_left: Config, model: Config, name: str) -> None:
    """Raises ModelError unless one model writes what the other writes, but from the other end.

    Args:
        right_to_left: the settings of the model that reranks.
        model: the settings of the model whose translations it reranks.
        name: what the message calls the model that reranks.
    """
    if right_to_left.model.right_to_left == model.model.right_to_left:
        raise ModelError(
            f"{name}: writes from the same end as the other model; give one that was trained with "
            f"--set model.right_to_left={str(not model.model.right_to_left).lower()}"
        )
    languages, others = _languages(model), _languages(right_to_left)
    if languages != others and _UNNAMED not in (languages, others):
        raise ModelError(
            f"{name}: translates from {others[0]} to {others[1]}, and the other model from {languages[0]} to "
            f"{languages[1]}; give one of the same languages"
        )
