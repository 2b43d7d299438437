"""The panel on another site: its button, a selection, and what it does not do to the page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from settings import Settings
from tests.browser.asking import ask, ended
from tests.browser.console import Console
from tests.browser.site import Site, opened
from tests.live import Serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page, Request, expect

    Visit = Callable[..., Site]
else:
    expect = pytest.importorskip("playwright.sync_api").expect

QUESTION = "How long is one blast of the fog signal?"
ANSWER = "It gives one blast of five seconds"
SELECT_LAMP = "getSelection().selectAllChildren(document.getElementById('lamp'))"


@pytest.fixture
def visit(serve: Serve, settings: Settings, page: Page) -> Iterator[Visit]:
    """Opens the site, which CORS_ORIGINS lists."""
    with opened() as site:

        def visited(attributes: str = "") -> Site:
            site.service = serve(evolve(settings, cors_origins=(site.origin,))).url
            site.attributes = attributes
            page.goto(f"{site.origin}/lamp?secret=1#part")
            return site

        yield visited


def asked(sent: Request) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(sent.post_data or "")["message"]
    return message


def panel(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Ask the light-keeper")


def open_panel(page: Page) -> Locator:
    page.get_by_role("button", name="Ask the book").click()
    expect(page.get_by_label("Your question")).to_be_focused()
    return panel(page)


def test_a_reader_of_another_site_asks_the_book(visit: Visit, page: Page) -> None:
    """Under a strict policy, on another origin: the answer, its footnote, and follow-ups."""
    visit()
    shown = open_panel(page)
    ask(page, QUESTION)
    ended(page)
    expect(shown.locator(".answer")).to_contain_text(ANSWER)
    shown.locator(".marker").first.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("compressed-air siren")
    ask(page, "And if the siren fails?")
    ended(page, 2)

    expect(shown.locator(".question")).to_have_text([QUESTION, "And if the siren fails?"])
    assert page.evaluate("scrollY") == 0


def test_the_guests_token_stays_with_the_site(visit: Visit, page: Page) -> None:
    """No cookie is set; the next page goes on with the conversation."""
    site = visit()
    open_panel(page)
    ask(page, QUESTION)
    ended(page)
    page.goto(f"{site.origin}/next")
    shown = open_panel(page)

    expect(shown.locator(".question")).to_have_text([QUESTION])
    expect(shown.locator(".answer")).to_contain_text(ANSWER)
    assert page.context.cookies() == []
    shown.get_by_role("button", name="New conversation").click()
    expect(shown.locator(".question")).to_have_count(0)


def test_a_selection_is_asked_about(visit: Visit, page: Page) -> None:
    """A button at the selection; the question carries it, and the page's address without more."""
    site = visit()
    page.evaluate(SELECT_LAMP)
    page.get_by_role("button", name="Ask about this").click()
    shown = panel(page)
    expect(shown.locator("#quoted")).to_have_text("The lens turns once in ninety seconds.")
    with page.expect_request("**/api/v1/chat/stream") as sent:
        shown.get_by_role("button", name="Explain this").click()
    ended(page)

    assert asked(sent.value)["metadata"] == {
        "context": "selected-text",
        "selected_text": "The lens turns once in ninety seconds.",
        "page": f"{site.origin}/lamp",
    }
    expect(shown.locator(".exchange .about")).to_have_text("The lens turns once in ninety seconds.")
    expect(shown.locator("#quote")).to_be_hidden()


def test_nothing_is_offered_for_a_selection_that_is_gone(visit: Visit, page: Page) -> None:
    """Nor is it taken along when the reader removes it."""
    visit()
    page.evaluate(SELECT_LAMP)
    expect(page.get_by_role("button", name="Ask about this")).to_be_visible()
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.get_by_role("button", name="Ask about this")).to_be_hidden()
    page.evaluate(SELECT_LAMP)
    shown = open_panel(page)
    shown.get_by_role("button", name="Remove the selected text").click()
    with page.expect_request("**/api/v1/chat/stream") as sent:
        ask(page, QUESTION)

    assert asked(sent.value)["metadata"]["context"] == "full-book"
    ended(page)


def test_a_link_of_the_page_asks_its_question(visit: Visit, page: Page) -> None:
    """The link leads nowhere then; Escape gives the focus back to it."""
    site = visit()
    link = page.get_by_role("link", name="The fog signal")
    link.press("Enter")
    ended(page)
    expect(panel(page).locator(".answer")).to_contain_text(ANSWER)
    page.keyboard.press("Escape")

    expect(panel(page)).to_be_hidden()
    expect(link).to_be_focused()
    assert page.url.startswith(f"{site.origin}/lamp")


