"""What holds for any two versions: the gate may be too strict, and is never blind."""

from typing import Any

import jsonschema_rs
from hypothesis import given
from hypothesis import strategies as st

from contract.breaking import breaks
from contract.breaking.release import CONTRACT, load

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(0, 4), st.sampled_from(["", "x", "xy"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def some(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A schema with some of the *keywords*."""
    return st.fixed_dictionaries({}, optional=keywords)


LEAVES = st.one_of(
    some(type=st.just("integer"), minimum=st.integers(0, 3), maximum=st.integers(1, 4)),
    some(type=st.just("string"), maxLength=st.integers(0, 2), pattern=st.sampled_from(["^x", "y"])),
    some(enum=st.lists(SCALARS, min_size=1, max_size=3, unique_by=repr)),
    some(type=st.sampled_from([["string", "null"], "boolean", "null"])),
)
REFERENCES = NAMES.map(lambda name: {"$ref": f"#/components/schemas/{name.upper()}"})


def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        some(
            type=st.just("object"),
            required=st.lists(NAMES, max_size=2, unique=True),
            properties=st.dictionaries(NAMES, inner, max_size=3),
            additionalProperties=st.booleans() | inner,
        ),
        some(type=st.just("array"), items=inner, contains=inner, maxItems=st.integers(0, 3)),
        some(oneOf=st.lists(inner, min_size=1, max_size=2)),
        some(anyOf=st.lists(inner, min_size=1, max_size=2)),
        some(allOf=st.lists(inner, min_size=1, max_size=2)),
    )


SCHEMAS = st.recursive(LEAVES | REFERENCES, larger, max_leaves=5)
# What is referred to refers to nothing, but for C, which may contain itself.
NAMED = st.fixed_dictionaries({"A": LEAVES, "B": LEAVES, "C": larger(LEAVES | st.just(
    {"$ref": "#/components/schemas/C"}
)).map(lambda schema: {"type": "object", "properties": {"a": schema}})})  # fmt: skip


def document(schema: Any, named: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    operation = {
        "operationId": "echo",
        "requestBody": {"content": content},
        "responses": {"200": {"content": content}},
    }
    return {"paths": {"/": {"post": operation}}, "components": {"schemas": named}}


DOCUMENTS = st.builds(document, SCHEMAS, NAMED)


def admits(made: dict[str, Any], value: Any) -> bool:
    schema = made["paths"]["/"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    whole = {"components": made["components"], "allOf": [schema]}
    return jsonschema_rs.Draft202012Validator(whole).is_valid(value)


def test_our_contract_keeps_its_own_promises() -> None:
    """Every schema of it is understood."""
    assert breaks(load(CONTRACT), load(CONTRACT)) == []


@given(DOCUMENTS)
def test_a_document_keeps_its_own_promises(made: dict[str, Any]) -> None:
    """Whatever is in it."""
    assert breaks(made, made) == []


@given(DOCUMENTS, DOCUMENTS, st.lists(VALUES, min_size=8, max_size=8))
def test_no_value_slips_through(old: Any, new: Any, values: list[Any]) -> None:
    """What was taken and is refused, or is given and was not promised, has been found."""
    rules = {finding.rule for finding in breaks(old, new)}
    for value in values:
        if admits(old, value) and not admits(new, value):
            assert "body-narrowed" in rules
        if admits(new, value) and not admits(old, value):
            assert "response-widened" in rules


@given(DOCUMENTS, st.text(max_size=5))
def test_prose_is_free(made: dict[str, Any], words: str) -> None:
    """Descriptions and examples promise nothing."""
    named = made["components"]["schemas"]
    told = {name: {**schema, "description": words} for name, schema in named.items()}

    assert breaks(made, {**made, "components": {"schemas": told}}) == []
