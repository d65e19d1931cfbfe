"""Models of several seeds, and models that start from the weights of another, through the command line."""

import json

import pytest

import translator
from translator.errors import ConfigError
from translator.model_folder import load_config


@pytest.fixture(scope="module")
def seeds(run, train_command, tmp_path_factory):
    """The folder of two models that differ in the seed."""
    folder = tmp_path_factory.mktemp("models") / "two"
    done = run(*train_command, "--output", folder, "--seeds", 2, "--set", "training.max_epochs=3")
    assert done.returncode == 0, done.stderr
    assert "model 1 of 2:" in done.stderr
    assert "(mean and standard deviation of 2)" in done.stderr
    return folder


def test_each_seed_has_a_model_and_all_have_one_vocabulary(seeds):
    one, two = seeds / "seed-1", seeds / "seed-2"
    assert (one / "tokenizer.model").read_bytes() == (two / "tokenizer.model").read_bytes()
    assert [load_config(folder).training.seed for folder in (one, two)] == [1, 2]
    assert (one / "model.weights.npz").read_bytes() != (two / "model.weights.npz").read_bytes()


def test_each_seed_has_a_report(seeds):
    for name in ("seed-1", "seed-2"):
        report = json.loads((seeds / name / "report.json").read_text(encoding="utf-8"))
        assert [one["epoch"] for one in report["evaluations"]] == [1, 2, 3]
        assert (seeds / name / "report.html").exists()
    assert not (seeds / "report.json").exists()


def test_the_folder_translates_as_the_ensemble_of_its_models(run, seeds, corpus):
    lines = (corpus / "test.en").read_text(encoding="utf-8")
    together = run("translate", seeds, "--scores", standard_input=lines)
    named = run(
        "translate", seeds / "seed-1", "--ensemble", seeds / "seed-2", "--scores", standard_input=lines
    )
    assert together.returncode == 0, together.stderr
    assert together.stdout == named.stdout
    scores = [float(line.split("\t")[2]) for line in together.stdout.splitlines()]
    alone = translator.load(seeds / "seed-1").translate(lines.splitlines(), alignments=False)
    assert scores != pytest.approx([one.score for one in alone], abs=1e-3)


def test_each_model_can_be_scored_by_itself(run, seeds, corpus):
    files = ("--source", corpus / "test.en", "--reference", corpus / "test.de")
    found = json.loads(run("evaluate", seeds, *files, "--each", "--json").stdout)
    singles = [
        translator.evaluate(translator.load(seeds / name), corpus / "test.en", corpus / "test.de")[
            0
        ].bleu.score
        for name in ("seed-1", "seed-2")
    ]
    assert [model["bleu"]["score"] for model in found["each"]["models"]] == singles
    assert found["each"]["bleu"]["mean"] == pytest.approx(sum(singles) / 2)
    assert found["each"]["bleu"]["number"] == 2
    text = run("evaluate", seeds, *files, "--each").stdout
    assert "each by itself: BLEU " in text
    refused = run("evaluate", seeds / "seed-1", *files, "--each")
    assert refused.returncode == 1
    assert "--each is for several models" in refused.stderr


def test_the_same_command_again_has_nothing_left_to_do(run, train_command, seeds):
    again = run(*train_command, "--output", seeds, "--seeds", 2, "--set", "training.max_epochs=3")
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("resumed after epoch 3") == 2


@pytest.fixture(scope="module")
def domain(corpus, tmp_path_factory):
    """A corpus of another kind: an exclamation mark after each sentence, and words that keep their order."""
    folder = tmp_path_factory.mktemp("domain")
    for split in ("train", "dev"):
        for side in ("en", "de"):
            lines = (corpus / f"{split}.{side}").read_text(encoding="utf-8").splitlines()[:400]
            if side == "de":
                lines = [" ".join(reversed(line.split())) for line in lines]
            text = "".join(f"{line} !\n" for line in lines)
            (folder / f"{split}.{side}").write_text(text, encoding="utf-8")
    return folder


def fine_tuned(model, domain, output, **options):
    lines = []
    translator.train(
        domain / "train.en",
        domain / "train.de",
        output,
        source_language="en",
        target_language="de",
        dev_source=domain / "dev.en",
        dev_target=domain / "dev.de",
        init_from=model,
        settings={
            "data.batch_tokens": 128,
            "training.learning_rate": 0.005,
            "training.warmup_steps": 50,
            "training.max_epochs": 12,
            "model.dropout": 0.0,
            "model.word_dropout": 0.0,
        },
        report=lines.append,
        **options,
    )
    return lines


