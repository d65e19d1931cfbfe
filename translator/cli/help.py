"""``translator help``: the guides that ship with the package, as plain Markdown."""

from __future__ import annotations

import difflib
from importlib.resources import files

import click

# The guides in the order in which a newcomer needs them; each is translator/guides/TOPIC.md.
TOPICS = (
    "prepare-text",
    "train",
    "improve",
    "translate",
    "evaluate",
    "python",
    "export",
    "serve",
    "inspect",
    "gpu",
    "settings",
    "how-it-works",
    "results",
    "model-folder",
    "security",
    "code-map",
)


@click.command(short_help="List the guides, or print one.")
@click.argument("topic", required=False)
@click.pass_context
def command(ctx: click.Context, topic: str | None) -> None:
    """Print the guide to TOPIC as Markdown text; without TOPIC, list all guides."""
    if topic is None:
        click.echo(_contents())
    elif topic in TOPICS:
        click.echo(_guide(topic), nl=False)
    else:
        group = ctx.find_root().command
        commands = group.list_commands(ctx) if isinstance(group, click.Group) else []
        click.echo(f"translator: {_unknown(topic, commands)}", err=True)
        ctx.exit(2)


def _guide(topic: str) -> str:
    """Returns the text of a guide."""
    return files("translator").joinpath("guides", f"{topic}.md").read_text(encoding="utf-8")


def _contents() -> str:
    """Returns one line per topic: its name, and the title of its guide."""
    titles = {topic: _guide(topic).partition("\n")[0].removeprefix("# ") for topic in TOPICS}
    width = max(map(len, TOPICS))
    lines = [f"  {topic:<{width}}  {title}" for topic, title in titles.items()]
    return "\n".join(["translator help TOPIC prints one of these guides:", "", *lines])


def _unknown(topic: str, commands: list[str]) -> str:
    """Returns the message for a topic that does not exist."""
    nearest = " or ".join(_nearest_topics(topic))
    hint = f"; did you mean {nearest}?" if nearest else ""
    options = f"options of the command: translator {topic} --help; " if topic in commands else ""
    return f"no guide is called {topic!r}{hint} ({options}all guides: translator help)"


def _nearest_topics(word: str) -> list[str]:
    """Returns the topics whose name is like the word, or else those whose guides use the word most."""
    similar = difflib.get_close_matches(word.lower(), TOPICS, n=3)
    if similar:
        return similar
    if not word.strip():
        return []
    counts = {topic: _guide(topic).lower().count(word.lower()) for topic in TOPICS}
    return sorted(filter(counts.__getitem__, TOPICS), key=lambda topic: -counts[topic])[:3]
