"""The contract executed: what every operation refuses, and how."""

import socket
import time
from typing import Any

import httpx2
import pytest

from authentication import authenticate
from contract import BODY_LIMIT, NODE_LIMIT, ContractMismatch, routes
from contract.document import METHODS
from service import HANDLERS
from tests.live import CONTRACT, Live, message

CHAT = ["/api/v1/chat", "/api/v1/chat/stream"]
PATHS = sorted(CONTRACT.document["paths"])


def post(live: Live, path: str, content: bytes, media: str = "application/json") -> httpx2.Response:
    return live.client.post(path, content=content, headers={"content-type": media})


def test_handlers_and_operations_are_the_same_set() -> None:
    """A forgotten handler or a stale operation stops the start."""
    without_one = {name: handler for name, handler in HANDLERS.items() if name != "send_chat"}

    assert routes(CONTRACT, HANDLERS, authenticate)
    with pytest.raises(ContractMismatch, match="send_chat"):
        routes(CONTRACT, without_one, authenticate)
    with pytest.raises(ContractMismatch, match="made_up"):
        routes(CONTRACT, {**HANDLERS, "made_up": HANDLERS["send_chat"]}, authenticate)


def test_each_handler_names_its_method_and_path() -> None:
    """So that an endpoint is found by searching for its path."""
    named = {o.operation_id: f"{o.method} {o.path}" for o in CONTRACT.operations()}

    assert {name: (h.__doc__ or "").split("\n")[0] for name, h in HANDLERS.items()} == named


@pytest.mark.parametrize("path", PATHS)
def test_options_and_other_methods_name_what_is_allowed(live: Live, path: str) -> None:
    """204 for OPTIONS, 405 for the rest, the same Allow; with a trailing slash, too."""
    allowed = {m.upper() for m in CONTRACT.document["paths"][path] if m in METHODS} | {"OPTIONS"}
    allowed |= {"HEAD"} if "GET" in allowed else set()
    for each in (path, f"{path}/"):
        options, trace = live.client.options(each), live.client.request("TRACE", each)

        assert (options.status_code, trace.status_code) == (204, 405)
        assert set(options.headers["allow"].split(", ")) == allowed
        assert trace.headers["allow"] == options.headers["allow"]
        assert trace.json()["error"] == "method_not_allowed"


def test_head_is_get_without_the_body(live: Live) -> None:
    """As RFC 9110 §9.3.2 wants."""
    head, get = live.client.head("/health/live"), live.client.get("/health/live")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/chat/streams", "/%00", "//health/live"])
def test_an_unknown_path_is_a_problem(live: Live, path: str) -> None:
    """404 as problem+json, never text, never a redirect."""
    response = live.client.get(path)

    assert response.status_code == 404
    assert response.json()["type"] == "/problems/not-found"


@pytest.mark.parametrize("path", CHAT)
@pytest.mark.parametrize(
    "media", ["text/plain", "", "application/x-www-form-urlencoded", "nonsense"]
)
def test_another_media_type_is_refused(live: Live, path: str, media: str) -> None:
    """415 that says what would be taken."""
    response = post(live, path, b"{}", media)

    assert response.status_code == 415
    assert response.headers["accept-post"] == "application/json"


@pytest.mark.parametrize("media", ["application/json; charset=utf-8", "Application/JSON"])
def test_parameters_and_case_of_the_media_type_do_not_matter(live: Live, media: str) -> None:
    """RFC 9110 §8.3.1."""
    assert post(live, CHAT[0], b"{", media).status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"query_text": NaN}',
        b'{"query_text": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"message":{"content":"x","metadata":{"a":' + b"[" * 300 + b"]" * 300 + b"}}}",
    ],
    ids=["empty", "cut", "utf-16", "bom", "nan", "infinity", "digits", "open", "deep"],
)
def test_what_is_not_plain_json_is_refused(live: Live, content: bytes) -> None:
    """400 in words, whatever a JSON parser might be talked into."""
    response = post(live, CHAT[0], content)

    assert response.status_code == 400
    assert response.json()["error"] == "malformed_body"


def test_half_of_a_surrogate_pair_is_named(live: Live) -> None:
    """422: it is JSON, but no text; Postgres and UTF-8 take none."""
    response = post(live, CHAT[0], b'{"query_text": "\\ud800"}')

    assert response.status_code == 422
    assert response.json()["message"] == "body: a string contains half of a surrogate pair"


