"""Data diversification: the final model also learns from the translations of two first models, one each way.

Nguyen et al. 2020, "Data Diversification: A Simple Strategy For Neural Machine Translation", arXiv
1911.01986, Algorithm 1 with one model each way and one round: a forward model translates the sources, a
backward model translates the targets, and the final model learns from both beside the text itself. An epoch
takes a third of each, so it is as long as an epoch of the text alone. Each first model's n-best lists are
reranked with the other one (see ``decoding/reranking.py``): the translations then leave out less, and the
final model is better (see tests/benchmarks/results/levers.md).

A teacher, which is an existing model or several that translate together, can stand in for the forward model.
If the teacher is the outcome of a first round, this is a second round of the algorithm; if it is an ensemble,
one model learns what several know (Freitag et al. 2017, "Ensemble Distillation for Neural Machine
Translation", arXiv 1702.01802). If the teacher learned from a backward model's translations of the same text,
those are used again.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from tqdm import tqdm

from translator.config import Config
from translator.corpus.readers import Pair, read_lines
from translator.corpus.token_files import fingerprint
from translator.errors import ModelError
from translator.files import atomic_write, remove_unfinished, write_error
from translator.model_folder import backward_path, diversification_path, model_folders, weights_path
from translator.training.corpus_files import CorpusFiles, ParallelText
from translator.training.job import TrainingJob
from translator.training.settings import settings_for
from translator.training.training_pairs import TrainingPairs, read_dev

TranslateLines = Callable[[list[str]], list[str]]

_LINES_PER_BLOCK = 2_000  # translated and written together


@dataclass(frozen=True)
class FirstModel:
    """A model whose translations of its training text the final model learns from.

    Attributes:
        name: ``forward`` or ``backward``; or ``teacher``, which replaces the forward model.
        files: the text that it learns from and translates.
        folder: its model folder.
        job: how to train it; None: it was trained elsewhere.
        is_reranked: whether the other first model reranks its translations.
    """

    name: str
    files: CorpusFiles
    folder: Path
    job: TrainingJob | None
    is_reranked: bool = True

    def translated_texts(self) -> list[ParallelText]:
        """Returns its sources with its translations of them, source side first in its own direction."""
        return [
            replace(
                text,
                target=text.source.with_suffix(f".{self.name}"),
                is_machine_translated=True,
                name=f"{text}, translated by the {self.name} model",
            )
            for text in self.files.train
        ]

    def has_translated(self) -> bool:
        """Returns whether all its translations are there."""
        return all(_target_of(text).exists() for text in self.translated_texts())

    def write_translations(self, translate: TranslateLines) -> None:
        """Translates its text; resumes where a process was killed.

        Args:
            translate: returns this model's translation of each line.

        Raises:
            ModelError: if a file cannot be written.
        """
        for text in self.translated_texts():
            if not _target_of(text).exists():
                _translate_file(translate, text.source, _target_of(text))


class Diversification:
    """The text as plain files, the two first models, and what the final model learns from.

    Attributes:
        first_models: the forward and the backward model.
        files: what the final model learns from; they exist once both first models have translated.

    Args:
        job: what the user asked for. Everything is kept in the folder for diversification in its folder. A
            teacher translates the sources in place of a forward model. If it learned from translations of
            the same targets, those are used again; otherwise its backward model, if it has one, translates
            the targets.

    Raises:
        DataError: if the text cannot be used.
        ModelError: if the folder holds other text, or that of another teacher, or a file cannot be written.
    """

    def __init__(self, job: TrainingJob) -> None:
        folder = diversification_path(job.folder)
        # The first models write from left to right: their translations are ordinary text.
        overrides = {path: value for path, value in job.overrides.items() if path != "model.right_to_left"}
        config = Config().override(overrides)
        index = _write_text(job, config, folder / "text")
        dev = _files_at(folder / "text" / "dev")
        text = [
            replace(_files_at(folder / "text" / f"{number}"), weight=given.weight, name=str(given))
            for number, given in enumerate(job.files.train, start=1)
        ]
        max_epochs = settings_for(index.num_pairs, overrides, None).training.max_epochs
        # Half of the epochs give nearly the full quality (see tests/benchmarks/results/levers.md).
        overrides["training.max_epochs"] = math.ceil(max_epochs / 2)
        forward = _first_model(job, "forward", CorpusFiles(text, dev), overrides)
        reversed_files = CorpusFiles([_reversed(one) for one in text], _reversed(dev))
        overrides |= {"source_language": config.target_language, "target_language": config.source_language}
        backward = _first_model(job, "backward", reversed_files, overrides)
        if job.teacher is not None:
            # An ensemble's translations are as good without reranking, which would double the time.
            is_one_model = len(model_folders([job.teacher])) == 1
            forward = FirstModel("teacher", forward.files, job.teacher, None, is_reranked=is_one_model)
            if weights_path(backward_path(job.teacher)).exists():
                backward = replace(backward, folder=backward_path(job.teacher), job=None)
            _copy_translations(backward, diversification_path(job.teacher) / "text", index)
        self.first_models = (forward, backward)
        parts = [*text, *forward.translated_texts(), *map(_reversed, backward.translated_texts())]
        self.files = CorpusFiles([replace(part, weight=part.weight / 3) for part in parts], dev)


def _first_model(job: TrainingJob, name: str, files: CorpusFiles, overrides: dict[str, Any]) -> FirstModel:
    """Returns a first model that is to be trained on ``files``."""
    folder = diversification_path(job.folder) / name
    model_job = replace(
        job,
        files=files,
        folder=folder,
        overrides=dict(overrides),
        diversify=False,
        teacher=None,
        num_seeds=1,
        tensorboard=None if job.tensorboard is None else job.tensorboard / name,
    )
    return FirstModel(name, files, folder, model_job)


def _target_of(text: ParallelText) -> Path:
    """Returns the path of the target side of a text in two files."""
    if text.target is None:
        raise ValueError(f"{text}: both sides are in one file")
    return text.target


def _reversed(text: ParallelText) -> ParallelText:
    """Returns the same pairs with source and target exchanged."""
    return replace(text, source=_target_of(text), target=text.source)


def _files_at(path: Path) -> ParallelText:
    """Returns the two files whose path is ``path`` but for the suffix."""
    return ParallelText(path.with_suffix(".source"), path.with_suffix(".target"))


def _translate_file(translate: TranslateLines, text: Path, output: Path) -> None:
    """Translates a file in blocks of a fixed size, wherever an earlier process stopped.

    Blocks stay the same since the last bits of a score depend on which sentences are searched together.
    """
    part = output.with_name(f"{output.name}.part")
    total = sum(1 for _ in read_lines(text))
    try:
        with part.open("a+b") as file:
            done, size = _complete_blocks(file)
            file.truncate(size)
            lines = islice(read_lines(text), done, None)
            with tqdm(total=total, initial=done, unit=" lines", disable=None, leave=False) as bar:
                while block := list(islice(lines, _LINES_PER_BLOCK)):
                    file.write("".join(f"{line}\n" for line in translate(block)).encode())
                    file.flush()
                    bar.update(len(block))
            os.fsync(file.fileno())
        part.replace(output)
    except OSError as error:
        raise write_error(part, error) from None


def _complete_blocks(file: BinaryIO) -> tuple[int, int]:
    """Returns how many lines the complete blocks at the start of a file have, and how many bytes."""
    num_lines = size = position = 0
    file.seek(0)
    for number, line in enumerate(file, start=1):
        position += len(line)
        if number % _LINES_PER_BLOCK == 0 and line.endswith(b"\n"):
            num_lines, size = number, position
    return num_lines, size


@dataclass(frozen=True)
class _Index:
    """What a diversification knows about the text that it has written.

    Attributes:
        fingerprint: of the user's text and of the settings that select its pairs.
        num_pairs: pairs that were kept.
        teacher: the fingerprint of the teacher's weights; None: there is no teacher.
    """

    fingerprint: str
    num_pairs: int
    teacher: str | None = None


def _write_text(job: TrainingJob, config: Config, folder: Path) -> _Index:
    """Writes the pairs that are kept and the dev set into a folder, unless they are there."""
    files = job.files
    paths = [path for text in files.train for path in (text.source, text.target)]
    dev_paths = [] if files.dev is None else [files.dev.source, files.dev.target]
    languages = config.source_language, config.target_language
    text_fingerprint = fingerprint([*paths, *dev_paths], len(files.train), *languages, config.data)
    teacher = None if job.teacher is None else fingerprint(map(weights_path, model_folders([job.teacher])))
    path = folder / "index.json"
    if (found := _read_index(path)) is not None:
        if (found.fingerprint, found.teacher) != (text_fingerprint, teacher):
            raise ModelError(
                f"{folder}: holds other text, pairs selected by other settings, or another teacher's "
                "translations; give another --output"
            )
        return found
    remove_unfinished(folder)
    with atomic_write(path) as unfinished:  # last, so that an index says that the text is complete
        pairs = TrainingPairs(files, read_dev(files.dev, config), config, job.report)
        num_pairs = 0
        for number, blocks in enumerate(pairs.blocks(), start=1):
            kept = (pair for block in blocks for pair in block.pairs())
            num_pairs += _write_pairs(_files_at(folder / f"{number}"), kept)
        _write_pairs(_files_at(folder / "dev"), pairs.dev)
        index = _Index(text_fingerprint, num_pairs, teacher)
        unfinished.write_text(json.dumps(asdict(index)), encoding="utf-8")
    return index


def _read_index(path: Path) -> _Index | None:
    """Returns None if there is no index, or a damaged one."""
    try:
        return _Index(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _copy_translations(model: FirstModel, folder: Path, index: _Index) -> None:
    """Copies the translations that a model of the same name wrote of the same text, unless they are there.

    Args:
        model: the model whose translations are wanted.
        folder: the text of another diversification.
        index: of the text that is to be translated.

    Raises:
        ModelError: if a file cannot be written.
    """
    other_index = _read_index(folder / "index.json")
    if other_index is None or other_index.fingerprint != index.fingerprint:
        return
    for text in model.translated_texts():
        written, output = folder / _target_of(text).name, _target_of(text)
        if written.exists() and not output.exists():
            with atomic_write(output) as unfinished:
                shutil.copyfile(written, unfinished)


def _write_pairs(text: ParallelText, pairs: Iterable[Pair]) -> int:
    """Writes one pair per line; returns the number of pairs."""
    num_pairs = 0
    with (
        atomic_write(text.source) as source,
        atomic_write(_target_of(text)) as target,
        source.open("w", encoding="utf-8", newline="") as sources,
        target.open("w", encoding="utf-8", newline="") as targets,
    ):
        for num_pairs, pair in enumerate(pairs, start=1):  # noqa: B007
            sources.write(f"{pair.source}\n")
            targets.write(f"{pair.target}\n")
    return num_pairs
