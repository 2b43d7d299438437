"""What browsers are told, on every response that there is."""

from typing import Any

import pytest
from attrs import evolve

from settings import Settings
from tests.live import CONTRACT, Live, Serve, message

NOWHERE = "00000000-0000-7000-8000-000000000000"
SITE = "https://docs.example.org"
PREFLIGHT = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
STREAM = "/api/v1/chat/stream"
TOLD = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


def path_of(template: str) -> str:
    names = {part[1:-1]: NOWHERE for part in template.split("/") if part.startswith("{")}
    return template.format_map(names)


OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (o.method, path_of(o.path), {}) for o in CONTRACT.operations()
]
OTHERS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/", {}),
    ("GET", "/nothing", {}),
    ("GET", "/docs", {}),
    ("HEAD", "/docs", {}),
    ("GET", "/openapi.yaml", {}),
    ("GET", "/openapi.json", {}),
    ("GET", "/pages/icon.svg", {}),
    ("GET", "/pages/reference.css", {}),
    ("GET", "/pages/nothing.js", {}),
    ("POST", "/docs", {}),
    ("PATCH", "/health/live", {}),
    ("OPTIONS", "/api/v1/chat", {}),
    ("OPTIONS", "/api/v1/chat", {"headers": PREFLIGHT}),
    ("OPTIONS", "/nothing", {"headers": PREFLIGHT}),
    ("OPTIONS", "/api/v1/chat", {"headers": {**PREFLIGHT, "Origin": "https://evil.example"}}),
    ("POST", "/api/v1/chat", {"json": {}}),
    ("POST", "/api/v1/chat", {"content": b"{"}),
    ("POST", "/api/v1/chat", {"json": message("How bright is the lamp?")}),
    ("POST", STREAM, {"json": message("How bright is the lamp?")}),
]


def test_every_response_carries_the_headers(live: Live, serve: Serve, settings: Settings) -> None:
    """Each operation and page, refusals, preflights and streams; with CORS and without."""
    for client in (live.client, serve(evolve(settings, cors_origins=(SITE,))).client):
        for method, path, content in [*OPERATIONS, *OTHERS]:
            told = client.request(method, path, **content).headers

            assert TOLD.items() <= dict(told).items(), (method, path)
            assert "frame-ancestors '" in told["content-security-policy"], (method, path)
            assert told["cache-control"], (method, path)
            assert "strict-transport-security" not in told, (method, path)
            assert all(len(told.get_list(name)) == 1 for name in told if name != "vary"), path
            if told.get("content-type", "").startswith("text/"):
                assert "charset=utf-8" in told["content-type"], (method, path)


def test_a_failure_of_ours_carries_the_headers(
    serve: Serve, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The border answers it, inside of this; a page of a listed site can read the 500."""
    monkeypatch.setattr("answers.Answers.start", lambda *_, **__: 1 / 0)
    client = serve(evolve(settings, cors_origins=(SITE,))).client
    response = client.post("/api/v1/chat", json=message("Why?"), headers={"Origin": SITE})

    assert response.status_code == 500
    assert TOLD.items() <= dict(response.headers).items()
    assert response.headers["access-control-allow-origin"] == SITE


def test_an_answer_is_not_kept_and_a_stream_not_changed(live: Live) -> None:
    """``no-store`` wherever nothing else was said; the stream says more, for proxies."""
    answer = live.client.post("/api/v1/chat", json=message("How bright is the lamp?"))
    stream = live.client.post(STREAM, json=message("How bright is the lamp?"))

    assert answer.headers["cache-control"] == "no-store"
    assert stream.headers["cache-control"] == "no-cache, no-transform"


def test_a_file_is_asked_for_again_and_not_sent_twice(live: Live) -> None:
    """Its ETag saves the body, and a new version shows at once."""
    first = live.client.get("/pages/reference.css")
    again = live.client.get(
        "/pages/reference.css", headers={"If-None-Match": first.headers["etag"]}
    )

    assert (first.status_code, again.status_code) == (200, 304)
    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-cache"
    assert TOLD.items() <= dict(again.headers).items()


def test_a_page_keeps_its_own_policy(live: Live) -> None:
    """The usual one would forbid its scripts; two policies would both apply."""
    page, problem = live.client.get("/docs"), live.client.get("/nothing")

    own = "default-src 'self'; base-uri 'none'; frame-ancestors 'self'; form-action 'none'"
    assert page.headers.get_list("content-security-policy") == [
        f"{own}; require-trusted-types-for 'script'"
    ]
    assert (
        problem.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    )


def test_https_is_for_good_where_it_is_used(live: Live, serve: Serve, settings: Settings) -> None:
    """A proxy says so, or PUBLIC_URL; over http nobody is sent to a port that does not answer."""
    header, two_years = "strict-transport-security", "max-age=63072000"
    proxied = live.client.get("/nothing", headers={"X-Forwarded-Proto": "https"})
    public = serve(evolve(settings, public_url="https://book.example")).client

    assert header not in live.client.get("/nothing").headers
    assert proxied.headers[header] == public.get("/nothing").headers[header] == two_years
