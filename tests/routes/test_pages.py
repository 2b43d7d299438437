"""The page that asks the book, as files; what it does is in ``tests/browser``."""

import re
from urllib.parse import urlsplit

from settings import ROOT
from tests.live import Live
from tests.page_files import modules

FILES = ROOT / "pages" / "ask"
EMBED = ROOT / "pages" / "embed"
CHATKIT = ROOT / "pages" / "chatkit"
CDN = "https://cdn.platform.openai.com"
FIRST_REQUEST = 8 * 1024  # bytes that a page pays on which nobody asks
FORBIDDEN = (
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function"
)


def test_the_page_needs_nothing_from_elsewhere(live: Live) -> None:
    """It works offline, under a policy that forbids every other origin, inline code and markup."""
    page = live.client.get("/")
    policy = page.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="([^"#]+)"', page.text)

    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self';" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert loaded
    assert not any(
        urlsplit(url).netloc or url.startswith("/") for url in loaded
    )  # also below a path
    assert all(live.client.get(f"/{url}").status_code == 200 for url in loaded)
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page.text)


def test_every_module_of_the_page_is_served_as_javascript(live: Live) -> None:
    """All of its own, and what both pages share."""
    own = {f"/pages/ask/{file.name}" for file in FILES.glob("*.js")}

    assert modules(live, "/") == own | {"/pages/dom.js"}


def test_no_module_makes_markup_of_text() -> None:
    """An answer may hold anything."""
    files = [*FILES.glob("*.js"), *EMBED.glob("*.js"), *CHATKIT.glob("*.js")]
    files.append(FILES.parent / "dom.js")
    found = [file.name for file in files if re.search(FORBIDDEN, file.read_text())]

    assert found == []


def test_styles_load_nothing_from_elsewhere() -> None:
    """No fonts, no pictures of others."""
    for file in [*FILES.glob("*.css"), *EMBED.glob("*.css"), *CHATKIT.glob("*.css")]:
        assert not re.search(r"url\(\s*[\"']?(?:https?:)?//|@import", file.read_text()), file.name


def test_the_page_knows_a_newcomer_by_the_cookie_that_is_not_there(live: Live) -> None:
    """It would ask for a session in vain else, and a newcomer's console would show a 401."""
    cookie = {"Cookie": "better-auth.session_token=anything"}

    assert "<html data-newcomer " in live.client.get("/").text
    assert "data-newcomer" not in live.client.get("/", headers=cookie).text
    assert live.client.get("/").headers["cache-control"] == "no-store"


def test_the_script_on_other_sites_stays_small(live: Live) -> None:
    """Each page of a book loads it; what opens the panel comes when somebody wants it."""
    script = live.client.get("/embed.js")

    assert len(script.content) < FIRST_REQUEST
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"


def test_the_page_around_chatkit_allows_openais_component_and_nothing_else(live: Live) -> None:
    """Its script, the frame that it makes, and our own service."""
    page = live.client.get("/chatkit.html")
    rules = page.headers["content-security-policy"].split("; ")
    policy = {name: sources for name, _, sources in (rule.partition(" ") for rule in rules)}
    loaded = re.findall(r'(?:src|href)="([^"#]+)"', page.text)

    assert policy == {
        "default-src": "'none'",
        "script-src": f"'self' {CDN}",
        "frame-src": CDN,
        "connect-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'self'",
        "form-action": "'none'",
    }
    assert page.headers["referrer-policy"] == "strict-origin"
    assert "./" in loaded
    assert not any(urlsplit(url).netloc or url.startswith("/") for url in loaded)
    assert all(live.client.get(f"/{url}").status_code == 200 for url in loaded)
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page.text)
    assert modules(live, "/chatkit.html") >= {
        f"/pages/chatkit/{file.name}" for file in CHATKIT.glob("*.js")
    }
