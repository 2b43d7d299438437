"""The contract as files, and the page that shows it."""

import re

import httpx2
import pytest
import yaml
from attrs import evolve

from settings import ROOT, Settings
from tests.live import CONTRACT, Live, Serve
from tests.page_files import modules

MODULES = ROOT / "pages" / "reference"
ALLOW = "access-control-allow-origin"
SITE = "https://docs.example.org"


@pytest.fixture(params=["/openapi.yaml", "/openapi.json"])
def path(request: pytest.FixtureRequest) -> str:
    """Of the contract, in either form."""
    form: str = request.param
    return form


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_contract_is_served_as_it_is(live: Live, slash: str) -> None:
    """The file itself, and the same as JSON."""
    as_yaml = live.client.get(f"/openapi.yaml{slash}")
    as_json = live.client.get(f"/openapi.json{slash}")

    assert as_yaml.content == (ROOT / "openapi.yaml").read_bytes()
    assert as_json.json() == yaml.safe_load(as_yaml.text) == CONTRACT.document


def test_a_contract_that_is_known_is_not_sent_again(live: Live, path: str) -> None:
    """By a strong ETag, as proxies weaken and join it, or for whoever has any version."""
    first = live.client.get(path)
    etag = first.headers["etag"]
    known = [etag, f"W/{etag}", "*", f'"other", {etag}', f'W/"a,b",W/{etag} , "c"']
    replies = [live.client.get(path, headers={"If-None-Match": one}) for one in known]
    twice = live.client.get(path, headers=[("If-None-Match", '"x"'), ("If-None-Match", etag)])

    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    for reply in (*replies, twice):
        assert (reply.status_code, reply.content) == (304, b"")
        assert reply.headers["etag"] == etag
        assert reply.headers["cache-control"] == first.headers["cache-control"]
        assert reply.headers[ALLOW] == "*"


def test_a_contract_that_is_another_is_sent(live: Live, path: str) -> None:
    """What only resembles the ETag is not it."""
    etag = live.client.get(path).headers["etag"]
    for other in (
        '"x"',
        etag.strip('"'),
        f'"{etag}"',
        f'{etag[:-2]}"',
        '"*"',
        "",
        f'W/"x", {etag[:-1]}',
    ):
        assert live.client.get(path, headers={"If-None-Match": other}).status_code == 200, other


def test_a_contract_is_asked_for_again_each_time(live: Live, path: str) -> None:
    """A copy is kept, but never used unasked: a new service shows its contract at once."""
    assert live.client.get(path).headers["cache-control"] == "public, no-cache"


def test_the_head_of_a_contract_says_the_same_without_it(live: Live, path: str) -> None:
    """Length, type and ETag; a client that knows it learns so."""
    whole, head = live.client.get(path), live.client.head(path)
    known = live.client.head(path, headers={"If-None-Match": whole.headers["etag"]})

    assert (head.status_code, head.content, known.status_code) == (200, b"", 304)
    for name in ("content-length", "content-type", "etag", "cache-control", ALLOW):
        assert head.headers[name] == whole.headers[name], name


def test_nothing_but_reading_is_done_to_a_contract(live: Live, path: str) -> None:
    """The other methods are a 405 that names those that work."""
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = live.client.request(method, path)
        assert refused.status_code == 405
        assert refused.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("origin", ["https://editor.example", "null"])
def test_tools_on_every_page_read_the_contract(live: Live, path: str, origin: str) -> None:
    """Without the reader's cookies; also those that first ask whether they may send an ETag."""
    told = live.client.get(path, headers={"Origin": origin}).headers
    asked = live.client.options(path, headers=preflight(origin))

    assert told[ALLOW] == asked.headers[ALLOW] == "*"
    assert "etag" in told["access-control-expose-headers"]
    assert asked.status_code == 204
    assert "if-none-match" in asked.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in {*told, *asked.headers}


def test_with_listed_sites_others_read_the_contract_and_nothing_else(
    serve: Serve, settings: Settings, path: str
) -> None:
    """A listed one is named, once, so that its page may send cookies there as everywhere."""
    client = serve(evolve(settings, cors_origins=(SITE,))).client
    replies = {origin: told(client, path, origin) for origin in (SITE, "https://editor.example")}

    assert [reply.get_list(ALLOW) for reply in replies.values()] == [[SITE], ["*"]]
    assert replies[SITE]["access-control-allow-credentials"] == "true"
    assert "access-control-allow-credentials" not in replies["https://editor.example"]
    assert all(reply["vary"] == "Origin" for reply in replies.values())
    assert ALLOW not in told(client, "/health/live", "https://editor.example")


def told(client: httpx2.Client, path: str, origin: str) -> httpx2.Headers:
    return client.get(path, headers={"Origin": origin}).headers


def preflight(origin: str) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "if-none-match",
    }


def test_the_page_needs_nothing_from_elsewhere(live: Live) -> None:
    """It works offline, under a policy that forbids every other origin and inline code."""
    page = live.client.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"#]+)"', page.text)

    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert loaded
    assert all(not url.startswith(("http", "//")) for url in loaded)
    assert all(live.client.get(url).status_code == 200 for url in loaded)
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\son\w+=", page.text)


def test_every_module_of_the_page_is_served_as_javascript(live: Live) -> None:
    """The page's own, and what both pages share."""
    own = {f"/{file.relative_to(ROOT)}" for file in MODULES.rglob("*.js")}

    assert modules(live, "/docs") == own | {"/pages/dom.js"}


def test_only_the_pages_are_served(live: Live) -> None:
    """Not the files around them."""
    for path in ("/pages/../service.py", "/pages/%2e%2e/service.py", "/pages/", "/pages"):
        assert live.client.get(path).status_code in (404, 405)
