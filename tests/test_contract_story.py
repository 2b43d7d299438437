"""The examples of openapi.yaml: one story, and all of it, since front ends start from them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chatkit.items import output_text
from completion_stream import annotations
from contract import Operation, converter
from models import Citation
from problems import Problem
from tests.contract_text import (
    DOCUMENT,
    EVENTS,
    JSON,
    OPERATIONS,
    PROBLEM,
    SCHEMAS,
    body,
    examples,
    responses,
    shown,
)
from tests.live import CONTRACT


def test_every_example_fits_its_schema() -> None:
    """Front ends start from the examples."""
    for name, schema in SCHEMAS.items():
        for member, inner in schema.get("properties", {}).items():
            validator = CONTRACT.validators[f"#/components/schemas/{name}/properties/{member}"]
            assert all(validator.is_valid(value) for value in inner.get("examples", [])), (
                name,
                member,
            )


# Before there is an operation; as an event; and what others are kinds of.
ELSEWHERE = {"malformed_request", "headers_too_large", "method_not_allowed", "not_found",
             "already_asked", "forbidden", "unavailable"}  # fmt: skip


def codes(kind: type[Problem] = Problem) -> Iterator[str]:
    yield kind.code()
    for narrower in kind.__subclasses__():
        yield from codes(narrower)


def test_each_problem_has_an_example() -> None:
    """So that a client can be written for each before it happens."""
    assert {problem["error"] for problem in shown(PROBLEM)} == set(codes()) - ELSEWHERE


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.operation_id)
def test_each_event_and_each_request_of_a_union_has_an_example(operation: Operation) -> None:
    """Also the unions within, such as the ways in which ChatKit's answers grow."""
    contents = [body(operation), responses(operation)[str(operation.status)].get("content", {})]
    for content in contents:
        for media, each in content.items():
            union = CONTRACT.at(each["schema"]["$ref"])[1]
            if media == EVENTS or "discriminator" in union:
                assert unseen(each["schema"], examples(each)) == []


def unseen(schema: Any, values: list[Any]) -> list[str]:
    """The branches of unions in *schema* that no value of *values* takes."""
    entry = CONTRACT.at(schema["$ref"])[1]
    missing: list[str] = []
    for branch in (b["$ref"] for key in ("oneOf", "anyOf") for b in entry.get(key, [])):
        taking = [value for value in values if CONTRACT.validators[branch].is_valid(value)]
        missing += unseen({"$ref": branch}, taking) if taking else [branch]
    if "update" in entry.get("properties", {}):
        missing += unseen(entry["properties"]["update"], [value["update"] for value in values])
    return missing


def test_the_examples_tell_of_one_reader_and_one_conversation() -> None:
    """From registering to deleting, with the same ids."""
    text = json.dumps([DOCUMENT["paths"], DOCUMENT["components"]["examples"]])
    values = {
        name: set(re.findall(rf'"{name}": "([0-9a-f-]{{36}})"', text))
        for name in ("user_id", "conversation_id", "message_id")
    }
    [conversation], messages = values["conversation_id"], values["message_id"]

    assert DOCUMENT["components"]["parameters"]["ConversationId"]["example"] == conversation
    assert DOCUMENT["components"]["parameters"]["MessageId"]["example"] in messages
    assert len(values["user_id"]) == 2, "Ada, and a guest"
    assert len(messages) == 2, "an answer and a refusal"
    assert set(re.findall(r'"email": "([^"]+)"', text)) == {"ada@example.com"}


def test_other_dialects_show_the_same_answer() -> None:
    """As the service would translate it."""
    answered = DOCUMENT["components"]["examples"]["Answered"]["value"]
    content, citations = answered["response"]["content"], answered["citations"]
    [whole] = [e for e in shown(JSON) if e.get("object") == "chat.completion"]
    message = whole["choices"][0]["message"]
    cited = [converter().structure(citation, Citation) for citation in citations]
    parts = [e["update"]["content"] for e in shown(EVENTS) if "content" in e.get("update", {})]

    assert output_text(content, citations) in parts
    assert whole["citations"] == citations
    assert annotations(message["content"], cited) == message["annotations"]
