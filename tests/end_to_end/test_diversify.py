"""``--diversify``: two first models, their translations, and a model that learns from all."""

import itertools

import pytest

import translator
from translator.config import parse_assignments
from translator.errors import ConfigError, ModelError, TranslatorError
from translator.model_folder import (
    backward_path,
    diversification_path,
    load_config,
    seed_folder,
    weights_path,
)

# Few pairs, so that there is little to translate.
QUICK = ("--set", "training.max_epochs=2", "--set", "data.max_words=4")


@pytest.fixture(scope="module")
def command(train_command):
    """Trains two models that learned from translations too; without the output folder."""
    return (*train_command, *QUICK, "--diversify", "--seeds", 2)


@pytest.fixture(scope="module")
def diversified(run, command, tmp_path_factory):
    """The folder of two models that learned from translations too."""
    folder = tmp_path_factory.mktemp("models") / "en-de"
    done = run(*command, "--output", folder)
    assert done.returncode == 0, done.stderr
    steps = [line for line in done.stderr.splitlines() if line.startswith(("the ", "final ", "model "))]
    assert [line for line in steps if not line.startswith("model: ")] == [
        "the forward model:",
        "the backward model:",
        "the forward model translates the text",
        "the backward model translates the text",
        "final model (text + forward + backward translations):",
        "model 1 of 2:",
        "model 2 of 2:",
    ]
    assert done.stderr.splitlines()[-2].endswith(f"--backward {backward_path(folder)}")
    warnings = [line for line in done.stderr.splitlines() if "pairs are few" in line]
    assert len(warnings) == 4  # of each model
    assert len(set(warnings)) == 1  # translations count for nothing
    return folder


def trained(corpus, train_command, output, settings=(), **options):
    """Trains through Python as the command line does."""
    settings = [*train_command, *QUICK, *settings]
    settings = [value for name, value in itertools.pairwise(settings) if name == "--set"]
    translator.train(
        corpus / "train.en",
        corpus / "train.de",
        output,
        source_language="en",
        target_language="de",
        dev_source=corpus / "dev.en",
        dev_target=corpus / "dev.de",
        settings=parse_assignments(settings),
        diversify=True,
        **options,
    )


def test_each_model_learns_from_three_times_the_text_and_the_first_from_the_text(diversified):
    kept = diversification_path(diversified)
    number = len((kept / "text" / "1.source").read_bytes().splitlines())
    assert len((kept / "text" / "1.forward").read_bytes().splitlines()) == number
    one, two = (load_config(seed_folder(diversified, seed)) for seed in (1, 2))
    assert one.corpus.num_pairs == two.corpus.num_pairs
    assert 2 * number < one.corpus.num_pairs <= 3 * number  # some translations are dropped
    forward, backward = (load_config(kept / name) for name in ("forward", "backward"))
    assert forward.corpus.num_pairs == backward.corpus.num_pairs == number
    assert (backward.source_language, backward.target_language) == ("de", "en")
    assert forward.training.max_epochs == backward.training.max_epochs == 1
    assert weights_path(seed_folder(diversified, 1)).read_bytes() != (
        weights_path(seed_folder(diversified, 2)).read_bytes()
    )


def test_the_backward_model_reranks_translations(run, corpus, diversified):
    backward = backward_path(diversified)
    command = ("translate", diversified, "--n-best", 3, "--scores", "one two three")
    alone, both = (run(*command, *more) for more in ((), ("--backward", backward)))
    rows = [[line.split("\t") for line in done.stdout.splitlines()] for done in (alone, both)]
    by_translation = {row[1]: row[2] for row in rows[0]}
    shared = [row for row in rows[1] if row[1] in by_translation]
    assert shared
    for _, text, log_probability, score in shared:
        assert float(log_probability) == pytest.approx(float(by_translation[text]), abs=2e-4)
        [back] = translator.load(backward).log_probabilities([text], ["one two three"])
        [before] = [float(row[3]) for row in rows[0] if row[1] == text]
        # Three words and the end of the sentence are four tokens of the toy corpus.
        assert float(score) == pytest.approx(before + 0.2 * back / ((5 + 4) / 6), abs=1e-3)
    files = ("--source", corpus / "dev.en", "--reference", corpus / "dev.de")
    done = run("evaluate", diversified, *files, "--backward", backward, "--each")
    assert done.returncode == 0, done.stderr
    assert "each by itself: BLEU" in done.stdout
    done = run("evaluate", diversified, *files, "--backward", seed_folder(diversified, 1))
    assert done.returncode == 1
    assert "translates from en to de, as the other model does" in done.stderr


