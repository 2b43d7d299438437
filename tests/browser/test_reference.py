"""The reference page: reading the contract, and trying its operations on the running service."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from settings import Settings
from tests.browser.console import Console
from tests.fake_model import FakeModel
from tests.live import SERVICE_KEY, Live, Serve

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, expect
else:
    expect = pytest.importorskip("playwright.sync_api").expect

QUESTION = "How long is one blast of the fog signal?"
ANSWER = "It gives one blast of five seconds"


@pytest.fixture
def live(serve: Serve, settings: Settings) -> Live:
    return serve(settings)


@pytest.fixture
def docs(live: Live, page: Page) -> Page:
    """The page, once it has read the contract."""
    page.goto(f"{live.url}/docs")
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
    return page


def tried(page: Page, operation: str) -> Locator:
    """The open form of an operation."""
    article = page.locator(f"#{operation}")
    article.get_by_role("button", name="Try it").click()
    return article


def send(article: Locator, body: object = None) -> None:
    if body is not None:
        article.get_by_role("textbox", name="Body").fill(json.dumps(body))
    article.get_by_role("button", name="Send").click()
    expect(article.locator(".took[role=status]")).to_have_text(outcome(article), timeout=15_000)


def be_guest(article: Locator) -> None:
    article.get_by_role("button", name="Be a guest").click()
    expect(article.locator(".asking")).to_contain_text("Asks as a guest")


def outcome(article: Locator) -> str:
    shown = article.locator(".outcome")
    expect(shown).to_contain_text(" ms")
    return shown.text_content() or ""


def question(words: str) -> dict[str, object]:
    return {"message": {"content": words}}


def test_a_question_is_sent_and_its_reply_shown(docs: Page) -> None:
    """Status, time, headers of interest, the body, and where to go on with its ids."""
    chat = tried(docs, "send_chat")
    chat.get_by_role("textbox", name="Body").fill(json.dumps(question(QUESTION)))
    docs.keyboard.press("Control+Enter")

    expect(chat.locator(".status")).to_have_text("200 OK")
    expect(chat.locator(".headers")).to_contain_text("application/json")
    expect(chat.locator(".headers")).to_contain_text("x-request-id")
    expect(chat.locator(".reply > pre")).to_contain_text(ANSWER)
    expect(chat.locator(".next")).to_contain_text("Stop an answer at once")


def test_the_curl_command_follows_the_form_and_does_the_same(docs: Page) -> None:
    """Quotes and all: a shell runs it as it is shown."""
    chat = tried(docs, "send_chat")
    chat.get_by_role("textbox", name="Body").fill(
        json.dumps(question("Who's the keeper's \\ $HOME?"))
    )
    command = chat.locator(".request > div pre").first.text_content() or ""
    ran = subprocess.run(["bash", "-c", f"{command} -sf"], capture_output=True, check=True)

    assert json.loads(ran.stdout)["response"]["status"] == "success"


def test_a_stream_is_shown_event_by_event(
    serve: Serve, with_model: Settings, model: FakeModel, page: Page
) -> None:
    """While it is still written: each has its name and its tag, and opens to all of it."""
    model.say("word " * 100, gap=0.1)
    page.goto(f"{serve(with_model).url}/docs")
    stream = tried(page, "stream_chat")
    stream.get_by_role("textbox", name="Body").fill(json.dumps(question(QUESTION)))
    stream.get_by_role("button", name="Send").click()
    events = stream.locator(".events > li")
    expect(events.nth(3)).to_contain_text("ChatDelta")
    events.first.locator("summary").click()

    expect(events.first).to_contain_text("the first frame also names the message")
    expect(events.first).to_contain_text("partial")
    stream.get_by_role("button", name="Stop").click()
    expect(stream.locator(".took[role=status]")).to_contain_text("Stopped after")
    expect(stream.get_by_role("button", name="Send")).to_be_focused()
    assert model.wait_for_disconnect()


def test_the_last_event_of_a_stream_is_told_apart(docs: Page) -> None:
    """And how many there were."""
    stream = tried(docs, "stream_chat")
    send(stream, question(QUESTION))
    last = stream.locator(".events > li").last

    expect(last).to_contain_text("ChatCompleted success")
    expect(stream.locator(".outcome")).to_contain_text(" events in ")


def test_events_without_a_tag_are_known_by_what_they_hold(docs: Page) -> None:
    """Those of OpenAI's protocol; the end of the stream is no JSON."""
    completion = tried(docs, "create_chat_completion")
    asked = {"role": "user", "content": QUESTION}
    send(completion, {"model": "footnote", "stream": True, "messages": [asked]})
    events = completion.locator(".events > li")

    expect(events.first).to_contain_text("CompletionChunk")
    expect(events.last).to_contain_text("Text [DONE]")


def test_a_violation_leads_to_what_is_wrong(docs: Page, console: Console) -> None:
    """The pointer is a button, which selects the value in the body that was sent."""
    console.expects("status of 422")
    chat = tried(docs, "send_chat")
    send(chat, question(""))
    expect(chat.locator(".status")).to_have_text("422 Unprocessable Entity")
    expect(chat.locator(".refusal")).to_contain_text("value is shorter than 1 character")
    chat.get_by_role("button", name="Show body /message/content").first.click()
    body = chat.get_by_role("textbox", name="Body")

    expect(body).to_be_focused()
    assert body.evaluate("it => it.value.slice(it.selectionStart, it.selectionEnd)") == '""'


def test_a_wrong_parameter_is_pointed_at_too(docs: Page, console: Console) -> None:
    """Whatever is typed is sent: the service says what is wrong with it."""
    console.expects("status of 422")
    listing = tried(docs, "list_conversations")
    be_guest(listing)
    listing.get_by_role("textbox", name="limit").fill("900")
    send(listing)
    listing.get_by_role("button", name="Show query /limit").click()

    expect(listing.get_by_role("textbox", name="limit")).to_be_focused()


