"""The models of the server: what it needs of a model, and its two kinds, model folders and SavedModels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from translator.config import DecodingConfig
from translator.errors import ModelError, first_line
from translator.serving.server.word_attention import between_words

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

    def translate(self, lines: Sequence[str], options: RequestOptions) -> list[list[Hypothesis]]:
        """Returns the hypotheses of each line, at least one, best first.

        Called from one thread at a time.

        Args:
            lines: one sentence each.
            options: what is wanted of the lines; the model may return more.
        """


@dataclass(frozen=True)
class FolderOptions:
    """How model folders translate, as for ``translator translate``.

    Attributes:
        ensemble: the folders of other models that translate together with the model.
        backward: folder of a backward model that reranks; None: there is none.
        right_to_left: folder of a right-to-left model that reranks; None: there is none.
        glossary: path of a glossary; None: there is none.
        search: the search options that differ from the model's.
    """

    ensemble: tuple[str, ...] = ()
    backward: str | None = None
    right_to_left: str | None = None
    glossary: str | None = None
    search: Mapping[str, Any] = field(default_factory=dict)


class FolderModel:
    """A model folder.

    Args:
        folder: the ``output`` of a training job.
        options: how it translates.

    Raises:
        ModelError: if there is no complete model.
        ConfigError: if the options do not go together or with this model.
        DataError: if the glossary is not valid.
    """

    def __init__(self, folder: Path, options: FolderOptions | None = None) -> None:
        from translator.decoding.glossary import Glossary
        from translator.decoding.translator import Translator

        options = options or FolderOptions()
        self._glossary = Glossary.read(options.glossary) if options.glossary else None
        self._translator = Translator.load(
            folder, options.ensemble, backward=options.backward, right_to_left=options.right_to_left
        )
        self._search = dict(options.search)

    def translate(self, lines: Sequence[str], options: RequestOptions) -> list[list[Hypothesis]]:
        """See ``ServedModel``."""
        config = self._translator.config
        # The tokens of a right-to-left model are not in the order of the words of its text.
        attention = options.attention and not config.model.right_to_left
        translated: dict[int, Translation] = {}
        for aligned in (False, True):
            chosen = [
                i
                for i, line in enumerate(lines)
                if aligned == (attention and not is_too_long_for_attention(line))
            ]
            if not chosen:
                continue
            beam_size = self._search.get("beam_size", config.decoding.beam_size)
            translations = self._translator.translate(
                [lines[i] for i in chosen],
                glossary=self._glossary,
                alignments=aligned,
                **self._search,
                n_best=beam_size if options.n_best else 1,
            )
            translated |= zip(chosen, translations, strict=True)
        return [
            distinct(
                Hypothesis(ranked.text, ranked.score, _attention_of(line, ranked))
                for ranked in (translated[i], *translated[i].alternatives)
            )
            for i, line in enumerate(lines)
        ]


def _attention_of(line: str, translation: Translation) -> npt.NDArray[np.float32] | None:
    """Returns ``between_words``; None if it was not computed."""
    if translation.attention_by_part is None:
        return None
    return between_words(
        line,
        translation.text,
        translation.attention_by_part,
        translation.tokens,
        translation.source_tokens,
    )


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

    def translate(self, lines: Sequence[str], options: RequestOptions) -> list[list[Hypothesis]]:
        """See ``ServedModel``. Attention and the n-best list come from two separate searches."""
        aligned = [
            i for i, line in enumerate(lines) if options.attention and not is_too_long_for_attention(line)
        ]
        ranked = range(len(lines)) if options.n_best else sorted({*range(len(lines))} - {*aligned})
        with_attention = self._in_batches(self._aligned, lines, aligned)
        found = self._in_batches(self._ranked if options.n_best else self._best, lines, ranked)
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
            attention = between_words(line, text, [matrix], tokens, source_tokens)
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
