"""What generated input does not find, on every operation that the document has.

Each was planted once and overlooked by a fuzzer: an answer that is never stored, a bad token that
counts as nobody's, somebody else's thing deleted, a frame behind the last.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from attrs import evolve
from starlette.types import Receive, Scope, Send

from contract import BODY_LIMIT, Operation, escape
from tests.contract_checks import Checked
from tests.live import AUTH, CONTRACT, message, new_email
from tests.truth.ada import Call, World, at, calls

OPERATIONS = list(CONTRACT.operations())
CHARACTER = 12  # bytes, of an escaped surrogate pair
# A history of a hundred long answers may be valid and too large: that its 413 tells.
UNBOUNDED = {"create_chat_completion"}


def named(operation: Operation) -> str:
    return operation.operation_id


def first(operation: Operation) -> Call:
    return next(calls(operation))


QUESTIONS = {"send_chat", "stream_chat", "chatkit", "create_chat_completion"}
ASKING = [operation for operation in OPERATIONS if operation.operation_id in QUESTIONS]


@pytest.mark.parametrize("operation", ASKING, ids=named)
def test_a_question_is_stored_whichever_way_it_came(world: World, operation: Operation) -> None:
    """Once, in the log; and where the reader has a history, there too."""
    count = "select count(*) as n from interaction_logs"
    before = world.live.sql(count)[0]["n"]
    call = evolve(first(operation), headers=world.bearer)
    if operation.operation_id in ("send_chat", "stream_chat"):
        call = evolve(call, body=message("What is ownership?"))
    call.send(world.live).raise_for_status()
    history = world.live.client.get("/api/v1/conversations", headers=world.bearer).json()["items"]

    assert world.live.sql(count)[0]["n"] == before + 1
    assert len(history) == (1 if operation.operation_id == "create_chat_completion" else 2)


@pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if o.is_anonymous and o.schemes], ids=named
)
@pytest.mark.parametrize("token", ["x", "anonymous.x", "{bare}", "{signed}x"])
def test_a_bad_token_is_nobody_s_nowhere(world: World, operation: Operation, token: str) -> None:
    """Also where nobody may ask: 401, or readers would lose what they ask without knowing."""
    signed = world.bearer["Authorization"].removeprefix("Bearer ")
    value = token.format(bare=world.token, signed=signed)
    call = evolve(first(operation), headers={"Authorization": f"Bearer {value}"})

    assert call.send(world.live).status_code == 401


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if "{" in o.path], ids=named)
def test_nobody_does_anything_to_what_is_somebody_elses(world: World, operation: Operation) -> None:
    """404 for whoever knows Ada's ids, and all that is Ada's is as it was."""
    eve = world.live.guest()
    before = world.live.client.get(f"{AUTH}/account", headers=world.bearer).json()
    told = evolve(first(operation), headers=eve.headers).send(world.live)
    after = world.live.client.get(f"{AUTH}/account", headers=world.bearer).json()

    assert told.status_code == 404
    assert [after[name] for name in KEPT] == [before[name] for name in KEPT]


KEPT = ("account", "conversations", "feedback", "interactions")


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.method == "GET"], ids=named)
def test_head_tells_of_each_get_what_it_would(world: World, operation: Operation) -> None:
    """The same status, length and kind, and no body."""
    call = world.entitled(first(operation))
    get = call.send(world.live)
    head = world.live.client.head(call.path, headers=dict(call.headers))
    members = ("content-type", "content-length", "cache-control")

    assert (head.status_code, head.content) == (get.status_code, b"")
    if operation.operation_id != "get_readiness":  # whose milliseconds differ
        assert [head.headers.get(m) for m in members] == [get.headers.get(m) for m in members]


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_a_slash_more_is_no_redirect(world: World, operation: Operation) -> None:
    """And the caller's Host gets nowhere."""
    call = world.entitled(first(operation)).with_headers(Host="evil.example")
    if operation.operation_id == "register":
        call = evolve(call, body={**call.body, "email": new_email()})
    response = evolve(call, path=f"{call.path}/").send(world.live)

    assert response.status_code == operation.status
    assert "evil.example" not in f"{response.headers}{response.text}"


SCALARS = [
    (operation, parameter)
    for operation in OPERATIONS
    for parameter in operation.parameters
    if parameter.place != "path"
]


@pytest.mark.parametrize(
    ("operation", "parameter"), SCALARS, ids=[f"{o.operation_id}-{p.name}" for o, p in SCALARS]
)
def test_a_value_that_is_given_twice_is_refused(
    world: World, operation: Operation, parameter: Any
) -> None:
    """Which of the two counts would be anybody's guess."""
    call = world.entitled(first(operation))
    twice = [(parameter.name, "1"), (parameter.name, "1")]
    params = twice if parameter.place == "query" else []
    headers = [*call.headers.items(), *(twice if parameter.place == "header" else [])]
    response = world.live.client.request(
        operation.method, call.path, headers=headers, params=tuple(params)
    )

    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"in": parameter.place, "pointer": f"/{parameter.name}", "detail": "must be given once"}
    ]


GOOGOL = "1" + "0" * 100


@pytest.mark.parametrize("limit", ["0", "51", "1e1", GOOGOL, "9" * 400, "٣", "1.5", " ", ""])
def test_a_number_beyond_reason_is_refused_in_a_query(world: World, limit: str) -> None:
    """422, whatever Python would make of it."""
    path = "/api/v1/conversations"
    response = world.live.client.get(path, params={"limit": limit}, headers=world.bearer)

    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/limit")


