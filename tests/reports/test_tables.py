"""Tables escape all text."""

from html import unescape

from references.pages import SeenPage

from translator.reports.tables import lines, signature, table, with_differences

EVIL = "<script>alert('x')</script> & \"more\""


def test_cells_and_headings_are_in_order():
    found = SeenPage(table(["word", "number"], [("ä", 1234), ("b", 0.5)]))
    assert found.cells == [["word", "number"], ["ä", "1,234"], ["b", "0.50"]]


def test_all_text_is_escaped():
    found = SeenPage(
        table(
            [EVIL], [[EVIL], [lines([EVIL, "b"])], [signature(f"{EVIL}|b")], [with_differences(EVIL, "a b")]]
        )
    )
    assert found.cells == [[EVIL], [EVIL], [f"{EVIL}b"], [f"{EVIL}|b"], [EVIL]]
    assert set(found.tags) == {"table", "thead", "tbody", "tr", "th", "td", "br", "wbr", "b"}


def test_words_that_differ_are_bold():
    assert with_differences("the old dog runs", "the dog sleeps").text == "the <b>old</b> dog <b>runs</b>"
    assert with_differences("the dog", "the dog").text == "the dog"
    assert with_differences("", "the dog").text == ""
    assert unescape(with_differences("a < b", "").text) == "<b>a < b</b>"
