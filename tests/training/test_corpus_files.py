"""Which files hold the text of a training, as the user gives them."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from translator.errors import ConfigError, ModelError
from translator.training.corpus_files import (
    CorpusFiles,
    ParallelText,
    keep_standard_input,
    optional_text,
    training_texts,
)


def texts(source=(), target=(), pairs=(), weights=None):
    return training_texts(source, target, pairs, weights or {})


def test_two_files_are_one_corpus():
    expected = [ParallelText(Path("a.en"), Path("a.de"))]
    assert texts("a.en", Path("a.de")) == texts(["a.en"], ("a.de",)) == expected


def test_several_corpora_keep_their_order_and_have_weights():
    found = texts(["a.en", "b.en"], ["a.de", "b.de"], ["c.tmx", "d.tsv"], {"b.en": 0.5, "d.tsv": 3})
    assert [(str(text), text.weight) for text in found] == [
        ("a.en and a.de", 1.0),
        ("b.en and b.de", 0.5),
        ("c.tmx", 1.0),
        ("d.tsv", 3),
    ]


def test_standard_input_is_kept_to_be_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a\tb\n")))
    found = keep_standard_input(CorpusFiles(texts("x", "y", ["c.tmx", "-"], {"-": 2.0})), tmp_path).train
    kept = tmp_path / "standard-input"
    assert found[1:] == [ParallelText(Path("c.tmx")), ParallelText(kept, None, 2.0, name="standard input")]
    assert str(found[2]) == "standard input"
    assert kept.read_bytes() == b"a\tb\n"


def test_standard_input_that_cannot_be_kept_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a\tb\n")))
    message = r"gone/standard-input: cannot be written \(No such file or directory\)"
    with pytest.raises(ModelError, match=message):
        keep_standard_input(CorpusFiles(texts("x", "y", "-")), tmp_path / "gone")


def test_without_standard_input_nothing_is_copied(tmp_path):
    files = CorpusFiles(texts(pairs=["c.tmx", "./-"]))  # the last one is a file of that name
    assert keep_standard_input(files, tmp_path / "gone") is files


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": ["a", "b"], "target": ["c"]}, "2 source and 1 target files; give one target for each"),
        ({"source": "a"}, "1 source and 0 target files; give one target for each source"),
        ({}, "no training pairs; give source and target, or pairs"),
        ({"pairs": ["a", "b"], "weights": {"c": 1}}, "weight of c: no such file among a, b"),
        ({"pairs": "a", "weights": {"a": 0}}, "weight of a: 0 is not above 0 and at most 1000"),
        ({"pairs": "a", "weights": {"a": float("nan")}}, "weight of a: nan is not above 0 and at most 1000"),
        ({"pairs": "a", "weights": {"a": 1001}}, "weight of a: 1001 is not above 0 and at most 1000"),
        (
            {"pairs": ["-", "-"]},
            r"standard input \(-\) can be given once, among the files",
        ),
        ({"source": "-", "target": "a"}, r"standard input \(-\) can be given once"),
    ],
)
def test_files_and_weights_that_do_not_belong_together_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        texts(**arguments)


def test_an_optional_text_has_two_sides_or_none():
    assert optional_text(None, None, "a dev set has", "x and y") is None
    assert optional_text("a", "b", "a dev set has", "x and y") == ParallelText(Path("a"), Path("b"))
    for sides in (("a", None), (None, "b")):
        with pytest.raises(ConfigError, match="a dev set has two sides: give both x and y, or neither"):
            optional_text(*sides, "a dev set has", "x and y")
