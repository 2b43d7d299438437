"""The contract as files, and the page that shows it."""

import re

import pytest
import yaml

from settings import ROOT
from tests.live import CONTRACT, Live
from tests.page_files import modules

MODULES = ROOT / "pages" / "reference"


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_contract_is_served_as_it_is(live: Live, slash: str) -> None:
    """The file itself, and the same as JSON."""
    as_yaml = live.client.get(f"/openapi.yaml{slash}")
    as_json = live.client.get(f"/openapi.json{slash}")

    assert as_yaml.content == (ROOT / "openapi.yaml").read_bytes()
    assert as_json.json() == yaml.safe_load(as_yaml.text) == CONTRACT.document


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
    own = {f"/pages/reference/{file.name}" for file in MODULES.iterdir()}

    assert modules(live, "/docs") == own | {"/pages/dom.js"}


def test_only_the_pages_are_served(live: Live) -> None:
    """Not the files around them."""
    for path in ("/pages/../service.py", "/pages/%2e%2e/service.py", "/pages/", "/pages"):
        assert live.client.get(path).status_code in (404, 405)
