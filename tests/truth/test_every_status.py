"""Each status that openapi.yaml promises of an operation is provoked here, on purpose.

By what really leads to it: a body that does not come, a database that has gone, a handler with a
bug. So no promise is empty, and none is left to the luck of a fuzzer.
"""

import socket
from typing import Any

import httpx2
import pytest
from attrs import evolve

from contract import BODY_LIMIT, Operation, escape
from credentials import tokens
from problems import NotReady
from tests.contract_checks import statuses
from tests.live import CONTRACT
from tests.truth.ada import UNKNOWN, Call, World, calls, examples, node

OPERATIONS = {operation.operation_id: operation for operation in CONTRACT.operations()}
GARBAGE = {"Authorization": "Bearer garbage"}
EVIL = {"Origin": "https://evil.example"}
QUESTIONS = {"send_chat", "stream_chat", "create_chat_completion"}
PATIENCE = 70  # requests in a row, beyond every limit of a minute


def promising(status: int) -> list[str]:
    return [name for name, o in OPERATIONS.items() if status in statuses(CONTRACT, o)]


def call_of(name: str) -> Call:
    return next(calls(OPERATIONS[name]))


def shown(operation: Operation, status: int) -> dict[str, Any]:
    """The problem that the document shows."""
    pointer = CONTRACT.at(f"{node(operation)}/responses/{status}")[0]
    found = examples(f"{pointer}/content/{escape('application/problem+json')}")
    return next((value for _, value in found), {})


def assert_shown(name: str, status: int, response: httpx2.Response) -> None:
    """It has the status, and is the problem of the example but for what was wrong this time."""
    assert response.status_code == status, response.text
    told, example = response.json(), shown(OPERATIONS[name], status)
    members = ("type", "title", "status", "error")

    assert [told[m] for m in members] == [example[m] for m in members]
    assert told.keys() == example.keys()


@pytest.mark.parametrize("name", promising(400))
def test_400_for_what_is_no_json(world: World, name: str) -> None:
    """Cut off in the middle."""
    call = world.entitled(call_of(name)).with_headers(**{"Content-Type": "application/json"})
    response = world.live.client.request(
        call.operation.method, call.path, content=b"{", headers=dict(call.headers)
    )

    assert_shown(name, 400, response)


@pytest.mark.parametrize("name", promising(401))
def test_401_without_what_it_takes(world: World, name: str) -> None:
    """A wrong password, no service key, or a token that is worth nothing."""
    call = call_of(name)
    if name == "login":
        call = evolve(call, body={**call.body, "password": "the wrong one"})
    elif "serviceKey" not in call.operation.schemes:
        call = call.with_headers(**GARBAGE)

    assert_shown(name, 401, call.send(world.live))


@pytest.mark.parametrize("name", promising(403))
def test_403_for_what_this_session_may_not_do(world: World, name: str) -> None:
    """A page of another site, with Ada's cookie; or her session, without her password."""
    call = call_of(name)
    if name == "change_password":
        wrong = {**call.body, "current_password": "the wrong one"}
        call = evolve(world.entitled(call), body=wrong)
    else:
        call = call.with_headers(**world.cookie, **EVIL)

    assert_shown(name, 403, call.send(world.live))


@pytest.mark.parametrize("name", promising(404))
def test_404_for_an_id_that_nothing_has(world: World, name: str) -> None:
    """A conversation, a message, a reader."""
    call = call_of(name)
    for known in ("019a2f6e-9b3c-7d10-8e21-6a7b8c9d0e1f", "019a2f6e-7d1c-7cc3-98c4-dc0c0c07398f"):
        call = evolve(call, path=call.path.replace(known, UNKNOWN))
    if name == "chatkit":
        call = evolve(call, body={"type": "threads.get_by_id", "params": {"thread_id": UNKNOWN}})
    elif name == "save_conversation":
        call = evolve(call, body={**call.body, "user_id": UNKNOWN})
    elif call.operation.bodies and name in ("send_chat", "stream_chat"):
        call = evolve(call, body={**call.body, "conversation_id": UNKNOWN})

    assert_shown(name, 404, world.entitled(call).send(world.live))


