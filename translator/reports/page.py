"""Writes a page of charts as one HTML file that needs no network, and the same charts as PNG files.

The charts are Vega-Lite specifications, made with Altair. They name no colours: these come from ``THEMES``,
one for light and one for dark, so that a single page can switch between both.
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
_PIXELS = 2  # of a PNG per pixel of the chart, so that small text is sharp


@dataclass(frozen=True)
class Section:
    """A section of a page.

    Attributes:
        heading: heading of the section, unique on the page; also names the PNG file.
        how_to_read: a few sentences that say how to read the content; plain text.
        content: a chart, or HTML whose text is already escaped.
    """

    heading: str
    how_to_read: str
    content: TopLevelMixin | str


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        title: title of the page; plain text.
        sections: the sections, in order.
        lead: text below the title; plain text, one paragraph per line.
    """

    title: str
    sections: Sequence[Section]
    lead: str = ""


def check_drawing_packages() -> None:
    """Raises ``ConfigError`` if the packages that draw charts are missing; call it before any long work."""
    for name in ("altair", "vl_convert"):
        try:
            importlib.import_module(name)
        except ImportError:
            raise ConfigError(
                f"charts cannot be drawn: the package {name} is not installed; "
                f"run: {install_command('inspect')}"
            ) from None


def write_html(page: Page, path: Path) -> None:
    """Writes a page as one file that includes the JavaScript that draws its charts.

    Raises:
        ConfigError: if the packages that draw charts are not installed.
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
        temporary.write_text(
            text, encoding="utf-8", errors="replace"
        )  # file names may hold undecodable bytes


def write_pngs(page: Page, folder: Path) -> list[Path]:
    """Writes every chart of a page as two PNG files, such as ``attention-light.png``.

    Returns:
        The paths of the files, in the order of the page.

    Raises:
        ConfigError: if the packages that draw charts are not installed.
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
            png = vl_convert.vegalite_to_png(
                _specification(section.content) | {"config": config}, scale=_PIXELS, allowed_base_urls=[]
            )
            with atomic_write(path) as temporary:
                temporary.write_bytes(png)
            paths.append(path)
    return paths


def _section(section: Section) -> str:
    """A section of the page as HTML."""
    if isinstance(section.content, str):
        content = section.content
    else:
        # Browsers treat a script of type JSON as data and do not run it.
        # Vega makes the description available to screen readers.
        data = _json(_specification(section.content) | {"description": section.heading})
        content = f'<div class="chart"><script type="application/json">{data}</script></div>'
    return (
        f'<section id="{_file_name(section.heading)}">\n<h2>{html.escape(section.heading)}</h2>\n'
        f"<p>{html.escape(section.how_to_read)}</p>\n{content}\n</section>"
    )


def _specification(chart: TopLevelMixin) -> dict[str, Any]:
    """The Vega-Lite specification of a chart, without its schema address and its own colours."""
    specification: dict[str, Any] = chart.to_dict()
    return {name: value for name, value in specification.items() if name not in ("$schema", "config")}


def _json(value: Any) -> str:
    """JSON that is safe inside an HTML element: no text in it can close the element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _file_name(heading: str) -> str:
    """The heading as a file name and anchor: lower case, words joined by hyphens."""
    return re.sub(r"\W+", "-", heading.lower()).strip("-")
