"""The report of a training holds its history, its corpus and settings, and sacreBLEU's scores."""

import json
import os
import signal

import keras
import pytest
import sacrebleu
from references.lookup_translator import LookupTranslator
from references.toy import toy_pairs

import translator.api as api
from translator.model_folder import log_path
from translator.reports.training_report import ScoredSentence, build_dev_report

DEV = toy_pairs(30, seed=9, longest=12)
SETTINGS = {
    "tokenizer.vocabulary_size": 300,
    "data.batch_tokens": 50,
    "model.units": 8,
    "model.encoder_layers": 1,
    "model.decoder_layers": 1,
    "training.learning_rate": 0.01,
    "training.evaluate_steps": 0,
    "training.max_epochs": 2,
    "training.guided_alignment": 0.0,
}


def files(folder):
    """Arguments of a training on 80 pairs, plus one with an empty side and one repeated."""
    pairs = toy_pairs(80, shortest=4, longest=4)
    paths = {}
    for name, rows in (("", [*pairs, ("", "x"), pairs[0]]), ("dev_", DEV)):
        for side, label in enumerate(("source", "target")):
            path = folder / f"{name}{label}"
            path.write_text("".join(f"{row[side]}\n" for row in rows), encoding="utf-8")
            paths[f"{name}{label}"] = path
    return paths


def trained(folder):
    """Trains a model in ``folder / "model"``; returns the translator and the lines for the user."""
    lines = []
    translator = api.train(**files(folder), settings=SETTINGS, output=folder / "model", report=lines.append)
    return translator, lines


