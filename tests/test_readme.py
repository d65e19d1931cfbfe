"""README's commands are those that are run."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_the_gate_runs_the_test_command_of_readme():
    assert commands()[1] in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_every_linked_file_exists():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def anchors() -> set[str]:
    """What GitHub calls the headings: small letters and hyphens, no other punctuation."""
    headings = re.findall(r"^#+ (.*)$", README, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_linked_heading_exists():
    links = re.findall(r"\]\(#([^)]+)\)", README)
    assert links
    assert sorted(set(links) - anchors()) == []


def test_every_option_exists():
    import click

    from translator.cli.main import command

    for line in commands():
        words = line.split()
        if words[0] != "translator":
            continue
        subcommand = command.get_command(click.Context(command), words[1])
        assert subcommand is not None, line
        known = {option for parameter in subcommand.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line
