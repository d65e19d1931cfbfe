"""Every mistake of a user gives one clear line and the right exit status, and every help text is complete."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from translator.cli.main import main
from translator.corpus.readers import Pair
from translator.errors import ConfigError

OUT_OF_MEMORY = "out of memory; translate fewer lines at a time or use a machine with more memory"


def run(capsys, monkeypatch, *arguments):
    """Runs the command line in this process; returns exit status, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["translator", *map(str, arguments)])
    with pytest.raises(SystemExit) as ending:
        main()
    captured = capsys.readouterr()
    return ending.value.code, captured.out, captured.err


@pytest.fixture
def translator(capsys, monkeypatch):
    return lambda *arguments: run(capsys, monkeypatch, *arguments)


@pytest.fixture
def files(tmp_path):
    """A folder with a tiny parallel corpus."""
    (tmp_path / "train.en").write_text("a dog runs\n\na cat sleeps\nthe dog sleeps\n", encoding="utf-8")
    (tmp_path / "train.de").write_text(
        "ein Hund rennt\n\neine Katze schläft\nder Hund schläft\n", encoding="utf-8"
    )
    return tmp_path


def train_arguments(folder: Path, **changes):
    options = {"source": folder / "train.en", "target": folder / "train.de", "output": folder / "model"}
    options |= changes
    return ["train", *(word for name, value in options.items() for word in (f"--{name}", str(value)))]


def failed_line(outcome) -> str:
    """Returns the one line of an expected failure."""
    status, out, err = outcome
    assert status == 1
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("translator: ")
    return lines[0]


class ResourceExhaustedError(Exception):
    """Has the name of the error that TensorFlow raises."""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), OUT_OF_MEMORY),
        (ResourceExhaustedError("OOM"), OUT_OF_MEMORY),
        (PermissionError(13, "Permission denied", "models/en-de"), "models/en-de: Permission denied"),
    ],
    ids=["memory", "TensorFlow", "folder"],
)
def test_errors_that_may_occur_anywhere_are_one_line(translator, files, monkeypatch, error, message):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr("translator.api.load", fail)
    assert failed_line(translator("translate", files, "one")) == f"translator: {message}"