def report_in(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    translator, lines = trained(folder)
    return folder / "model", translator, lines


def test_training_writes_the_report_and_logs_its_path(model):
    folder, _, lines = model
    assert lines[-2:] == [
        "translating the 30 dev sentences for the report; Ctrl-C skips the report",
        f"report: {folder / 'report.html'}",
    ]
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_keys_of_the_json_are_fixed(model):
    report = report_in(model[0])
    assert report["version"] == 2
    assert list(report) == [
        *("version", "source_language", "target_language", "finished", "epochs", "steps", "seconds"),
        *("best_step", "dev_metric", "best_dev_score", "evaluations", "corpora", "recipe", "settings", "dev"),
    ]
    assert list(report["evaluations"][0]) == [
        *("epoch", "step", "loss", "perplexity", "dev_score", "best", "learning_rate", "tokens_per_second"),
        "seconds",
    ]
    assert list(report["corpora"][0]) == ["name", "read", "dropped", "used"]
    assert list(report["settings"][0]) == ["path", "value", "default", "reason"]
    assert list(report["dev"]) == ["scores", "by_length", "best", "worst"]
    assert list(report["dev"]["scores"]) == ["bleu", "chrf", "num_sentences"]
    assert list(report["dev"]["by_length"][0]) == ["shortest", "longest", "num_sentences", "bleu"]
    assert list(report["dev"]["best"][0]) == ["source", "reference", "translation", "chrf"]


def test_the_report_has_the_history_the_corpus_and_the_settings(model):
    folder, _, _ = model
    report = report_in(folder)
    logged = [json.loads(line) for line in log_path(folder).read_text(encoding="utf-8").splitlines()]
    assert report["evaluations"] == logged
    assert len(logged) == 2
    assert (report["finished"], report["epochs"], report["steps"]) == (True, 2, logged[-1]["step"])
    assert report["best_dev_score"] == pytest.approx(max(one["dev_score"] for one in logged), abs=0.005)
    (corpus,) = report["corpora"]
    assert (corpus["read"], corpus["used"]) == (82, 82 - sum(corpus["dropped"].values()))
    assert corpus["dropped"]["with an empty side"] == 1
    assert report["recipe"] == "a thousand pairs"
    reasons = {one["path"]: one["reason"] for one in report["settings"]}
    assert reasons["model.units"] == "set by you; the recipe has 256"
    assert reasons["training.patience"] == "the dev score of a small corpus is noisy"


def test_the_scores_equal_sacrebleus(model):
    folder, translator, _ = model
    dev = report_in(folder)["dev"]
    translations = [one.text for one in translator.translate([pair.source for pair in DEV])]
    references = [pair.target for pair in DEV]
    assert dev["scores"]["bleu"]["score"] == sacrebleu.corpus_bleu(translations, [references]).score
    assert dev["scores"]["chrf"]["score"] == sacrebleu.corpus_chrf(translations, [references]).score
    assert sum(one["num_sentences"] for one in dev["by_length"]) == dev["scores"]["num_sentences"] == 30
    for one in dev["by_length"]:
        rows = [
            i for i, pair in enumerate(DEV) if one["shortest"] <= len(pair.source.split()) <= one["longest"]
        ]
        part = sacrebleu.corpus_bleu([translations[i] for i in rows], [[references[i] for i in rows]])
        assert (one["num_sentences"], one["bleu"]) == (len(rows), part.score)
    scores = sorted(
        sacrebleu.sentence_chrf(*row).score
        for row in zip(translations, [[line] for line in references], strict=True)
    )
    assert [one["chrf"] for one in dev["worst"]] == scores[:10]
    assert [one["chrf"] for one in dev["best"]] == scores[: -10 - 1 : -1]
    texts = {pair.source: (pair.target, text) for pair, text in zip(DEV, translations, strict=True)}
    for one in (*dev["worst"], *dev["best"]):
        assert texts[one["source"]] == (one["reference"], one["translation"])


def test_a_model_loads_with_and_without_its_report(model):
    folder, translator, _ = model
    expected = translator.translate(["ada bob"])[0].text
    contents = {path: path.read_bytes() for path in (folder / "report.json", folder / "report.html")}
    for path in contents:
        path.unlink()
    assert api.load(folder).translate(["ada bob"])[0].text == expected
    for path, content in contents.items():
        path.write_bytes(content)
    assert api.load(folder).translate(["ada bob"])[0].text == expected


@pytest.mark.parametrize(("number", "best", "worst"), [(1, 1, 0), (2, 1, 1), (15, 8, 7), (30, 10, 10)])
def test_no_sentence_is_both_among_the_best_and_the_worst(number, best, worst):
    dev = list(dict.fromkeys(toy_pairs(60, seed=3, longest=12)))[:number]
    found = build_dev_report(LookupTranslator(dev), dev)
    assert (len(found.best), len(found.worst)) == (best, worst)
    sources = [one.source for one in (*found.best, *found.worst)]
    assert len(set(sources)) == len(sources)
    lengths = [len(one.reference) for one in found.best]  # all are perfect: the longest come first
    assert lengths == sorted((len(pair.target) for pair in dev), reverse=True)[:best]


def test_of_equally_bad_sentences_the_longest_comes_first():
    wrong = {pair.source: "!" for pair in DEV[:20]}
    found = build_dev_report(LookupTranslator(DEV, wrong), DEV)
    expected = max((pair for pair in DEV if pair.source in wrong), key=lambda pair: len(pair.target))
    assert found.worst[0] == ScoredSentence(expected.source, expected.target, "!", 0.0)


def test_a_training_stopped_before_its_first_evaluation_has_a_report(tmp_path, monkeypatch):
    def on_train_batch_begin(batch, logs):
        if batch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    callback = keras.callbacks.LambdaCallback(on_train_batch_begin=on_train_batch_begin)
    monkeypatch.setattr("translator.training_jobs.tensorboard_callbacks", lambda folder: [callback])
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path)
    report = report_in(tmp_path / "model")
    assert (report["finished"], report["epochs"], report["steps"]) == (False, 0, 3)
    assert (report["evaluations"], report["best_dev_score"], report["dev"]) == ([], None, None)
    page = (tmp_path / "model" / "report.html").read_text(encoding="utf-8")
    assert "The model has not been evaluated yet, so there are no weights to translate with." in page
