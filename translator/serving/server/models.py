"""The models of the server: what it needs of a model, and its two kinds, model folders and SavedModels."""

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

if TYPE_CHECKING:  # importing it would load TensorFlow
    from translator.decoding.translation import Translation

CARD = "MODEL_CARD.md"
_MAX_BYTES_WITH_ATTENTION = 4_000  # bytes of a line


class RequestOptions(NamedTuple):
    """What a caller wants besides the best translation.

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
        score: log-probability divided by the length penalty; it compares translations of the same line.
        attention: float32 [words, source words], over the words between spaces; None if it was not requested,
            the line is too long, the model does not return it, or the tokens form other words than these.
    """

    text: str
    score: float
    attention: npt.NDArray[np.float32] | None = None


class ServedModel(Protocol):
    """What the server needs of the model of a language pair."""

    def translate(self, lines: Sequence[str], options: Sequence[RequestOptions]) -> list[list[Hypothesis]]:
        """Returns the hypotheses of each line, at least one, best first.

        Called from one thread at a time.

        Args:
            lines: one sentence each.
            options: what is wanted of each line; the model may return more.
        """


class FolderModel:
    """A model folder.

    Args:
        folder: the ``output`` of a training job.

    Raises:
        ModelError: if there is no complete model.
    """

    def __init__(self, folder: Path) -> None:
        from translator.decoding.translator import Translator

        self._translator = Translator.load(folder)

    def translate(self, lines: Sequence[str], options: Sequence[RequestOptions]) -> list[list[Hypothesis]]:
        """See ``ServedModel``. One search returns what any line needs, which is cheaper than two searches."""
        n_best, attention = (any(wanted) for wanted in zip(*options, strict=True))
        num_hypotheses = self._translator.config.decoding.beam_size if n_best else 1
        translations = self._translator.translate(lines, n_best=num_hypotheses, alignments=attention)
        return [
            distinct(
                Hypothesis(ranked.text, ranked.score, _attention_of(line, ranked))
                for ranked in (best, *best.alternatives)
            )
            for line, best in zip(lines, translations, strict=True)
        ]


def _attention_of(line: str, translation: Translation) -> npt.NDArray[np.float32] | None:
    """Returns ``between_words``; None if it was not requested or the line is too long for it."""
    if is_too_long_for_attention(line) or (matrix := translation.alignment) is None:
        return None
    return between_words(line, translation.text, matrix, translation.tokens, translation.source_tokens)


