"""What the text of openapi.yaml must be like, so that clients which are generated from it are good.

`make lint-contract` asks linters; these rules are ours, and need no Node.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from contract import Operation
from contract.document import METHODS
from settings import ROOT
from tests.contract_text import DOCUMENT, OPERATIONS, PROBLEM, SCHEMAS, body, node, responses
from tests.live import CONTRACT

COMBINING = ("oneOf", "anyOf", "allOf")
VERBS = "change create delete export get give list rename resume save send start stop stream"
# One word says it all, and `chatkit` is a protocol of its own.
BARE = {"register", "login", "logout", "chatkit"}
# ChatKit's and OpenAI's clients send members that we ignore; metadata is whatever a page knows.
OPEN = re.compile("Chatkit|Completion|ChatMetadata$|MetadataValue$|With(Selection|Chapter|Page)$")
# Any characters whatever, or conditions on what another schema limits.
FREE = re.compile("(New)?Password$|With(Selection|Chapter|Page)\\.|CompletionRequest.model$")


def within(schema: Any, place: str) -> Iterator[tuple[str, Any]]:
    """A schema and those in it, by name; what it refers to stands elsewhere."""
    yield place, schema
    for name, inner in schema.get("properties", {}).items():
        yield from within(inner, f"{place}.{name}")
    for keyword in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(keyword), dict):
            yield from within(schema[keyword], f"{place}.{keyword}")
    for keyword in COMBINING:
        for number, inner in enumerate(schema.get(keyword, [])):
            yield from within(inner, f"{place}.{keyword}{number}")


def referred(value: Any, seen: set[str]) -> set[str]:
    """The names of all schemas that *value* rests on."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        reference = value.get("$ref", "")
        name = reference.removeprefix("#/components/schemas/")
        if name in SCHEMAS and name not in seen:
            seen.add(name)
            referred(SCHEMAS[name], seen)
        for inner in value.values():
            referred(inner, seen)
    return seen


ALL = [found for name, schema in SCHEMAS.items() for found in within(schema, name)]
BESIDE = [
    (f"{kind} {name}", holder["schema"])
    for kind in ("parameters", "headers")
    for name, holder in DOCUMENT["components"][kind].items()
]
TAKEN = referred([body(operation) for operation in OPERATIONS], set())


def test_the_document_means_the_same_to_every_parser() -> None:
    """To both of PyYAML's and as JSON; no anchors, aliases or tags, which some cannot read."""
    text = (ROOT / "openapi.yaml").read_text("utf-8")
    strange = (yaml.AnchorToken, yaml.AliasToken, yaml.TagToken)

    assert yaml.load(text, yaml.SafeLoader) == DOCUMENT == json.loads(json.dumps(DOCUMENT))
    assert not [token for token in yaml.scan(text) if isinstance(token, strange)]
    assert "<<" not in text


def test_operations_are_named_described_and_in_one_module() -> None:
    """Names are functions of clients, tags their modules, sentences their documentation."""
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for operation in OPERATIONS:
        verb, _, noun = operation.operation_id.partition("_")
        entry = node(operation)

        assert operation.operation_id in BARE or (verb in VERBS.split() and noun)
        assert re.fullmatch("[a-z_]+", operation.operation_id)
        assert entry["summary"][-1] in ".?"
        assert len(entry["description"]) > 5
        assert len(entry["tags"]) == 1
        assert entry["tags"][0] in tags
    assert tags == {node(operation)["tags"][0] for operation in OPERATIONS}
    assert all(tag["description"] for tag in DOCUMENT["tags"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.operation_id)
def test_an_operation_lists_each_problem_that_it_can_answer(operation: Operation) -> None:
    """By what it takes and who may; a name for each, since `default` tells a client nothing."""
    statuses = responses(operation).keys()
    needed = {"500"}
    needed |= {"400", "408", "413", "415", "422"} if operation.bodies else set()
    needed |= {"422"} if operation.parameters else set()
    needed |= {"401", "503"} if operation.schemes else set()

    assert needed <= statuses
    assert "default" not in statuses


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.operation_id)
def test_bodies_are_references_with_examples(operation: Operation) -> None:
    """A body has a name, so that its type has; failures are problems and nothing else is."""
    for status, response in responses(operation).items():
        content = response.get("content", {})

        assert (content.keys() == {PROBLEM}) == (status >= "4")
        assert all(each["schema"].keys() == {"$ref"} for each in content.values())
        assert all({"example", "examples"} & each.keys() for each in content.values())
    for each in body(operation).values():
        assert each["schema"].keys() == {"$ref"}
        assert {"example", "examples"} & each.keys()