def test_a_guest_asks_and_finds_the_conversation(docs: Page) -> None:
    """One click opens the session; what comes back fills the forms of what takes it."""
    chat = tried(docs, "send_chat")
    be_guest(chat)
    send(chat, question(QUESTION))
    listing = tried(docs, "list_conversations")
    send(listing)
    one = tried(docs, "get_conversation")
    send(one)

    expect(listing.locator(".reply > pre")).to_contain_text(QUESTION)
    expect(one.locator(".status")).to_have_text("200 OK")
    expect(one.locator(".reply > pre")).to_contain_text(ANSWER)


def test_a_session_is_this_page_s_alone(docs: Page) -> None:
    """In its memory: no cookie, no storage, no word of it on the page; a reload forgets it."""
    listing = tried(docs, "list_conversations")
    be_guest(listing)
    expect(listing.locator(".request > div pre").first).to_contain_text("Bearer $BEARER")

    assert docs.context.cookies() == []
    assert docs.evaluate("localStorage.length + sessionStorage.length") == 0
    docs.reload()
    expect(tried(docs, "list_conversations").locator(".asking")).to_contain_text("nobody")


def test_an_account_logs_in_by_keyboard(live: Live, docs: Page, console: Console) -> None:
    """In a dialog that gives the focus back; a wrong password is told in it."""
    console.expects("status of 401")
    email = live.reader().email
    session = tried(docs, "get_session")
    session.get_by_role("button", name="Change who is asking").press("Enter")
    dialog = docs.get_by_role("dialog", name="Who is asking?")
    dialog.get_by_label("E-mail").fill(email)
    dialog.get_by_label("Password").fill("wrong, and long enough")
    docs.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("wrong")
    dialog.get_by_label("Password").fill("analytical engine 1843")
    docs.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    send(session)

    expect(session.locator(".asking")).to_contain_text(f"Asks as {email}")
    expect(session.locator(".reply > pre")).to_contain_text(email)


def test_a_program_shows_its_key(live: Live, docs: Page) -> None:
    """Only to the operation that takes it; curl shows a variable."""
    reader = live.reader()
    save = tried(docs, "save_conversation")
    save.get_by_role("button", name="Change who is asking").click()
    docs.get_by_label("X-Service-Key").fill(SERVICE_KEY)
    docs.get_by_role("form", name="A program of the site").get_by_role("button").click()
    send(save, {"user_id": reader.user_id, "query": "Why?", "response": "Because."})

    expect(save.locator(".status")).to_have_text("201 Created")
    expect(save.locator(".headers")).to_contain_text("/api/v1/conversations/")
    command = save.locator(".request > div pre").first
    expect(command).to_contain_text("X-Service-Key: $SERVICE_KEY")
    expect(docs.locator("#send_chat .request > div pre").first).not_to_contain_text("Service")


def test_what_is_for_good_is_asked_first(docs: Page) -> None:
    """Escape keeps it; only a yes sends it."""
    chat = tried(docs, "send_chat")
    be_guest(chat)
    send(chat, question(QUESTION))
    delete = tried(docs, "delete_conversation")
    dialog = docs.get_by_role("dialog", name="Really?")
    delete.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("Delete a conversation")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    docs.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(delete.locator(".outcome")).to_have_count(0)
    delete.get_by_role("button", name="Send").click()
    dialog.get_by_role("button", name="Send it").click()

    expect(delete.locator(".status")).to_have_text("204 No Content")
    expect(delete.locator(".reply")).to_contain_text("No body.")


def test_what_the_service_says_is_never_markup(docs: Page, console: Console) -> None:
    """Not even where it is echoed; the page's policy would refuse it, too."""
    console.expects("status of 422")
    chat = tried(docs, "send_chat")
    send(chat, {"message": {"content": "<img src=x onerror=alert(1)>"}, "<b>bold</b>": 1})

    expect(chat.locator(".reply")).to_contain_text("<b>bold</b>")
    expect(docs.locator("main img, main b")).to_have_count(0)


def test_each_event_of_a_stream_is_explained(docs: Page) -> None:
    """With the contract's own words, beside what tells it apart."""
    meanings = docs.locator("#stream_chat .meanings")
    kinds = docs.locator("#chatkit .meanings dt")

    expect(meanings).to_contain_text("The final frame of a whole answer.")
    expect(meanings.locator("dt")).to_have_text(["partial", "success", "error"])
    expect(kinds.first).to_have_text("thread.created")


def test_every_operation_has_a_form_that_fits_a_phone(docs: Page) -> None:
    """320 pixels, all of them open; every field has a name for a screen reader."""
    docs.set_viewport_size({"width": 320, "height": 700})
    for button in docs.get_by_role("button", name="Try it").all():
        button.click()
    fields = docs.locator(".attempt :is(input, select, textarea)")

    assert fields.count() > 20
    assert fields.evaluate_all("them => them.filter(it => !it.labels.length).length") == 0
    assert docs.evaluate("document.documentElement.scrollWidth") <= 320


def test_every_link_on_the_page_leads_somewhere_on_it(docs: Page) -> None:
    """To an operation, a scheme or a shape that is there, and each has words."""
    docs.locator("article details").evaluate_all("them => them.forEach(it => { it.open = true })")
    links = docs.locator("a[href^='#']")
    dead = """them => them.filter(it =>
        !it.textContent || !document.getElementById(decodeURIComponent(it.hash.slice(1))))
        .map(it => it.outerHTML)"""

    assert links.count() > 50
    assert links.evaluate_all(dead) == []
