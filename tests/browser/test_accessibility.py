"""For every reader: by keyboard, by screen reader, in the dark, on a phone, from right to left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from settings import Settings
from tests.browser.asking import ask, ended
from tests.browser.axe import violations
from tests.browser.site import opened as opened_site
from tests.fake_model import FakeModel
from tests.live import Serve

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize, expect
else:
    expect = pytest.importorskip("playwright.sync_api").expect

QUESTION = "How long is one blast of the fog signal?"
# Outside of it, where the panel is, axe-core does not see what lies behind a word.
INTO_BODY = "document.body.append(document.querySelector('footnote-ask'))"
ARABIC = "خمس ثوانٍ في كل مرة [1]."
ARABIC_ANSWER = f"{ARABIC}\n\n- واحد\n- اثنان\n\n> اقتباس\n"
# So high that the question covers nothing: axe-core takes what is half covered for too small.
PHONE: ViewportSize = {"width": 390, "height": 1500}
DESK: ViewportSize = {"width": 1280, "height": 1200}


def test_axe_finds_nothing_wrong_on_the_page(opened: Page) -> None:
    """On the first visit, with an answer and its footnote, a dialog, the history; also in the dark
    and on a phone.
    """
    opened.set_viewport_size(DESK)
    found = {"first visit": violations(opened)}
    ask(opened, QUESTION)
    ended(opened)
    opened.locator(".marker").first.focus()
    expect(opened.get_by_role("tooltip")).to_be_visible()
    found["footnote"] = violations(opened)
    opened.emulate_media(color_scheme="dark")
    found["footnote, dark"] = violations(opened)
    opened.set_viewport_size(PHONE)
    found["footnote, dark, phone"] = violations(opened)
    opened.keyboard.press("Escape")
    opened.locator("summary").click()
    expect(opened.locator("#conversations .open")).to_be_visible()
    found["history, dark, phone"] = violations(opened)
    opened.emulate_media(color_scheme="light")
    found["history, phone"] = violations(opened)
    opened.get_by_role("button", name="Register").click()
    found["dialog, phone"] = violations(opened)
    opened.set_viewport_size(DESK)
    found["dialog"] = violations(opened)

    assert {state: what for state, what in found.items() if what} == {}


def test_axe_finds_nothing_wrong_in_the_panel_of_another_site(
    serve: Serve, settings: Settings, page: Page
) -> None:
    """With its button alone, with a selection, with an answer and its footnote, and in the dark."""
    with opened_site() as site:
        site.service = serve(evolve(settings, cors_origins=(site.origin,))).url
        page.goto(site.origin)
        page.evaluate(INTO_BODY)
        found = {"button": violations(page)}
        page.evaluate("getSelection().selectAllChildren(document.getElementById('lamp'))")
        page.get_by_role("button", name="Ask about this").click()
        expect(page.locator("#quoted")).to_be_visible()
        found["selection"] = violations(page)
        ask(page, QUESTION)
        ended(page)
        page.locator(".marker").first.focus()
        expect(page.get_by_role("tooltip")).to_be_visible()
        found["footnote"] = violations(page)
        page.evaluate("document.querySelector('footnote-ask').dataset.theme = 'dark'")
        found["footnote, dark"] = violations(page)

    assert {state: what for state, what in found.items() if what} == {}


def test_the_keyboard_alone_is_enough(opened: Page) -> None:
    """To ask, to see a passage and to close it again; the focus is never lost on the way."""
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")  # skip to the question
    expect(opened.get_by_label("Your question")).to_be_focused()
    opened.keyboard.type(QUESTION)
    opened.keyboard.press("Enter")
    ended(opened)
    marker, note = opened.locator(".marker").first, opened.get_by_role("tooltip")
    for _ in range(20):
        opened.keyboard.press("Shift+Tab")
        if note.is_visible():
            break

    expect(note).to_be_visible()
    opened.keyboard.press("Escape")
    expect(note).to_be_hidden()
    assert opened.evaluate("document.activeElement.classList.contains('marker')")
    assert marker.count() == 1


def test_who_wants_no_motion_gets_none(
    serve: Serve, with_model: Settings, model: FakeModel, page: Page
) -> None:
    """Neither while an answer is looked for and written, nor when a footnote opens."""
    model.say("word " * 20 + "[1]", gap=0.05)
    page.emulate_media(reduced_motion="reduce")
    page.goto(serve(with_model).url)
    ask(page, QUESTION)
    moving = [page.evaluate("document.getAnimations().length")]
    expect(page.locator(".text")).to_contain_text("word word")
    moving.append(page.evaluate("document.getAnimations().length"))
    ended(page)
    page.locator(".marker").first.focus()
    moving.append(page.evaluate("document.getAnimations().length"))

    assert moving == [0, 0, 0]


def test_arabic_reads_from_the_right(
    serve: Serve, with_model: Settings, model: FakeModel, page: Page
) -> None:
    """The question, the answer with its lists and quotes, and its entry in the history; a footnote
    follows its sentence, so it stands to the left.
    """
    model.say(ARABIC_ANSWER)
    page.goto(serve(with_model).url)
    ask(page, f"الضباب: {QUESTION}")
    ended(page)
    expect(page.locator("#conversations .open")).to_have_count(1)
    directions = [
        page.locator(kind).first.evaluate("node => getComputedStyle(node).direction")
        for kind in (".question", ".text p", ".text li", ".text blockquote", ".open span")
    ]
    text = page.locator(".text p").first.evaluate(
        """(paragraph) => {
          const range = document.createRange();
          range.selectNodeContents(paragraph.firstChild);
          const [words, note] = [range, paragraph.querySelector("sup")]
            .map((one) => one.getBoundingClientRect());
          return [paragraph.getBoundingClientRect().right - words.right, words.left - note.right];
        }"""
    )

    assert directions == ["rtl"] * 5
    assert text[0] < 2  # flush right
    assert text[1] >= -2  # and the footnote left of it
