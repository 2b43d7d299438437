"""Asking on the page: the answer, its footnotes, and what goes wrong on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from settings import Settings
from tests.browser.asking import ask, ended
from tests.browser.console import Console
from tests.fake_model import FakeModel
from tests.live import BOOK_URL, Serve

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route, expect
else:
    expect = pytest.importorskip("playwright.sync_api").expect

QUESTION = "How long is one blast of the fog signal?"
DEAD = "postgresql://nobody@127.0.0.1:1/nothing"
ANSWER = "It gives one blast of five seconds"


def test_the_answer_has_footnotes_that_show_their_passage(opened: Page) -> None:
    """By pointer and by keyboard; the passage's page opens in a new tab, which cannot look back."""
    ask(opened, QUESTION)
    ended(opened)
    marker, note = opened.locator(".marker").first, opened.get_by_role("tooltip")

    expect(opened.locator(".answer")).to_contain_text(ANSWER)
    expect(note).to_be_hidden()
    marker.hover()
    expect(note).to_contain_text("Fog › The fog signal")
    expect(note).to_contain_text("compressed-air siren")
    expect(note).to_contain_text("fog.md")
    opened.keyboard.press("Escape")
    expect(note).to_be_hidden()
    marker.focus()
    expect(note).to_be_visible()
    assert (marker.get_attribute("href") or "").startswith(BOOK_URL)
    assert marker.get_attribute("target") == "_blank"
    assert "noopener" in (marker.get_attribute("rel") or "")


def test_a_note_is_there_for_the_pointer(opened: Page) -> None:
    """Its words can be selected, its title leads to the page, and a click elsewhere closes it."""
    ask(opened, QUESTION)
    ended(opened)
    marker, note = opened.locator(".marker").first, opened.get_by_role("tooltip")
    marker.focus()
    note.locator("blockquote p").dblclick()
    expect(note).to_be_visible()
    assert opened.evaluate("getSelection().toString()")

    assert (note.get_by_role("link").get_attribute("href") or "").startswith(BOOK_URL)
    opened.locator(".question").click()
    expect(note).to_be_hidden()


def test_a_newcomer_is_greeted_by_the_book(opened: Page) -> None:
    """With its name, and with chapters to begin with: not the foreword."""
    offers = opened.get_by_role("list", name="Or begin with a chapter").get_by_role("button")

    expect(opened).to_have_title("The Lighthouse Keeper's Manual – ask the book")
    expect(opened.get_by_role("heading", level=1)).to_have_text("The Lighthouse Keeper's Manual")
    expect(offers).to_have_text(["The Lamp", "Fog", "The Keeper's Day"])
    offers.nth(1).click()
    ended(opened)
    expect(opened.locator(".question")).to_have_text("Fog")
    expect(opened.locator("#start")).to_be_hidden()


def test_sources_stand_below_and_the_page_says_that_no_model_is_in_use(opened: Page) -> None:
    """Without a model the words are the book's, and the reader is to know."""
    ask(opened, QUESTION)
    ended(opened)

    expect(opened.get_by_role("region", name="Sources")).to_contain_text("Fog › The fog signal")
    expect(opened.locator(".remark")).to_have_text(
        "These are the book’s own words; no model is in use."
    )


def test_a_model_that_is_away_is_told_in_a_sentence(
    serve: Serve, with_model: Settings, model: FakeModel, page: Page
) -> None:
    """``degraded`` in words."""
    model.fail(400)
    page.goto(serve(with_model).url)
    ask(page, QUESTION)
    ended(page)

    expect(page.locator(".remark")).to_contain_text("no model is in use")


def test_only_the_whole_answer_is_announced(
    serve: Serve, with_model: Settings, model: FakeModel, page: Page
) -> None:
    """A screen reader that spoke every piece would never come to an end."""
    model.say("Five seconds long, every time that it sounds [1].", gap=0.15)
    page.goto(serve(with_model).url)
    ask(page, QUESTION)
    said = page.locator("#said")

    expect(page.locator(".text")).to_contain_text("Five seconds")
    assert said.text_content() == ""
    ended(page)
    expect(said).to_have_text("Five seconds long, every time that it sounds.")


def test_stop_ends_the_answer_and_keeps_what_there_is(
    serve: Serve, with_model: Settings, model: FakeModel, page: Page
) -> None:
    """The model is left, too."""
    model.say("word " * 400, gap=0.1)
    page.goto(serve(with_model).url)
    ask(page, QUESTION)
    expect(page.locator(".text")).to_contain_text("word word")
    page.get_by_role("button", name="Stop").click()
    ended(page)

    expect(page.locator(".state .trouble")).to_have_text("You stopped this answer.")
    expect(page.locator(".text")).to_contain_text("word word")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    assert model.wait_for_disconnect()


