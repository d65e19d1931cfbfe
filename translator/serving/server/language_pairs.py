"""The served models by language pair, and the translation of whole texts through them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from fastapi import HTTPException

from translator.decoding.layout import translate_keeping_layout
from translator.serving.server.batching import Batcher
from translator.serving.server.languages import find_served
from translator.serving.server.limits import Limits
from translator.serving.server.models import Hypothesis, RequestOptions, ServedModel

AUTO = "auto"
_CLOSING_SECONDS = 1.0  # that threads with nothing left to translate have to end


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
        limits: how much text may wait for each model, and how long.
    """

    def __init__(self, models: Mapping[tuple[str, str], ServedModel], limits: Limits) -> None:
        self._batchers = {
            LanguagePair(*pair): Batcher(model, limits.max_waiting) for pair, model in models.items()
        }
        self._timeout = limits.timeout
        self.sources = {pair.source for pair in self._batchers}
        self.targets = {pair.target for pair in self._batchers}

    def start(self) -> None:
        """Starts the threads that translate."""
        for batcher in self._batchers.values():
            batcher.start()

    def close(self) -> None:
        """Refuses the lines that wait and ends the threads that are not in the middle of a batch."""
        for batcher in self._batchers.values():
            batcher.close()
        deadline = time.monotonic() + _CLOSING_SECONDS
        for batcher in self._batchers.values():
            batcher.has_ended(max(0.0, deadline - time.monotonic()))

    def have_ended(self) -> bool:
        """Returns whether no thread translates any longer."""
        return all(batcher.has_ended() for batcher in self._batchers.values())

    def targets_by_source(self) -> dict[str, list[str]]:
        """Returns every language with the languages that it is translated into, in alphabetical order."""
        return {
            language: sorted(pair.target for pair in self._batchers if pair.source == language)
            for language in sorted(self.sources | self.targets)
        }

    def first_pair(self) -> LanguagePair:
        """Returns the language pair to begin with."""
        return next(iter(self._batchers), LanguagePair(AUTO, AUTO))

    def resolve(self, source: str, target: str) -> LanguagePair:
        """Returns the language pair that a request means.

        Args:
            source: code of the source language, or ``auto``; for codes, see ``languages.find_served``.
            target: code of the target language. It may be that of the source, which is served as well:
                nothing changes then.

        Raises:
            HTTPException: 400, if no model translates from the source to the target, or if ``auto`` could
                mean several languages.
        """
        served = self.sources | self.targets
        to_language = find_served(target, self.targets) or find_served(target, served)
        if to_language is None:
            raise HTTPException(400, f"{target} is not supported")
        sources = {pair.source for pair in self._batchers if pair.target == to_language}
        if source.lower() == AUTO:
            if not sources:
                raise HTTPException(400, f"{target} is not available as a target language")
            return LanguagePair(self.only_source(sources), to_language)
        from_language = find_served(source, sources) or find_served(source, served)
        if from_language is None:
            raise HTTPException(400, f"{source} is not supported")
        pair = LanguagePair(from_language, to_language)
        if self.is_served(pair) or from_language == to_language:
            return pair
        raise HTTPException(400, f"{target} is not available as a target language from {source}")

    def is_served(self, pair: LanguagePair) -> bool:
        """Returns whether a model translates this pair; the other pairs are of one language with itself."""
        return pair in self._batchers

    def only_source(self, sources: Collection[str] = ()) -> str:
        """Returns the language that ``auto`` stands for.

        Args:
            sources: the languages that it could be; empty: all that are served.

        Raises:
            HTTPException: 400, if there are several. Guessing one of them would sometimes be wrong, and
                nobody would notice.
        """
        candidates = sorted(sources or self.sources)
        if len(candidates) != 1:
            raise HTTPException(
                400, f"languages are not detected; give one of these as source: {', '.join(candidates)}"
            )
        return candidates[0]

    async def translate_lines(
        self, lines: list[str], pair: LanguagePair, options: RequestOptions
    ) -> list[list[Hypothesis]]:
        """Returns the hypotheses of each line, best first; none for a line without text.

        Raises:
            ServerBusyError: if too much text waits.
            TimeoutError: if the lines are not translated in time.
        """
        stripped = [line.strip() for line in lines]
        if not self.is_served(pair):
            return [[Hypothesis(line, 0.0)] if line else [] for line in stripped]
        async with asyncio.timeout(self._timeout):
            translated = await self._batchers[pair].translate([line for line in stripped if line], options)
        found = iter(translated)
        return [next(found) if line else [] for line in stripped]

    async def translate_texts(
        self, texts: list[str], pair: LanguagePair, options: RequestOptions
    ) -> list[list[str]]:
        """Returns the translations of each text, best first; line breaks, blank lines and spaces are kept.

        The second translation of a text consists of the second hypothesis of each of its lines, or the best
        one where a line has no other, and so on.

        Raises:
            ServerBusyError, TimeoutError: as for ``translate_lines``.
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
