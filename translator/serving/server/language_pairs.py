"""The served models by language pair, and the translation of whole texts through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from fastapi import HTTPException

from translator.decoding.layout import translate_keeping_layout
from translator.serving.server.batching import Batcher
from translator.serving.server.models import Hypothesis, RequestOptions, ServedModel

AUTO = "auto"


class LanguagePair(NamedTuple):
    """The language that a model reads and the one that it writes.

    Attributes:
        source: code of the source language.
        target: code of the target language.
    """

    source: str
    target: str


class LanguagePairs:
    """The language pairs that are served, each with its model and its batches.

    Attributes:
        sources: the source languages.
        targets: the target languages.

    Args:
        models: (source language, target language) -> model.
        max_waiting: lines that may wait for each model.
    """

    def __init__(self, models: Mapping[tuple[str, str], ServedModel], max_waiting: int) -> None:
        self._batchers = {LanguagePair(*pair): Batcher(model, max_waiting) for pair, model in models.items()}
        self.sources = {pair.source for pair in self._batchers}
        self.targets = {pair.target for pair in self._batchers}

    def start(self) -> None:
        """Starts the threads that translate."""
        for batcher in self._batchers.values():
            batcher.start()

    def close(self) -> None:
        """Translates the lines that wait and ends the threads."""
        for batcher in self._batchers.values():
            batcher.close()

    def targets_by_source(self) -> dict[str, list[str]]:
        """Returns every language with the languages that it is translated into, in alphabetical order."""
        return {
            language: sorted(pair.target for pair in self._batchers if pair.source == language)
            for language in sorted(self.sources | self.targets)
        }

    def resolve(self, source: str, target: str) -> LanguagePair:
        """Returns the language pair that a request means.

        Args:
            source: code of the source language, or ``auto``.
            target: code of the target language.

        Raises:
            HTTPException: 400, if no model translates from the source to the target, or if ``auto`` could
                mean several languages.
        """
        sources = sorted(pair.source for pair in self._batchers if pair.target == target)
        if not sources:
            raise HTTPException(400, f"{target} is not supported")
        if source == AUTO:
            # Guessing one of several languages would sometimes be wrong, and nobody would notice.
            if len(sources) > 1:
                raise HTTPException(
                    400, f"languages are not detected; give one of these as source: {', '.join(sources)}"
                )
            return LanguagePair(sources[0], target)
        if source in sources:
            return LanguagePair(source, target)
        if source not in self.sources | self.targets:
            raise HTTPException(400, f"{source} is not supported")
        raise HTTPException(400, f"{target} is not available as a target language from {source}")

    async def translate_lines(
        self, lines: list[str], pair: LanguagePair, options: RequestOptions
    ) -> list[list[Hypothesis]]:
        """Returns the hypotheses of each line, best first; none for a line without text.

        Raises:
            ServerBusyError: if too many lines wait.
        """
        stripped = [line.strip() for line in lines]
        found = iter(await self._batchers[pair].translate([line for line in stripped if line], options))
        return [next(found) if line else [] for line in stripped]

    async def translate_texts(
        self, texts: list[str], pair: LanguagePair, options: RequestOptions
    ) -> list[list[str]]:
        """Returns the translations of each text, best first; line breaks, blank lines and spaces are kept.

        The second translation of a text consists of the second hypothesis of each of its lines, or the best
        one where a line has no other, and so on.

        Raises:
            ServerBusyError: if too many lines wait.
        """
        lines_of_texts = [text.split("\n") for text in texts]
        all_lines = [line for lines in lines_of_texts for line in lines]
        found = iter(await self.translate_lines(all_lines, pair, options))
        return [_join_lines(lines, [next(found) for _ in lines]) for lines in lines_of_texts]


def _join_lines(lines: list[str], hypotheses: list[list[Hypothesis]]) -> list[str]:
    """Returns the translations of a text from the hypotheses of its lines."""
    texts = []
    for rank in range(max(map(len, hypotheses)) or 1):
        translations = [ranked[min(rank, len(ranked) - 1)].text if ranked else "" for ranked in hypotheses]
        texts.append("\n".join(translate_keeping_layout(lines, partial(_look_up, translations))))
    return texts


def _look_up(translations: list[str], sentences: Iterator[str]) -> Iterator[str]:
    """Yields known translations, in the form that ``translate_keeping_layout`` calls for."""
    return (translation for translation, _ in zip(translations, sentences, strict=True))