@pytest.mark.parametrize("path", CHAT)
def test_a_large_body_is_refused(live: Live, path: str) -> None:
    """413 at the first byte over the limit, also when it comes in pieces of unknown number."""
    pieces = (b" " * 65536 for _ in range(BODY_LIMIT // 65536 + 1))
    headers = {"content-type": "application/json"}
    declared = post(live, path, b" " * (BODY_LIMIT + 1))
    try:
        streamed = live.client.post(path, content=pieces, headers=headers).status_code
    except httpx2.WriteError:  # it hung up on us after its answer
        streamed = 413

    assert (declared.status_code, streamed) == (413, 413)


def test_a_body_of_countless_values_is_refused_at_once(live: Live) -> None:
    """Each could be a violation, and listing 340,000 of them would stop everybody's answers."""
    body = b'{"message":{"content":"x","metadata":{"a":[' + b"[]," * 300_000 + b"[]]}}}"
    started = time.process_time()  # the service's work is this process's
    response = post(live, CHAT[0], body)

    assert (response.status_code, len(response.content) < 1000) == (422, True)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "time_", ["2016-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "2026-11-01t10:00:00z"]
)
def test_a_strange_but_valid_timestamp_is_taken(live: Live, time_: str) -> None:
    """RFC 3339 knows leap seconds and lower case."""
    body = {"message": {"content": "What is the lamp?", "timestamp": time_}}

    assert live.client.post(CHAT[0], json=body).status_code == 200


@pytest.mark.parametrize("length", ["-1", "99999999999999999999", "x", "1" * 400])
def test_a_lying_content_length_never_breaks_the_service(live: Live, length: str) -> None:
    """The server or we refuse it; nothing answers 5xx."""
    address = httpx2.URL(live.url)
    with socket.create_connection((address.host, address.port or 80), timeout=5) as peer:
        head = f"POST /api/v1/chat HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n"
        peer.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n")
        status = peer.recv(64).split()[1:2]

    assert status in ([b"400"], [b"413"])


def test_the_limit_is_above_every_valid_body() -> None:
    """Twelve bytes for each character that it may have: an escaped surrogate pair."""
    schemas = CONTRACT.document["components"]["schemas"]
    texts = sum(schemas[name]["maxLength"] for name in ("Question", "SelectedText", "UserLabel"))
    value, many = schemas["MetadataValue"], schemas["ChatMetadata"]["maxProperties"]
    pair = schemas["MetadataName"]["maxLength"] + schemas["MetadataScalar"]["maxLength"]
    metadata = many * max(value["maxLength"], value["maxProperties"] * pair)

    assert 12 * (texts + 1000 + metadata) < BODY_LIMIT
    assert many * (value["maxItems"] + 2) < NODE_LIMIT


@pytest.mark.parametrize("path", CHAT)
@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, [""]),
        ([], [""]),
        ("text", [""]),
        ({"message": {}}, ["/message"]),
        ({"message": {"content": ""}}, ["/message/content"]),
        ({"message": {"content": " \n"}}, ["/message/content"]),
        ({"message": {"content": "a\u0000b"}}, ["/message/content"]),
        ({"message": {"content": "x" * 4001}}, ["/message/content"]),
        ({"message": {"content": "x", "user_id": "a b"}}, ["/message/user_id"]),
        ({"message": {"content": "x", "colour": 1}}, ["/message"]),
        ({"message": {"content": 1, "user_id": 2}}, ["/message/content", "/message/user_id"]),
        ({"message": {"content": "x"}, "conversation_id": "7"}, ["/conversation_id"]),
        (
            {"message": {"content": "x", "metadata": {"context": "all"}}},
            ["/message/metadata/context"],
        ),
        (
            {"message": {"content": "x", "metadata": {"context": "selected-text"}}},
            ["/message/metadata"],
        ),
        (
            {
                "message": {
                    "content": "x",
                    "metadata": {"context_mode": "selected-text", "selected_text": ""},
                }
            },
            ["/message/metadata/selected_text"],
        ),
        ({"query_text": ""}, ["/query_text"]),
        ({"query_text": "x", "context_mode": "selected-text"}, [""]),
        (
            {"query_text": "x", "context_mode": "selected-text", "selected_text": None},
            ["/selected_text"],
        ),
        ({"query_text": "x", "message": {"content": "x"}}, [""]),
        (
            {"query_text": "x" * 4001, "selected_text": "x" * 10001},
            ["/query_text", "/selected_text"],
        ),
    ],
)
def test_every_violation_is_named(live: Live, path: str, body: Any, pointers: list[str]) -> None:
    """422 with all of them and their places; of a union, those of the dialect that was meant."""
    response = live.client.post(path, json=body)
    problem = response.json()

    assert response.status_code == 422
    assert sorted({error["pointer"] for error in problem["errors"]}) == sorted(pointers)
    assert problem["error"] == "validation_error"


def test_a_problem_never_quotes_the_request(live: Live) -> None:
    """A password or a question in an answer is a password or a question in a log."""
    secret = "correct horse battery staple"
    body = {"message": {"content": 1, "user_id": secret, "metadata": {"context": secret}}}

    assert secret not in live.client.post(CHAT[0], json=body).text


def test_an_unknown_failure_is_opaque(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 as a problem with an id, and nothing of the exception."""
    monkeypatch.setattr("routes.chat.asking_of", lambda _body: 1 / 0)
    response = live.client.post(CHAT[0], json=message("What is the lamp?"))

    assert response.status_code == 500
    assert response.json()["message"] == "Something went wrong on our side."
    assert response.json()["instance"].endswith(response.headers["x-request-id"])


def test_a_pointer_is_followed_to_what_it_refers_to() -> None:
    """Through references, and through names with a slash."""
    pointer, node = CONTRACT.at("#/paths/~1api~1v1~1chat/post/requestBody")

    assert pointer == "#/components/requestBodies/Chat"
    assert node["required"] is True