@pytest.mark.parametrize("arguments", [["help", "results"], ["--help"]], ids=" ".join)
def test_a_closed_output_ends_the_command_quietly_with_the_status_of_the_signal(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "translator", *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize(
    ("message", "as_typed"),
    [
        ("n_best: 10 is more than the beam size, 5", "--n-best: 10 is more than the beam size, 5"),
        (
            "beam_size: 0 is outside 1 to 1000; seed: 1.5 is bad",
            "--beam-size: 0 is outside 1 to 1000; --seed: 1.5 is bad",
        ),
        ("seed and decoding.n_best in n_best.txt or /x/n_best", None),
    ],
    ids=["n_best", "two faults", "other names"],
)
def test_options_are_named_as_they_are_typed(translator, files, monkeypatch, message, as_typed):
    def fail(*arguments, **options):
        raise ConfigError(message)

    monkeypatch.setattr("translator.api.load", fail)
    assert failed_line(translator("translate", files, "one")) == f"translator: {as_typed or message}"


def test_a_full_disk_behind_standard_output_is_reported(files):
    command = [sys.executable, "-m", "translator", "corpus", *corpus_arguments(files)[1:]]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "translator: standard output: No space left on device\n"


def test_a_missing_file_is_named(translator, files):
    assert "nothing.en: cannot be read (No such file" in failed_line(
        translator(*train_arguments(files, source=files / "nothing.en"))
    )


def test_files_with_different_numbers_of_lines_are_an_error(translator, files):
    (files / "train.de").write_text("eins\n", encoding="utf-8")
    line = failed_line(translator(*train_arguments(files)))
    assert "train.en has 4 lines but" in line
    assert "train.de has 1" in line


def test_invalid_utf8_names_file_and_line(translator, files):
    (files / "train.de").write_bytes(b"ein Hund\nsch\xf6n\nsch\xf6n\nsch\xf6n\n")
    assert "train.de, line 2: not valid UTF-8, like most" in failed_line(translator(*train_arguments(files)))
    (files / "train.de").write_bytes(b"ein Hund\nsch\xf6n\n\n\n")
    status, out, _ = translator(*corpus_arguments(files))
    assert status == 0
    assert "left out of the line numbers below: 1 not valid UTF-8 (first in line 2)\n" in out


def test_an_empty_corpus_is_an_error(translator, files):
    for name in ("train.en", "train.de"):
        (files / name).write_bytes(b"")
    assert "are empty" in failed_line(translator(*train_arguments(files)))


def test_the_same_file_on_both_sides_is_an_error(translator, files):
    assert "the same file is given" in failed_line(
        translator(*train_arguments(files, target=files / "train.en"))
    )


def test_a_file_with_the_name_but_not_the_format_of_gzip_is_an_error(translator, files):
    (files / "train.en.gz").write_text("a dog\n", encoding="utf-8")
    assert "not a complete gzip file" in failed_line(
        translator(*train_arguments(files, source=files / "train.en.gz"))
    )


def test_an_output_folder_with_other_files_is_an_error(translator, files):
    line = failed_line(translator(*train_arguments(files, output=files)))
    assert "holds other files and no model; give a new folder" in line


def test_an_output_that_is_a_file_is_an_error(translator, files):
    line = failed_line(translator(*train_arguments(files, output=files / "train.en")))
    assert "is a file; give a folder" in line


def test_a_dev_set_needs_both_sides(translator, files):
    line = failed_line(translator(*train_arguments(files, **{"dev-source": files / "train.en"})))
    assert "give both --dev-source and --dev-target, or neither" in line


def test_pairs_to_mix_in_need_both_sides(translator, files):
    line = failed_line(translator(*train_arguments(files, **{"mix-target": files / "train.en"})))
    assert "mixed pairs have two sides: give both --mix-source and --mix-target, or neither" in line


def test_fine_tuning_needs_a_model(translator, files):
    line = failed_line(translator(*train_arguments(files, **{"init-from": files / "nothing"})))
    assert "nothing: no model here (config.json is missing)" in line


def test_several_seeds_exclude_the_seed_setting(translator, files):
    arguments = train_arguments(files, seeds=2)
    assert "training.seed is for one model" in failed_line(translator(*arguments, "--set", "training.seed=4"))
    assert translator(*train_arguments(files, seeds=0))[0] == 2


def test_several_seeds_need_another_folder_than_that_of_one_model(translator, files):
    (files / "model").mkdir()
    (files / "model" / "config.json").write_text("{}", encoding="utf-8")
    line = failed_line(translator(*train_arguments(files, seeds=2)))
    assert "holds one model; give a new folder as --output for several seeds" in line


def test_one_model_needs_another_folder_than_that_of_several_seeds(translator, files):
    (files / "model" / "seed-1").mkdir(parents=True)
    (files / "model" / "seed-1" / "config.json").write_text("{}", encoding="utf-8")
    line = failed_line(translator(*train_arguments(files)))
    assert "holds models of several seeds; give the same --seeds, or a new folder" in line


def test_swapped_dev_files_are_noticed(translator, files):
    swapped = {"dev-source": files / "train.de", "dev-target": files / "train.en"}
    assert "look swapped" in failed_line(translator(*train_arguments(files, **swapped)))


def test_the_message_on_an_unknown_setting_suggests_the_nearest_one(translator, files):
    line = failed_line(translator(*train_arguments(files), "--set", "training.max_epoch=3"))
    assert "training.max_epoch: no such setting; did you mean training.max_epochs?" in line


def test_a_config_file_that_is_not_toml_is_an_error(translator, files):
    (files / "recipe.toml").write_text("[training\n", encoding="utf-8")
    assert "recipe.toml: not valid TOML" in failed_line(
        translator(*train_arguments(files, config=files / "recipe.toml"))
    )


def test_the_message_on_missing_tensorboard_says_how_to_install_it(translator, files, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    line = failed_line(translator(*train_arguments(files, tensorboard=files / "logs")))
    assert "TensorBoard is not installed; run: pip install 'tensorboard>=2.20'" in line


def test_a_folder_without_a_model_is_an_error_of_every_command(translator, tmp_path):
    for command in (
        ["translate", tmp_path, "a"],
        ["evaluate", tmp_path, "--source", "a", "--reference", "b"],
        ["inspect", tmp_path, "a"],
    ):
        assert "no model here (config.json is missing)" in failed_line(translator(*command))


def test_compare_and_each_exclude_each_other(translator, tmp_path):
    files = ("--source", "a", "--reference", "b")
    line = failed_line(translator("evaluate", tmp_path, *files, "--compare", tmp_path, "--each"))
    assert "--each and --compare do not go together; leave one out" in line


def test_packages_missing_for_the_comparison_page_are_reported_before_any_work(
    translator, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "altair", None)
    files = ("--source", "a", "--reference", "b", "--compare", tmp_path)
    assert "no model here" in failed_line(translator("evaluate", tmp_path, *files))
    line = failed_line(translator("evaluate", tmp_path, *files, "--output", tmp_path / "page.html"))
    assert "altair is not installed; run: pip install 'altair>=6.0' 'vl-convert-python>=1.9'" in line


def corpus_arguments(folder: Path, *more):
    return ["corpus", "--source", folder / "train.en", "--target", folder / "train.de", *more]


def test_a_corpus_with_problems_is_reported_with_exit_status_0(translator, files):
    status, out, err = translator(*corpus_arguments(files))
    assert (status, err) == (0, "")
    assert out.startswith("4 pairs, ")
    assert "  1 pair with an empty side\n      line 2:" in out
    assert json.loads(translator(*corpus_arguments(files, "--json"))[1])["findings"][0]["kind"] == "empty"


def test_a_corpus_is_cleaned(translator, files):
    status, out, err = translator(*corpus_arguments(files, "--to", "de", "--clean", files / "new"))
    assert (status, out[:8]) == (0, "4 pairs,")
    assert err.startswith("3 of 4 pairs kept; dropped:\n  1 with an empty side\nwritten to ")
    assert (files / "new" / "kept.de").read_text(encoding="utf-8").splitlines()[0] == "ein Hund rennt"
    line = failed_line(translator(*corpus_arguments(files, "--clean", files / "new")))
    assert "kept.source already exists; give --clean a new folder" in line


def test_sentences_of_a_test_set_in_the_corpus_are_counted(translator, files):
    own = ["--test-source", files / "train.en", "--test-target", files / "train.de"]
    assert "3 of 4 pairs (3 verbatim)" in translator(*corpus_arguments(files, *own))[1]
    line = failed_line(translator(*corpus_arguments(files, *own[:2])))
    assert "a test set has two sides: give --test-source and --test-target the same number of times" in line


def test_a_corpus_may_be_one_file_but_not_standard_input(translator, files):
    (files / "train.tsv").write_text("one\teins\ntwo\tzwei\n", encoding="utf-8")
    status, out, err = translator("corpus", "--pairs", files / "train.tsv")
    assert (status, out[:9], err) == (0, "2 pairs, ", "")
    for wrong in (["--pairs", "x", "--source", "y"], ["--source", "y"], []):
        status, out, err = translator("corpus", *wrong)
        assert (status, out) == (2, "")
        assert "give --source and --target, or --pairs" in err
    status, out, err = translator("corpus", "--pairs", "-")
    assert (status, out) == (2, "")
    assert "save standard input to a file" in err


def test_a_corpus_with_different_numbers_of_lines_is_an_error(translator, files):
    (files / "train.de").write_text("eins\n", encoding="utf-8")
    assert "train.en has 4 lines but" in failed_line(translator(*corpus_arguments(files)))


def test_the_message_on_packages_missing_for_serving_says_how_to_install_them(translator, files, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    line = failed_line(translator("serve", files))
    assert "needs fastapi, python-multipart and uvicorn; run: pip install 'fastapi>=0.130'" in line


def test_serving_a_folder_without_a_model_is_an_error(translator, files):
    assert "no model here (config.json is missing)" in failed_line(translator("serve", files))


@pytest.mark.parametrize(
    "arguments", [["train"], ["train", "--sauce", "x"], ["tranlsate"], ["serve"], ["translate"]]
)
def test_wrong_usage_gives_exit_status_2(translator, arguments):
    status, out, err = translator(*arguments)
    assert status == 2
    assert out == ""
    assert "Error: " in err


@pytest.mark.parametrize(
    "command", ["demo", "split", "corpus", "train", "translate", "evaluate", "inspect", "serve"]
)
def test_every_help_text_has_defaults_and_an_example(translator, command):
    status, out, err = translator(command, "--help")
    assert status == 0
    assert err == ""
    assert f"  translator {command}" in out
    options = out.split("Options:")[1].split("Example")[0]
    assert "[default: " in options
    assert max(map(len, out.splitlines())) <= 100


def test_help_does_not_import_tensorflow():
    check = "import sys, translator.cli.main as m; m.command.main(['--help'], standalone_mode=False); "
    check += "sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, check=False).returncode == 0


def test_start_up_is_silent():
    """TensorFlow writes to standard error while it is imported; users must not see that."""
    check = "import translator; translator.load"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout == ""


def test_training_reads_gzip(translator, files):
    for name in ("train.en", "train.de"):
        with gzip.open(files / f"{name}.gz", "wt", encoding="utf-8") as packed:
            packed.write((files / name).read_text(encoding="utf-8"))
    status, _, err = translator(
        *train_arguments(files, source=files / "train.en.gz", target=files / "train.de.gz"),
        "--set",
        "training.max_epochs=1",
        "--set",
        "model.units=8",
    )
    assert status == 0, err
    assert "3 of 4 pairs kept; dropped: 1 with an empty side" in err
    assert "warning: 2 pairs are few, and more text" in err
    assert (files / "model" / "model.weights.npz").exists()


def test_characters_that_standard_output_cannot_encode_are_escaped(files):
    """Examples are printed with escapes; JSON can be read back."""
    for side in ("en", "de"):
        (files / f"train.{side}").write_text("图书馆每天早上八点开门\n" * 9, encoding="utf-8")
    program = "from translator.cli.main import main; main()"
    arguments = ["corpus", "--source", files / "train.en", "--target", files / "train.de"]
    arguments += ["--from", "en", "--to", "de"]
    for flags, encoding in (([], "latin-1"), (["--json"], "latin-1"), (["--json"], "utf-8")):
        ended = subprocess.run(
            [sys.executable, "-c", program, *arguments, *flags],
            env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True,
            encoding=encoding,
            check=False,
        )
        assert ended.stderr == ""
        assert ("\\u56fe" in ended.stdout) is (encoding == "latin-1")
        if flags:
            assert "图书馆" in str(json.loads(ended.stdout))


@pytest.mark.parametrize("more", [[], ["--compare", "other"]])
def test_an_output_that_cannot_be_written_is_reported_before_any_work(translator, files, more):
    arguments = ["evaluate", "no-model", "--source", files / "train.en", "--reference", files / "train.de"]
    line = failed_line(translator(*arguments, "--output", files, *more))
    assert (
        line
        == f"translator: {files}: cannot be written (Is a directory); check the folder and the free space"
    )


AWKWARD = "my models/en-de (it's new)"
QUOTED = "'my models/en-de (it'\"'\"'s new)'"


def test_the_command_that_is_proposed_after_a_training_works_in_a_shell(translator, files, monkeypatch):
    monkeypatch.setattr("translator.api.train", lambda *arguments, **options: None)
    status, _, err = translator(*train_arguments(files, output=AWKWARD))
    assert (status, err) == (0, f"next: echo 'Your sentence.' | translator translate {QUOTED}\n")


def test_the_commands_that_the_demo_proposes_work_in_a_shell(translator, monkeypatch):
    score = SimpleNamespace(bleu="BLEU", chrf="chrF")
    monkeypatch.setattr("translator.api.train", lambda *arguments, **options: None)
    monkeypatch.setattr("translator.api.evaluate", lambda *arguments: (score, ["Ein Hund."] * 300))
    monkeypatch.setattr("translator.corpus.readers.read_pairs", lambda *paths: [Pair("A dog.", "")] * 300)
    status, _, err = translator("demo", "--output", AWKWARD)
    assert status == 0
    assert f'\n  translator translate {QUOTED} "The old man sees a small dog."\n' in err


def test_the_option_for_reranking_that_is_proposed_works_in_a_shell(tmp_path, monkeypatch):
    from translator import training_jobs
    from translator.model_folder import weights_path
    from translator.training.corpus_files import CorpusFiles
    from translator.training.job import TrainingJob

    backward = tmp_path / "back ward"
    weights_path(backward).parent.mkdir(parents=True)
    weights_path(backward).touch()
    files = CorpusFiles([])
    first_models = SimpleNamespace(first_models=[None, SimpleNamespace(folder=backward)], files=files)
    monkeypatch.setattr(training_jobs, "train_first_models", lambda job: first_models)
    monkeypatch.setattr(training_jobs, "train_one", lambda job: 1.0)
    lines = []
    job = TrainingJob(files, tmp_path / "model", diversify=True, report=lines.append)
    training_jobs.run_job(job)
    assert lines[-1] == f"to rerank with the backward model: --backward '{backward}'"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_messages_count_in_the_singular_where_there_is_one(count):
    from translator.corpus.filters import FilterReport
    from translator.corpus.quality.cleaning import Cleaning
    from translator.corpus.quality.report import LeakCounts
    from translator.recipes import small_corpus_warning

    found = dict.fromkeys(("source", "target", "pair"), 0)
    messages = [
        FilterReport(count, 0),
        Cleaning(count, {}),
        LeakCounts("dev", count, found, found),
        small_corpus_warning(count),
    ]
    plural = r"\b1 (pairs|sources|targets)\b" if count == 1 else r"\b[02] (pair|source|target)\b"
    assert [str(message) for message in messages if re.search(plural, str(message))] == []
