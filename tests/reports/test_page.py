"""A page is self-contained, escapes text, and has its charts in the colours of both themes."""

import json
import struct
import sys
from html.parser import HTMLParser

import altair
import pytest

from translator.errors import ConfigError, ModelError
from translator.reports.page import Page, Section, write_html, write_pngs
from translator.reports.themes import THEMES

VALUES = [{"row": 0, "column": 0, "weight": 0.25}, {"row": 0, "column": 1, "weight": 0.75}]
CHART = (
    altair.Chart(altair.InlineData(values=VALUES))
    .mark_rect()
    .encode(x="column:O", y="row:O", color="weight:Q")
)
PAGE = Page(
    "A </script> & a <b>",
    [Section("Heat map", "One sentence <i>. Two.", CHART), Section("A table", "One. Two.", "<b>bold</b>")],
    lead="<u>lead",
)


class Content(HTMLParser):
    """The elements of a page with their attributes, its texts and its scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.scripts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        (self.scripts if self.elements and self.lasttag == "script" else self.texts).append(data)


@pytest.fixture
def content(tmp_path):
    write_html(PAGE, tmp_path / "page.html")
    return Content((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_the_page_loads_nothing(content):
    assert len(content.elements) > 20
    loading = {"src", "href", "srcset", "action", "data", "poster"}
    assert [element for element in content.elements if loading & element[1].keys()] == []
    assert not {"link", "iframe", "object", "embed"} & {tag for tag, _ in content.elements}
    (policy,) = [
        attributes["content"]
        for tag, attributes in content.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy


def test_text_is_escaped(content):
    texts = "".join(content.texts)
    for text in ("A </script> & a <b>", "One sentence <i>. Two.", "<u>lead", "bold"):
        assert text in texts
    tags = [tag for tag, _ in content.elements]
    assert "i" not in tags
    assert "u" not in tags
    assert tags.count("b") == 1  # from the table, which is HTML


def test_the_page_has_headings_and_both_themes(content):
    tags = [tag for tag, _ in content.elements]
    assert tags.count("h1") == 1
    assert tags.count("h2") == 2
    assert '"description":"Heat map"' in "".join(content.scripts)
    (program,) = [script for script in content.scripts if "const themes" in script]
    assert json.dumps(THEMES["dark"], separators=(",", ":")) in program


def test_the_page_holds_the_specification_of_the_chart(content):
    specification = json.loads(next(script for script in content.scripts if script.startswith("{")))
    assert list(specification["datasets"].values()) == [VALUES]
    assert "config" not in specification
    assert "$schema" not in specification  # an address


def test_text_in_a_chart_cannot_close_the_script_element(tmp_path):
    chart = altair.Chart(altair.InlineData(values=[{"a": "</script><b>"}])).mark_text().encode(text="a:N")
    write_html(Page("t", [Section("h", "r", chart)]), tmp_path / "page.html")
    content = Content((tmp_path / "page.html").read_text(encoding="utf-8"))
    specification = json.loads(next(script for script in content.scripts if script.startswith("{")))
    assert list(specification["datasets"].values()) == [[{"a": "</script><b>"}]]


def test_every_chart_becomes_a_png_in_both_themes(tmp_path):
    paths = write_pngs(PAGE, tmp_path)
    assert [path.name for path in paths] == ["heat-map-light.png", "heat-map-dark.png"]
    pictures = [path.read_bytes() for path in paths]
    for picture in pictures:
        assert picture.startswith(b"\x89PNG")
        width, height = struct.unpack(">II", picture[16:24])
        assert width > 60
        assert height > 60
    assert pictures[0] != pictures[1]


@pytest.mark.parametrize("package", ["altair", "vl_convert"])
@pytest.mark.parametrize("write", [write_html, write_pngs])
def test_a_missing_package_is_an_error_that_says_how_to_install_it(tmp_path, monkeypatch, package, write):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=rf"{package} is not installed; run: pip install 'altair>="):
        write(PAGE, tmp_path / "page")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        write_html(PAGE, tmp_path / "file" / "page.html")
    with pytest.raises(ModelError, match="cannot be written"):
        write_pngs(PAGE, tmp_path / "file")
