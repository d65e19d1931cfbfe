"""``translator help``: the topics, one guide, and an unknown topic."""

import sys
from importlib.resources import files

import pytest

from translator.cli.help import TOPICS
from translator.cli.main import main

GUIDES = files("translator") / "guides"


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs ``translator help``: exit status, standard output, standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["translator", "help", *arguments])
        with pytest.raises(SystemExit) as ending:
            main()
        captured = capsys.readouterr()
        return ending.value.code, captured.out, captured.err

    return call


def test_every_guide_is_a_topic():
    assert sorted(TOPICS) == sorted(page.name.removesuffix(".md") for page in GUIDES.iterdir())


def test_without_a_topic_each_guide_has_one_line_with_its_title(run):
    status, out, err = run()
    assert (status, err) == (0, "")
    listed = [line.split(maxsplit=1) for line in out.splitlines()[2:]]
    assert [topic for topic, _ in listed] == list(TOPICS)
    for topic, title in listed:
        assert (GUIDES / f"{topic}.md").read_text(encoding="utf-8").startswith(f"# {title}\n")
    assert all(len(line) <= 100 for line in out.splitlines())


@pytest.mark.parametrize("topic", TOPICS)
def test_a_guide_is_printed_as_it_is_on_disk(run, topic):
    assert run(topic) == (0, (GUIDES / f"{topic}.md").read_text(encoding="utf-8"), "")


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("trian", "train"),
        ("Export", "export"),
        ("howitworks", "how-it-works"),
        ("glossary", "translate"),  # no name is like it, so by what the guides are about
        ("corpus", "prepare-text"),
        ("score", "translator score --help"),  # a command without a guide of its own
        ("", "(all guides: translator help)"),
        ("zyzzyva", "(all guides: translator help)"),
    ],
)
def test_an_unknown_topic_is_one_line_that_names_the_nearest(run, word, nearest):
    status, out, err = run(word)
    assert (status, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(f"translator: no guide is called {word!r}")
    assert nearest in line


def test_a_second_topic_is_wrong_usage(run):
    status, out, err = run("train", "export")
    assert (status, out) == (2, "")
    assert "Got unexpected extra argument (export)" in err
