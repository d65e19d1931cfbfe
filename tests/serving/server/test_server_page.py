"""The page in a real browser: typing, pointing, choosing, failing, the keyboard alone, a narrow screen."""

import os
import re
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright
from references.scripted_model import translation_of

from translator.serving.server.app import create_app
from translator.serving.server.limits import Limits

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TEXT = "ein hund\n\neine katze schläft"


@pytest.fixture(scope="module")
def browser():
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("needs a browser: install Chromium (apt install chromium)")
    # Chromium's sandbox does not start for root, as in containers.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def server(model, running):
    """The address of a server of two directions."""
    app = create_app({("de", "en"): model, ("en", "de"): model}, Limits(max_characters=60))
    with running(app) as address:
        yield address


@pytest.fixture
def visit(browser, server):
    """Opens the page; options are those of the browser. No request may leave the server."""
    faults, pages = [], []

    def opened(**options):
        page = browser.new_page(**options)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: request.url.startswith(server) or faults.append(request.url))
        page.on("console", lambda message: "Content Security" in message.text and faults.append(message.text))
        page.goto(server)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert faults == []


@pytest.fixture
def page(visit):
    return visit()


def type_in(page, text):
    page.locator("#source").press_sequentially(text)


def translation(page):
    return page.locator("#translation")


def shows(page, text):
    """Waits for the translation of a text."""
    lines = [translation_of(line) for line in text.split("\n")]
    expect(page.locator("#translation .line")).to_have_text(lines)


def alternatives(page):
    return page.get_by_label("Other translations").get_by_role("option")


def lit(page, part):
    """The words of a part of the page with light on them, and how much, the brightest first."""
    found = page.locator(f"{part} .word").evaluate_all(
        "words => words.map(word => [word.textContent, Number(word.style.getPropertyValue('--weight'))])"
    )
    return sorted(((word, weight) for word, weight in found if weight), key=lambda one: -one[1])


def says(page, word, source):
    """Waits for the sentence on where a word is from."""
    isolated = [f"“\u2068{one}\u2069”" for one in (word, source)]
    expect(page.locator("#said")).to_have_text("{} is from {} (75 %)".format(*isolated))


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def test_what_is_typed_is_translated(page):
    expect(page.locator("#source")).to_be_focused()
    expect(page.locator("#target-language")).to_have_text("English")
    type_in(page, "ein hund")
    shows(page, "ein hund")
    type_in(page, "\n\nja")
    shows(page, "ein hund\n\nja")
    page.fill("#source", "")
    expect(translation(page)).to_have_text("")


def test_only_what_is_new_is_sent(page, model):
    page.fill("#source", TEXT)
    shows(page, TEXT)
    page.fill("#source", f"{TEXT}\nja")
    shows(page, f"{TEXT}\nja")
    assert [lines for lines, _ in model.batches] == [["ein hund", "eine katze schläft"], ["ja"]]


def test_a_late_answer_to_an_old_text_is_not_shown(page, model):
    model.may_go_on.clear()
    with page.expect_request("**/attention"):
        page.fill("#source", "alt")
    with page.expect_request("**/attention"):
        page.fill("#source", "neu")
    model.may_go_on.set()
    shows(page, "neu")
    page.wait_for_timeout(300)
    shows(page, "neu")


def test_pointing_at_a_translated_word_lights_up_its_source(page):
    page.fill("#source", TEXT)
    shows(page, TEXT)
    page.locator("#translation .word", has_text="KATZE").hover()
    assert lit(page, "#mirror")[0] == ("katze", 1)
    says(page, "KATZE", "katze")
    page.locator("h1").hover()
    assert lit(page, "#mirror") == []
    expect(page.locator("#said")).to_have_text("")


def test_pointing_at_a_source_word_lights_up_its_translation(page):
    page.fill("#source", TEXT)
    shows(page, TEXT)
    place = page.locator("#mirror .word", has_text="schläft").bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    assert lit(page, "#translation") == [("SCHLÄFT", 0.75)]


def test_words_lie_under_what_is_typed(page):
    """The marks are in a mirror below the text area, which must break lines where it does."""
    page.fill("#source", "wort " * 11)
    shows(page, "wort " * 11)
    sizes = page.evaluate(
        """() => ["source", "mirror"].map((id) => {
            const { clientWidth, clientHeight, scrollHeight } = document.getElementById(id);
            return [clientWidth, clientHeight, scrollHeight];
        })"""
    )
    assert sizes[0] == sizes[1]
    assert sizes[0][1] >= sizes[0][2]  # nothing is hidden


def test_alternatives_on_click(page):
    page.fill("#source", TEXT)
    shows(page, TEXT)
    page.locator("#translation .line").first.click()
    options = alternatives(page)
    expect(options).to_have_text(["HUND EIN", *(f"HUND EIN {i}" for i in range(1, 5))])
    options.nth(2).click()
    expect(page.locator("#translation .line").first).to_have_text("HUND EIN 2")
    expect(options).to_have_count(0)
    type_in(page, "x")  # what was chosen stays while another line is written
    expect(page.locator("#translation .line")).to_have_text(
        ["HUND EIN 2", "", translation_of("eine katze schläftx")]
    )


