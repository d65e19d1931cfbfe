"""The README and the model card of an exported model: how to call it, and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from translator.config import Config
from translator.serving.weights import Precision

_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class ModelFacts:
    """The facts about a model that both texts state.

    Attributes:
        config: the configuration of the model.
        num_networks: networks in the ensemble; 1 without one.
        num_weights: weights of all networks together.
        vocabulary_size: tokens in the vocabulary.
        padding_id: token id of padding.
        precision: the precision of the stored weights.
        quality: its BLEU, and on what text.
        licence: the licence of the model.
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


def readme(facts: ModelFacts, takes_tokens: bool) -> str:
    """Returns the text that says how to call the model, in Markdown."""
    config = facts.config
    return _template("tokens_readme.md" if takes_tokens else "text_readme.md").format(
        source=config.source_language,
        target=config.target_language,
        folder=facts.folder,
        padding=facts.padding_id,
        longest=config.max_source_tokens,
    )


def model_card(facts: ModelFacts) -> str:
    """Returns the text that says what the model is, in Markdown."""
    config, model = facts.config, facts.config.model
    return _template("model_card.md").format(
        source=config.source_language,
        target=config.target_language,
        networks="one" if facts.num_networks == 1 else f"{facts.num_networks} models in an ensemble, each an",
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
    return f", no sequence of {no_repeat_ngram} words twice" if no_repeat_ngram else ""


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
