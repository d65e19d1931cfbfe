"""The texts that lie beside an exported model: how to call it, and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from translator.config import Config
from translator.serving.weights import Precision

_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class ModelFacts:
    """What the texts say.

    Attributes:
        config: the settings of the model.
        num_networks: how many decide together.
        num_weights: weights of all of them.
        vocabulary_size: pieces.
        padding_id: of the tokenizer.
        precision: how the weights are stored.
        quality: a sentence on BLEU and where it comes from.
        licence: of the model.
        version: of this package.
        tensorflow: version of TensorFlow.
        folder: the name of the folder to load.
    """

    config: Config
    num_networks: int
    num_weights: int
    vocabulary_size: int
    padding_id: int
    precision: Precision
    quality: str
    licence: str
    version: str
    tensorflow: str
    folder: str


def readme(facts: ModelFacts, for_tokens: bool) -> str:
    """How to call the model, as Markdown."""
    config = facts.config
    return _template("tokens_readme.md" if for_tokens else "text_readme.md").format(
        source=config.source_language,
        target=config.target_language,
        folder=facts.folder,
        padding=facts.padding_id,
        longest=config.max_source_tokens,
    )


def model_card(facts: ModelFacts) -> str:
    """What the model is, as Markdown."""
    config, model = facts.config, facts.config.model
    return _template("model_card.md").format(
        source=config.source_language,
        target=config.target_language,
        networks="one" if facts.num_networks == 1 else f"{facts.num_networks} models together, each an",
        units=model.units,
        encoder_layers=model.encoder_layers,
        decoder_layers=model.decoder_layers,
        vocabulary=facts.vocabulary_size,
        weights=facts.num_weights / 1e6,
        precision=facts.precision,
        pairs=config.corpus.num_pairs,
        longest=config.max_source_tokens,
        beam_size=config.decoding.beam_size,
        length_penalty=config.decoding.length_penalty,
        repetition=_repetition(config.decoding.no_repeat_ngram),
        quality=facts.quality,
        licence=facts.licence,
        version=facts.version,
        tensorflow=facts.tensorflow,
    )


def _repetition(no_repeat_ngram: int) -> str:
    return f", no {no_repeat_ngram} words in a row twice" if no_repeat_ngram else ""


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
