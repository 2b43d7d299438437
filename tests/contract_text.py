"""The entries of openapi.yaml, for tests that read it."""

from typing import Any

from contract import Operation, escape
from tests.live import CONTRACT

DOCUMENT = CONTRACT.document
OPERATIONS = list(CONTRACT.operations())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
JSON, PROBLEM, EVENTS = "application/json", "application/problem+json", "text/event-stream"


def node(operation: Operation) -> dict[str, Any]:
    """The operation's own entry."""
    entry: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return entry


def responses(operation: Operation) -> dict[str, Any]:
    base = f"#/paths/{escape(operation.path)}/{operation.method.lower()}/responses"
    return {status: CONTRACT.at(f"{base}/{status}")[1] for status in node(operation)["responses"]}


def body(operation: Operation) -> dict[str, Any]:
    """The media types of the request's body."""
    if not operation.bodies:
        return {}
    pointer = f"#/paths/{escape(operation.path)}/{operation.method.lower()}/requestBody"
    content: dict[str, Any] = CONTRACT.at(pointer)[1]["content"]
    return content


def examples(media: dict[str, Any]) -> list[Any]:
    """Of one media type, references followed."""
    named = [{"value": media["example"]}] if "example" in media else []
    named += media.get("examples", {}).values()
    return [CONTRACT.at(e["$ref"])[1]["value"] if "$ref" in e else e["value"] for e in named]


def shown(media: str) -> list[Any]:
    """All examples of replies in *media*."""
    every = [each for o in OPERATIONS for each in responses(o).values()]
    return [e for each in every if media in each.get("content", {}) for e in
            examples(each["content"][media])]  # fmt: skip
