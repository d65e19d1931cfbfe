"""The translator: loads a model once and translates any number of sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack, overload

from translator.config import Config
from translator.corpus.lexicon import Lexicon
from translator.corpus.tokenizer import Tokenizer
from translator.decoding.arguments import (
    as_glossary,
    check_lines,
    check_sentence,
    check_sentences,
    with_their_prefixes,
)
from translator.decoding.compatibility import check_backward, check_right_to_left
from translator.decoding.forced_decoding import log_probabilities
from translator.decoding.glossary import Glossary
from translator.decoding.graph import SearchGraph
from translator.decoding.inspection import Inspection, inspect, trace_gates
from translator.decoding.long_lines import LongLines
from translator.decoding.pipeline import Pipeline, PipelineOptions
from translator.decoding.translation import Translation, in_written_order
from translator.decoding.word_boundaries import WordBoundaries
from translator.errors import ConfigError
from translator.model_folder import lexicon_path, load_networks, model_folders
from translator.nn.lstm import Gates
from translator.nn.model import TranslationModel
from translator.search_options import SearchKeywords, SearchOptions, explain_ineffective_option

_WINDOWS = 32, 8192  # number of lines in the first window and, as windows grow, in the largest


def _never() -> bool:
    return False


class Translator:
    """Translates sentences with one or several trained networks.

    Attributes:
        config: the settings that the first model was trained with.
        networks: the networks that translate together.
        tokenizer: their tokenizer.
        folders: the folder of each network; empty if they were not loaded from folders.
        rerankers: names of the models that rerank the hypotheses: ``backward``, ``right_to_left``, or both.

    Args:
        networks: the networks, with their weights; several form an ensemble.
        tokenizer: their tokenizer.
        config: the settings; their section ``decoding`` holds the defaults of search.
        lexicon: the likely target tokens of each source token, for the option ``shortlist``.
        backward: a model of the opposite direction, which reranks the best hypotheses; None: there is none.
        right_to_left: a model of the same languages that writes from the other end, and reranks likewise.
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
        self.config, self.networks, self.tokenizer = config, networks, tokenizer
        self.folders: tuple[Path, ...] = ()
        given = {"backward": backward, "right_to_left": right_to_left}
        self.rerankers = tuple(name for name, model in given.items() if model is not None)
        self._lexicon = lexicon
        self._graph = SearchGraph(networks, WordBoundaries.of(tokenizer))
        self._long_lines = LongLines(tokenizer, config.max_source_tokens)
        self._pipeline = Pipeline(
            self._graph,
            tokenizer,
            self._long_lines,
            lexicon,
            backward.log_probabilities if backward else None,
            right_to_left.log_probabilities if right_to_left else None,
            config.model.right_to_left,
        )

    @classmethod
    def load(
        cls,
        model: str | Path,
        ensemble: str | Path | Sequence[str | Path] = (),
        *,
        backward: str | Path | Translator | None = None,
        right_to_left: str | Path | Translator | None = None,
    ) -> Translator:
        """Loads a trained model, or several that translate together.

        ``translator.load`` does the same and also sets TensorFlow's threads.

        Args:
            model: the model folder; trained with several seeds, it holds an ensemble.
            ensemble: the folders of other models with the same vocabulary.
            backward: a model of the opposite direction that reranks: its folder, or the loaded model.
            right_to_left: a model that writes from the other end and reranks: its folder, or the loaded
                model.

        Raises:
            ModelError: if there is no complete model of this version, the models have different
                vocabularies, or a reranking model has the wrong direction.
        """
        more = [ensemble] if isinstance(ensemble, str | Path) else ensemble
        folders = model_folders([Path(folder) for folder in (model, *more)])
        networks, tokenizer, config = load_networks(*folders)
        path = lexicon_path(folders[0])
        lexicon = Lexicon.read(path, tokenizer.vocabulary_size) if path.exists() else None
        translator = cls(
            networks,
            tokenizer,
            config,
            lexicon,
            cls._reranker(backward, config, check_backward, "the backward model"),
            cls._reranker(right_to_left, config, check_right_to_left, "the right-to-left model"),
        )
        translator.folders = tuple(folders)
        return translator

    @overload
    def translate(  # type: ignore[overload-overlap]  # a string is a sequence of strings, but one sentence here
        self,
        text: str,
        *,
        prefix: str | None = None,
        glossary: Glossary | Mapping[str, str] | None = None,
        alignments: bool = True,
        **options: Unpack[SearchKeywords],
    ) -> Translation: ...

    @overload
    def translate(
        self,
        text: Sequence[str],
        *,
        prefix: str | Sequence[str] | None = None,
        glossary: Glossary | Mapping[str, str] | None = None,
        alignments: bool = True,
        **options: Unpack[SearchKeywords],
    ) -> list[Translation]: ...

    def translate(
        self,
        text: str | Sequence[str],
        *,
        prefix: str | Sequence[str] | None = None,
        glossary: Glossary | Mapping[str, str] | None = None,
        alignments: bool = True,
        **options: Unpack[SearchKeywords],
    ) -> Translation | list[Translation]:
        """Translates a sentence, or several.

        Args:
            text: one sentence, or a sequence of sentences; an empty one gives an empty translation.
            prefix: the whole words that each translation must begin with: the same for all sentences, or one
                prefix per sentence; None: no prefix.
            glossary: target terms that must appear where their source term occurs; a beam of 5 or more gives
                them room.
            alignments: whether to compute ``Translation.alignment`` and ``word_alignment``.
            options: any of ``SearchOptions``, such as ``beam_size=1`` or ``n_best=3``; the defaults come from
                the section ``decoding`` of the model's settings.

        Returns:
            The best translation of the sentence; of several, a list in the order of ``text``.

        Raises:
            ConfigError: if an option does not exist, is out of range, or has no effect.
            TypeError: if a sentence or a prefix is not a string.
        """
        sentences = [text] if isinstance(text, str) else check_sentences(text)
        windows = (_WINDOWS[1], _WINDOWS[1])
        translations = list(self._translate(sentences, prefix, glossary, windows, alignments, options))
        return translations[0] if isinstance(text, str) else translations

    def translate_lines(
        self,
        lines: Iterable[str],
        *,
        prefix: str | Iterable[str] | None = None,
        glossary: Glossary | Mapping[str, str] | None = None,
        alignments: bool = False,
        interactive: bool | Callable[[], bool] = False,
        **options: Unpack[SearchKeywords],
    ) -> Iterator[Translation]:
        """Translates a stream of lines, in order, with bounded memory.

        Lines are read in windows, small at first so that output starts soon; the lines of a window are
        sorted by length and translated in batches. If reading a line fails, the lines before it are
        translated first.

        Args:
            lines: one sentence per line.
            prefix: as for ``translate``.
            glossary: as for ``translate``.
            alignments: as for ``translate``.
            interactive: whether to translate every line before the next one is read; or a function that is
                called after each line and returns whether the next one has to be waited for.
            options: as for ``translate``.

        Raises:
            ConfigError: if an option does not exist, is out of range, or has no effect.
            TypeError: if ``lines`` is not an iterable of strings, or is a single one.
        """
        check_lines(lines)
        windows = (1, 1) if interactive is True else _WINDOWS
        is_pausing = interactive if callable(interactive) else _never
        return self._translate(lines, prefix, glossary, windows, alignments, options, is_pausing)

    def log_probabilities(self, sources: Sequence[str], targets: Sequence[str]) -> list[float]:
        """Computes how probable given translations are (forced decoding).

        Args:
            sources: sentences.
            targets: a translation of each.

        Returns:
            The natural logarithm of the model's probability of each target, its end included. For a result
            of ``translate`` it equals ``Translation.log_probability``, unless search spelled the text with
            other tokens than the tokenizer does, or cut the line into parts.

        Raises:
            TypeError: if they are not sequences of strings.
            ValueError: if there are not as many targets as sources.
        """
        if len(check_sentences(sources)) != len(check_sentences(targets)):
            raise ValueError(f"{len(sources)} sources but {len(targets)} targets")
        targets = in_written_order(targets, self.config.model.right_to_left)
        return log_probabilities(self._graph, self.tokenizer, sources, targets)

    def gates(self, text: str, translation: str | None = None) -> dict[str, Gates]:
        """The gates of every LSTM at each time step while a sentence is read and translated.

        Args:
            text: the sentence.
            translation: a translation of it; None: the one that search finds.

        Returns:
            The gates of each layer, float32 [time, units] each, by the name of the layer, such as
            ``encoder/forward`` or ``decoder/lstm_0``. The time steps of the encoder are the source tokens,
            those of the decoder the tokens written.
        """
        check_sentence(text)
        if translation is None:
            translation = self.translate([text], alignments=False)[0].text
        translation, *_ = in_written_order([translation], self.config.model.right_to_left)
        return trace_gates(self._graph, self.tokenizer, text, translation)

    def inspect(self, text: str, **options: Unpack[SearchKeywords]) -> Inspection:
        """Translates one sentence and records what happens inside: gates, probabilities, attention, beam.

        Args:
            text: the sentence.
            options: any of ``SearchOptions`` but ``sampling`` and ``shortlist``.

        Raises:
            ConfigError: if an option is not valid, has no effect or cannot be inspected, or several models
                translate.
            DataError: if the text is empty, or so long that it is translated in parts.
        """
        check_sentence(text)
        search = self._search_options(options)
        return inspect(
            self._graph, self.tokenizer, text, search, self._long_lines, self.config.model.right_to_left
        )

    def _search_options(self, given: SearchKeywords) -> SearchOptions:
        """The given options with the model's defaults filled in; ConfigError if one is not valid."""
        changes = {name: value for name, value in given.items() if value is not None}
        known = [option.name for option in dataclasses.fields(SearchOptions)]
        if unknown := changes.keys() - set(known):
            raise ConfigError(f"{sorted(unknown)[0]}: no such option; valid ones: {', '.join(known)}")
        options = SearchOptions(**dataclasses.asdict(self.config.decoding) | changes)
        if fault := explain_ineffective_option(changes, self.rerankers):
            raise ConfigError(fault)
        if changes.get("shortlist") and self._lexicon is None:
            raise ConfigError(
                "shortlist: the model folder has no lexicon.npz; train again or omit the option"
            )
        if options.beam_size + 3 > self.tokenizer.vocabulary_size:  # the shortlist would contain every token
            options = replace(options, shortlist=False)
        return options

    def _translate(
        self,
        lines: Iterable[str],
        prefix: str | Iterable[str] | None,
        glossary: Glossary | Mapping[str, str] | None,
        windows: tuple[int, int],
        alignments: bool,
        given: SearchKeywords,
        is_pausing: Callable[[], bool] = _never,
    ) -> Iterator[Translation]:
        """Checks the options and translates the lines in windows that grow to the second of the two sizes."""
        search = self._search_options(given)
        if prefix is not None and self.config.model.right_to_left:
            raise ConfigError(
                "the model writes from right to left and cannot begin with a prefix; leave out the prefix"
            )
        if search.sampling and glossary is not None:
            raise ConfigError("sampling cannot be used with a glossary, which needs a beam; leave one out")
        with_prefixes = with_their_prefixes(lines, prefix)
        options = PipelineOptions(search, as_glossary(glossary), alignments)
        return self._pipeline.translate(with_prefixes, options, *windows, is_pausing)

    @classmethod
    def _reranker(
        cls,
        model: str | Path | Translator | None,
        config: Config,
        check: Callable[[Config, Config, str], None],
        name: str,
    ) -> Translator | None:
        """Loads a reranking model, unless it is loaded already, and checks it against these settings."""
        if model is None:
            return None
        if isinstance(model, Translator):
            reranker = model
        else:
            reranker, name = cls.load(model), str(model)
        check(reranker.config, config, name)
        return reranker
