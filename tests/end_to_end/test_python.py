"""The Python interface as README and the Python guide show it."""

import numpy as np
import pytest

import translator


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
