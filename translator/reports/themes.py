"""Colours and fonts of all charts as Vega-Lite configurations, one for light and one for dark.

Charts set no colours and so take them from here: filled cells use the range ``heatmap``, or ``diverging`` if
the scale has a middle (``domainMid``); lines and points use ``category``, in the order of their names. Named
styles, as in ``mark_text(style="faint")``, are ``strong`` for what matters most, ``faint`` for what matters
least, and ``halo`` for an outline in the background colour behind text that crosses lines.
"""

from __future__ import annotations

from typing import Any

_FONT = "DejaVu Sans, Verdana, sans-serif"  # the first two have the character ▁, which marks spaces


def _theme(
    background: str,
    text: str,
    faint: str,
    line: str,
    strong: str,
    heatmap: list[str],
    diverging: list[str],
    category: list[str],
) -> dict[str, Any]:
    """Returns a Vega-Lite configuration with these colours."""
    words: dict[str, Any] = {"labelColor": text, "titleColor": text, "labelFont": _FONT, "titleFont": _FONT}
    words |= {"labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal"}
    return {
        "background": background,
        "font": _FONT,
        "padding": 8,
        "view": {"stroke": None},
        "axis": {**words, "domainColor": line, "tickColor": line, "gridColor": line, "labelLimit": 160},
        "header": words,
        "legend": {**words, "gradientLength": 120},
        "title": {
            "color": text,
            "font": _FONT,
            "fontSize": 13,
            "fontWeight": "normal",
            "anchor": "start",
            "frame": "group",
            "subtitleColor": faint,
            "subtitleFont": _FONT,
            "subtitleFontSize": 11,
        },
        "range": {"heatmap": heatmap, "ramp": heatmap, "diverging": diverging, "category": category},
        "text": {"color": text, "font": _FONT, "fontSize": 11},
        "rule": {"color": line},
        "mark": {"color": category[0]},
        "style": {
            "strong": {"color": strong},
            "faint": {"color": faint},
            "halo": {"color": background, "stroke": background, "strokeWidth": 4, "strokeJoin": "round"},
        },
    }


THEMES: dict[str, dict[str, Any]] = {
    "light": _theme(
        background="#ffffff",
        text="#1c2126",
        faint="#66707a",
        line="#d5dae0",
        strong="#c2410c",
        heatmap=["#f4f6f9", "#c9dcef", "#7fb2dd", "#2f78b7", "#0a3a6b"],
        diverging=["#a8322a", "#e8998d", "#f4f6f9", "#8db8dd", "#1f5f9e"],
        category=["#0b6bb0", "#c2410c", "#0f7b5f", "#9b3f86", "#7a5c00", "#51606e"],
    ),
    "dark": _theme(
        background="#14181d",
        text="#e6eaee",
        faint="#98a3ae",
        line="#3a434d",
        strong="#ffa34d",
        heatmap=["#1d242c", "#22476b", "#2f78b7", "#7dbdf0", "#e9f5ff"],
        diverging=["#ffab9e", "#a84a40", "#1d242c", "#2f6ea6", "#a8d5ff"],
        category=["#5db4f5", "#ffa34d", "#3fd0a3", "#e79bd4", "#e8d44f", "#a9b6c2"],
    ),
}
