"""``translator inspect`` and ``translator.inspect`` write a page and pictures, or fail in one line."""

import json
import sys

import pytest
from references.networks import word_network, write_model
from references.toy import toy_tokenizer

import translator
from translator.cli.main import main
from translator.config import Config
from translator.errors import ConfigError
from translator.model_folder import seed_folder

CONFIG = Config().override({"model.units": 8, "data.max_tokens": 30})


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("model"), seed=12)


def saved(folder, seed):
    """Writes a model folder with a small network with random weights."""
    tokenizer = toy_tokenizer()
    return write_model(folder, CONFIG, tokenizer, word_network(tokenizer, seed, end=1.0))


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Runs the command in an empty folder; returns exit status, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["translator", "inspect", *map(str, arguments)])
        with pytest.raises(SystemExit) as ending:
            main()
        captured = capsys.readouterr()
        return ending.value.code, captured.out, captured.err

    return call


def test_a_page_is_written(run, model, tmp_path):
    status, out, err = run(model, "ada <bob> 你")
    assert (status, out, err) == (0, "", "written to sentence.html; open it in a browser\n")
    assert [path.name for path in tmp_path.iterdir()] == ["sentence.html"]
    page = (tmp_path / "sentence.html").read_text(encoding="utf-8")
    assert "<h2>Beam search</h2>" in page
    assert "ada &lt;bob&gt; 你</p>" in page


def test_pictures_and_numbers_are_written_on_request(run, model, tmp_path):
    files = ["--output", "new/dog.html", "--png", "pictures", "--json"]
    arguments = [*files, "--beam-size", 2, "--min-length", 4, "--max-length", 6]
    status, out, err = run(model, "ada bob", *arguments)
    assert (status, err) == (0, "written to new/dog.html and pictures; open it in a browser\n")
    assert (tmp_path / "new" / "dog.html").exists()
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert len(names) == 18
    assert names[:2] == ["attention-between-tokens-dark.png", "attention-between-tokens-light.png"]
    numbers = json.loads(out)
    assert (
        numbers
        == translator.load(model).inspect("ada bob", beam_size=2, min_length=4, max_length=6).to_dict()
    )
    assert max(sum(node["step"] == step for node in numbers["beam"]) for step in range(3)) == 2


def test_python_writes_the_same_page_and_returns_the_translation(model, tmp_path):
    loaded = translator.load(model)
    inspection = translator.inspect(loaded, "ada bob", tmp_path / "page.html", beam_size=2)
    assert inspection.translation.text == loaded.translate(["ada bob"], beam_size=2)[0].text
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_missing_packages_are_reported_before_any_work(run, model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    status, out, err = run(model, "ada bob")
    assert (status, out) == (1, "")
    assert err.endswith(
        "vl_convert is not installed; run: pip install 'altair>=6.0' 'vl-convert-python>=1.9'\n"
    )
    assert err.count("\n") == 1
    with pytest.raises(ConfigError, match="vl_convert is not installed"):
        translator.inspect(None, "ada bob", tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (" ", [], "there is no text to inspect; give a sentence"),
        ("ada " * 40, [], "give one of its sentences"),
        ("ada", ["--beam-size", 0], "--beam-size: 0 is outside 1 to"),
        ("ada", ["--output", "."], ".: cannot be written"),
    ],
)
def test_text_or_output_that_cannot_be_used_gives_one_line(run, model, tmp_path, text, options, message):
    status, out, err = run(model, text, *options)
    assert (status, out) == (1, "")
    assert err.startswith("translator: ")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_ensemble_cannot_be_inspected(run, model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for seed in (1, 2):
        saved(seed_folder(folder, seed), seed)
    status, _, err = run(folder, "ada")
    assert status == 1
    assert "inspection shows the gates of a single model; give one model" in err


def test_there_is_no_sampling_option(run, model):
    assert run(model, "ada", "--sampling")[0] == 2
