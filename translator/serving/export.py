"""Exports a model as a SavedModel that any TensorFlow program can load, in TensorFlow Serving's layout."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tensorflow as tf

from translator.config import Config, TrainingConfig
from translator.corpus.readers import Pair, read_pairs
from translator.corpus.tokenizer import Tokenizer
from translator.decoding.translator import Translator
from translator.distribution import version
from translator.errors import ConfigError, ModelError, first_line
from translator.evaluation.dev_metric import bleu_tokenizer
from translator.evaluation.scores import Score, evaluate
from translator.nn.model import TranslationModel
from translator.serving.graph import TextGraph, TokenGraph
from translator.serving.model_card import ModelFacts, model_card, readme
from translator.serving.warmup import write_requests
from translator.serving.weights import Precision
from translator.training.log import read_log
from translator.wording import counted

_LINES_PER_CALL = 1000
_UNKNOWN_LICENCE = "not stated; the terms of the training text apply"


@dataclass(frozen=True)
class ExportResult:
    """What ``export`` has written.

    Attributes:
        folder: the version folder, which a program loads.
        num_bytes: the size of the folder.
        bleu: BLEU of the exported model on the given text; None without a text.
        float32_bleu: BLEU of the same model with float32 weights on that text; None without a text.
    """

    folder: Path
    num_bytes: int
    bleu: Score | None = None
    float32_bleu: Score | None = None


def version_folder(output: Path) -> Path:
    """Returns ``output`` if its name is a number, as TensorFlow Serving requires, else ``output/1``."""
    return output if output.name.isdecimal() else output / "1"


def export(
    model: str | Path | Translator,
    output: str | Path,
    *,
    ensemble: str | Path | Sequence[str | Path] = (),
    tokens: bool = False,
    quantize: Literal["float16", "int8"] | None = None,
    source: str | Path | None = None,
    reference: str | Path | None = None,
    licence: str | None = None,
) -> ExportResult:
    """Exports a model or an ensemble as one SavedModel.

    Args:
        model: a model folder, or a loaded translator. Its reranking models are left out.
        output: the folder to write; see ``version_folder``. The version must not exist yet.
        ensemble: the folders of further models with the same vocabulary, if ``model`` is a folder.
        tokens: whether the exported model takes and returns token ids; it then needs no tensorflow-text.
        quantize: the smaller type to store the weights in; computation stays in float32. None: float32.
        source: a text to measure BLEU on, for the model card; None: the card states the dev score.
        reference: the translation of that text.
        licence: the licence that the model card states; None: the card says that it is not stated.

    Raises:
        ConfigError: if only one of ``source`` and ``reference`` is given, or an ensemble beside a translator.
        DataError: if one of these files cannot be used.
        ModelError: if the model is incomplete or writes from right to left, or the version folder exists or
            cannot be written.
    """
    if (source is None) != (reference is None):
        raise ConfigError("BLEU needs both source and reference")
    folder = version_folder(Path(output))
    if folder.exists():
        raise ModelError(
            f"{folder}: already exists; remove it, or give another version, such as {folder.parent / '2'}"
        )
    if isinstance(model, Translator):
        if ensemble:
            raise ConfigError("the models of a loaded translator are exported; load it with the ensemble")
        translator = model
    else:
        translator = Translator.load(model, ensemble)
    networks, tokenizer, config = translator.networks, translator.tokenizer, translator.config
    if config.model.right_to_left:
        name = translator.folders[0] if translator.folders else "the model"
        raise ModelError(f"{name}: writes from right to left, to rerank; export one that writes forward")
    precision: Precision = quantize or "float32"
    text_graph = TextGraph(networks, tokenizer, config, precision)
    bleu = float32_bleu = None
    dev_metric = config.training.dev_metric
    quality = _dev_quality(translator.folders, config.training)
    if source is not None and reference is not None:
        pairs = read_pairs(Path(source), Path(reference))
        float32_bleu = bleu = _bleu(text_graph, pairs, dev_metric)
        if precision != "float32":
            float32_bleu = _bleu(TextGraph(networks, tokenizer, config), pairs, dev_metric)
        quality = f"{bleu}, on {counted(len(pairs), 'line')} of {Path(source).name}"
    graph = TokenGraph(networks, tokenizer, config, precision) if tokens else text_graph
    facts = _facts(networks, tokenizer, config, precision, quality, licence or _UNKNOWN_LICENCE, folder)
    _write_version(graph, folder, tokenizer, facts)
    return ExportResult(folder, _size(folder), bleu, float32_bleu)


def _write_version(
    graph: TokenGraph | TextGraph, folder: Path, tokenizer: Tokenizer, facts: ModelFacts
) -> None:
    """Writes a version folder beside its path and moves it there, so that no server sees it incomplete.

    Raises:
        ModelError: if it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # The temporary name is not a number, so no server takes it for a version.
        with tempfile.TemporaryDirectory(prefix=".export-", dir=folder.parent) as temporary:
            new = Path(temporary) / folder.name
            _write(graph, new, tokenizer, facts)
            new.replace(folder)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise ModelError(f"{folder}: cannot be written ({reason})") from None


