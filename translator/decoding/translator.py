"""The translator: loads a model once and translates any number of sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from translator.config import Config
from translator.corpus.tokenizer import Tokenizer
from translator.decoding.graph import SearchGraph
from translator.decoding.long_lines import parts_of
from translator.errors import ConfigError
from translator.nn.model import TranslationModel
from translator.training.model_folder import load_model

_BATCH_TOKENS = 4096  # source pieces a batch times places of the beam; more gains no speed
_WINDOWS = 32, 8192  # lines that are read before they are translated, at first and at most


@dataclass(frozen=True)
class Translation:
    """One translation of one sentence.

    Attributes:
        text: the translation.
        score: log-probability over length penalty; higher is better, comparable for one source only.
        log_probability: natural logarithm of the model's probability of this translation.
        tokens: its pieces, the end included.
        source_tokens: the pieces of the source, the end included.
        alignment: float32 [tokens, source tokens]; the attention that each piece paid to each piece of
            the source, each row with sum one. None if it was not asked for.
        alternatives: the other hypotheses that were asked for, next best first.
    """

    text: str
    score: float
    log_probability: float
    tokens: tuple[str, ...]
    source_tokens: tuple[str, ...]
    alignment: npt.NDArray[np.float32] | None = None
    alternatives: tuple[Translation, ...] = ()


class Translator:
    """Translates sentences with a trained network.

    Attributes:
        config: the settings that the model was trained with.

    Args:
        network: the network, with its weights.
        tokenizer: its tokenizer.
        config: its settings; the default beam size and length penalty are taken from them.
    """

    def __init__(self, network: TranslationModel, tokenizer: Tokenizer, config: Config) -> None:
        self.config = config
        self._tokenizer = tokenizer
        self._graph = SearchGraph(network)

    @classmethod
    def load(cls, folder: str | Path) -> Translator:
        """Loads the model in a folder that training has written.

        Raises:
            ModelError: if there is no complete model of this version.
        """
        return cls(*load_model(Path(folder)))

    def translate(
        self,
        texts: Sequence[str],
        *,
        beam_size: int | None = None,
        length_penalty: float | None = None,
        num_hypotheses: int = 1,
        alignments: bool = True,
    ) -> list[Translation]:
        """Translates sentences.

        Args:
            texts: one sentence each; an empty one gives an empty translation.
            beam_size: hypotheses kept a sentence, from 1 (greedy, fastest); None: as configured.
            length_penalty: exponent of the length normalization, from 0; None: as configured.
            num_hypotheses: translations for each sentence, at most ``beam_size``.
            alignments: whether to compute ``Translation.alignment``.

        Returns:
            The best translation of each sentence, in the order of ``texts``.

        Raises:
            ConfigError: if a value is out of range.
            TypeError: if ``texts`` is a single string.
        """
        options = self._options(beam_size, length_penalty, num_hypotheses, alignments)
        return list(self._windows(texts, (_WINDOWS[1], _WINDOWS[1]), options))

    def translate_lines(
        self,
        lines: Iterable[str],
        *,
        beam_size: int | None = None,
        length_penalty: float | None = None,
        num_hypotheses: int = 1,
        alignments: bool = False,
        interactive: bool = False,
    ) -> Iterator[Translation]:
        """Translates a stream of lines, in order, with bounded memory.

        Lines are read in windows, small at first so that output starts soon; the lines of a window are
        sorted by length and translated in batches.

        Args:
            lines: one sentence each.
            beam_size: see ``translate``.
            length_penalty: see ``translate``.
            num_hypotheses: see ``translate``.
            alignments: see ``translate``.
            interactive: whether to translate every line before the next one is read.

        Raises:
            ConfigError: if a value is out of range.
            TypeError: if ``lines`` is a single string.
        """
        options = self._options(beam_size, length_penalty, num_hypotheses, alignments)
        return self._windows(lines, (1, 1) if interactive else _WINDOWS, options)

    def _options(
        self, beam_size: int | None, length_penalty: float | None, num_hypotheses: int, alignments: bool
    ) -> dict[str, Any]:
        """The options of a translation with the defaults filled in; ConfigError if one is out of range."""
        decoding = self.config.decoding
        beam_size = decoding.beam_size if beam_size is None else beam_size
        length_penalty = decoding.length_penalty if length_penalty is None else length_penalty
        Config().override({"decoding.beam_size": beam_size, "decoding.length_penalty": length_penalty})
        if not 1 <= num_hypotheses <= beam_size:
            raise ConfigError(
                f"number of hypotheses: {num_hypotheses} is outside 1 to the beam size, {beam_size}"
            )
        return {
            "beam_size": beam_size,
            "length_penalty": float(length_penalty),
            "num_hypotheses": num_hypotheses,
            "alignments": alignments,
        }

    def _windows(
        self, lines: Iterable[str], sizes: tuple[int, int], options: dict[str, Any]
    ) -> Iterator[Translation]:
        """Translates windows of lines, of the first size at first, growing up to the last one."""
        if isinstance(lines, str):
            raise TypeError("the text must be a list of sentences, not one string")
        return self._translated(iter(lines), *sizes, options)

    def _translated(
        self, lines: Iterator[str], window: int, last_window: int, options: dict[str, Any]
    ) -> Iterator[Translation]:
        while chunk := list(islice(lines, window)):
            yield from self._translate_window(chunk, options)
            window = min(4 * window, last_window)

    def _translate_window(self, texts: list[str], options: dict[str, Any]) -> list[Translation]:
        """Translates lines that fit into memory; a line without text gives an empty translation."""
        longest = self.config.corpus.longest_source or self.config.data.max_pieces
        parts_by_line = [parts_of(text, self._tokenizer, longest) for text in texts]
        rows = self._tokenizer.encode([part for parts in parts_by_line for part in parts])
        translated: dict[int, Translation] = {}
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]), reverse=True)
        budget = max(1, _BATCH_TOKENS // options["beam_size"])
        for batch in _batches(order, [len(row) for row in rows], budget):
            results = self._translate_batch([rows[i] for i in batch], **options)
            translated |= zip(batch, results, strict=True)
        numbers = iter(range(len(rows)))
        return [_joined([translated[next(numbers)] for _ in parts]) for parts in parts_by_line]

    def _translate_batch(
        self,
        rows: list[list[int]],
        beam_size: int,
        length_penalty: float,
        num_hypotheses: int,
        alignments: bool,
    ) -> list[Translation]:
        source_ids = self._padded([[*row, self._tokenizer.end_id] for row in rows])
        found = self._graph.search(source_ids, beam_size, length_penalty, num_hypotheses)
        lengths, log_probs, scores = (part.numpy() for part in found[1:])
        ids = found.ids.numpy()
        attention = None
        if alignments:
            flat = ids.reshape(-1, ids.shape[-1])[:, : max(lengths.max(), 1)]
            attention = self._graph.attention(source_ids.repeat(num_hypotheses, axis=0), flat).numpy()
            attention = attention.reshape(len(rows), num_hypotheses, *attention.shape[1:])
        results = []
        for i, row in enumerate(rows):
            source_tokens = tuple(self._tokenizer.pieces([*row, self._tokenizer.end_id]))
            ranked = []
            for j in range(num_hypotheses):
                length = int(lengths[i, j])
                if not length:  # fewer hypotheses exist than were asked for
                    continue
                pieces = ids[i, j, :length].tolist()
                ranked.append(
                    Translation(
                        text=self._text(pieces),
                        score=float(scores[i, j]),
                        log_probability=float(log_probs[i, j]),
                        tokens=tuple(self._tokenizer.pieces(pieces)),
                        source_tokens=source_tokens,
                        alignment=None
                        if attention is None
                        else attention[i, j, :length, : len(source_tokens)].copy(),
                    )
                )
            results.append(_with_alternatives(ranked))
        return results

    def _text(self, pieces: list[int]) -> str:
        """The text of piece ids; a line break, which a model may spell in bytes, would make two lines."""
        return self._tokenizer.decode([pieces])[0].replace("\n", " ").replace("\r", " ")

    def _padded(self, rows: list[list[int]]) -> npt.NDArray[np.int32]:
        """Rows of ids as one array, padded on the right."""
        array = np.full((len(rows), max(map(len, rows))), self._tokenizer.padding_id, np.int32)
        for row, ids in zip(array, rows, strict=True):
            row[: len(ids)] = ids
        return array


def _with_alternatives(ranked: list[Translation]) -> Translation:
    """The best of several translations, holding the others."""
    return replace(ranked[0], alternatives=tuple(ranked[1:]))


def _joined(parts: list[Translation]) -> Translation:
    """The translation of a line from those of its parts."""
    if len(parts) == 1:
        return parts[0]
    alignment = None
    if all(part.alignment is not None for part in parts):
        alignment = np.zeros([sum(len(p.tokens) for p in parts), sum(len(p.source_tokens) for p in parts)])
        row = column = 0
        for part in parts:
            alignment[row : row + len(part.tokens), column : column + len(part.source_tokens)] = (
                part.alignment
            )
            row, column = row + len(part.tokens), column + len(part.source_tokens)
    return Translation(
        text=" ".join(part.text for part in parts),
        score=sum((part.score for part in parts), 0.0) / max(len(parts), 1),
        log_probability=sum((part.log_probability for part in parts), 0.0),
        tokens=tuple(token for part in parts for token in part.tokens),
        source_tokens=tuple(token for part in parts for token in part.source_tokens),
        alignment=None if alignment is None else alignment.astype(np.float32),
    )


def _batches(order: Sequence[int], lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Cuts rows, longest first, into batches of at most ``budget`` pieces (or of one row)."""
    start = 0
    while start < len(order):
        size = max(1, budget // (lengths[order[start]] + 1))
        yield list(order[start : start + size])
        start += size
