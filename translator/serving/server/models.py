"""What the server asks of a model, and the two forms it takes: a model folder and an exported SavedModel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from translator.config import DecodingConfig
from translator.errors import ModelError
from translator.training.model_folder import load_config, members

_SAVED_MODEL = "saved_model.pb"
_CARD = "MODEL_CARD.md"


class Wish(NamedTuple):
    """What a caller wants beside the best translation.

    Attributes:
        n_best: whether to return all hypotheses of the beam.
        attention: whether to return the attention between the words.
    """

    n_best: bool = False
    attention: bool = False


@dataclass(frozen=True)
class Hypothesis:
    """One translation of a line.

    Attributes:
        text: the translation.
        score: log-probability over length penalty; it compares translations of one source.
        attention: float32 [words, source words], over the words between spaces; None if it was not asked
            for, the model cannot say, or it sees other words than those between spaces.
    """

    text: str
    score: float
    attention: npt.NDArray[np.float32] | None = None


class ServedModel(Protocol):
    """What the server needs of a model of one direction."""

    def translate(self, lines: Sequence[str], wish: Wish) -> list[list[Hypothesis]]:
        """The hypotheses of each line, at least one, best first. Called from one thread at a time."""


@dataclass(frozen=True)
class Place:
    """Where a model is and what it translates; nothing is loaded yet.

    Attributes:
        folder: the model folder, or the version folder of an exported model.
        is_exported: which of the two.
        source_language: code of the language that it reads.
        target_language: code of the language that it writes.
    """

    folder: Path
    is_exported: bool
    source_language: str
    target_language: str

    def load(self) -> ServedModel:
        """Loads the model.

        Raises:
            ModelError: if it is incomplete or cannot be served.
        """
        return ExportedModel(self.folder) if self.is_exported else FolderModel(self.folder)


def find(argument: str) -> Place:
    """Finds a model from ``FOLDER``, or from ``FOLDER=FROM:TO``, which says its languages.

    Args:
        argument: a model folder; an exported model, with or without the number of the version, of which the
            highest is taken.

    Raises:
        ModelError: if there is no model, or nothing says what languages it is for.
    """
    folder, languages = Path(argument), None
    if not folder.exists() and (said := re.fullmatch(r"(.+)=([^=:]+):([^=:]+)", argument)):
        folder, languages = Path(said[1]), (said[2], said[3])
    version = _version_folder(folder)
    if version is None:
        config = load_config(members([folder])[0])
        return Place(folder, False, *(languages or (config.source_language, config.target_language)))
    languages = languages or _languages_of_card(version)
    if languages is None:
        raise ModelError(f"{version}: {_CARD} does not say its languages; give {argument}=FROM:TO")
    return Place(version, True, *languages)


def _version_folder(folder: Path) -> Path | None:
    """The folder of a SavedModel: this one, or the highest version in it; None if it is not exported."""
    if (folder / _SAVED_MODEL).exists():
        return folder
    versions = [path.parent for path in folder.glob(f"*/{_SAVED_MODEL}") if path.parent.name.isdecimal()]
    return max(versions, key=lambda path: int(path.name), default=None)


def _card_of(folder: Path) -> str:
    try:
        return (folder / _CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _languages_of_card(folder: Path) -> tuple[str, str] | None:
    said = re.search(r"^\| languages \| from (.+) to (.+) \|$", _card_of(folder), re.MULTILINE)
    return (said[1], said[2]) if said else None


class FolderModel:
    """A model folder.

    Args:
        folder: what was given to training as ``output``.

    Raises:
        ModelError: if there is no complete model.
    """

    def __init__(self, folder: Path) -> None:
        from translator.decoding.translator import Translator

        self._translator = Translator.load(folder)

    def translate(self, lines: Sequence[str], wish: Wish) -> list[list[Hypothesis]]:
        """See ``ServedModel``."""
        number = self._translator.config.decoding.beam_size if wish.n_best else 1
        found = self._translator.translate(lines, num_hypotheses=number, alignments=wish.attention)
        return [
            distinct(
                Hypothesis(
                    each.text,
                    each.score,
                    None
                    if each.alignment is None
                    else between_words(line, each.text, each.alignment, each.tokens, each.source_tokens),
                )
                for each in (one, *one.alternatives)
            )
            for line, one in zip(lines, found, strict=True)
        ]


class ExportedModel:
    """A SavedModel that ``translator export`` has written. Of several hypotheses, the best has attention.

    Args:
        folder: the version folder.

    Raises:
        ModelError: if it cannot be loaded, or takes piece ids instead of text.
    """

    def __init__(self, folder: Path) -> None:
        import translator.runtime  # noqa: F401  (before TensorFlow)

        # isort: split
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  (its operations are in the graph)

        try:
            self._model = tf.saved_model.load(str(folder))  # signatures die with the model that has them
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise ModelError(f"{folder}: damaged ({str(error).splitlines()[0]})") from None
        self._signatures = self._model.signatures
        if not {"serving_default", "translate", "align"} <= set(self._signatures):
            raise ModelError(f"{folder}: takes piece ids, not text; export the model without --tokens")
        default, card = DecodingConfig(), _card_of(folder)
        said = re.search(r"^\| search \| beam (\d+), length penalty ([\d.]+)", card, re.MULTILINE)
        self._beam_size = int(said[1]) if said else default.beam_size
        self._length_penalty = float(said[2]) if said else default.length_penalty

    def translate(self, lines: Sequence[str], wish: Wish) -> list[list[Hypothesis]]:
        """See ``ServedModel``."""
        from translator.decoding.batching import at_a_time, batches_of, for_each_batch

        # A call of the graph keeps one core busy. Lengths are in characters, of which a piece has several;
        # that only makes batches smaller.
        batches = batches_of([len(line) for line in lines], at_least=at_a_time())
        found: dict[int, list[Hypothesis]] = {}
        for batch, results in for_each_batch(
            lambda batch: self._translate_batch([lines[i] for i in batch], wish), batches
        ):
            found |= zip(batch, results, strict=True)
        return [found[i] for i in range(len(lines))]

    def _translate_batch(self, lines: list[str], wish: Wish) -> list[list[Hypothesis]]:
        import tensorflow as tf

        text = tf.constant(lines, tf.string)
        best = self._best(lines, text, wish.attention) if wish.attention or not wish.n_best else None
        if not wish.n_best:
            return [[one] for one in best or ()]
        ranked = self._signatures["translate"](
            text=text,
            beam_size=tf.constant(self._beam_size),
            length_penalty=tf.constant(self._length_penalty),
            num_hypotheses=tf.constant(self._beam_size),
        )
        results = []
        texts, scores = ranked["translations"].numpy(), ranked["scores"].numpy()
        for i, (row, row_scores) in enumerate(zip(texts, scores, strict=True)):
            hypotheses = [
                Hypothesis(_decoded(one), float(score)) for one, score in zip(row, row_scores, strict=True)
            ]
            if best is not None and best[i].text == hypotheses[0].text:
                hypotheses[0] = replace(hypotheses[0], attention=best[i].attention)
            results.append(distinct(hypotheses))
        return results

    def _best(self, lines: list[str], text: Any, attention: bool) -> list[Hypothesis]:
        """The best translation of each line."""
        signature = self._signatures["align" if attention else "serving_default"]
        found = {name: value.numpy() for name, value in signature(text=text).items()}
        results = []
        for i, line in enumerate(lines):
            one = Hypothesis(_decoded(found["translation"][i]), float(found["score"][i]))
            if attention:
                rows, columns = found["lengths"][i], found["source_lengths"][i]
                tokens, source_tokens = (
                    [_decoded(piece) for piece in found[name][i, :length]]
                    for name, length in (("pieces", rows), ("source_pieces", columns))
                )
                matrix = found["attention"][i, :rows, :columns]
                one = replace(one, attention=between_words(line, one.text, matrix, tokens, source_tokens))
            results.append(one)
        return results


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def distinct(hypotheses: Iterable[Hypothesis]) -> list[Hypothesis]:
    """The best hypothesis, and the others that read unlike those before them and are not empty.

    Other pieces may spell the same text; empty ones stand where there are fewer hypotheses than asked for.
    """
    found: dict[str, Hypothesis] = {}
    for one in hypotheses:
        if one.text.strip() or not found:
            found.setdefault(one.text, one)
    return list(found.values())


def between_words(
    line: str,
    translation: str,
    attention: npt.NDArray[np.float32],
    tokens: Sequence[str],
    source_tokens: Sequence[str],
) -> npt.NDArray[np.float32] | None:
    """Attention between pieces to attention between words.

    Args:
        line: the source.
        translation: its translation.
        attention: float32 [tokens, source tokens]; a line of several parts has an end after each.
        tokens: the pieces of the translation.
        source_tokens: the pieces of the source; the last is the end.

    Returns:
        Float32 [words, source words], or None where the pieces make other words than stand between spaces,
        as they do around some odd characters.
    """
    from translator.decoding.alignment import word_attention

    end = source_tokens[-1] if source_tokens else ""
    rows = [i for i, token in enumerate(tokens) if token != end]
    columns = [i for i, token in enumerate(source_tokens) if token != end]
    by_word = word_attention(
        attention[np.ix_(rows, columns)], [tokens[i] for i in rows], [source_tokens[i] for i in columns]
    )
    if by_word.shape != (len(translation.split()), len(line.split())):
        return None
    return by_word
