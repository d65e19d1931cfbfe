"""The models of a server by the languages that they translate, and texts of many lines through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from fastapi import HTTPException

from translator.decoding.layout import translate_keeping_layout
from translator.serving.server.batching import Batcher
from translator.serving.server.models import Hypothesis, RequestOptions, ServedModel

AUTO = "auto"


class LanguagePairs:
    """What is served: for each pair of languages a model with its batches.

    Attributes:
        sources: the languages that are translated from.
        targets: the languages that are translated into.

    Args:
        models: (source language, target language) -> model.
        most_waiting: lines that may wait for each.
    """

    def __init__(self, models: Mapping[tuple[str, str], ServedModel], most_waiting: int) -> None:
        self._batchers = {pair: Batcher(model, most_waiting) for pair, model in models.items()}
        self.sources, self.targets = ({pair[side] for pair in models} for side in (0, 1))

    def start(self) -> None:
        """Starts the threads that translate."""
        for batcher in self._batchers.values():
            batcher.start()

    def close(self) -> None:
        """Finishes what waits, and ends the threads."""
        for batcher in self._batchers.values():
            batcher.close()

    def by_source(self) -> dict[str, list[str]]:
        """Each language, with those that it is translated into, in alphabetical order."""
        return {
            language: sorted(target for source, target in self._batchers if source == language)
            for language in sorted(self.sources | self.targets)
        }

    def source(self, source: str, target: str) -> str:
        """The language of a text, which may be said to be ``auto``.

        Raises:
            HTTPException: 400, if nothing is translated from it into the target.
        """
        sources = sorted(language for language, into in self._batchers if into == target)
        if not sources:
            raise HTTPException(400, f"{target} is not supported")
        if source == AUTO:
            # A guess among several would now and then be wrong without anybody noticing.
            if len(sources) > 1:
                raise HTTPException(
                    400, f"languages are not detected; give one of these as source: {', '.join(sources)}"
                )
            return sources[0]
        if source in sources:
            return source
        if source not in self.sources | self.targets:
            raise HTTPException(400, f"{source} is not supported")
        raise HTTPException(400, f"{target} is not available as a target language from {source}")

    async def hypotheses(
        self, lines: list[str], source: str, target: str, wish: RequestOptions
    ) -> list[list[Hypothesis]]:
        """The hypotheses of each line; none for a line without text.

        Raises:
            ServerBusyError: if too many lines wait.
        """
        cores = [line.strip() for line in lines]
        batcher = self._batchers[source, target]
        found = iter(await batcher.translate([core for core in cores if core], wish))
        return [next(found) if core else [] for core in cores]

    async def texts(
        self, texts: list[str], source: str, target: str, wish: RequestOptions
    ) -> list[list[str]]:
        """The translations of each text, best first; a text keeps its lines, its blank ones and its spaces.

        Of a text of several lines, the second translation has the second best of each line, or the best
        where a line has no more, and so on.

        Raises:
            ServerBusyError: if too many lines wait.
        """
        lines_of = [text.split("\n") for text in texts]
        all_lines = [line for lines in lines_of for line in lines]
        found = iter(await self.hypotheses(all_lines, source, target, wish))
        return [_joined(lines, [next(found) for _ in lines]) for lines in lines_of]


def _joined(lines: list[str], found: list[list[Hypothesis]]) -> list[str]:
    """The translations of a text from the hypotheses of its lines."""
    texts = []
    for rank in range(max(map(len, found)) or 1):
        of_lines = [ranked[min(rank, len(ranked) - 1)].text if ranked else "" for ranked in found]
        texts.append("\n".join(translate_keeping_layout(lines, partial(_instead, of_lines))))
    return texts


def _instead(translations: list[str], sentences: Iterator[str]) -> Iterator[str]:
    """What ``translate_keeping_layout`` calls for translations: they are there already."""
    return (translation for translation, _ in zip(translations, sentences, strict=True))
