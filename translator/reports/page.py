"""A page of pictures: one HTML file that needs no network, and the same pictures as PNG.

The pictures are Vega-Lite charts, made with Altair. They name no colour of their own: what a chart leaves
open is filled in from ``THEMES``, for light and for dark, so that one page has both.
"""

from __future__ import annotations

import html
import importlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from translator.distribution import install_command
from translator.errors import ConfigError
from translator.files import atomic_write
from translator.reports.themes import THEMES

if TYPE_CHECKING:
    from altair import TopLevelMixin

_TEMPLATE = Path(__file__).with_name("page.html")
_PIXELS = 2  # of a PNG for each of the chart, so that small text is sharp


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        heading: names the part, and its PNG; unlike those of the other parts.
        how_to_read: two sentences that say how to read what is shown; plain text.
        content: a chart, or HTML whose text is escaped already.
    """

    heading: str
    how_to_read: str
    content: TopLevelMixin | str


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        title: plain text.
        sections: its parts, in order.
        lead: what stands under the title; plain text, a paragraph a line.
    """

    title: str
    sections: Sequence[Section]
    lead: str = ""


def check_drawing_packages() -> None:
    """Raises ``ConfigError`` if the packages that draw are not installed; call it before any long work."""
    for name in ("altair", "vl_convert"):
        try:
            importlib.import_module(name)
        except ImportError:
            raise ConfigError(
                f"pictures are drawn with Altair, and {name} is not installed; "
                f"run: {install_command('inspect')}"
            ) from None


def write_html(page: Page, path: Path) -> None:
    """Writes a page as one file, with the program that draws its charts inside.

    Raises:
        ConfigError: if the packages that draw are not installed.
        ModelError: if the file cannot be written.
    """
    check_drawing_packages()
    import vl_convert

    library = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    text = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(page.title),
        lead="\n".join(
            f'<p class="lead" dir="auto">{html.escape(line)}</p>' for line in page.lead.splitlines()
        ),
        sections="\n".join(map(_section, page.sections)),
        library=library.replace("</script", "<\\/script"),
        themes=_json(THEMES),
    )
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")  # a file's name may be no text


def write_pngs(page: Page, folder: Path) -> list[Path]:
    """Writes every chart of a page as two PNG files, such as ``attention-light.png``.

    Returns:
        The files, in the order of the page.

    Raises:
        ConfigError: if the packages that draw are not installed.
        ModelError: if a file cannot be written.
    """
    check_drawing_packages()
    import vl_convert

    paths = []
    for section in page.sections:
        if isinstance(section.content, str):
            continue
        for theme, config in THEMES.items():
            path = folder / f"{_file_name(section.heading)}-{theme}.png"
            picture = vl_convert.vegalite_to_png(
                _specification(section.content) | {"config": config}, scale=_PIXELS, allowed_base_urls=[]
            )
            with atomic_write(path) as temporary:
                temporary.write_bytes(picture)
            paths.append(path)
    return paths


def _section(section: Section) -> str:
    """A part of the page as HTML."""
    if isinstance(section.content, str):
        content = section.content
    else:
        # A script of a type that is no program is data: the browser keeps it and runs nothing.
        # Vega reads the description out to those who cannot see the chart.
        data = _json(_specification(section.content) | {"description": section.heading})
        content = f'<div class="chart"><script type="application/json">{data}</script></div>'
    return (
        f'<section id="{_file_name(section.heading)}">\n<h2>{html.escape(section.heading)}</h2>\n'
        f"<p>{html.escape(section.how_to_read)}</p>\n{content}\n</section>"
    )


def _specification(chart: TopLevelMixin) -> dict[str, Any]:
    """The Vega-Lite specification of a chart, without address and colours of its own."""
    specification: dict[str, Any] = chart.to_dict()
    return {name: value for name, value in specification.items() if name not in ("$schema", "config")}


def _json(value: Any) -> str:
    """JSON that may stand in HTML: no text in it can end the element it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _file_name(heading: str) -> str:
    return re.sub(r"\W+", "-", heading.lower()).strip("-")