class ExportedModel:
    """A SavedModel that ``translator export`` has written. Only the best hypothesis has attention.

    Args:
        folder: the version folder.

    Raises:
        ModelError: if it cannot be loaded, or takes token ids instead of text.
    """

    def __init__(self, folder: Path) -> None:
        import translator.runtime  # noqa: F401  (before TensorFlow)

        # isort: split
        import tensorflow as tf
        import tensorflow_text  # noqa: F401  (registers the operations of the graph)

        try:
            self._model = tf.saved_model.load(str(folder))  # kept: signatures do not outlive their model
        except (OSError, ValueError, LookupError, tf.errors.OpError) as error:
            raise ModelError(f"{folder}: damaged ({first_line(error)})") from None
        self._signatures = self._model.signatures
        if not {"serving_default", "translate", "align"} <= set(self._signatures):
            raise ModelError(f"{folder}: takes token ids, not text; export the model without --tokens")
        default, card = DecodingConfig(), card_of(folder)
        match = re.search(r"^\| search \| beam (\d+), length penalty ([\d.]+)", card, re.MULTILINE)
        self._beam_size = int(match[1]) if match else default.beam_size
        self._length_penalty = float(match[2]) if match else default.length_penalty

    def translate(self, lines: Sequence[str], options: Sequence[RequestOptions]) -> list[list[Hypothesis]]:
        """See ``ServedModel``. Attention and the n-best list come from two separate searches."""
        aligned = [
            i
            for i, wanted in enumerate(options)
            if wanted.attention and not is_too_long_for_attention(lines[i])
        ]
        ranked = [i for i, wanted in enumerate(options) if wanted.n_best or i not in aligned]
        n_best = any(wanted.n_best for wanted in options)
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
        """Calls a function for chosen lines, in batches; returns the hypotheses by the index of the line."""
        from translator.decoding.batching import for_each_batch, group_by_length, num_parallel_batches

        # A call of the graph keeps one core busy. Lengths are in characters, of which a token has several;
        # this only makes batches smaller.
        batches = group_by_length([len(lines[i]) for i in chosen], min_batches=num_parallel_batches())
        found: dict[int, list[Hypothesis]] = {}
        for batch, results in for_each_batch(
            lambda batch: function([lines[chosen[i]] for i in batch]), batches
        ):
            found |= zip((chosen[i] for i in batch), results, strict=True)
        return found

    def _call(self, name: str, lines: list[str], **numbers: float) -> dict[str, npt.NDArray[Any]]:
        """Calls a signature and returns its outputs."""
        import tensorflow as tf

        inputs = {name: tf.constant(number) for name, number in numbers.items()}
        outputs = self._signatures[name](text=tf.constant(lines, tf.string), **inputs)
        return {name: value.numpy() for name, value in outputs.items()}

    def _best(self, lines: list[str]) -> list[list[Hypothesis]]:
        """Returns the best translation of each line."""
        found = self._call("serving_default", lines)
        return [
            [Hypothesis(_decoded(text), float(score))]
            for text, score in zip(found["translation"], found["score"], strict=True)
        ]

    def _ranked(self, lines: list[str]) -> list[list[Hypothesis]]:
        """Returns all hypotheses of the beam for each line."""
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
        """Returns the best translation of each line, with attention."""
        found = self._call("align", lines)
        results = []
        for i, line in enumerate(lines):
            rows, columns = found["lengths"][i], found["source_lengths"][i]
            tokens = [_decoded(token) for token in found["pieces"][i, :rows]]
            source_tokens = [_decoded(token) for token in found["source_pieces"][i, :columns]]
            text, matrix = _decoded(found["translation"][i]), found["attention"][i, :rows, :columns]
            attention = between_words(line, text, matrix, tokens, source_tokens)
            results.append([Hypothesis(text, float(found["score"][i]), attention)])
        return results


def is_too_long_for_attention(line: str) -> bool:
    """Returns whether the attention of a line would take more memory than one caller may have.

    It grows with the square of the number of tokens. In the worst case, every byte of a line is a token.
    """
    return len(line.encode()) > _MAX_BYTES_WITH_ATTENTION


def card_of(folder: Path) -> str:
    """Returns the model card of an exported model; an empty text if it is missing."""
    try:
        return (folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def distinct(hypotheses: Iterable[Hypothesis]) -> list[Hypothesis]:
    """Returns the best hypothesis and all others that are not empty and differ from those before them.

    Different tokens may spell the same text. Hypotheses are empty where there are fewer than requested.
    """
    found: dict[str, Hypothesis] = {}
    for hypothesis in hypotheses:
        if hypothesis.text.strip() or not found:
            found.setdefault(hypothesis.text, hypothesis)
    return list(found.values())


def between_words(
    line: str,
    translation: str,
    attention: npt.NDArray[np.float32],
    tokens: Sequence[str],
    source_tokens: Sequence[str],
) -> npt.NDArray[np.float32] | None:
    """Converts attention between tokens into attention between words.

    Args:
        line: the source line.
        translation: its translation.
        attention: float32 [tokens, source tokens].
        tokens: the tokens of the translation; each part of a long line ends with an end-of-sentence token.
        source_tokens: the tokens of the source, likewise; the last is the end-of-sentence token.

    Returns:
        Float32 [words, source words], or None if the words that the tokens form are not those between spaces,
        which happens with some rare characters.
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
