"""From lines to translations: cuts long lines, searches in batches, reranks, and joins the parts.

Lines are read in windows, so that a stream of any length needs bounded memory. The sentences of a window are
sorted by length and searched in batches, several batches at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice

import numpy as np
import numpy.typing as npt

from translator.corpus.lexicon import Lexicon
from translator.corpus.tokenizer import Tokenizer
from translator.decoding.batching import for_each_batch, group_by_length, num_parallel_batches, padded
from translator.decoding.glossary import Glossary
from translator.decoding.graph import Constraints, SearchGraph
from translator.decoding.long_lines import LongLines
from translator.decoding.reranking import MOST_RERANKED, LogProbabilities, rerank
from translator.decoding.translation import (
    Translation,
    build_translations,
    in_written_order,
    join_translations,
)
from translator.search_options import SearchOptions


@dataclass(frozen=True)
class PipelineOptions:
    """What holds for all lines of a text.

    Attributes:
        search: the options of search.
        glossary: terms that must appear where their source term occurs; None: no glossary.
        alignments: whether translations get their attention and word alignment.
    """

    search: SearchOptions
    glossary: Glossary | None
    alignments: bool


@dataclass(frozen=True)
class _Term:
    """A target term of the glossary that must appear in a translation.

    Attributes:
        text: the term.
        token_ids: its tokens, in the order in which the model writes them.
        source_positions: the positions of the source tokens that it translates.
    """

    text: str
    token_ids: list[int]
    source_positions: list[int]


@dataclass(frozen=True)
class _Sentence:
    """What is searched for at once: a line, or one part of a long line, as token ids without the end.

    Attributes:
        number: its number in the text; the random numbers of sampling follow from it.
        source_ids: the tokens to translate.
        prefix_ids: the tokens that the translation begins with.
        terms: the target terms of the glossary that must appear in the translation.
    """

    number: int
    source_ids: list[int]
    prefix_ids: list[int]
    terms: list[_Term]


class Pipeline:
    """Translates lines with one model or ensemble.

    Args:
        graph: the networks.
        tokenizer: their tokenizer.
        long_lines: cuts long lines into parts.
        lexicon: the likely target tokens of each source token, for the option ``shortlist``.
        backward: gives the log-probabilities of a backward model, for reranking; None: there is none.
        right_to_left: likewise those of a right-to-left model.
        is_right_to_left: whether the networks themselves write the last word first.
    """

    def __init__(
        self,
        graph: SearchGraph,
        tokenizer: Tokenizer,
        long_lines: LongLines,
        lexicon: Lexicon | None,
        backward: LogProbabilities | None,
        right_to_left: LogProbabilities | None,
        is_right_to_left: bool,
    ) -> None:
        self._graph, self._tokenizer, self._long_lines, self._lexicon = graph, tokenizer, long_lines, lexicon
        self._backward, self._right_to_left = backward, right_to_left
        self._is_right_to_left = is_right_to_left

    def translate(
        self,
        lines: Iterator[tuple[str, str]],
        options: PipelineOptions,
        window: int,
        last_window: int,
        is_pausing: Callable[[], bool],
    ) -> Iterator[Translation]:
        """Translates a stream of lines, in order.

        If a line cannot be read, the error is raised once the lines before it have been translated.

        Args:
            lines: each line with the prefix of its translation, which may be empty.
            options: what holds for all lines.
            window: how many lines at most are read before the first of them is translated.
            last_window: how many at most later on; windows grow up to it.
            is_pausing: whether the next line has to be waited for; then those read so far are translated.
        """
        numbers = count()
        while True:
            chunk: list[tuple[str, str]] = []
            error: Exception | None = None
            try:
                for line in islice(lines, window):
                    chunk.append(line)
                    if is_pausing():
                        break
            except Exception as reading_error:
                error = reading_error
            if chunk:
                yield from self._translate_window(chunk, options, numbers)
            if error is not None:
                raise error
            if not chunk:
                return
            window = min(4 * window, last_window)

    def _translate_window(
        self, lines: list[tuple[str, str]], options: PipelineOptions, numbers: Iterator[int]
    ) -> list[Translation]:
        """Translates lines that fit into memory; a line without text gives an empty translation."""
        encoded = self._tokenizer.encode([text for text, _ in lines])
        parts_by_line = self._long_lines.parts_of(encoded)
        prefixes = [prefix for _, prefix in lines]
        sentences = self._sentences(parts_by_line, prefixes, options.glossary, numbers)
        translations = iter(zip(sentences, self._search(sentences, options), strict=True))
        results = []
        for parts in parts_by_line:
            of_line = list(islice(translations, len(parts)))
            generator = None
            if options.search.sampling and len(parts) > 1:  # seeded by its number, whatever the batches are
                generator = np.random.default_rng([options.search.seed, of_line[0][0].number])
            translated = [translation for _, translation in of_line]
            continues_word = self._long_lines.continues_word(parts)
            results.append(join_translations(translated, continues_word, options.alignments, generator))
        return results

    def _sentences(
        self,
        parts_by_line: Sequence[Sequence[list[int]]],
        prefixes: Sequence[str],
        glossary: Glossary | None,
        numbers: Iterator[int],
    ) -> list[_Sentence]:
        """The parts of lines as sentences; the prefix of a line belongs to its first part."""
        parts = [part for parts in parts_by_line for part in parts]
        prefix_of_part = [
            prefix if i == 0 else ""
            for parts, prefix in zip(parts_by_line, prefixes, strict=True)
            for i in range(len(parts))
        ]
        return [
            _Sentence(next(numbers), part, prefix_ids, self._terms(part, glossary))
            for part, prefix_ids in zip(parts, self._tokenizer.encode(prefix_of_part), strict=True)
        ]

    def _terms(self, source_ids: list[int], glossary: Glossary | None) -> list[_Term]:
        """The glossary terms that must appear in the translation of a sentence."""
        if glossary is None:
            return []
        positions = glossary.source_positions(self._tokenizer.tokens(source_ids))
        written = in_written_order([*positions], self._is_right_to_left)
        return [
            _Term(text, token_ids, positions[text])
            for text, token_ids in zip(positions, self._tokenizer.encode(written), strict=True)
        ]

    def _search(self, sentences: Sequence[_Sentence], options: PipelineOptions) -> list[Translation]:
        """The translations of sentences, in their order."""
        translated: dict[int, Translation] = {}
        lengths = [len(sentence.source_ids) for sentence in sentences]
        batches = group_by_length(lengths, options.search.width, num_parallel_batches())
        for batch, found in for_each_batch(
            lambda batch: self._search_batch([sentences[i] for i in batch], options), batches
        ):
            translated |= zip(batch, found, strict=True)
        return [translated[i] for i in range(len(sentences))]

    def _search_batch(self, sentences: Sequence[_Sentence], options: PipelineOptions) -> list[Translation]:
        end_id = self._tokenizer.end_id
        source_ids = self._padded([[*sentence.source_ids, end_id] for sentence in sentences])
        constraints = self._constraints(sentences, source_ids, options.search)
        reranks = self._backward is not None or self._right_to_left is not None
        search = options.search
        if reranks:
            search = replace(search, n_best=max(search.n_best, min(search.width, MOST_RERANKED)))
        numbers = [sentence.number for sentence in sentences]
        found = self._graph.search(source_ids, search, constraints, numbers)
        attention_of = self._graph.attention if options.alignments else None
        terms = [[term.text for term in sentence.terms] for sentence in sentences]
        translations = build_translations(
            source_ids, found, self._tokenizer, attention_of, self._is_right_to_left, terms
        )
        if not reranks:
            return translations
        sources = self._tokenizer.decode([sentence.source_ids for sentence in sentences])
        return rerank(sources, translations, self._backward, self._right_to_left, options.search)

    def _constraints(
        self, sentences: Sequence[_Sentence], source_ids: npt.NDArray[np.int32], options: SearchOptions
    ) -> Constraints:
        """Prefixes, phrases and, where the options ask for one, a shortlist for a batch."""
        num_phrases = max(len(sentence.terms) for sentence in sentences)
        longest = max([1, *(len(term.token_ids) for sentence in sentences for term in sentence.terms)])
        phrases = np.full([len(sentences), num_phrases, longest], self._tokenizer.padding_id, np.int32)
        phrase_sources = np.zeros([len(sentences), num_phrases, source_ids.shape[1]], np.bool_)
        for i, sentence in enumerate(sentences):
            for j, term in enumerate(sentence.terms):
                phrases[i, j, : len(term.token_ids)] = term.token_ids
                phrase_sources[i, j, term.source_positions] = True
        prefixes = self._padded([sentence.prefix_ids for sentence in sentences])
        shortlist = np.zeros([0], np.int32)
        if self._lexicon is not None and options.shortlist:
            required = {*prefixes.reshape(-1).tolist(), *phrases.reshape(-1).tolist()}
            required |= set(range(options.width + 3))  # enough to fill a beam
            shortlist = self._lexicon.shortlist(source_ids, required)
        return Constraints(prefixes, phrases, phrase_sources, shortlist)

    def _padded(self, rows: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
        return padded(rows, self._tokenizer.padding_id)
