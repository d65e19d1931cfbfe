"""What a reader of a page of pictures sees."""

import json
from html.parser import HTMLParser


class SeenPage(HTMLParser):
    """A page, read as a browser does.

    Attributes:
        headings: of its sections.
        text: all of it that is shown, with a space between elements.
        cells: the texts of the rows of its tables.
        charts: the specifications of its charts.
        tags: the names of all its elements.
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
