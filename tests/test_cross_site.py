"""Other sites: whose pages may read, and that none acts with a reader's cookie."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from cross_site import check_origin, trusted_origins
from postmaster import Postmaster
from problems import ForeignOrigin
from settings import Settings
from tests.conftest import database
from tests.contract_checks import events
from tests.live import BOOK, CONTRACT, Live, Serve, message, running

SITE, EVIL = "https://docs.example.org", "https://evil.example"
HOST = "book.example:8443"
ALLOW = "access-control-allow-"
CHAT, STREAM = "/api/v1/chat", "/api/v1/chat/stream"
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/health/live", {}),
    ("GET", "/nothing", {}),
    ("GET", "/openapi.json", {}),
    ("GET", "/pages/reference.css", {}),
    ("PATCH", "/health/live", {}),
    ("OPTIONS", CHAT, {}),
    ("POST", CHAT, {"json": {}}),
    ("POST", CHAT, {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
    ("POST", STREAM, {"json": message("How bright is the lamp?")}),
]
LOOK_ALIKES = [
    EVIL,
    "null",
    "",
    "https://",
    "docs.example.org",
    "http://docs.example.org",
    f"{SITE}/",
    f"{SITE}:444",
    f"{SITE}:8443",
    f"{SITE}.evil.com",
    f"{SITE}.",
    f"{SITE}evil",
    f"{SITE}@evil.com",
    f"{SITE}, {EVIL}",
    f"{SITE} {EVIL}",
    f"{SITE}\\@evil.com",
    f"{SITE}%2eevil.com",
    "https://sub.docs.example.org",
    "https://evildocs.example.org",
    "https://user@docs.example.org",
    "https://docs.example.org%00.evil.com",
]


def asking(origin: str, method: str = "POST", headers: str = "content-type") -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }


def grants(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("access-control-")}


@pytest.fixture(scope="module")
def client(postgres: Postmaster, template: str, home: Path) -> Iterator[httpx2.Client]:
    """Asks a service that lists two sites."""
    with database(postgres, template) as dsn:
        settings = Settings(
            book=BOOK,
            home=home,
            database_url=dsn,
            cors_origins=("http://localhost:3000", SITE),
            rate_limits=False,
        )
        with running(settings) as live:
            yield live.client


def test_a_page_of_a_listed_site_reads_every_response(client: httpx2.Client) -> None:
    """Problems and streams, too; its own origin is named, for caches as well."""
    for method, path, content in REQUESTS:
        sent = content | {"headers": {**content.get("headers", {}), "Origin": SITE}}
        told = client.request(method, path, **sent).headers

        assert told[f"{ALLOW}origin"] == SITE, path
        assert told[f"{ALLOW}credentials"] == "true", path
        assert "x-request-id" in told["access-control-expose-headers"], path
        assert "Origin" in told.get_list("vary", split_commas=True), path


@pytest.mark.parametrize("origin", LOOK_ALIKES)
def test_a_page_of_another_site_reads_nothing(client: httpx2.Client, origin: str) -> None:
    """Not a grant, in no response; caches learn that another origin might get one.

    The contract alone is everybody's, see ``tests/routes/test_reference.py``.
    """
    for method, path, content in [one for one in REQUESTS if one[1] != "/openapi.json"]:
        sent = content | {"headers": {**content.get("headers", {}), "Origin": origin}}
        told = client.request(method, path, **sent).headers

        assert grants(told) == {}, path
        assert "Origin" in told.get_list("vary", split_commas=True), path


def test_with_a_star_every_page_reads_and_none_with_cookies(
    serve: Serve, settings: Settings
) -> None:
    """OWASP ASVS 5.0, 3.4.2: no origin is reflected, and credentials are never allowed."""
    client = serve(evolve(settings, cors_origins=("*",))).client
    for origin in (SITE, EVIL, "null"):
        asked = client.options(CHAT, headers=asking(origin))
        for method, path, content in REQUESTS:
            sent = content | {"headers": {**content.get("headers", {}), "Origin": origin}}
            told = client.request(method, path, **sent).headers
            assert told[f"{ALLOW}origin"] == "*", path
            assert f"{ALLOW}credentials" not in told, path

        assert asked.headers[f"{ALLOW}origin"] == "*"
        assert f"{ALLOW}credentials" not in asked.headers


def test_without_the_setting_no_page_reads(live: Live) -> None:
    """Nor is there anything for caches to tell apart."""
    client = live.client
    for origin in (SITE, EVIL, str(client.base_url).rstrip("/")):
        response = client.get("/health/live", headers={"Origin": origin})
        asked = client.options(CHAT, headers=asking(origin))

        assert grants(response.headers) == grants(asked.headers) == {}
        assert "vary" not in response.headers


@pytest.mark.parametrize("path", [*CONTRACT.document["paths"], "/nothing", "/docs"])
def test_a_preflight_of_a_listed_site_is_granted(client: httpx2.Client, path: str) -> None:
    """On wrong paths, too, so that the developer sees a 404 and not a CORS error."""
    told = client.options(path, headers=asking(SITE))

    assert (told.status_code, told.content) == (204, b"")
    assert told.headers[f"{ALLOW}origin"] == SITE
    assert told.headers[f"{ALLOW}credentials"] == "true"
    assert told.headers["access-control-max-age"] == "7200"
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(
        told.headers[f"{ALLOW}methods"].split(", ")
    )


def test_a_preflight_names_what_known_front_ends_send(client: httpx2.Client) -> None:
    """ChatKit's, OpenAI's library in a browser, event sources; never the service key."""
    told = client.options(CHAT, headers=asking(SITE, headers="x-service-key")).headers
    names = set(told[f"{ALLOW}headers"].split(", "))

    assert {"authorization", "content-type", "accept-language", "last-event-id"} <= names
    assert {"chatkit-frame-instance-id", "x-stainless-os", "x-stainless-timeout"} <= names
    assert not names & {"x-service-key", "cookie", "*"}


@pytest.mark.parametrize("origin", LOOK_ALIKES)
def test_a_preflight_of_another_site_gets_no_grant(client: httpx2.Client, origin: str) -> None:
    """It is answered like any other OPTIONS request; on a wrong path that is a problem."""
    known, unknown = (client.options(path, headers=asking(origin)) for path in (CHAT, "/nothing"))

    assert (known.status_code, unknown.status_code) == (204, 404)
    assert unknown.json()["error"] == "not_found"
    assert grants(known.headers) == grants(unknown.headers) == {}


def test_a_stream_for_another_site_is_still_a_stream(client: httpx2.Client) -> None:
    """Frames pass as they are."""
    body = message("How bright is the lamp?")
    response = client.post(STREAM, json=body, headers={"Origin": SITE})

    assert events(response.content)[-1]["status"] == "success"


def passes(headers: Mapping[str, str], *, method: str = "POST", host: str = HOST) -> bool:
    try:
        check_origin(method, headers, host=host, trusted={SITE, "http://localhost:3000"})
    except ForeignOrigin:
        return False
    return True


@pytest.mark.parametrize(
    "origin",
    [
        SITE,
        "HTTPS://Docs.Example.ORG",
        "http://localhost:3000",
        f"https://{HOST}",
        f"http://{HOST}",
        f"https://{HOST.upper()}",
    ],
)
def test_a_trusted_page_acts_with_the_cookie(origin: str) -> None:
    """A listed one, or one of ours: behind a proxy, its scheme is not the one that we see."""
    assert passes({"origin": origin})
    assert passes(Headers({"Origin": origin, "Sec-Fetch-Site": "cross-site"}))


@pytest.mark.parametrize("origin", [*LOOK_ALIKES, "http://localhost:3001", "https://book.example"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "get"])
def test_a_foreign_page_does_not_act_with_the_cookie(origin: str, method: str) -> None:
    """Whatever its name resembles, and whatever it says of itself."""
    assert not passes({"origin": origin}, method=method)
    assert not passes({"origin": origin, "sec-fetch-site": "same-origin"}, method=method)


@pytest.mark.parametrize(
    ("origin", "host", "is_own"),
    [
        ("https://book.example", "book.example", True),
        ("https://book.example", "book.example:443", True),
        ("http://book.example", "book.example:80", True),
        ("https://book.example:443", "BOOK.example", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("https://book.example", "book.example:80", False),
        ("http://book.example", "book.example:443", False),
        ("https://book.example", "book.example.evil.com", False),
        ("https://book.example", "", False),
        ("https://", "", False),
        ("https://:443", "", False),
        ("null", "null", False),
        ("://book.example", "book.example", False),
        ("ftp://book.example", "book.example", False),
        ("book.example", "book.example", False),
    ],
)
def test_a_default_port_may_be_left_out(origin: str, host: str, *, is_own: bool) -> None:
    """Browsers do; proxies do not always. Nothing else may differ."""
    assert passes({"origin": origin}, host=host) is is_own


def test_two_origins_are_foreign() -> None:
    """Only something between the browser and us can have made them."""
    twice = [(b"origin", SITE.encode()), (b"origin", EVIL.encode())]

    assert passes(Headers(raw=twice[:1]))
    assert not passes(Headers(raw=twice))
    assert not passes(Headers(raw=twice[::-1]))


@pytest.mark.parametrize(
    ("site", "allowed"),
    [
        (None, True),
        ("none", True),
        ("same-origin", True),
        ("same-site", False),
        ("cross-site", False),
        ("", False),
        ("same-origin, cross-site", False),
    ],
)
def test_without_an_origin_the_browser_says_where_it_comes_from(
    site: str | None, *, allowed: bool
) -> None:
    """A neighbour on a subdomain is not us; curl says nothing and passes."""
    assert passes(Headers({"Sec-Fetch-Site": site} if site is not None else {})) is allowed


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_is_not_acting(method: str) -> None:
    """CORS guards what is read; a link from elsewhere has to work."""
    assert passes({"origin": EVIL, "sec-fetch-site": "cross-site"}, method=method)


@given(before=st.text(max_size=9), after=st.text(max_size=9))
def test_only_the_whole_origin_is_trusted(before: str, after: str) -> None:
    """No addition in front or behind makes another page a trusted one."""
    known = {SITE, "http://localhost:3000", f"https://{HOST}", f"http://{HOST}"}
    for origin in known:
        altered = f"{before}{origin}{after}"

        assert passes({"origin": altered}) is (altered.lower() in known)


def test_who_is_trusted_is_written_in_the_settings() -> None:
    """Listed sites and the addresses of this service and Better Auth; ``*`` trusts nobody."""
    settings = Settings.read(
        {
            "CORS_ORIGINS": f"{SITE},http://localhost:3000",
            "PUBLIC_URL": "https://Book.example:443/chat/",
            "BETTER_AUTH_URL": "http://localhost:4000/api/auth",
        }
    )

    assert trusted_origins(settings) == {
        SITE,
        "http://localhost:3000",
        "https://book.example",
        "http://localhost:4000",
    }
    assert trusted_origins(Settings(cors_origins=("*",))) == frozenset()
