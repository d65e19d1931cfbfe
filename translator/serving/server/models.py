"""What the server asks of a model, and the two forms it takes: a model folder and an exported SavedModel."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from translator.config import DecodingConfig
from translator.errors import ModelError, first_line

if TYPE_CHECKING:  # TensorFlow is not wanted where nothing translates yet
    from translator.decoding.translation import Translation

CARD = "MODEL_CARD.md"
_LONGEST_WITH_ATTENTION = 4_000  # bytes of a line


class RequestOptions(NamedTuple):
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
            for, the line is too long, the model cannot say, or it sees other words than those between spaces.
    """

    text: str
    score: float
    attention: npt.NDArray[np.float32] | None = None


class ServedModel(Protocol):
    """What the server needs of a model of one direction."""

    def translate(self, lines: Sequence[str], wishes: Sequence[RequestOptions]) -> list[list[Hypothesis]]:
        """The hypotheses of each line, at least one, best first, with what is wished for it or more.

        Called from one thread at a time.
        """


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

    def translate(self, lines: Sequence[str], wishes: Sequence[RequestOptions]) -> list[list[Hypothesis]]:
        """See ``ServedModel``. Hypotheses and attention cost little beside another search: all get both."""
        n_best, attention = (any(wanted) for wanted in zip(*wishes, strict=True))
        number = self._translator.config.decoding.beam_size if n_best else 1
        found = self._translator.translate(lines, n_best=number, alignments=attention)
        return [
            distinct(
                Hypothesis(each.text, each.score, _attention_of(line, each))
                for each in (one, *one.alternatives)
            )
            for line, one in zip(lines, found, strict=True)
        ]


def _attention_of(line: str, translation: Translation) -> npt.NDArray[np.float32] | None:
    """See ``between_words``; None where it was not asked for, or the line is too long for it."""
    if is_too_long_for_attention(line) or (matrix := translation.alignment) is None:
        return None
    return between_words(line, translation.text, matrix, translation.tokens, translation.source_tokens)


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
        except (OSError, ValueError, LookupError, tf.errors.OpError) as error:
            raise ModelError(f"{folder}: damaged ({first_line(error)})") from None
        self._signatures = self._model.signatures
        if not {"serving_default", "translate", "align"} <= set(self._signatures):
            raise ModelError(f"{folder}: takes piece ids, not text; export the model without --tokens")
        default, card = DecodingConfig(), card_of(folder)
        said = re.search(r"^\| search \| beam (\d+), length penalty ([\d.]+)", card, re.MULTILINE)
        self._beam_size = int(said[1]) if said else default.beam_size
        self._length_penalty = float(said[2]) if said else default.length_penalty

    def translate(self, lines: Sequence[str], wishes: Sequence[RequestOptions]) -> list[list[Hypothesis]]:
        """See ``ServedModel``. Attention and several hypotheses come from two searches."""
        aligned = [
            i for i, wish in enumerate(wishes) if wish.attention and not is_too_long_for_attention(lines[i])
        ]
        ranked = [i for i, wish in enumerate(wishes) if wish.n_best or i not in aligned]
        n_best = any(wish.n_best for wish in wishes)
        with_attention = self._in_batches(self._aligned, lines, aligned)
        found = self._in_batches(self._ranked if n_best else self._best, lines, ranked)
        for i, hypotheses in with_attention.items():
            if i not in found or found[i][0].text == hypotheses[0].text:
                found[i] = [*hypotheses, *found.get(i, [])[1:]]
        return [found[i] for i in range(len(lines))]

    def _in_batches(
        self,
        function: Callable[[list[str]], list[list[Hypothesis]]],
        lines: Sequence[str],
        chosen: Sequence[int],
    ) -> dict[int, list[Hypothesis]]:
        """Calls a function for some of the lines: their numbers, with the hypotheses that it gives."""
        from translator.decoding.batching import for_each_batch, group_by_length, num_parallel_batches

        # A call of the graph keeps one core busy. Lengths are in characters, of which a piece has several;
        # that only makes batches smaller.
        batches = group_by_length([len(lines[i]) for i in chosen], min_batches=num_parallel_batches())
        found: dict[int, list[Hypothesis]] = {}
        for batch, results in for_each_batch(
            lambda batch: function([lines[chosen[i]] for i in batch]), batches
        ):
            found |= zip((chosen[i] for i in batch), results, strict=True)
        return found

    def _call(self, name: str, lines: list[str], **numbers: float) -> dict[str, npt.NDArray[Any]]:
        """The outputs of a signature."""
        import tensorflow as tf

        inputs = {name: tf.constant(number) for name, number in numbers.items()}
        outputs = self._signatures[name](text=tf.constant(lines, tf.string), **inputs)
        return {name: value.numpy() for name, value in outputs.items()}

    def _best(self, lines: list[str]) -> list[list[Hypothesis]]:
        """The best translation of each line."""
        found = self._call("serving_default", lines)
        return [
            [Hypothesis(_decoded(text), float(score))]
            for text, score in zip(found["translation"], found["score"], strict=True)
        ]

    def _ranked(self, lines: list[str]) -> list[list[Hypothesis]]:
        """The hypotheses of the beam, for each line."""
        found = self._call(
            "translate",
            lines,
            beam_size=self._beam_size,
            length_penalty=self._length_penalty,
            num_hypotheses=self._beam_size,
        )
        return [
            distinct(Hypothesis(_decoded(text), float(score)) for text, score in zip(*ranked, strict=True))
            for ranked in zip(found["translations"], found["scores"], strict=True)
        ]

    def _aligned(self, lines: list[str]) -> list[list[Hypothesis]]:
        """The best translation of each line, with attention."""
        found = self._call("align", lines)
        results = []
        for i, line in enumerate(lines):
            rows, columns = found["lengths"][i], found["source_lengths"][i]
            tokens = [_decoded(piece) for piece in found["pieces"][i, :rows]]
            source_tokens = [_decoded(piece) for piece in found["source_pieces"][i, :columns]]
            text, matrix = _decoded(found["translation"][i]), found["attention"][i, :rows, :columns]
            attention = between_words(line, text, matrix, tokens, source_tokens)
            results.append([Hypothesis(text, float(found["score"][i]), attention)])
        return results


def is_too_long_for_attention(line: str) -> bool:
    """Whether the attention within a line would take more memory than one caller may have.

    It grows with the square of the pieces, of which a line has as many as bytes in the worst case.
    """
    return len(line.encode()) > _LONGEST_WITH_ATTENTION


def card_of(folder: Path) -> str:
    """What an exported model says of itself; nothing where that is missing."""
    try:
        return (folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


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