def bleu(folder, corpus, split="dev"):
    scores, _ = translator.evaluate(
        translator.load(folder), corpus / f"{split}.en", corpus / f"{split}.de", beam_size=1
    )
    return scores.bleu.score


def test_fine_tuning_learns_a_domain_and_mixing_keeps_what_was_known(model, corpus, domain, tmp_path):
    lines = fine_tuned(model, domain, tmp_path / "tuned")
    assert any(line.startswith("before training: dev BLEU") for line in lines)
    assert (tmp_path / "tuned" / "tokenizer.model").read_bytes() == (model / "tokenizer.model").read_bytes()
    assert load_config(tmp_path / "tuned").model.units == load_config(model).model.units
    before, after = bleu(model, domain), bleu(tmp_path / "tuned", domain)
    assert after > before + 30
    forgotten = bleu(tmp_path / "tuned", corpus)
    general = {"mix_source": corpus / "train.en", "mix_target": corpus / "train.de"}
    lines = fine_tuned(model, domain, tmp_path / "mixed", **general)
    assert any(line.startswith("to mix in: ") for line in lines)
    assert bleu(tmp_path / "mixed", corpus) > forgotten + 20


def test_a_model_fine_tuned_on_short_lines_still_translates_long_ones(model, domain, tmp_path):
    for path in domain.iterdir():
        lines = path.read_text(encoding="utf-8").splitlines()[:50]
        short = "".join(f"{line.split()[0]} {n}\n" for n, line in enumerate(lines))
        (tmp_path / path.name).write_text(short, encoding="utf-8")
    fine_tuned(model, tmp_path, tmp_path / "tuned")
    assert load_config(tmp_path / "tuned").max_source_tokens == load_config(model).max_source_tokens


@pytest.mark.parametrize(("setting", "there"), [("model.units", 48), ("model.output_row_length", 1.0)])
def test_weights_of_another_network_are_refused(setting, there, model, domain, tmp_path):
    match = rf"weights are of another network \({setting} is {there} there\)"
    with pytest.raises(ConfigError, match=match):
        translator.train(
            domain / "train.en",
            domain / "train.de",
            tmp_path / "other",
            init_from=model,
            settings={setting: 64},
            report=lambda line: None,
        )
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["lock"]


@pytest.fixture(scope="module")
def from_the_end(run, train_command, tmp_path_factory):
    """The folder of a model that writes the last word first."""
    folder = tmp_path_factory.mktemp("models") / "from-the-end"
    done = run(*train_command, "--output", folder, "--set", "model.right_to_left=true")
    assert done.returncode == 0, done.stderr
    return folder


def test_a_right_to_left_model_translates_and_reranks(run, model, from_the_end, corpus):
    assert run("translate", from_the_end, "one two three").stdout == "drei zwei eins\n"
    report = json.loads((from_the_end / "report.json").read_text(encoding="utf-8"))
    assert report["best_dev_score"] > 80  # of translations that are read as ever
    files = ("--source", corpus / "test.en", "--reference", corpus / "test.de")
    reranked = ("--right-to-left", from_the_end)
    scores = json.loads(run("evaluate", model, *files, *reranked, "--json").stdout)
    assert scores["bleu"]["score"] > 80
    one = translator.load(model, right_to_left=from_the_end).translate(["one two three"])[0]
    done = run("translate", model, *reranked, "--scores", "one two three")
    assert done.stdout.split("\t")[::2] == [one.text, f"{one.score:.4f}\n"]
    alone = translator.load(model).translate(["one two three"])[0]
    assert one.score < alone.score
    done = run("evaluate", model, *files, *reranked, "--compare", from_the_end)
    assert f"{model} with right to left {from_the_end}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--ensemble", "{model}"), "writes in the opposite direction"),
        (("--prefix", "drei"), "writes from right to left"),
    ],
)
def test_options_that_a_right_to_left_model_cannot_obey_are_refused(
    run, model, from_the_end, arguments, reason
):
    done = run("translate", from_the_end, *(each.format(model=model) for each in arguments), "one two")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert reason in done.stderr