def test_a_diversification_stopped_anywhere_ends_like_one_that_never_was(
    corpus, train_command, diversified, tmp_path
):
    for stop in ("the backward model translates", "epoch 1"):

        def stopped(line, stop=stop):
            if line.startswith(stop):
                raise TranslatorError("stopped")

        with pytest.raises(TranslatorError, match="stopped"):
            trained(corpus, train_command, tmp_path / "again", seeds=2, report=stopped)
    lines = []
    trained(corpus, train_command, tmp_path / "again", seeds=2, report=lines.append)
    assert lines[:2] == [f"the {name} model has translated the text" for name in ("forward", "backward")]
    for seed in (1, 2):
        one, other = (weights_path(seed_folder(folder, seed)) for folder in (diversified, tmp_path / "again"))
        assert one.read_bytes() == other.read_bytes()


def test_a_folder_with_another_model_is_refused_before_any_work(
    run, train_command, model, corpus, command, diversified, tmp_path
):
    with pytest.raises(ModelError, match="trained without diversify; give another --output"):
        trained(corpus, train_command, model)
    without = run(*train_command, *QUICK, "--seeds", 2, "--output", diversified)
    assert without.returncode == 1
    assert "holds a training on other text" in without.stderr


def test_diversify_does_not_go_together_with_initial_weights(corpus, train_command, model, tmp_path):
    with pytest.raises(ConfigError, match="leave init_from and mix out"):
        trained(corpus, train_command, tmp_path / "new", init_from=model)


@pytest.fixture(scope="module")
def student(run, train_command, diversified, tmp_path_factory):
    """The folder of a model that learned from the two together."""
    folder = tmp_path_factory.mktemp("models") / "student"
    teacher = ("--diversify", "--teacher", diversified, "--output", folder)
    without_languages = list(train_command)
    for name in ("--from", "--to"):
        at = without_languages.index(name)
        del without_languages[at : at + 2]
    done = run(*without_languages, *QUICK, *teacher)
    assert done.returncode == 0, done.stderr
    steps = [line for line in done.stderr.splitlines() if line.startswith(("the ", "final "))]
    assert steps == [
        "the teacher model translates the text",
        "the backward model has translated the text",
        "final model (text + forward + backward translations):",
    ]
    assert done.stderr.splitlines()[-2].endswith(f"--backward {backward_path(diversified)}")
    return folder


def test_a_student_learns_from_the_ensemble_translations_of_its_teachers(diversified, student):
    text = diversification_path(student) / "text"
    sources, written = (
        (text / name).read_text(encoding="utf-8").splitlines()[:50] for name in ("1.source", "1.teacher")
    )
    assert [one.text for one in translator.load(diversified).translate(sources)] == written
    assert load_config(student).target_language == "de"
    report = (student / "report.json").read_text(encoding="utf-8")
    assert "translated by the teacher model" in report


def test_a_student_and_its_teachers_translate_together(run, diversified, student):
    done = run("translate", student, "--ensemble", diversified, standard_input="one two three\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1


def test_students_become_teachers_without_new_first_models(corpus, train_command, diversified, tmp_path):
    students = tmp_path / "students"
    diversification_path(students).mkdir(parents=True)
    for seed in (1, 2):
        seed_folder(students, seed).symlink_to(seed_folder(diversified, seed))
    (diversification_path(students) / "text").symlink_to(diversification_path(diversified) / "text")
    lines = []
    trained(corpus, train_command, tmp_path / "new", teacher=students, report=lines.append)
    assert [line for line in lines if line.startswith(("the ", "final ", "to "))] == [
        "the teacher model translates the text",
        "the backward model has translated the text",
        "final model (text + forward + backward translations):",
    ]


def test_unfit_teachers_are_refused_before_any_work(run, corpus, train_command, diversified, tmp_path):
    new = {"output": tmp_path / "new", "teacher": backward_path(diversified)}
    with pytest.raises(ConfigError, match="translates from de to en and cannot teach"):
        trained(corpus, train_command, **new)
    with pytest.raises(ModelError, match="no model here"):
        trained(corpus, train_command, **new | {"teacher": corpus})
    new["teacher"] = diversified
    with pytest.raises(ConfigError, match="vocabulary of 400 tokens is taken over; leave tokenizer"):
        trained(corpus, train_command, **new, settings=("--set", "tokenizer.vocabulary_size=300"))
    alone = run(*train_command, "--teacher", diversified, "--output", tmp_path / "new")
    assert alone.returncode == 1
    assert "a teacher needs diversify: add it, or leave the teacher out" in alone.stderr
    assert not (tmp_path / "new").exists()
