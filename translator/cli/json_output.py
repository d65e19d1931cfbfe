"""Prints JSON that can be read back, whatever the encoding of standard output."""

from __future__ import annotations

import json
import sys
from typing import Any

import click


def echo_json(value: Any, indent: int | None = None) -> None:
    """Prints a value as JSON, with non-ASCII characters escaped unless standard output is in UTF-8."""
    is_utf_8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    click.echo(json.dumps(value, ensure_ascii=not is_utf_8, indent=indent))
