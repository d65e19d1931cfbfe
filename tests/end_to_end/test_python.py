"""The Python interface as README and the Python guide show it."""

import numpy as np
import pytest

import translator
import translator.api
from translator.errors import ConfigError


def test_public_names_are_importable():
    for name in translator.__all__:
        assert getattr(translator, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        translator.trian  # noqa: B018


def test_translations_have_text_tokens_scores_alignment_and_alternatives(model):
    loaded = translator.load(model)
    best = loaded.translate(["one two three"], beam_size=5, n_best=3)[0]
    assert best.text == "drei zwei eins"
    assert best.tokens[-1] == "</s>"
    assert best.score <= 0
    assert best.log_probability <= 0
    assert best.alignment.shape == (len(best.tokens), len(best.source_tokens))
    np.testing.assert_allclose(best.alignment.sum(axis=1), 1, atol=1e-5)
    assert len(best.alternatives) == 2
    assert best.score >= best.alternatives[0].score >= best.alternatives[1].score


def test_training_holds_out_a_dev_set(corpus, tmp_path):
    lines = []
    trained = translator.train(
        corpus / "train.en",
        corpus / "train.de",
        tmp_path / "model",
        settings={"model.units": 16, "training.max_epochs": 1, "tokenizer.vocabulary_size": 300},
        report=lines.append,
    )
    assert any("held out of the corpus" in line for line in lines)
    assert isinstance(trained.translate(["one"])[0].text, str)


def test_a_folder_is_as_good_as_the_translator_that_is_loaded_from_it(model, corpus, tmp_path):
    loaded = translator.load(model)
    files = corpus / "test.en", corpus / "test.de"
    by_folder, by_translator = (translator.evaluate(one, *files, beam_size=1) for one in (model, loaded))
    assert by_folder == by_translator
    assert str(translator.compare(model, loaded, *files, beam_size=1)).count("BLEU") >= 1
    inspection = translator.inspect(str(model), "one two", beam_size=2)
    assert inspection.to_dict() == loaded.inspect("one two", beam_size=2).to_dict()
    cards = [
        (translator.export(one, tmp_path / name).folder / "MODEL_CARD.md").read_text(encoding="utf-8")
        for one, name in ((model, "from-folder"), (loaded, "from-translator"))
    ]
    assert cards[0] == cards[1]
    assert "on the dev set of the training" in cards[0]


def test_a_loaded_translator_is_exported_with_its_own_ensemble(model, tmp_path):
    loaded = translator.load(model)
    with pytest.raises(ConfigError, match="load it with the ensemble"):
        translator.export(loaded, tmp_path, ensemble=model)


def test_options_without_effect_are_refused_as_on_the_command_line(model, corpus):
    loaded = translator.load(model)
    files = corpus / "test.en", corpus / "test.de"
    for options, message in (
        ({"minimum_bayes_risk": True}, "minimum_bayes_risk chooses among several translations: add n_best"),
        ({"n_best": 3}, "only the best translation is scored: leave n_best out"),
        ({"seed": 3}, "seed is for sampling: add sampling"),
    ):
        with pytest.raises(ConfigError, match=message):
            translator.evaluate(loaded, *files, **options)


@pytest.mark.parametrize(("options", "expected"), [({}, [1]), ({"threads": 2}, [2]), ({"threads": None}, [])])
def test_the_fast_number_of_threads_is_the_default(model, monkeypatch, options, expected):
    given = []
    monkeypatch.setattr(translator.api, "set_threads_per_operation", given.append)
    translator.load(model, **options)
    assert given == expected
