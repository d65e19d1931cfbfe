"""What the first models learn from and translate, and what the final model learns from."""

import tracemalloc
from dataclasses import replace

import pytest
from references.toy import toy_pairs, write

import translator.training.diversification as module
import translator.training.training_pairs as training_pairs
from translator.errors import DataError, ModelError
from translator.model_folder import (
    backward_path,
    config_path,
    diversification_path,
    seed_folder,
    weights_path,
)
from translator.recipes import config_for
from translator.training.corpus_files import CorpusFiles
from translator.training.diversification import Diversification
from translator.training.job import TrainingJob
from translator.training.preparation import prepare

PAIRS = toy_pairs(300, longest=12)
DEV = toy_pairs(20, seed=9, shortest=4)
LANGUAGES = {"source_language": "en", "target_language": "de"}


def lines_of(path):
    return path.read_text(encoding="utf-8").split("\n")[:-1]


@pytest.fixture
def files(tmp_path):
    return CorpusFiles([write(tmp_path, "train", PAIRS)], write(tmp_path, "dev", DEV))


def diversification(files, folder, teacher=None, **settings):
    return Diversification(TrainingJob(files, folder, LANGUAGES | settings, diversify=True, teacher=teacher))


class Shouting:
    """Translates into capitals, records its blocks, and can be interrupted at one of them."""

    def __init__(self, stop_at=None):
        self.blocks, self.stop_at = [], stop_at

    def __call__(self, block):
        if len(self.blocks) == self.stop_at:
            raise KeyboardInterrupt
        self.blocks.append(block)
        return [line.upper() for line in block]


def test_the_text_and_the_dev_set_are_written_as_they_are_learned_from(files, tmp_path):
    forward, backward = diversification(files, tmp_path / "kept").first_models
    kept = list(dict.fromkeys(PAIRS))
    (text,), (reversed_text,) = forward.files.train, backward.files.train
    assert list(zip(lines_of(text.source), lines_of(text.target), strict=True)) == kept
    assert (reversed_text.source, reversed_text.target) == (text.target, text.source)
    assert lines_of(forward.files.dev.source) == [pair.source for pair in DEV]
    assert lines_of(backward.files.dev.source) == [pair.target for pair in DEV]


def test_the_final_model_learns_from_a_third_each_of_text_and_translations(files, tmp_path):
    found = diversification(files, tmp_path / "kept")
    for model in found.first_models:
        model.write_translations(Shouting())
    text, forward, backward = found.files.train
    sources, targets = lines_of(text.source), lines_of(text.target)
    assert lines_of(forward.source) == sources
    assert lines_of(forward.target) == [line.upper() for line in sources]
    assert lines_of(backward.source) == [line.upper() for line in targets]
    assert lines_of(backward.target) == targets
    assert [part.weight for part in found.files.train] == pytest.approx([1 / 3] * 3)
    assert [part.is_machine_translated for part in found.files.train] == [False, True, True]
    name = str(files.train[0])
    assert [str(part) for part in found.files.train] == [
        name,
        f"{name}, translated by the forward model",
        f"{name}, translated by the backward model",
    ]


def test_the_recipe_depends_only_on_pairs_that_people_wrote(files, tmp_path):
    found = diversification(files, tmp_path / "kept")
    for model in found.first_models:
        model.write_translations(Shouting())
    settings = LANGUAGES | {"tokenizer.vocabulary_size": 330}
    prepared = prepare(TrainingJob(found.files, tmp_path / "model", settings))
    kept = len(set(PAIRS))
    assert prepared.num_pairs == kept
    assert prepared.corpus.parts == [kept] * 3


def test_several_corpora_keep_their_weights_and_their_order(tmp_path):
    texts = [write(tmp_path, "one", PAIRS[:100]), write(tmp_path, "two", PAIRS[100:])]
    files = CorpusFiles([texts[0], replace(texts[1], weight=0.6)])
    found = diversification(files, tmp_path / "kept")
    assert [part.weight for part in found.files.train] == pytest.approx([1 / 3, 0.2] * 3)
    assert [part.source.name for part in found.files.train] == [
        *("1.source", "2.source"),
        *("1.source", "2.source"),
        *("1.backward", "2.backward"),
    ]