WHOLE = ["5", "5.0", "null"]
WRONG = ["1e25", GOOGOL[:26], "true", "5.5", "-1"]
NEVER = ["1" + "0" * 400, "NaN", "1e999"]


@pytest.mark.parametrize(
    ("limit", "status"),
    [(n, s) for s, numbers in ((200, WHOLE), (422, WRONG), (400, NEVER)) for n in numbers],
)
def test_a_number_in_a_body_is_what_json_schema_says(world: World, limit: str, status: int) -> None:
    """5.0 is an integer, 1e25 is beyond the maximum, and 10^400 is no number of ours."""
    body = f'{{"type": "threads.list", "params": {{"limit": {limit}}}}}'
    headers = {**world.bearer, "Content-Type": "application/json"}
    response = world.live.client.post("/chatkit", content=body, headers=headers)

    assert response.status_code == status, response.text


AROUND = ["Ada <ada@example.com>", '"ada l"@example.com', "ada@example.com,eve@example.com"]
NEARLY = ["ada@[127.0.0.1]", "ada@example..com", "ada@example.com ", "ada@@example.com"]


@pytest.mark.parametrize("email", [*AROUND, *NEARLY, "ada\0@example.com"])
def test_an_e_mail_is_an_address_and_nothing_around_it(world: World, email: str) -> None:
    """No display names, no literals, no quotes: nobody would receive what is sent there."""
    response = world.live.register(email)

    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/email")


def test_a_pointer_is_escaped(world: World) -> None:
    """A member's name with a slash or a tilde points at itself (RFC 6901)."""
    response = world.live.ask("What is ownership?", **{"a/b~c": "nul\0"})

    assert [e["pointer"] for e in response.json()["errors"]] == ["/message/metadata/a~1b~0c"]


def test_a_password_counts_to_its_last_byte(world: World) -> None:
    """Bcrypt takes 72 bytes, which 72 characters may exceed; and a NUL ends nothing."""
    email, password = new_email(), "aé" * 60 + "\0last"
    assert world.live.register(email, password).status_code == 201

    assert world.live.login(email, password).status_code == 200
    assert world.live.login(email, f"{password[:-1]}T").status_code == 401
    assert world.live.login(email, password.partition("\0")[0]).status_code == 401


def widest(pointer: str) -> int:
    """The bytes that the largest value of the schema at *pointer* takes."""
    place, schema = CONTRACT.at(pointer)
    for union in ("oneOf", "anyOf"):
        if union in schema:
            return max(widest(f"{place}/{union}/{n}") for n in range(len(schema[union])))
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    sizes: dict[str, int] = {
        "string": CHARACTER * schema.get("maxLength", 40) + 3,
        "number": 30,
        "integer": 30,
    }
    if "array" in kinds and "items" in schema:
        sizes["array"] = 2 + schema["maxItems"] * (widest(f"{place}/items") + 1)
    if "object" in kinds:
        sizes["object"] = sum(members(place, schema))
    return max([5, *(size for kind, size in sizes.items() if kind in kinds)])


def members(place: str, schema: Any) -> Iterator[int]:
    named = schema.get("properties", {})
    for name in named:
        yield len(name) + 5 + widest(f"{place}/properties/{escape(name)}")
    if isinstance(schema.get("additionalProperties"), dict):
        within = "" if "propertyNames" in schema else "/allOf/0"
        name = widest(f"{place}{within}/propertyNames")
        yield schema["maxProperties"] * (name + 2 + widest(f"{place}/additionalProperties"))


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.bodies], ids=named)
def test_no_valid_body_is_beyond_the_limit(operation: Operation) -> None:
    """Or 413 would be an answer to what the document allows."""
    body = f"#/paths/{escape(operation.path)}/{operation.method.lower()}/requestBody"
    (media,) = at(body)["content"]
    size = widest(f"{CONTRACT.at(body)[0]}/content/{escape(media)}/schema")

    assert (size < BODY_LIMIT) is (operation.operation_id not in UNBOUNDED), size


DELTA, FINAL = (
    b'data: {"content":"a","status":"partial"}\n\n',
    (b'data: {"content":"It broke.","status":"error","error":"problem","stored":"log"}\n\n'),
)
STREAM = [(b"x-request-id", b"1"), (b"cache-control", b"no-cache, no-transform")]
STREAM += [(b"x-accel-buffering", b"no"), (b"content-type", b"text/event-stream")]


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        (DELTA + FINAL, True),
        (b"", False),
        (DELTA, False),
        (FINAL + DELTA, False),
        (FINAL + FINAL, False),
        (b": comment\n\n" + FINAL, False),
        (DELTA + FINAL[:-1], False),
        (b'data: {"content":"a","status":"partially"}\n\n' + FINAL, False),
        (DELTA + b'data: {"content":"","status":"success"}\n\n', False),
    ],
)
def test_every_test_notices_a_stream_that_is_none(body: bytes, *, holds: bool) -> None:
    """Empty, unfinished, going on behind its end, ended twice, or with a frame of another kind."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": STREAM})
        await send({"type": "http.response.body", "body": body})

    checked = Checked(app, CONTRACT)

    async def ask() -> None:
        transport = httpx2.ASGITransport(checked)
        async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
            await client.post("/api/v1/chat/stream", json={})

    asyncio.run(ask())

    assert (checked.violations == []) is holds
