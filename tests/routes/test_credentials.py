"""Credentials at the border: other sites' pages, the service key, a dead database, the log."""

import logging
import re
from collections.abc import Iterator

import pytest
from attrs import evolve

from contract import Operation
from cross_site import SAFE_METHODS
from settings import Settings
from tests.live import (
    AUTH,
    CONTRACT,
    PASSWORD,
    SECRET,
    SERVICE_KEY,
    Live,
    Reader,
    Serve,
    message,
    new_email,
)

DEAD = "postgresql://nobody:secret@127.0.0.1:1/nothing"
NOBODY = "019a2f6e-7d1c-7cc3-98c4-dc0c0c07398f"
NEW = "difference engine 1822"
UNSAFE = [
    operation
    for operation in CONTRACT.operations()
    if "session" in operation.schemes and operation.method not in SAFE_METHODS
]
BY_KEY = [operation for operation in CONTRACT.operations() if "serviceKey" in operation.schemes]
BODIES: dict[str, object] = {
    "register": {"email": "ada@example.com", "password": PASSWORD},
    "login": {"email": "ada@example.com", "password": PASSWORD},
    "start_guest": {},
    "change_password": {"current_password": PASSWORD, "new_password": NEW},
    "send_chat": message("How bright is the lamp?"),
    "stream_chat": message("How bright is the lamp?"),
    "rename_conversation": {"title": "Lamps"},
    "give_feedback": {"rating": "positive"},
    "save_conversation": {"user_id": NOBODY, "query": "Who?", "response": "Nobody."},
}


def name(operation: Operation) -> str:
    return operation.operation_id


def send(live: Live, operation: Operation, **headers: str) -> tuple[int, str]:
    """The status and, of a problem, its code."""
    response = live.client.request(
        operation.method,
        re.sub(r"\{\w+\}", NOBODY, operation.path),
        json=BODIES.get(operation.operation_id),
        headers=headers,
    )
    is_problem = response.headers.get("content-type") == "application/problem+json"
    return response.status_code, response.json()["error"] if is_problem else ""


@pytest.mark.parametrize("operation", UNSAFE, ids=name)
def test_another_site_s_page_does_nothing_with_the_cookie(live: Live, operation: Operation) -> None:
    """Refused before anything is read; with a token, which no browser adds by itself, it may."""
    reader = live.reader()
    evil = {"Origin": "https://evil.example"}
    own = {"Origin": live.url}
    cookie = {"Cookie": f"better-auth.session_token={reader.token}"}
    foreign = (403, "foreign_origin")

    assert send(live, operation, **evil, **cookie) == foreign
    assert send(live, operation, **cookie, **{"Sec-Fetch-Site": "cross-site"}) == foreign
    assert reader.is_known
    assert send(live, operation, **evil, **reader.headers) != foreign
    assert send(live, operation, **own, Cookie=cookie_of(live.reader())) != foreign


def cookie_of(reader: Reader) -> str:
    return f"better-auth.session_token={reader.token}"


@pytest.mark.parametrize("operation", BY_KEY, ids=name)
def test_what_needs_the_service_key_takes_no_other(live: Live, operation: Operation) -> None:
    """None, a wrong one, a beginning of it, a reader's session: 401. The key itself passes."""
    reader = live.reader()
    refused = (401, "service_key_required")
    wrong = ["", "x", SERVICE_KEY[:-1], SERVICE_KEY + "x", SERVICE_KEY.upper()]

    assert send(live, operation) == refused
    assert [send(live, operation, **{"X-Service-Key": key}) for key in wrong] == [refused] * 5
    assert send(live, operation, **reader.headers) == refused
    assert send(live, operation, Authorization=f"Bearer {SERVICE_KEY}") == refused
    assert send(live, operation, **{"X-Service-Key": SERVICE_KEY})[0] == 404


def test_without_a_service_key_nobody_has_it(serve: Serve, settings: Settings) -> None:
    """Not even who sends an empty one."""
    live = serve(evolve(settings, internal_api_key=None))
    for operation in BY_KEY:
        for headers in ({}, {"X-Service-Key": ""}, {"X-Service-Key": "None"}):
            assert send(live, operation, **headers) == (401, "service_key_required")


def test_while_the_database_is_down_accounts_say_so(serve: Serve, settings: Settings) -> None:
    """503 with Retry-After, soon; a bad token is still told apart, and guests may still ask."""
    from credentials.tokens import Signer

    live = serve(evolve(settings, database_url=DEAD))
    genuine = {"Authorization": f"Bearer {Signer((SECRET,)).sign('x' * 32)}"}
    accounts = [o for o in CONTRACT.operations() if o.path.startswith(AUTH)]
    assert len(accounts) == 8
    for operation in accounts:
        for headers in ({}, genuine):
            needs_session = operation.schemes and not operation.is_anonymous
            if headers or not needs_session:
                told = send(live, operation, **headers)
                assert told == (503, "database_unavailable"), operation.operation_id
    garbage = {"Authorization": "Bearer garbage"}

    response = live.client.get(f"{AUTH}/session", headers=genuine)
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert live.client.get(f"{AUTH}/session", headers=garbage).status_code == 401
    reply = live.client.post("/api/v1/chat", json=BODIES["send_chat"], headers=genuine)
    assert (reply.status_code, reply.json()["degraded"]) == (200, ["history"])


def story(live: Live) -> Iterator[str]:
    """What a reader does, well and badly; the secrets that came up on the way."""
    email, guest = new_email(), live.guest()
    yield from (email, PASSWORD, NEW, guest.token, guest.bare_token)
    guest.ask("How bright is the lamp?")
    guest.send("POST", f"{AUTH}/register", {"email": email, "password": PASSWORD})
    reader, other = live.reader(email), live.reader(email)
    yield from (reader.token, reader.bare_token, other.token, other.bare_token)
    live.register(email)
    live.register(email, "short")
    live.login(email, "not the password at all")
    yield "not the password at all"
    live.login(email, transport="cookie", Cookie=cookie_of(other))
    live.client.get(f"{AUTH}/session", headers={"Authorization": "Bearer a-token-of-nobody"})
    yield "a-token-of-nobody"
    change = {"current_password": PASSWORD, "new_password": NEW}
    reader.send("PUT", f"{AUTH}/password", change).raise_for_status()
    reader.send("PUT", f"{AUTH}/password", change)
    reader.send("GET", f"{AUTH}/account").raise_for_status()
    reader.send("DELETE", f"{AUTH}/account").raise_for_status()


def test_the_log_knows_no_secret_and_no_address(
    serve: Serve, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """At the most talkative level, through a reader's whole life."""
    caplog.set_level(logging.DEBUG)
    live = serve(evolve(settings, log_level="DEBUG"))
    secrets = {*story(live), SECRET, SERVICE_KEY}
    lines = [
        f"{record.getMessage()} {vars(record)}"
        for record in caplog.records
        if record.name.startswith("footnote")
    ]

    assert sum("/auth/login" in line for line in lines) >= 4
    assert [line for line in lines for secret in secrets if secret in line] == []
