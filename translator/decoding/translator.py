"""The translator: loads models once and translates any number of sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from translator.config import Config
from translator.corpus.lexicon import Lexicon
from translator.corpus.tokenizer import Tokenizer
from translator.decoding.compatibility import check_backward, check_right_to_left
from translator.decoding.forced_decoding import log_probabilities
from translator.decoding.glossary import Glossary
from translator.decoding.graph import SearchGraph
from translator.decoding.inspection import Inspection, inspect, trace_gates
from translator.decoding.long_lines import LongLines
from translator.decoding.pipeline import Pipeline, PipelineOptions
from translator.decoding.translation import Translation, in_written_order
from translator.errors import ConfigError
from translator.model_folder import lexicon_path, load_networks, model_folders
from translator.nn.lstm import Gates
from translator.nn.model import TranslationModel
from translator.search_options import SearchOptions

_WINDOWS = 32, 8192  # lines that are read before they are translated, at first and at most


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
        self._graph = SearchGraph(networks, tokenizer.is_word_start)
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
        return cls(
            networks,
            tokenizer,
            config,
            lexicon,
            cls._reranker(backward, config, check_backward, "the backward model"),
            cls._reranker(right_to_left, config, check_right_to_left, "the model from right to left"),
        )

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
        pipeline_options = PipelineOptions(self._options(options), glossary, alignments)
        return list(self._translate(texts, prefixes, (_WINDOWS[1], _WINDOWS[1]), pipeline_options))

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
        pipeline_options = PipelineOptions(self._options(options), glossary, alignments)
        return self._translate(lines, prefixes, (1, 1) if interactive else _WINDOWS, pipeline_options)

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
        targets = in_written_order(targets, self.config.model.right_to_left)
        return log_probabilities(self._graph, self._tokenizer, sources, targets)

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
        translation, *_ = in_written_order([translation], self.config.model.right_to_left)
        return trace_gates(self._graph, self._tokenizer, text, translation)

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
        return inspect(
            self._graph, self._tokenizer, text, search, self._long_lines, self.config.model.right_to_left
        )

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

    def _translate(
        self,
        lines: Iterable[str],
        prefixes: Iterable[str] | None,
        windows: tuple[int, int],
        options: PipelineOptions,
    ) -> Iterator[Translation]:
        """Checks what goes together and translates windows of lines, of the first size to the last one."""
        if isinstance(lines, str):
            raise TypeError("the text must be a list of sentences, not one string")
        if isinstance(prefixes, str):
            raise TypeError("the prefixes must be a list of texts, one a sentence, not one string")
        if prefixes is not None and self.config.model.right_to_left:
            raise ConfigError(
                "the model writes from right to left and cannot begin with a prefix; leave it out"
            )
        if options.search.sampling and options.glossary is not None:
            raise ConfigError("sampling does not go with a glossary, which needs a beam; leave one out")
        if prefixes is None:
            with_prefixes: Iterable[tuple[str, str]] = ((line, "") for line in lines)
        else:
            with_prefixes = zip(lines, prefixes, strict=True)
        return self._pipeline.translate(iter(with_prefixes), options, *windows)

    @classmethod
    def _reranker(
        cls,
        model: str | Path | Translator | None,
        config: Config,
        check: Callable[[Config, Config, str], None],
        name: str,
    ) -> Translator | None:
        """A model that reranks, given as it is or as its folder, after a check of both models' settings."""
        if model is None:
            return None
        if isinstance(model, Translator):
            reranker = model
        else:
            reranker, name = cls.load(model), str(model)
        check(reranker.config, config, name)
        return reranker
