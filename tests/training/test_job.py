"""What a training job checks when it is made, and the jobs that are derived from it."""

import dataclasses
from pathlib import Path

import pytest

from translator.config import Config
from translator.errors import ConfigError, ModelError
from translator.model_folder import seed_folder
from translator.training.corpus_files import CorpusFiles, ParallelText
from translator.training.job import TrainingJob
from translator.training.settings import write_config

FILES = CorpusFiles([ParallelText(Path("train.en"), Path("train.de"))])
MIX = dataclasses.replace(FILES, mix=ParallelText(Path("mix.en"), Path("mix.de")))
FOLDER = Path("model")


def model_in(folder, **settings):
    """Writes the settings of a model that translates from Swedish to Finnish."""
    languages = {"source_language": "sv", "target_language": "fi"}
    write_config(folder, Config().override(languages | settings))
    return folder


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"overrides": {"model.unit": 8}}, "model.unit: no such setting"),
        ({"teacher": Path("t")}, "a teacher needs diversify: add it, or leave the teacher out"),
        ({"num_seeds": 0}, "seeds: cannot train 0 models; give 1 or more"),
        ({"num_seeds": 2, "overrides": {"training.seed": 3}}, "training.seed is for one model; several"),
        ({"diversify": True, "initial_model": Path("m")}, "leave init_from and mix out"),
        ({"diversify": True, "files": MIX}, "leave init_from and mix out"),
    ],
)
def test_what_does_not_go_together_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        TrainingJob(**{"files": FILES, "folder": FOLDER} | options)


def test_a_job_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingJob(FILES, FOLDER).num_seeds = 2


def test_a_job_without_another_model_inherits_nothing():
    job = TrainingJob(FILES, FOLDER, {"model.units": 8})
    assert job.with_inherited_settings() == job
    assert job.vocabulary_from is None


def test_languages_come_from_the_initial_model_unless_the_user_names_them(tmp_path):
    initial = model_in(tmp_path / "initial", **{"tokenizer.vocabulary_size": 700})
    job = TrainingJob(FILES, FOLDER, {"target_language": "Finnish"}, initial)
    inherited = job.with_inherited_settings()
    assert inherited.overrides == {"source_language": "sv", "target_language": "Finnish"}
    assert inherited == dataclasses.replace(job, overrides=inherited.overrides)
    assert job.vocabulary_from == initial


def test_a_student_has_the_languages_and_the_vocabulary_size_of_its_teacher(tmp_path):
    for seed in (1, 2):
        model_in(seed_folder(tmp_path, seed), **{"tokenizer.vocabulary_size": 700, "model.units": 64})
    job = TrainingJob(FILES, FOLDER, diversify=True, teacher=tmp_path)
    assert job.vocabulary_from == seed_folder(tmp_path, 1)
    assert job.with_inherited_settings().overrides == {
        "source_language": "sv",
        "target_language": "fi",
        "tokenizer.vocabulary_size": 700,
    }
    french = dataclasses.replace(job, overrides={"target_language": "fr"})
    with pytest.raises(ConfigError, match="cannot teach how to translate from sv to fr"):
        french.with_inherited_settings()


def test_an_initial_model_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no model here"):
        TrainingJob(FILES, FOLDER, initial_model=tmp_path).with_inherited_settings()


def test_each_seed_has_a_folder_a_setting_and_logs_of_its_own():
    job = TrainingJob(FILES, FOLDER, {"model.units": 8}, num_seeds=2, tensorboard=Path("logs"))
    assert job.for_seed(2) == dataclasses.replace(
        job,
        folder=seed_folder(FOLDER, 2),
        overrides={"model.units": 8, "training.seed": 2},
        num_seeds=1,
        tensorboard=seed_folder(Path("logs"), 2),
    )
    assert dataclasses.replace(job, tensorboard=None).for_seed(1).tensorboard is None
