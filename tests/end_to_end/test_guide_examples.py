"""The Python examples of README and the guides run, on small models with random weights."""

import functools

import pytest
from references.guides import GUIDES, README, code_blocks
from references.networks import word_network, write_model
from references.reranking import BACKWARD, CONFIG, RIGHT_TO_LEFT
from references.toy import toy_tokenizer

import translator

EXAMPLES = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in (README, *GUIDES)
    for number, block in enumerate(code_blocks(page, "python"), 1)
    if "translator.load(" in block
]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with the models that the examples name."""
    folder, tokenizer = tmp_path_factory.mktemp("examples"), toy_tokenizer()
    configs = {"en-de": CONFIG, "de-en": BACKWARD, "from-the-end": RIGHT_TO_LEFT}
    for seed, (name, config) in enumerate(configs.items(), 1):
        write_model(folder / "models" / name, config, tokenizer, word_network(tokenizer, seed, end=1.0))
    return folder


@pytest.fixture(scope="module")
def load():
    """``translator.load`` that loads a model once for all examples, so that its graphs are traced once."""
    return functools.cache(translator.load)


def test_readme_and_guides_have_examples():
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_example_runs(example, workplace, load, monkeypatch):
    monkeypatch.chdir(workplace)
    monkeypatch.setattr(translator, "load", load)
    names = {}
    exec(compile(example, "example", "exec"), names)
    if "best" in names:
        best = names["best"]
        assert best.alignment.shape == (len(best.tokens), len(best.source_tokens))
        assert len(best.alternatives) == 2
    if "inside" in names:
        inside = names["inside"]
        assert len(inside.choices) == len(inside.translation.tokens)
