"""What the page remembers: conversations, judgements, and accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.asking import ask, ended
from tests.browser.console import Console
from tests.live import PASSWORD, Live, Serve, new_email

if TYPE_CHECKING:
    from playwright.sync_api import Page, expect

    from settings import Settings
else:
    expect = pytest.importorskip("playwright.sync_api").expect

FOG = "How long is one blast of the fog signal?"
LAMP = "How often does the lens turn?"


def enter(page: Page, button: str, email: str, password: str = PASSWORD) -> None:
    """Fill in the dialog that *button* opens, and send it."""
    page.get_by_role("group", name="Account").get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill(email)
    dialog.get_by_label("Password").fill(password)
    dialog.get_by_role("button", name=button).click()


def titles(page: Page) -> list[str]:
    found: list[str] = page.locator("#conversations .open").all_text_contents()
    return found


def test_a_newcomer_becomes_a_guest_with_the_first_question(opened: Page) -> None:
    """The conversation is listed, goes on, and is there again after a reload."""
    ask(opened, FOG)
    ended(opened)
    ask(opened, "And if the siren fails?")
    ended(opened, 2)
    expect(opened.locator("#conversations .open")).to_have_text([FOG])
    opened.reload()

    expect(opened.locator(".question")).to_have_text([FOG, "And if the siren fails?"])
    expect(opened.locator(".marker").first).to_be_visible()
    expect(opened.locator("#conversations [aria-current=true]")).to_have_text(FOG)


def test_conversations_are_found_opened_renamed_and_deleted(opened: Page) -> None:
    """Each by its own button, with names that say which one."""
    ask(opened, FOG)
    ended(opened)
    opened.get_by_role("button", name="New conversation").click()
    expect(opened.locator(".exchange")).to_have_count(0)
    ask(opened, LAMP)
    ended(opened)
    listed = opened.locator("#conversations .open")
    expect(listed).to_have_text([LAMP, FOG])

    opened.get_by_label("Search conversations").fill("siren")
    expect(listed).to_have_text([FOG])
    opened.get_by_label("Search conversations").fill("")
    expect(listed).to_have_count(2)

    opened.get_by_role("button", name=FOG, exact=True).click()
    expect(opened.locator(".question")).to_have_text([FOG])

    opened.get_by_role("button", name=f"Rename “{FOG}”").click()
    opened.get_by_label("Title").fill("Blasts")
    opened.get_by_role("button", name="Save").click()
    expect(listed).to_have_text([LAMP, "Blasts"])

    opened.get_by_role("button", name="Delete “Blasts”").click()
    opened.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(listed).to_have_text([LAMP])
    expect(opened.locator(".exchange")).to_have_count(0)


def test_a_judgement_is_kept(opened: Page) -> None:
    """The pressed state comes from the service after a reload; the other thumb replaces it."""
    ask(opened, FOG)
    ended(opened)
    helpful = opened.get_by_label("Helpful", exact=True)
    helpful.click()
    expect(opened.locator("#said")).to_have_text("Thank you.")
    expect(helpful).to_have_attribute("aria-pressed", "true")
    with opened.expect_response("**/feedback"):
        opened.get_by_label("Not helpful").click()
    expect(helpful).to_have_attribute("aria-pressed", "false")
    opened.reload()

    expect(opened.get_by_label("Not helpful")).to_have_attribute("aria-pressed", "true")


def test_what_a_guest_has_asked_comes_along_into_the_account(opened: Page) -> None:
    """Registering logs in at once; logging out leaves nothing on the page."""
    email = new_email()
    ask(opened, FOG)
    ended(opened)
    enter(opened, "Register", email)
    expect(opened.locator(".email")).to_have_text(email)
    expect(opened.locator("#conversations .open")).to_have_text([FOG])
    opened.get_by_role("button", name="Log out").click()
    expect(opened.get_by_role("button", name="Log in")).to_be_visible()
    expect(opened.locator(".exchange")).to_have_count(0)
    assert titles(opened) == []
    enter(opened, "Log in", email)

    expect(opened.locator("#conversations .open")).to_have_text([FOG])


def test_a_wrong_password_is_told_in_the_dialog(
    serve: Serve, settings: Settings, page: Page, console: Console
) -> None:
    """What has been typed stays, for another attempt."""
    console.expects("status of 401")
    live: Live = serve(settings)
    email = live.register(new_email()).json()["email"]
    page.goto(live.url)
    enter(page, "Log in", email, "not my password")

    expect(page.get_by_role("alert")).to_have_text("The e-mail or the password is wrong.")
    expect(page.get_by_label("E-mail")).to_have_value(email)


def test_while_nobody_can_tell_who_it_is_no_guest_takes_an_accounts_place(
    serve: Serve, settings: Settings, page: Page, console: Console
) -> None:
    """A guest's cookie would end the session that the service only could not look up."""
    live = serve(settings)
    email = live.register(new_email()).json()["email"]
    page.goto(live.url)
    enter(page, "Log in", email)
    expect(page.locator(".email")).to_have_text(email)
    console.expects("/auth/session")
    page.route("**/auth/session", lambda route: route.abort())
    page.reload()
    ask(page, FOG)
    ended(page)
    page.unroute("**/auth/session")
    page.reload()

    expect(page.locator(".email")).to_have_text(email)
    expect(page.locator("#conversations .open")).to_have_text([FOG])