def test_held_out_pairs_are_in_no_text_and_the_text_is_read_once(files, tmp_path, monkeypatch):
    files = CorpusFiles(files.train)
    forward, _ = diversification(files, tmp_path / "kept").first_models
    held_out = set(lines_of(forward.files.dev.source))
    assert len(held_out) == len(set(PAIRS)) // 20
    assert not held_out & set(lines_of(forward.files.train[0].source))

    def read(*arguments):
        raise AssertionError("the text is read again")

    monkeypatch.setattr(training_pairs, "FilteredCorpus", read)
    again, _ = diversification(files, tmp_path / "kept").first_models
    assert set(lines_of(again.files.dev.source)) == held_out


def test_first_models_train_half_as_long_each_in_its_direction(files, tmp_path):
    forward, backward = diversification(files, tmp_path / "kept").first_models
    recipe = config_for(len(set(PAIRS))).training.max_epochs
    assert forward.job.overrides == LANGUAGES | {"training.max_epochs": recipe // 2}
    assert backward.job.overrides["source_language"] == "de"
    assert backward.job.overrides["target_language"] == "en"
    wanted = {"training.max_epochs": 5}
    forward, _ = diversification(files, tmp_path / "other", **wanted).first_models
    assert forward.job.overrides["training.max_epochs"] == 3


def test_first_models_train_half_as_long_as_by_the_recipe_of_the_pairs_that_are_kept(tmp_path):
    pairs = toy_pairs(2_400, longest=12)
    repeated = [*pairs, *pairs[:1_000]]
    assert config_for(len(repeated)) != config_for(len(set(pairs)))
    forward, _ = diversification(
        CorpusFiles([write(tmp_path, "t", repeated)]), tmp_path / "kept"
    ).first_models
    kept = len(lines_of(forward.files.train[0].source))
    assert forward.job.overrides["training.max_epochs"] == config_for(kept).training.max_epochs // 2


def test_text_whose_index_is_damaged_is_written_again(files, tmp_path):
    diversification(files, tmp_path / "kept")
    index = diversification_path(tmp_path / "kept") / "text" / "index.json"
    whole = index.read_bytes()
    index.write_bytes(whole[:-9])
    diversification(files, tmp_path / "kept")
    assert index.read_bytes() == whole


def test_other_text_or_other_limits_need_another_folder(files, tmp_path):
    diversification(files, tmp_path / "kept")
    with pytest.raises(ModelError, match="holds other text, pairs selected by other settings, or"):
        diversification(files, tmp_path / "kept", **{"data.max_words": 3})
    write(tmp_path, "train", PAIRS[:200])
    with pytest.raises(ModelError, match="give another --output"):
        diversification(files, tmp_path / "kept")


def test_moving_the_dev_set_into_the_training_text_makes_other_text(files, tmp_path):
    diversification(files, tmp_path / "kept")
    both = CorpusFiles([*files.train, files.dev])
    with pytest.raises(ModelError, match="holds other text"):
        diversification(both, tmp_path / "kept")


def test_unusable_text_is_reported_and_leaves_nothing_that_looks_complete(files, tmp_path):
    files.train[0].target.write_text("too few\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(DataError, match="300 lines but"):
            diversification(files, tmp_path / "kept")


def test_an_interrupted_translation_resumes_with_the_unfinished_block(files, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LINES_PER_BLOCK", 100)
    forward, _ = diversification(files, tmp_path / "kept").first_models
    (pair,) = forward.translated_texts()
    with pytest.raises(KeyboardInterrupt):
        forward.write_translations(Shouting(stop_at=2))
    assert not forward.has_translated()
    with (pair.target.parent / "1.forward.part").open("ab") as file:
        file.write(b"THE NEXT BLOCK\nIS CUT IN THE MID")
    again = Shouting()
    forward.write_translations(again)
    lines = lines_of(pair.source)
    assert again.blocks == [lines[200:]]
    assert lines_of(pair.target) == [line.upper() for line in lines]
    assert forward.has_translated()
    forward.write_translations(again)
    assert len(again.blocks) == 1


def test_resuming_a_translation_does_not_read_what_is_written_into_memory(tmp_path):
    text, output = tmp_path / "1.source", tmp_path / "1.forward"
    text.write_text("line\n" * 100_001, encoding="utf-8")
    output.with_name("1.forward.part").write_text(f"{'LINE' * 25}\n" * 100_001 + "CUT", encoding="utf-8")
    shouting = Shouting()
    tracemalloc.start()
    try:
        module._translate_file(shouting, text, output)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4e6, "the file has 10 MB"
    assert shouting.blocks == [["line"]]
    assert lines_of(output) == ["LINE" * 25] * 100_000 + ["LINE"]


def files_of_a_model(folder, weights=b"weights"):
    """Makes a folder with the files whose existence is checked before a model is loaded."""
    for path in (config_path(folder), weights_path(folder)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(weights)
    return folder


def test_a_teacher_replaces_the_forward_model_and_brings_its_backward_model_along(files, tmp_path):
    teacher = files_of_a_model(tmp_path / "teacher", b"first")
    forward, backward = diversification(files, tmp_path / "alone", teacher).first_models
    assert (forward.folder, forward.job, forward.is_reranked) == (teacher, None, True)
    assert [pair.target.name for pair in forward.translated_texts()] == ["1.teacher"]
    assert backward.folder == backward_path(tmp_path / "alone")
    assert backward.job.overrides["source_language"] == "de"
    files_of_a_model(backward_path(teacher), b"back")
    _, backward = diversification(files, tmp_path / "both", teacher).first_models
    assert (backward.folder, backward.job, backward.is_reranked) == (backward_path(teacher), None, True)


def test_first_models_write_from_left_to_right_even_if_the_final_model_does_not(files, tmp_path):
    settings = {"model.right_to_left": True, "model.units": 8}
    for model in diversification(files, tmp_path / "kept", **settings).first_models:
        assert "model.right_to_left" not in model.job.overrides
        assert model.job.overrides["model.units"] == 8
    text = diversification_path(tmp_path / "kept") / "text"
    written = zip(lines_of(text / "1.source"), lines_of(text / "1.target"), strict=True)
    assert list(written) == list(dict.fromkeys(PAIRS))


def test_the_translations_of_several_teachers_are_not_reranked(files, tmp_path):
    teacher = tmp_path / "teacher"
    for seed in (1, 2):
        files_of_a_model(seed_folder(teacher, seed))
    forward, backward = diversification(files, tmp_path / "kept", teacher).first_models
    assert (forward.is_reranked, backward.is_reranked) == (False, True)


def test_translations_of_the_same_text_by_the_teachers_backward_model_are_used_again(files, tmp_path):
    teacher = files_of_a_model(tmp_path / "teacher")
    for model in diversification(files, teacher).first_models:
        model.write_translations(Shouting())
    forward, backward = diversification(files, tmp_path / "again", teacher).first_models
    assert (forward.has_translated(), backward.has_translated()) == (False, True)
    [text] = backward.translated_texts()
    assert lines_of(text.target) == [line.upper() for line in lines_of(text.source)]
    text.target.write_text("its own\n", encoding="utf-8")
    diversification(files, tmp_path / "again", teacher)
    assert lines_of(text.target) == ["its own"]
    write(tmp_path, "train", PAIRS[:-1])
    _, backward = diversification(files, tmp_path / "other", teacher).first_models
    assert not backward.has_translated()


def test_another_teacher_or_none_needs_another_folder(files, tmp_path):
    teacher = tmp_path / "teacher"
    for seed in (1, 2):
        files_of_a_model(seed_folder(teacher, seed), b"first")
    diversification(files, tmp_path / "kept", teacher)
    diversification(files, tmp_path / "kept", teacher)
    with pytest.raises(ModelError, match="or another teacher's translations; give another --output"):
        diversification(files, tmp_path / "kept")
    files_of_a_model(seed_folder(teacher, 2), b"trained on")
    with pytest.raises(ModelError, match="another teacher's translations"):
        diversification(files, tmp_path / "kept", teacher)