def test_escape_closes_a_note_first(visit: Visit, page: Page) -> None:
    """And the panel with the next one."""
    visit()
    shown = open_panel(page)
    ask(page, QUESTION)
    ended(page)
    shown.locator(".marker").first.focus()
    expect(page.get_by_role("tooltip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_be_hidden()
    expect(shown).to_be_visible()
    page.keyboard.press("Escape")

    expect(shown).to_be_hidden()
    expect(page.get_by_role("button", name="Ask the book")).to_be_focused()


def test_the_sites_own_keys_do_not_hear_what_is_typed(visit: Visit, page: Page) -> None:
    """Many sites open their search at the first "s"."""
    visit()
    page.evaluate("() => { document.onkeydown = ({key}) => { window.heard = key; }; }")
    open_panel(page)
    page.keyboard.type("s?/")

    expect(page.get_by_label("Your question")).to_have_value("s?/")
    assert page.evaluate("window.heard ?? null") is None


def test_the_sites_rem_and_colours_do_not_reach_it(visit: Visit, page: Page) -> None:
    """A rem of 10 px, as mdBook has it; and dark where the site is, when it becomes so."""
    visit()
    page.evaluate("document.documentElement.style.fontSize = '10px'")
    shown = open_panel(page)
    size = "node => getComputedStyle(node).fontSize"
    assert shown.get_by_label("Your question").evaluate(size) == "17px"
    colour = "node => getComputedStyle(node).backgroundColor"
    light = shown.evaluate(colour)
    page.evaluate("document.body.style.background = 'oklch(0.2 0.02 250)'")
    page.wait_for_function("document.querySelector('footnote-ask').dataset.theme === 'dark'")

    assert (light, shown.evaluate(colour)) == ("rgb(255, 253, 249)", "rgb(22, 21, 19)")


def test_on_a_phone_it_fills_the_screen(visit: Visit, page: Page) -> None:
    """And the page behind is out of reach."""
    page.set_viewport_size({"width": 360, "height": 640})
    visit()
    box = open_panel(page).bounding_box()

    assert box == {"x": 0, "y": 0, "width": 360, "height": 640}
    assert page.evaluate(
        "document.querySelector('footnote-ask').shadowRoot.querySelector("
        "'dialog').matches(':modal')"
    )


def test_the_tag_may_stand_there_twice(visit: Visit, page: Page) -> None:
    """As it does on this site; others change pages by script, and run it again."""
    visit()
    open_panel(page)

    expect(page.locator("footnote-ask")).to_have_count(1)


def test_a_nonce_is_policy_enough(serve: Serve, settings: Settings, page: Page) -> None:
    """A site that lists no host of scripts: what the tag's nonce vouches for may load its modules.

    No style of ours is inline, and nothing is made of a string: what breaks a policy is told in the
    console, and fails the test.
    """
    with opened() as site:
        site.service = serve(evolve(settings, cors_origins=(site.origin,))).url
        site.attributes, site.again = 'nonce="b2xk"', ""
        site.policy = (
            "default-src 'none'; script-src 'nonce-b2xk'; connect-src {service}; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        )
        page.goto(site.origin)
        page.evaluate(SELECT_LAMP)
        page.get_by_role("button", name="Ask about this").click()
        ask(page, QUESTION)
        ended(page)

        expect(panel(page).locator(".answer")).to_contain_text(ANSWER)


def test_a_site_that_changes_pages_by_script_is_followed(visit: Visit, page: Page) -> None:
    """Its button outlives the body, and a question tells the page on which it was asked."""
    site = visit()
    page.evaluate(
        "() => { history.pushState(null, '', '/fog?x=1#y');"
        " document.body = document.createElement('body'); }"
    )
    open_panel(page)
    with page.expect_request("**/api/v1/chat/stream") as sent:
        ask(page, QUESTION)
    ended(page)

    assert asked(sent.value)["metadata"]["page"] == f"{site.origin}/fog"


def test_a_site_that_is_not_listed_is_told_so(
    serve: Serve, settings: Settings, page: Page, console: Console
) -> None:
    """The owner in the console, the reader in a sentence."""
    console.expects("blocked by CORS policy")
    console.expects("net::ERR_FAILED")
    with opened() as site:
        site.service = serve(evolve(settings, cors_origins=("https://docs.example.org",))).url
        page.goto(site.origin)
        page.get_by_role("button", name="Ask the book").click()
        expect(page.get_by_role("alert")).to_have_text("The book’s answers cannot be reached now.")
        console.expects(f"{site.origin} in its CORS_ORIGINS?")