def raw(world: World, name: str, length: int) -> httpx2.Response:
    """What a head alone is answered with, which promises a body of *length*."""
    call, url = world.entitled(call_of(name)), httpx2.URL(world.live.url)
    headers = {**call.headers, "Host": "x", "Content-Type": "application/json"}
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = [f"{call.operation.method} {call.path} HTTP/1.1", *lines, f"Content-Length: {length}"]
    with socket.create_connection((url.host, url.port or 80), timeout=30) as peer:
        peer.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode())
        got = b"".join(iter(lambda: peer.recv(65536), b""))
    top, _, content = got.partition(b"\r\n\r\n")
    return httpx2.Response(int(top.split()[1]), content=content)


@pytest.mark.parametrize("name", promising(408))
def test_408_for_a_body_that_does_not_come(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is a hundredth here."""
    monkeypatch.setattr("contract.reading.BODY_SECONDS", 0.1)

    assert_shown(name, 408, raw(world, name, 100))


@pytest.mark.parametrize("name", promising(409))
def test_409_for_a_second_account(world: World, name: str) -> None:
    """Ada has one."""
    assert_shown(name, 409, call_of(name).send(world.live))


@pytest.mark.parametrize("name", promising(413))
def test_413_for_a_body_beyond_the_limit(world: World, name: str) -> None:
    """Before a byte of it has come."""
    assert_shown(name, 413, raw(world, name, BODY_LIMIT + 1))


@pytest.mark.parametrize("name", promising(415))
def test_415_for_another_media_type(world: World, name: str) -> None:
    """Plain text, say."""
    call = world.entitled(call_of(name)).with_headers(**{"Content-Type": "text/plain"})
    assert_shown(name, 415, call.send(world.live))


@pytest.mark.parametrize("name", promising(422))
def test_422_for_what_does_not_fit_the_schema(world: World, name: str) -> None:
    """A body that is a list, an id that is none, a page of 51."""
    call = world.entitled(call_of(name))
    if call.operation.bodies:
        call = evolve(call, body=[])
    elif name == "list_conversations":
        call = evolve(call, query={"limit": "51"})
    else:
        call = evolve(call, path=call.path.replace("019a2f6e", "nonsense"))

    assert_shown(name, 422, call.send(world.live))


@pytest.mark.parametrize("name", promising(429))
def test_429_beyond_a_limit(strict: World, name: str) -> None:
    """However often that is."""
    call = strict.entitled(call_of(name))
    tries = (call.send(strict.live) for _ in range(PATIENCE))
    response = next(response for response in tries if response.status_code == 429)

    told = response.json()
    assert told["title"] == shown(OPERATIONS[name], 429)["title"]
    assert told["error"] == "too_many_requests"


@pytest.mark.parametrize("name", promising(500))
def test_500_for_a_bug(buggy: World, name: str) -> None:
    """Whichever handler has it."""
    assert_shown(name, 500, buggy.entitled(call_of(name)).send(buggy.live))


@pytest.mark.parametrize("name", promising(503))
def test_503_when_it_cannot_be_done_now(dark: World, name: str) -> None:
    """The database has gone, the index was never there, and the process is about to end."""
    call = dark.entitled(call_of(name))
    if name == "chatkit":
        call = evolve(call, body={"type": "threads.list", "params": {}})
    if call.operation.schemes and name not in QUESTIONS:
        # Nobody remembers this session; Ada herself was seen just now, and may go on.
        stranger = evolve(dark, token=tokens.new())
        call = call.with_headers(**(dark if call.operation.is_anonymous else stranger).bearer)
    response = call.send(dark.live)

    assert response.status_code == 503, response.text
    expected = dict.fromkeys(("get_readiness", "get_book"), NotReady.code())
    expected |= dict.fromkeys(QUESTIONS, "shutting_down")
    assert response.json()["error"] == expected.get(name, "database_unavailable")
    if name in QUESTIONS:
        assert_shown(name, 503, response)


@pytest.mark.parametrize("name", promising(504))
def test_504_for_an_answer_that_takes_too_long(slow: World, name: str) -> None:
    """The model speaks, and has not ended in time."""
    assert_shown(name, 504, call_of(name).send(slow.live))


def test_every_promise_has_its_test() -> None:
    """A status that is new in the document needs one here."""
    provoked = {400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 500, 503, 504}
    for name, operation in OPERATIONS.items():
        assert set(statuses(CONTRACT, operation)) <= provoked | {operation.status}, name