@pytest.mark.parametrize(
    ("kind", "limits"),
    [
        ("string", {"maxLength"}),
        ("array", {"maxItems", "items"}),
        ("integer", {"minimum", "maximum", "format"}),
        ("number", {"minimum", "maximum", "format"}),
    ],
)
def test_texts_lists_and_numbers_are_bounded(kind: str, limits: set[str]) -> None:
    """A client can reserve room, and a server cannot be flooded."""
    for place, schema in [*ALL, *BESIDE]:
        # One of several kinds is metadata, where a number may be any.
        is_metadata = kind == "number" and len(kinds(schema)) > 1
        if kind in kinds(schema) and not {"const", "enum"} & schema.keys() and not is_metadata:
            assert limits <= schema.keys(), place


def kinds(schema: Any) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else kind


def test_objects_and_the_branches_of_unions_have_names() -> None:
    """Generators make types of names, and numbers of what has none."""
    for place, schema in ALL:
        branches = [branch for key in ("oneOf", "anyOf") for branch in schema.get(key, [])]

        assert kinds(schema) != ["object"] or place in SCHEMAS, place
        assert all(b.keys() == {"$ref"} or b == {"type": "null"} for b in branches), place


def test_requests_are_closed() -> None:
    """A misspelt member is an error, not silence."""
    objects = {name for name in TAKEN if SCHEMAS[name].get("type") == "object"}
    open_ones = {name for name in objects if SCHEMAS[name].get("additionalProperties") is not False}

    assert open_ones
    assert {name for name in open_ones if not OPEN.match(name)} == set()


def test_texts_in_requests_have_a_form() -> None:
    """At least that they hold no NUL, which no Postgres text can."""
    for place, schema in ALL:
        is_text = "string" in kinds(schema) and place.split(".")[0] in TAKEN
        if is_text and not FREE.match(place):
            assert {"pattern", "format", "enum", "const"} & schema.keys(), place


def test_everything_is_described_and_used() -> None:
    """A schema that nothing refers to is a type that no client needs."""
    text = json.dumps(DOCUMENT)

    assert all(schema.get("description") for schema in SCHEMAS.values())
    for kind in ("schemas", "parameters", "headers", "responses", "links", "examples"):
        for name in DOCUMENT["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, name


def test_unions_of_events_and_requests_tell_their_branches_apart() -> None:
    """By one constant member, with a mapping of all of them."""
    for name, schema in SCHEMAS.items():
        if "discriminator" in schema:
            key, mapping = (schema["discriminator"][k] for k in ("propertyName", "mapping"))
            branches = [branch["$ref"] for branch in schema["oneOf"]]

            assert [*mapping.values()] == branches, name
            for value, branch in mapping.items():
                assert CONTRACT.at(branch)[1]["properties"][key]["const"] == value


def test_links_lead_to_operations() -> None:
    """With parameters that they have, and no body but the request's: generators take no other."""
    known = {operation.operation_id: operation for operation in OPERATIONS}
    for link in DOCUMENT["components"]["links"].values():
        target = known[link["operationId"]]

        assert link.get("parameters", {}).keys() <= {p.name for p in target.parameters}
        assert link.get("requestBody", "$request.body") == "$request.body"


def test_every_method_is_one_that_the_contract_executes() -> None:
    """Another would be documented and never answered."""
    beside = {"parameters", "summary", "description"}

    assert {name for item in DOCUMENT["paths"].values() for name in item} <= {*METHODS, *beside}