def test_an_answer_is_read_on_after_a_lost_connection(opened: Page) -> None:
    """From the last id on: nothing twice, nothing missing."""
    cut: list[str] = []
    resumed: list[str] = []

    def cutting(route: Route) -> None:
        body = route.fetch().text()
        frames = body.split("\n\n")
        cut.append(body)
        route.fulfill(body="\n\n".join(frames[:2]) + "\n\nid: 9\nda", headers=EVENTS)

    opened.route("**/api/v1/chat/stream", cutting)
    opened.on("request", lambda sent: resumed.append(sent.headers.get("last-event-id", "")))
    ask(opened, QUESTION)
    ended(opened)

    assert len(cut) == 1
    assert [at for at in resumed if at] == [cut[0].split("id: ")[2].split("\n")[0]]
    assert (opened.locator(".text").text_content() or "").count("From the book:") == 1
    expect(opened.locator(".trouble")).to_have_count(0)
    expect(opened.locator(".marker").first).to_be_visible()


EVENTS = {"content-type": "text/event-stream"}


def test_a_question_over_a_limit_says_when_to_try_again(
    serve: Serve, settings: Settings, page: Page, console: Console
) -> None:
    """429: the sentence stands at the question, which can be asked again."""
    console.expects("status of 429")
    page.goto(serve(evolve(settings, rate_limits=True, global_chat_per_day=1)).url)
    ask(page, QUESTION)
    ended(page)
    ask(page, "And if the siren fails?")
    ended(page, 2)
    refused = page.locator(".exchange").last

    expect(refused.locator(".trouble")).to_contain_text("Try again in")
    expect(refused).to_contain_text("And if the siren fails?")
    expect(refused.get_by_role("button", name="Try again")).to_be_visible()


def test_offline_nothing_is_lost_and_a_retry_takes_its_place(
    opened: Page, console: Console
) -> None:
    """The question stands, with a reason and a button."""
    console.expects("net::ERR_INTERNET_DISCONNECTED")
    opened.context.set_offline(offline=True)
    ask(opened, QUESTION)
    ended(opened)
    expect(opened.locator(".trouble")).to_have_text("You seem to be offline.")
    opened.context.set_offline(offline=False)
    opened.get_by_role("button", name="Try again").click()

    expect(opened.locator(".answer")).to_contain_text(ANSWER)
    expect(opened.locator(".exchange")).to_have_count(1)
    expect(opened.locator(".trouble")).to_have_count(0)


def test_without_a_database_the_book_answers_all_the_same(
    serve: Serve, settings: Settings, page: Page, console: Console
) -> None:
    """Nobody is a guest, and nobody is asked for a judgement that could not be kept."""
    console.expects("status of 503")
    page.goto(serve(evolve(settings, database_url=DEAD)).url)
    ask(page, QUESTION)
    ended(page)

    expect(page.locator(".answer")).to_contain_text(ANSWER)
    expect(page.get_by_label("Helpful", exact=True)).to_have_count(0)


def test_what_is_typed_survives_a_reload_and_its_length_is_told(opened: Page) -> None:
    """Nothing is cut off; what is too long is only not sent."""
    field = opened.get_by_label("Your question")
    field.fill("x" * 4003)
    expect(opened.locator("#count")).to_have_text("3 characters too many")
    expect(opened.get_by_role("button", name="Ask", exact=True)).to_be_disabled()
    field.fill("x" * 3990)
    expect(opened.locator("#count")).to_have_text("10 characters left")
    opened.reload()

    expect(field).to_have_value("x" * 3990)


def test_shift_and_enter_break_the_line(opened: Page) -> None:
    """Enter alone asks."""
    field = opened.get_by_label("Your question")
    field.fill("one")
    opened.keyboard.press("Shift+Enter")
    opened.keyboard.type("two")

    expect(field).to_have_value("one\ntwo")
    expect(opened.locator(".exchange")).to_have_count(0)


def test_copy_takes_the_sources_along(opened: Page) -> None:
    """As plain text."""
    ask(opened, QUESTION)
    ended(opened)
    opened.get_by_role("button", name="Copy with sources").click()
    expect(opened.locator("#said")).to_have_text("Copied")
    copied = opened.evaluate("navigator.clipboard.readText()")

    assert ANSWER in copied
    assert "\n\nSources\n[1] Fog › The fog signal, https://example.org/book/fog" in copied


WIDE = f"""It lasts for five seconds [1]. {"x" * 200}

```
{"wide " * 60}
```

| {" | ".join("column" for _ in range(12))} |
| {" | ".join("---" for _ in range(12))} |
| {" | ".join("cell" for _ in range(12))} |
"""


def test_a_narrow_window_needs_no_sideways_scrolling(
    serve: Serve, with_model: Settings, model: FakeModel, page: Page
) -> None:
    """320 pixels, with long words, code and a table in the answer, and a note open."""
    model.say(WIDE)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(serve(with_model).url)
    ask(page, "Which signal does Skerry Point have? " + "x" * 200)
    ended(page)
    page.locator(".marker").first.focus()
    expect(page.get_by_role("tooltip")).to_be_visible()

    expect(page.locator("table")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
