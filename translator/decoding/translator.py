"""The translator: loads models once and translates any number of sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from translator.config import Config
from translator.corpus.lexicon import Lexicon
from translator.corpus.tokenizer import Tokenizer
from translator.corpus.word_order import reverse_words
from translator.decoding.batching import for_each_batch, group_by_length, num_parallel_batches
from translator.decoding.glossary import Glossary
from translator.decoding.graph import Constraints, SearchGraph
from translator.decoding.inspection import Inspection, inspect
from translator.decoding.long_lines import LongLines
from translator.decoding.reranking import MOST_RERANKED, rerank
from translator.decoding.translation import Translation, build_translations, join_translations
from translator.errors import ConfigError, DataError, ModelError
from translator.model_folder import lexicon_path, load_networks, model_folders
from translator.nn.lstm import Gates
from translator.nn.model import TranslationModel
from translator.search_options import SearchOptions

_WINDOWS = 32, 8192  # lines that are read before they are translated, at first and at most


@dataclass(frozen=True)
class _Search:
    """What is asked for, the same for all lines."""

    options: SearchOptions
    glossary: Glossary | None
    alignments: bool


@dataclass(frozen=True)
class _Row:
    """A sentence to translate, as piece ids, with its number in the text."""

    number: int
    source: list[int]
    prefix: list[int]
    phrases: list[list[int]]


class Translator:
    """Translates sentences with one or several trained networks.

    Attributes:
        config: the settings that the first model was trained with.

    Args:
        networks: the networks, with their weights; several decide together about each piece.
        tokenizer: their tokenizer.
        config: the settings; the default beam size and length penalty are taken from them.
        lexicon: the likely target pieces of each source piece, for the option ``shortlist``.
        backward: translates the other way; of the best hypotheses of a search, those are preferred from which
            it would write the source again. None: it has no say.
        right_to_left: translates the same way and writes from the other end; of the best hypotheses, those
            are preferred that it finds probable, too. None: it has no say.
    """

    def __init__(
        self,
        networks: Sequence[TranslationModel],
        tokenizer: Tokenizer,
        config: Config,
        lexicon: Lexicon | None = None,
        backward: Translator | None = None,
        right_to_left: Translator | None = None,
    ) -> None:
        self.config = config
        self._tokenizer, self._lexicon = tokenizer, lexicon
        self._backward, self._right_to_left = backward, right_to_left
        self._graph = SearchGraph(networks, tokenizer.is_word_start)
        self._long_lines = LongLines(tokenizer, config.max_source_tokens)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *more_folders: str | Path,
        backward: str | Path | Translator | None = None,
        right_to_left: str | Path | Translator | None = None,
    ) -> Translator:
        """Loads the model in a folder that training has written, or several that translate together.

        Args:
            folder: the folder.
            more_folders: those of other models of the same vocabulary.
            backward: that of a model of the other direction, of any vocabulary, or the model itself, loaded;
                see above.
            right_to_left: that of a model of any vocabulary that writes from the other end, likewise.

        Raises:
            ModelError: if there is no complete model of this version, the models have different
                vocabularies, or one that should go another way does not.
        """
        networks, tokenizer, config = load_networks(Path(folder), *map(Path, more_folders))
        path = lexicon_path(model_folders([Path(folder)])[0])
        lexicon = Lexicon.read(path, tokenizer.vocabulary_size) if path.exists() else None
        back, other_end = _backward(backward, config), _right_to_left(right_to_left, config)
        return cls(networks, tokenizer, config, lexicon, back, other_end)

    def translate(
        self,
        texts: Sequence[str],
        *,
        prefixes: Sequence[str] | None = None,
        glossary: Glossary | None = None,
        alignments: bool = True,
        **options: Any,
    ) -> list[Translation]:
        """Translates sentences.

        Args:
            texts: one sentence each; an empty one gives an empty translation.
            prefixes: what each translation must begin with, whole words; None: nothing.
            glossary: terms that must appear where their source term occurs; a beam of 5 or more gives
                them room.
            alignments: whether to compute ``Translation.alignment`` and ``word_alignment``.
            options: any of ``SearchOptions``, such as ``beam_size=1`` or ``n_best=3``; beam size
                and length penalty are by default as configured.

        Returns:
            The best translation of each sentence, in the order of ``texts``.

        Raises:
            ConfigError: if an option does not exist or a value is out of range.
            TypeError: if ``texts`` is a single string.
        """
        search = _Search(self._options(options), glossary, alignments)
        return list(self._windows(texts, prefixes, (_WINDOWS[1], _WINDOWS[1]), search))

    def translate_lines(
        self,
        lines: Iterable[str],
        *,
        prefixes: Iterable[str] | None = None,
        glossary: Glossary | None = None,
        alignments: bool = False,
        interactive: bool = False,
        **options: Any,
    ) -> Iterator[Translation]:
        """Translates a stream of lines, in order, with bounded memory.

        Lines are read in windows, small at first so that output starts soon; the lines of a window are
        sorted by length and translated in batches.

        Args:
            lines: one sentence each.
            prefixes: see ``translate``.
            glossary: see ``translate``.
            alignments: see ``translate``.
            interactive: whether to translate every line before the next one is read.
            options: see ``translate``.

        Raises:
            ConfigError: if an option does not exist or a value is out of range.
            TypeError: if ``lines`` is a single string.
        """
        search = _Search(self._options(options), glossary, alignments)
        return self._windows(lines, prefixes, (1, 1) if interactive else _WINDOWS, search)

    def log_probabilities(self, sources: Sequence[str], targets: Sequence[str]) -> list[float]:
        """How probable given translations are (forced decoding).

        Args:
            sources: sentences.
            targets: a translation of each.

        Returns:
            The natural logarithm of the model's probability of each target, its end included. Of a
            translation that search found it is what search reported, unless search wrote the text in other
            pieces than the tokenizer does, or cut the line into parts.

        Raises:
            ValueError: if there are not as many targets as sources.
        """
        rows = [
            [[*ids, self._tokenizer.end_id] for ids in self._tokenizer.encode(side)]
            for side in (sources, self._as_written(targets))
        ]
        pairs = list(zip(*rows, strict=True))
        found = np.zeros(len(pairs))
        for batch in group_by_length([max(map(len, pair)) for pair in pairs]):
            source_ids, target_ids = (self._padded([pairs[i][side] for i in batch]) for side in (0, 1))
            found[batch] = self._graph.log_probs(source_ids, target_ids).numpy().sum(axis=1)
        return [float(value) for value in found]

    def gates(self, text: str, translation: str | None = None) -> dict[str, Gates]:
        """What the gates of every LSTM do while a sentence is read and translated.

        Args:
            text: the sentence.
            translation: a translation of it; None: the one that search finds.

        Returns:
            By layer, such as ``encoder/forward`` or ``decoder/lstm_0``: float32 [steps, units] each. The
            steps of the encoder are the source pieces, those of the decoder the pieces written.
        """
        if translation is None:
            translation = self.translate([text], alignments=False)[0].text
        source_ids, target_ids = (
            self._padded([[*self._tokenizer.encode([side])[0], self._tokenizer.end_id]])
            for side in (text, *self._as_written([translation]))
        )
        found = self._graph.gates(source_ids, target_ids)
        return {name: Gates(*(part.numpy()[0] for part in gates)) for name, gates in found.items()}

    def inspect(self, text: str, **options: Any) -> Inspection:
        """Translates one sentence and keeps what happens inside: gates, probabilities, attention, beam.

        Args:
            text: the sentence.
            options: any of ``SearchOptions`` but ``sampling`` and ``shortlist``.

        Raises:
            ConfigError: if an option is not valid or cannot be looked into, or several models translate.
            DataError: if the text is empty, or so long that it is translated in parts.
        """
        search = self._options(options)
        ids = self._tokenizer.encode([text])[0]
        if not ids:
            raise DataError("there is no text to look into; give a sentence")
        if len(self._long_lines.parts_of(ids)) > 1:
            raise DataError(
                f"the text has {len(ids)} pieces, and more than {self.config.max_source_tokens} are "
                "translated in parts; give one of its sentences"
            )
        return inspect(self._graph, self._tokenizer, text, search, self.config.model.right_to_left)

    def _options(self, changes: dict[str, Any]) -> SearchOptions:
        """The options of a search with the defaults filled in; ConfigError if one is not valid."""
        known = [option.name for option in dataclasses.fields(SearchOptions)]
        if unknown := changes.keys() - set(known):
            raise ConfigError(f"{sorted(unknown)[0]}: no such option; valid ones: {', '.join(known)}")
        defaults = dataclasses.asdict(self.config.decoding)
        if changes.get("shortlist") and self._lexicon is None:
            raise ConfigError("shortlist: the model folder has no lexicon.npz; train again, or leave it out")
        options = SearchOptions(
            **defaults | {name: value for name, value in changes.items() if value is not None}
        )
        if options.beam_size + 3 > self._tokenizer.vocabulary_size:  # nothing to leave out
            options = replace(options, shortlist=False)
        return options

    def _windows(
        self,
        lines: Iterable[str],
        prefixes: Iterable[str] | None,
        sizes: tuple[int, int],
        search: _Search,
    ) -> Iterator[Translation]:
        """Translates windows of lines, of the first size at first, growing up to the last one."""
        if isinstance(lines, str):
            raise TypeError("the text must be a list of sentences, not one string")
        if isinstance(prefixes, str):
            raise TypeError("the prefixes must be a list of texts, one a sentence, not one string")
        if prefixes is not None and self.config.model.right_to_left:
            raise ConfigError(
                "the model writes from right to left and cannot begin with a prefix; leave it out"
            )
        if search.options.sampling and search.glossary is not None:
            raise ConfigError("sampling does not go with a glossary, which needs a beam; leave one out")
        if prefixes is None:
            with_prefixes: Iterable[tuple[str, str]] = ((line, "") for line in lines)
        else:
            with_prefixes = zip(lines, prefixes, strict=True)
        return self._translated(iter(with_prefixes), *sizes, search)

    def _translated(
        self, lines: Iterator[tuple[str, str]], window: int, last_window: int, search: _Search
    ) -> Iterator[Translation]:
        numbers = count()
        while chunk := list(islice(lines, window)):
            yield from self._translate_window(chunk, search, numbers)
            window = min(4 * window, last_window)

    def _translate_window(
        self, lines: list[tuple[str, str]], search: _Search, sentences: Iterator[int]
    ) -> list[Translation]:
        """Translates lines that fit into memory; a line without text gives an empty translation."""
        encoded = self._tokenizer.encode([text for text, _ in lines])
        parts_by_line = [self._long_lines.parts_of(ids) for ids in encoded]
        parts = [part for parts in parts_by_line for part in parts]
        # What a translation begins with is said of the first part of its line.
        beginnings = [
            prefix if i == 0 else ""
            for parts, (_, prefix) in zip(parts_by_line, lines, strict=True)
            for i in range(len(parts))
        ]
        rows = [
            _Row(next(sentences), part, prefix, self._phrases(part, search.glossary))
            for part, prefix in zip(parts, self._tokenizer.encode(beginnings), strict=True)
        ]
        translated: dict[int, Translation] = {}
        batches = group_by_length(
            [len(row.source) for row in rows], search.options.width, num_parallel_batches()
        )
        for batch, found in for_each_batch(
            lambda batch: self._translate_batch([rows[i] for i in batch], search), batches
        ):
            translated |= zip(batch, found, strict=True)
        results, first = [], 0
        for parts in parts_by_line:
            of_line = [translated[first + i] for i in range(len(parts))]
            draws = None
            if search.options.sampling and len(parts) > 1:  # as it is numbered, whatever the batches are
                draws = np.random.default_rng([search.options.seed, rows[first].number])
            are_glued = self._long_lines.are_glued(parts)
            results.append(join_translations(of_line, are_glued, search.alignments, draws))
            first += len(parts)
        return results

    def _phrases(self, ids: list[int], glossary: Glossary | None) -> list[list[int]]:
        """The pieces of each term that must appear in the translation of some pieces."""
        if glossary is None:
            return []
        terms = glossary.targets_for(self._tokenizer.decode([ids])[0])
        return self._tokenizer.encode(self._as_written(terms))

    def _as_written(self, targets: Sequence[str]) -> Sequence[str]:
        """Translations with their words in the order in which the model writes them."""
        return [*map(reverse_words, targets)] if self.config.model.right_to_left else targets

    def _translate_batch(self, rows: list[_Row], search: _Search) -> list[Translation]:
        source_ids = self._padded([[*row.source, self._tokenizer.end_id] for row in rows])
        most = max(len(row.phrases) for row in rows)
        no_phrases: list[list[int]] = [[]] * most
        phrases = self._padded([phrase for row in rows for phrase in (row.phrases + no_phrases)[:most]])
        prefixes = self._padded([row.prefix for row in rows])
        shortlist = np.zeros([0], np.int32)
        if self._lexicon is not None and search.options.shortlist:
            wanted = {*prefixes.reshape(-1).tolist(), *phrases.reshape(-1).tolist()}
            wanted |= set(range(search.options.width + 3))  # enough to fill a beam
            shortlist = self._lexicon.shortlist(source_ids, wanted)
        constraints = Constraints(prefixes, phrases.reshape(len(rows), most, phrases.shape[1]), shortlist)
        options = search.options
        backward, right_to_left = (
            None if judge is None else judge.log_probabilities
            for judge in (self._backward, self._right_to_left)
        )
        if backward or right_to_left:
            number = max(options.n_best, min(options.width, MOST_RERANKED))
            options = replace(options, n_best=number)
        found = self._graph.search(source_ids, options, constraints, [row.number for row in rows])
        attention_of = self._graph.attention if search.alignments else None
        from_the_end = self.config.model.right_to_left
        translations = build_translations(source_ids, found, self._tokenizer, attention_of, from_the_end)
        if not (backward or right_to_left):
            return translations
        sources = self._tokenizer.decode([row.source for row in rows])
        # Those that have their terms stand before those that lack some, whatever the scores.
        are_fixed = [bool(row.phrases) for row in rows]
        return rerank(sources, translations, are_fixed, backward, right_to_left, search.options)

    def _padded(self, rows: list[list[int]]) -> npt.NDArray[np.int32]:
        """Rows of ids as one array, padded on the right."""
        array = np.full((len(rows), max(map(len, rows), default=0)), self._tokenizer.padding_id, np.int32)
        for row, ids in zip(array, rows, strict=True):
            row[: len(ids)] = ids
        return array


def _loaded(model: str | Path | Translator, what: str) -> tuple[Translator, str]:
    """A model that is given as it is or as its folder, and what messages call it."""
    if isinstance(model, Translator):
        return model, what
    return Translator.load(model), str(model)


def _languages(config: Config) -> tuple[str, str]:
    return config.source_language, config.target_language


def _backward(model: str | Path | Translator | None, config: Config) -> Translator | None:
    """The model that translates back what one with these settings has translated."""
    if model is None:
        return None
    translator, name = _loaded(model, "the backward model")
    back = _languages(translator.config)
    if _languages(config) == back != _languages(Config()):
        raise ModelError(
            f"{name}: translates from {back[0]} to {back[1]}, as the other model does; give as backward a "
            f"model from {back[1]} to {back[0]}"
        )
    return translator


def _right_to_left(model: str | Path | Translator | None, config: Config) -> Translator | None:
    """The model that writes what one with these settings writes, from the other end."""
    if model is None:
        return None
    translator, name = _loaded(model, "the model from right to left")
    if translator.config.model.right_to_left == config.model.right_to_left:
        raise ModelError(
            f"{name}: writes from the same end as the other model; give one that was trained with "
            f"--set model.right_to_left={str(not config.model.right_to_left).lower()}"
        )
    languages, others = _languages(config), _languages(translator.config)
    if languages != others and _languages(Config()) not in (languages, others):
        raise ModelError(
            f"{name}: translates from {others[0]} to {others[1]}, and the other model from {languages[0]} to "
            f"{languages[1]}; give one of the same languages"
        )
    return translator
