"""Training reports and the comparison of two models, through the command line."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest


@pytest.fixture(scope="module")
def weaker(run, train_command, tmp_path_factory):
    """The folder of a model that is trained less and has its own tokenizer."""
    folder = tmp_path_factory.mktemp("models") / "weaker"
    settings = ("training.max_epochs=1", "training.learning_rate=0.001", "tokenizer.vocabulary_size=300")
    sets = [word for setting in settings for word in ("--set", setting)]
    done = run(*train_command, "--output", folder, *sets)
    assert done.returncode == 0, done.stderr
    return folder


def compared(run, first, second, corpus, *options):
    files = ("--source", corpus / "test.en", "--reference", corpus / "test.de")
    done = run("evaluate", first, "--compare", second, *files, *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_dev_scores_of_the_report_equal_those_of_evaluate(run, model, corpus):
    report = json.loads((model / "report.json").read_text(encoding="utf-8"))
    files = ("--source", corpus / "dev.en", "--reference", corpus / "dev.de")
    assert report["dev"]["scores"] == json.loads(run("evaluate", model, *files, "--json").stdout)
    assert len(report["evaluations"]) == 8
    assert report["source_language"] == "en"


def test_a_stopped_training_leaves_a_report(run, train_command, tmp_path):
    folder = tmp_path / "model"
    command = [sys.executable, "-m", "translator", *map(str, train_command), "--output", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not (folder / "model.weights.npz").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        lines = process.stderr.read().split("\n")
    assert process.returncode == 128 + signal.SIGINT
    assert list(filter(None, lines))[-2:] == [f"report: {folder / 'report.html'}", "translator: stopped"]
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert not report["finished"]
    assert report["dev"]["scores"]["num_sentences"] == 60


def test_a_comparison_equals_sacrebleus(run, model, weaker, corpus, tmp_path):
    for name, folder in (("one", weaker), ("two", model)):
        lines = run("translate", folder, "--input", corpus / "test.en").stdout
        (tmp_path / name).write_text(lines, encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", corpus / "test.de", "-i", "one", "two", "-m", "bleu"]
    command += ["--paired-bs", "-f", "json"]
    own = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    one, two = (system["BLEU"] for system in json.loads(own.stdout))
    found = json.loads(compared(run, weaker, model, corpus, "--json"))
    assert (found["first"], found["second"]) == (str(weaker), str(model))
    bleu = found["bleu"]
    assert [bleu["first"], bleu["first_interval"]] == pytest.approx([one["score"], one["ci"]])
    assert [bleu["second"], bleu["second_interval"]] == pytest.approx([two["score"], two["ci"]])
    assert bleu["p_value"] == two["p_value"] < 0.05
    assert bleu["significant"]
    assert found["verdict"].startswith(f"{model} is better than {weaker} by ")


def test_a_comparison_writes_a_page(run, model, weaker, corpus, tmp_path):
    printed = compared(run, model, weaker, corpus, "--output", tmp_path / "page.html")
    assert f"{model} is better than {weaker} by " in printed
    assert re.search(r"^  difference +-\d+\.\d\d, p = 0\.001$", printed, flags=re.MULTILINE)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert f"<h2>Where {model} is better</h2>" in page


def test_a_model_does_not_differ_from_itself(run, model, corpus):
    printed = compared(run, model, model, corpus, "--beam-size", 1)
    assert printed.count("+0.00, p = 1.000, not significant") == 2
    assert printed.endswith("There is no difference: all translations are the same.\n")
