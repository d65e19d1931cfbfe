"""The metric of the dev set: BLEU whose tokenizer suits the script of the target language, or chrF.

BLEU counts words. Its usual tokenizer, 13a, splits at spaces, so a sentence of a script without spaces is a
single word, and its BLEU is 0 whether it is right or wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from translator.corpus.scripts import count_unspaced, main_scripts
from translator.errors import ConfigError
from translator.evaluation.scores import check_bleu_tokenizer, evaluate

_BLEU = "bleu-"
_MAX_SHARE_OF_UNSPACED = 0.2  # of the letters of a text that has spaces between words


def resolve_dev_metric(setting: str, references: Sequence[str]) -> str:
    """Returns the value of ``training.dev_metric``, with ``auto`` replaced by what suits the references."""
    return _BLEU + suitable_bleu_tokenizer(references) if setting == "auto" else setting


def suitable_bleu_tokenizer(references: Sequence[str]) -> str:
    """Returns the tokenizer of sacreBLEU that suits the script of the references.

    It is ``ja-mecab`` for Japanese and ``ko-mecab`` for Korean, if they are installed; ``zh`` for Chinese,
    ``char`` for other scripts without spaces, and ``13a`` for all others.
    """
    scripts = main_scripts(references)
    if scripts & {"HIRAGANA", "KATAKANA"}:
        return "ja-mecab" if _is_installed("ja-mecab") else "char"
    if "HANGUL" in scripts:
        return "ko-mecab" if _is_installed("ko-mecab") else "13a"
    text = "".join(references)
    if count_unspaced(text) <= _MAX_SHARE_OF_UNSPACED * sum(map(str.isalpha, text)):
        return "13a"
    return "zh" if "HAN" in scripts else "char"


def bleu_tokenizer(setting: str, references: Sequence[str]) -> str:
    """Returns the tokenizer of sacreBLEU for the BLEU of a model with this ``training.dev_metric``.

    Args:
        setting: the setting; ``auto`` in models that were trained before there was a choice.
        references: decide where the setting does not name a tokenizer.
    """
    if setting.startswith(_BLEU):
        return setting.removeprefix(_BLEU)
    return suitable_bleu_tokenizer(references)


def dev_metric_score(setting: str, hypotheses: Sequence[str], references: Sequence[str]) -> float:
    """Scores translations of the dev set, from 0 to 100.

    Args:
        setting: ``training.dev_metric``.
        hypotheses: the translations, detokenized.
        references: one reference per translation.

    Raises:
        ConfigError: if the tokenizer cannot be used; see ``check_bleu_tokenizer``.
    """
    if setting == "chrf":
        return evaluate(hypotheses, references).chrf.score
    return evaluate(hypotheses, references, bleu_tokenizer(setting, references)).bleu.score


def _is_installed(tokenizer: str) -> bool:
    try:
        check_bleu_tokenizer(tokenizer)
    except ConfigError:
        return False
    return True
