"""What README and the guides name exists: commands, options, files, headings; and their code is valid."""

import re
import tomllib
from pathlib import Path

import click
import pytest
from references.guides import GUIDES, README, ROOT, code_blocks

from translator.cli.help import TOPICS
from translator.cli.main import command

PAGES = pytest.mark.parametrize("page", [README, *GUIDES], ids=lambda page: page.stem)


def commands(page: Path) -> list[str]:
    """The lines of all shell blocks; a line that ends in a backslash is joined with the next."""
    lines = "\n".join(code_blocks(page, "sh")).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip()]


def translator_commands(page: Path) -> list[str]:
    """The calls of ``translator`` in shell blocks, pipes and inline code, from the name of the command on."""
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    inline = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]
    parts = [part.strip() for line in commands(page) for part in re.split(r"\||&&", line)]
    parts = [part.removeprefix(".venv/bin/") for part in parts]
    return [part for part in parts + inline if part.startswith("translator ")]


def links(page: Path) -> list[str]:
    """The targets of links and pictures inside the repository."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)
    return [link for link in found if "://" not in link]


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings: small letters and hyphens, no other punctuation."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_links_are_found():
    assert "translator/guides/train.md" in links(README)
    assert "../../data/pictures/beam.png" in links(ROOT / "translator" / "guides" / "how-it-works.md")


def test_readme_is_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 300


def test_the_gate_runs_the_test_command_of_readme():
    assert commands(README)[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_readme_links_every_guide():
    assert {f"translator/guides/{topic}.md" for topic in TOPICS} <= set(links(README))


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_begins_with_its_title_and_a_command(page):
    text = page.read_text(encoding="utf-8")
    assert re.match(r"# [^\n]+\n\n```(sh|python)\n", text)
    assert len(re.findall(r"^# ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE)) == 1


@PAGES
def test_every_linked_file_exists(page):
    paths = [link.partition("#")[0] for link in links(page)]
    assert [path for path in paths if path and not (page.parent / path).exists()] == []


@PAGES
def test_every_linked_heading_exists(page):
    missing = []
    for link in links(page):
        path, _, heading = link.partition("#")
        if heading and heading not in anchors(page.parent / path if path else page):
            missing.append(link)
    assert missing == []


@PAGES
def test_every_command_and_option_exists(page):
    for line in translator_commands(page):
        words = line.split()
        subcommand = command.get_command(click.Context(command), words[1])
        assert subcommand is not None, line
        known = {option for parameter in subcommand.params for option in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= known, line


@PAGES
def test_every_option_in_the_text_belongs_to_some_command_or_benchmark(page):
    context = click.Context(command)
    subcommands = [command.get_command(context, name) for name in command.list_commands(context)]
    known = {option for each in subcommands for parameter in each.params for option in parameter.opts}
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    code = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", text)]
    options = {words.split()[0] for words in code if words.startswith("--")}
    scripts = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/benchmarks/*.py"))
    of_benchmarks = {option for option in options if re.search(rf"{option}\b", scripts)}
    assert sorted(options - known - of_benchmarks) == []


@PAGES
def test_every_script_and_module_in_a_command_exists(page):
    text = " ".join(page.read_text(encoding="utf-8").split())
    for path in re.findall(r"\b(?:python|pytest) (tests/[\w/]+\.py)", text):
        assert (ROOT / path).exists(), path


@PAGES
def test_every_python_example_compiles(page):
    for block in code_blocks(page, "python"):
        compile(block, page.name, "exec")


@PAGES
def test_every_public_name_in_a_python_example_exists(page):
    import translator

    for block in code_blocks(page, "python"):
        for name in re.findall(r"\btranslator\.([A-Za-z]\w*)", block):
            assert name in translator.__all__, name


@PAGES
def test_every_toml_example_holds_settings(page):
    from translator.config import Config, flatten

    for block in code_blocks(page, "toml"):
        Config().override(flatten(tomllib.loads(block)))


@PAGES
def test_every_setting_of_an_example_exists(page):
    from translator.config import Config, parse_assignments

    text = page.read_text(encoding="utf-8")
    for assignment in re.findall(r"--set\s+(\S+=[\w.]+)", text):
        Config().override(parse_assignments([assignment]))


@PAGES
def test_every_optional_part_to_install_exists(page):
    parts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"'\.\[(\w+)\]'", page.read_text(encoding="utf-8"))
    assert set(named) <= set(parts["optional-dependencies"])


@PAGES
def test_no_page_names_what_its_readers_cannot_see(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"/work/|/tmp/|/root/|issue #?\d+", text) == []