def test_a_click_elsewhere_closes_the_alternatives(page):
    page.fill("#source", TEXT)
    shows(page, TEXT)
    page.locator("#translation .line").first.click()
    expect(alternatives(page)).to_have_count(5)
    page.locator("h1").click()
    expect(alternatives(page)).to_have_count(0)


def test_the_keyboard_alone(page):
    type_in(page, "ein hund")
    shows(page, "ein hund")
    page.keyboard.press("Home")  # the word at the caret
    expect(page.locator("#translation .word").last).to_have_attribute("style", re.compile("0.750"))
    line = page.locator("#translation .line")
    for _ in range(5):
        page.keyboard.press("Tab")
        if line.evaluate("line => line === document.activeElement"):
            break
    expect(line).to_be_focused()
    page.keyboard.press("ArrowRight")
    says(page, "HUND", "hund")
    page.keyboard.press("ArrowRight")
    assert lit(page, "#mirror")[0] == ("ein", 1)
    page.keyboard.press("Enter")
    options = alternatives(page)
    expect(options.nth(0)).to_be_focused()
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(line).to_be_focused()
    page.keyboard.press("Space")
    expect(options.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(line).to_have_text("HUND EIN 1")
    expect(line).to_be_focused()
    page.keyboard.press("Enter")
    expect(options.nth(1)).to_be_focused()
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")


def test_other_languages_and_swapping(page):
    page.fill("#source", "ein hund")
    shows(page, "ein hund")
    page.get_by_role("button", name="Swap").click()
    expect(page.locator("#source-language")).to_have_text("English")
    expect(page.locator("#source")).to_have_value("HUND EIN")
    shows(page, "HUND EIN")
    page.get_by_label("Languages").select_option("German → English")
    expect(page.locator("#source-language")).to_have_text("German")
    assert page.locator("#translation").get_attribute("lang") == "en"


def test_no_server_then_one_again(browser, model, running):
    app = create_app({("de", "en"): model})
    trouble = "The server does not answer. Your text stays here; trying again …"
    page = browser.new_page()
    with running(app) as address:
        page.goto(address)
        page.fill("#source", "ein hund")
        shows(page, "ein hund")
    page.fill("#source", "eine katze")
    expect(page.get_by_role("alert")).to_have_text(trouble)
    assert violations(page) == []
    with running(app, port=int(address.rpartition(":")[2])):
        shows(page, "eine katze")
        expect(page.get_by_role("alert")).to_have_text("")
    page.close()


def test_what_the_server_refuses_is_said(page, model):
    page.fill("#source", "a" * 61)
    expect(page.get_by_role("alert")).to_have_text("Invalid request: request (61) exceeds text limit (60)")
    page.fill("#source", "ja")
    shows(page, "ja")
    expect(page.get_by_role("alert")).to_have_text("")
    model.error = "bad"
    page.fill("#source", "bad")
    expect(page.get_by_role("alert")).to_contain_text("the model failed")
    model.error = None
    shows(page, "bad")  # it tries again by itself


def test_text_is_never_taken_for_html(page):
    text = "<img src=x onerror=alert(1)> &amp; </div>"
    page.fill("#source", text)
    shows(page, text)
    page.locator("#translation .line").click()
    expect(alternatives(page)).to_have_count(5)
    assert page.locator("main img, main b").count() == 0


def test_text_from_right_to_left(visit):
    page = visit()
    page.fill("#source", "مرحبا بالعالم\nein hund")
    shows(page, "مرحبا بالعالم\nein hund")
    directions = page.locator("#translation .line").evaluate_all(
        "all => all.map(one => getComputedStyle(one).direction)"
    )
    assert directions == ["rtl", "ltr"]
    assert page.locator("#source").evaluate("one => getComputedStyle(one).direction") == "rtl"
    page.locator("#translation .line").first.focus()
    page.keyboard.press("ArrowLeft")  # on in the direction of reading
    says(page, "بالعالم", "بالعالم")
    word = page.locator("#mirror .word", has_text="ein").bounding_box()
    area = page.locator("#source").bounding_box()
    assert (
        word["x"] - area["x"] < 30
    )  # the second line of the mirror begins at the left, as it does in the area


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_is_accessible_at_every_width(visit, width, scheme):
    page = visit(viewport={"width": width, "height": 700}, color_scheme=scheme)
    assert violations(page) == []
    text = f"ein hund\n{'x' * 40}"
    page.fill("#source", text)
    shows(page, text)
    page.locator("#translation .word").first.hover()
    assert violations(page) == []
    page.locator("#translation .line").first.click()
    expect(alternatives(page)).to_have_count(5)
    assert violations(page) == []
    too_wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not too_wide


def test_beside_each_other_and_below_each_other(visit):
    for width, is_below in ((1280, False), (320, True)):
        page = visit(viewport={"width": width, "height": 700})
        source, target = (page.locator(one).bounding_box() for one in ("#source", "#translation"))
        assert (target["y"] >= source["y"] + source["height"]) == is_below
