"""Reads a page of charts as a browser shows it."""

import json
from html.parser import HTMLParser


class SeenPage(HTMLParser):
    """What a reader sees of a page.

    Attributes:
        headings: headings of the sections.
        text: all visible text, with a space between elements.
        cells: the rows of all tables, as lists of texts.
        charts: specifications of the charts.
        tags: names of all elements.
    """

    def __init__(self, page):
        super().__init__()
        self.headings, self.text, self.cells, self.charts, self.tags = [], "", [], [], []
        self._open, self._is_data = [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._open.append(tag)
        self._is_data = dict(attrs).get("type") == "application/json"
        if tag == "h2":
            self.headings.append("")
        elif tag == "tr":
            self.cells.append([])
        elif tag in ("td", "th"):
            self.cells[-1].append("")

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if "script" in self._open:
            self.charts += [json.loads(data)] if self._is_data else []
            return
        self.text += f" {data}"
        if "h2" in self._open:
            self.headings[-1] += data
        elif "td" in self._open or "th" in self._open:
            self.cells[-1][-1] += data