def _bleu(graph: TextGraph, pairs: Sequence[Pair], dev_metric: str) -> Score:
    """Returns the BLEU of a graph's translations of the source sentences."""
    translate, translations = graph.signatures()["serving_default"], []
    for start in range(0, len(pairs), _LINES_PER_CALL):
        texts = tf.constant([pair.source for pair in pairs[start : start + _LINES_PER_CALL]])
        translations += [text.decode() for text in translate(texts)["translation"].numpy()]
    references = [pair.target for pair in pairs]
    return evaluate(translations, references, bleu_tokenizer(dev_metric, references)).bleu


def _size(folder: Path) -> int:
    """Returns the size of all files in a folder, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _write(graph: TokenGraph | TextGraph, folder: Path, tokenizer: Tokenizer, facts: ModelFacts) -> None:
    """Writes all files of a version folder."""
    takes_tokens = isinstance(graph, TokenGraph)
    # The custom gradients are only for training, and their graph cannot be saved.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(graph, str(folder), graph.signatures(), options)
    if takes_tokens:
        (folder / "tokenizer.model").write_bytes(tokenizer.model)
    else:
        extra = folder / "assets.extra"
        extra.mkdir()
        write_requests(extra / "tf_serving_warmup_requests")
    (folder / "README.md").write_text(readme(facts, takes_tokens), encoding="utf-8")
    (folder / "MODEL_CARD.md").write_text(model_card(facts), encoding="utf-8")


def _facts(
    networks: Sequence[TranslationModel],
    tokenizer: Tokenizer,
    config: Config,
    precision: Precision,
    quality: str,
    licence: str,
    folder: Path,
) -> ModelFacts:
    """Gathers what the texts beside the model state."""
    return ModelFacts(
        config=config,
        num_networks=len(networks),
        num_weights=sum(network.count_params() for network in networks),
        vocabulary_size=tokenizer.vocabulary_size,
        padding_id=tokenizer.padding_id,
        precision=precision,
        quality=quality,
        licence=licence,
        version=version(),
        tensorflow=tf.__version__,
        folder=folder.name,
    )


def _dev_quality(folders: Sequence[Path], config: TrainingConfig) -> str:
    """Returns the best dev score of a single model, as the model card states it, if its log is there."""
    try:
        (folder,) = folders
        best = max(evaluation.dev_score for evaluation in read_log(folder))
    except (OSError, ValueError, TypeError):
        return "not measured"
    metric = "BLEU (13a)" if config.dev_metric == "bleu-13a" else config.dev_metric_name
    return f"{metric} {best:.1f} on the dev set of the training, greedy search (sacreBLEU, cased)"
