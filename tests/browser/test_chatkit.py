"""The page around OpenAI's ChatKit, with a stand-in for the component: the real one is not ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from settings import Settings
from tests.browser.console import Console
from tests.live import Live, Serve

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route, expect
else:
    expect = pytest.importorskip("playwright.sync_api").expect

SCRIPT = "https://cdn.platform.openai.com/deployments/chatkit/chatkit.js"
# It is told its options, makes a frame and a style as the real one does, and asks by its `api`.
STAND_IN = """
customElements.define("openai-chatkit", class extends HTMLElement {
  setOptions(options) {
    this.options = options;
    this.dataset.theme = options.theme;
  }
  connectedCallback() {
    const root = this.attachShadow({ mode: "open" });
    const style = document.createElement("style");
    style.textContent = "iframe { display: block; width: 100%; height: 100%; border: 0; }";
    const frame = document.createElement("iframe");
    frame.src = "https://cdn.platform.openai.com/deployments/chatkit/index.html";
    root.append(style, frame);
  }
  async post(type, params) {
    const { url, fetch } = this.options.api;
    const headers = { "Content-Type": "application/json", "chatkit-frame-instance-id": "1" };
    const body = JSON.stringify({ type, params });
    return (await fetch(url, { method: "POST", headers, body })).text();
  }
});
"""
FRAME = "<!doctype html><title>ChatKit</title><p>Here would be the chat.</p>"
OPTIONS = """({ api, ...options }) => ({
  ...options, url: api.url, key: api.domainKey, fetches: typeof api.fetch,
})"""
QUESTION = {
    "content": [{"type": "input_text", "text": "How long is one blast of the fog signal?"}],
    "quoted_text": "",
    "attachments": [],
    "inference_options": {},
}


def stand_in(route: Route) -> None:
    is_script = route.request.url == SCRIPT
    kind, body = ("text/javascript", STAND_IN) if is_script else ("text/html", FRAME)
    route.fulfill(content_type=kind, body=body)


@pytest.fixture
def live(serve: Serve, settings: Settings) -> Live:
    """One of the test's own: it counts guests, and ends sessions."""
    return serve(settings)


@pytest.fixture
def chat(live: Live, context: BrowserContext, page: Page) -> Page:
    context.route("https://cdn.platform.openai.com/**", stand_in)
    page.goto(f"{live.url}/chatkit.html")
    expect(page.locator("openai-chatkit")).to_have_attribute("data-theme", "light")
    return page


def post(chat: Page, kind: str, **params: Any) -> str:
    asking = "([kind, params]) => document.querySelector('openai-chatkit').post(kind, params)"
    said: str = chat.evaluate(asking, [kind, params])
    return said


def test_the_component_is_told_where_the_book_is_and_what_readers_may(
    live: Live, chat: Page
) -> None:
    """With the key of the service's configuration, the book's name, and chapters to begin with."""
    told = chat.evaluate(f"({OPTIONS})(document.querySelector('openai-chatkit').options)")

    assert told["url"] == f"{live.url}/chatkit"
    assert (told["key"], told["fetches"]) == ("local-dev", "function")
    assert told["history"] == {"enabled": True, "showDelete": True, "showRename": True}
    assert told["threadItemActions"] == {"feedback": True, "retry": True}
    prompts = [prompt["prompt"] for prompt in told["startScreen"]["prompts"]]
    assert {"The Lamp", "Fog", "The Keeper's Day"} >= set(prompts) != set()
    assert told["startScreen"]["greeting"] == "The Lighthouse Keeper's Manual"
    chat.emulate_media(color_scheme="dark")
    expect(chat.locator("openai-chatkit")).to_have_attribute("data-theme", "dark")


def test_who_has_no_session_asks_as_a_guest(live: Live, chat: Page) -> None:
    """One guest, whose cookie goes along; the frame fills the window."""
    streamed = post(chat, "threads.create", input=QUESTION)
    listed = post(chat, "threads.list", limit=9999)

    assert "text_delta" in streamed
    assert "How long is one blast" in listed
    assert len(live.sql("select from users")) == 1
    frame = chat.locator("openai-chatkit iframe").bounding_box()
    assert chat.viewport_size
    assert frame == {"x": 0, "y": 0} | chat.viewport_size


def test_a_session_that_has_ended_is_replaced(live: Live, chat: Page, console: Console) -> None:
    """Without a word to the reader: a chat that is left open for months still answers."""
    console.expects("401")
    post(chat, "threads.list")
    live.sql("delete from sessions")

    assert "text_delta" in post(chat, "threads.create", input=QUESTION)


def test_a_reload_comes_back_to_the_thread(chat: Page) -> None:
    """Its name stands in the address."""
    streamed = post(chat, "threads.create", input=QUESTION)
    found = re.search(r'"thread":\{"id":"([^"]+)"', streamed)
    assert found
    told = f"new CustomEvent('chatkit.thread.change', {{ detail: {{ threadId: '{found[1]}' }} }})"
    chat.evaluate(f"document.querySelector('openai-chatkit').dispatchEvent({told})")
    chat.reload()
    expect(chat.locator("openai-chatkit")).to_have_attribute("data-theme", "light")
    wanted = chat.evaluate("document.querySelector('openai-chatkit').options.initialThread")

    assert wanted == found[1]
    assert "How long is one blast" in post(chat, "threads.get_by_id", thread_id=wanted)


def test_without_openai_a_sentence_leads_to_the_other_page(
    live: Live, context: BrowserContext, page: Page, console: Console
) -> None:
    """On a machine without the internet, for example."""
    console.expects("ERR_INTERNET_DISCONNECTED")
    away = "https://cdn.platform.openai.com/**"
    context.route(away, lambda route: route.abort("internetdisconnected"))
    page.goto(f"{live.url}/chatkit.html")

    expect(page.get_by_role("alert")).to_have_text(
        "ChatKit could not be loaded from OpenAI; perhaps there is no way to the internet."
    )
    page.get_by_role("link", name="This service’s own page").click()
    expect(page.get_by_label("Your question")).to_be_visible()
