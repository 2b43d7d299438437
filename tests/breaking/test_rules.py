"""A planted break for each rule of the gate, and changes that break nobody."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contract.breaking import RULES, breaks
from contract.breaking.release import CONTRACT, load
from settings import ROOT

SHOP = load(Path(__file__).parent / "shop.yaml")
GONE = object()
LIGHT = "paths|/lamps/{lamp_id}|put"
HOURS = f"{LIGHT}|parameters|0"
SCHEMAS = "components|schemas"
LIT = "components|responses|Lit"
EVENTS = [{"$ref": f"#/components/schemas/{name}"} for name in ("Flicker", "Out", "Spark")]
NEW = [
    *SHOP["paths"]["/lamps/{lamp_id}"]["put"]["parameters"],
    {"name": "wind", "in": "query", "schema": {"type": "string"}},
]
MAPPING = {"flicker": "#/components/schemas/Out", "out": "#/components/schemas/Out"}


def edited(*edits: tuple[str, Any], document: Any = SHOP) -> Any:
    """*document* with a value put, or taken away, at each path."""
    made = copy.deepcopy(document)
    for path, value in edits:
        *parents, last = path.split("|")
        node = made
        for parent in parents:
            node = node[int(parent)] if isinstance(node, list) else node[parent]
        key: Any = int(last) if isinstance(node, list) else last
        if value is GONE:
            del node[key]
        else:
            node[key] = value
    return made


def plant(rule: str, *edits: tuple[str, Any], where: str = "") -> Any:
    last = edits[-1][0].rpartition("|")[2]
    return pytest.param(rule, edits, where, id=f"{rule} {last} {where}")


BREAKS = [
    plant("server-removed", ("servers|1", GONE), where="/shop"),
    plant("schema-removed", (f"{SCHEMAS}|Spark", GONE), where="Spark"),
    plant("security-scheme-changed", ("components|securitySchemes|key|scheme", "basic")),
    plant("security-scheme-changed", ("components|securitySchemes|session|name", "torch")),
    plant("operation-removed", ("paths|/lamps/{lamp_id}|delete", GONE), where="break_lamp"),
    plant("operation-removed", (f"{LIGHT}|operationId", "light"), where="light_lamp"),
    plant(
        "operation-moved",
        ("paths|/v2/{lamp_id}", SHOP["paths"]["/lamps/{lamp_id}"]),
        ("paths|/lamps/{lamp_id}", GONE),
    ),
    plant("operation-retagged", (f"{LIGHT}|tags", ["night", "lamps"])),
    plant("security-tightened", (f"{LIGHT}|security", [{"session": []}]), where="no credentials"),
    plant("security-tightened", (f"{LIGHT}|security", GONE), where="with key"),
    plant("security-tightened", (f"{LIGHT}|security|2", {"key": ["read", "write"]})),
    plant("security-tightened", ("security", [{"session": [], "key": []}]), where="break_lamp"),
    plant("parameter-removed", (f"{LIGHT}|parameters|1", GONE), where="query colours"),
    plant("parameter-removed", (f"{HOURS}|name", "minutes"), where="query hours"),
    plant("parameter-removed", (f"{HOURS}|in", "header"), where="query hours"),
    plant("parameter-required", (f"{HOURS}|required", True), where="query hours"),
    plant("parameter-narrowed", (f"{HOURS}|schema|maximum", 11), where="maximum 12 → 11"),
    plant("parameter-narrowed", (f"{SCHEMAS}|Id|maxLength", 3), where="path lamp_id"),
    plant("parameter-serialized", (f"{LIGHT}|parameters|1|explode", False)),
    plant("parameter-serialized", (f"{LIGHT}|parameters|1|style", "pipeDelimited")),
    plant("body-required", (f"{LIGHT}|requestBody|required", True)),
    plant("body-media-removed", (f"{LIGHT}|requestBody|content|application/cbor", GONE)),
    plant("body-media-removed", (f"{LIGHT}|requestBody", GONE), where="application/json"),
    plant("body-narrowed", (f"{SCHEMAS}|Order|required", ["kind", "words"]), where="+words"),
    plant("body-narrowed", (f"{SCHEMAS}|Order|properties|kind|enum", ["oil"]), where="−gas"),
    plant("body-narrowed", (f"{SCHEMAS}|Order|properties|words|maxLength", 9), where="Order.words"),
    plant("body-narrowed", (f"{SCHEMAS}|Order|properties|words|pattern", "^[a-f]*$")),
    plant("body-narrowed", (f"{SCHEMAS}|Order|properties|lid", {"type": "string"}), where="+lid"),
    plant("body-narrowed", (f"{SCHEMAS}|Nested|properties|title", GONE), where="−title"),
    plant("body-narrowed", (f"{SCHEMAS}|Nested|properties|inner|maxItems", 2), where="inner"),
    plant("member-removed", (f"{SCHEMAS}|Order|properties|words", GONE), where="Order.words"),
    plant(
        "default-changed",
        (f"{SCHEMAS}|Nested|properties|title|default", "x"),
        where="default none → x",
    ),
    plant("default-changed", (f"{HOURS}|schema|default", GONE), where="8 → none"),
    plant("status-added", (f"{LIGHT}|responses|409", {"description": "Taken."}), where="409"),
    plant("status-removed", (f"{LIGHT}|responses|202", GONE), where="202"),
    plant("media-added", (f"{LIT}|content|text/plain", {"schema": {"type": "string"}})),
    plant("media-removed", (f"{LIT}|content|application/json", GONE)),
    plant("response-widened", (f"{SCHEMAS}|Lamp|required", ["id"]), where="required −state"),
    plant("response-widened", (f"{SCHEMAS}|Lamp|properties|state|enum|0", "dim"), where="+dim"),
    plant("response-widened", (f"{SCHEMAS}|Lamp|properties|note|type", ["string", "null"])),
    plant("response-widened", (f"{SCHEMAS}|Lamp|properties|note", GONE), where="−note"),
    plant("response-widened", (f"{SCHEMAS}|Lamp|properties|height|maximum", 10), where="height"),
    plant("event-added", (f"{SCHEMAS}|Event|oneOf", EVENTS), where="Spark"),
    plant("event-removed", (f"{SCHEMAS}|Event|oneOf", EVENTS[:1]), where="Out"),
    plant("header-removed", (f"{LIT}|headers|X-Oil", GONE), where="X-Oil"),
    plant("header-removed", ("components|headers|Oil|required", False), where="X-Oil"),
    plant("header-removed", (f"{LIT}|headers|X-Wick", GONE), where="X-Wick"),
    plant("header-widened", ("components|headers|Oil|schema|maximum", 10), where="X-Oil"),
    plant("discriminator-changed", (f"{SCHEMAS}|Event|discriminator", GONE), where="Event"),
    plant("discriminator-changed", (f"{SCHEMAS}|Event|discriminator|propertyName", "kind")),
    plant("discriminator-changed", (f"{SCHEMAS}|Event|discriminator|mapping", MAPPING)),
    plant("format-changed", (f"{SCHEMAS}|Lamp|properties|height|format", "int64"), where="int64"),
    plant("format-changed", (f"{SCHEMAS}|Flicker|properties|at|format", GONE), where="Flicker.at"),
]


@pytest.mark.parametrize(("rule", "edits", "where"), BREAKS)
def test_a_broken_promise_is_named(rule: str, edits: Any, where: str) -> None:
    """With its place, and what to do."""
    found = [str(finding) for finding in breaks(SHOP, edited(*edits))]

    assert any(text.startswith(f"{rule}: ") and where in text for text in found), found


def test_every_rule_has_a_planted_break() -> None:
    """A rule that has never fired is a guess."""
    assert {plant.values[0] for plant in BREAKS} == RULES.keys()


def compatible(name: str, *edits: tuple[str, Any]) -> Any:
    return pytest.param(edits, id=name)


@pytest.mark.parametrize(
    "edits",
    [
        compatible("nothing"),
        compatible(
            "an operation",
            ("paths|/health", {"get": {"operationId": "get_health", "responses": {}}}),
        ),
        compatible("a server", ("servers|1", {"url": "/shop"}), ("servers|0", {"url": "/"})),
        compatible("the name of a path's parameter in the path alone",
                   ("paths|/lamps/{id}", SHOP["paths"]["/lamps/{lamp_id}"]),
                   ("paths|/lamps/{lamp_id}", GONE)),
        compatible("a wider parameter", (f"{HOURS}|schema|maximum", 24)),
        compatible("a parameter that may be left out", (f"{LIGHT}|parameters", NEW)),
        compatible("an optional member of a closed request",
                   (f"{SCHEMAS}|Nested|properties|lid", {"type": "string", "maxLength": 9})),
        compatible("a request's enum member",
                   (f"{SCHEMAS}|Order|properties|kind|enum", ["oil", "gas", "wax"])),
        compatible("a longer text beside a pattern",
                   (f"{SCHEMAS}|Order|properties|words|maxLength", 40)),
        compatible("deep in a recursive request",
                   (f"{SCHEMAS}|Nested|properties|inner|maxItems", 4)),
        compatible("no pattern any more", (f"{SCHEMAS}|Order|properties|words|pattern", GONE)),
        compatible("another member of a response",
                   (f"{SCHEMAS}|Lamp|properties|age", {"type": "integer"})),
        compatible("a response's member that is always there",
                   (f"{SCHEMAS}|Lamp|required", ["id", "state", "height"])),
        compatible("an enum member that never comes",
                   (f"{SCHEMAS}|Lamp|properties|state|enum", ["dark"])),
        compatible("a failure that does not happen any more", (f"{LIGHT}|responses|404", GONE)),
        compatible("a response header", (f"{LIT}|headers|X-New", {"schema": {"type": "string"}})),
        compatible("an optional header that must come", (f"{LIT}|headers|X-Wick|required", True)),
        compatible("a media type for requests",
                   (f"{LIGHT}|requestBody|content|text/plain", {"schema": {"type": "string"}})),
        compatible("another way to show who one is",
                   (f"{LIGHT}|security", [{}, {"session": []}, {"key": []}, {"other": []}])),
        compatible("no credentials at all", ("security", [])),
        compatible("a second tag", (f"{LIGHT}|tags", ["lamps", "day"])),
        compatible("prose", (f"{SCHEMAS}|Order|description", "Other words."),
                   (f"{SCHEMAS}|Id|examples", ["x"])),
        compatible("a schema",
                   ("components|schemas|Fresh", {"type": "string"})),
    ],
)  # fmt: skip
def test_a_compatible_change_passes(edits: Any) -> None:
    """Requests widen, responses narrow, prose is free."""
    assert breaks(SHOP, edited(*edits)) == []


CHAT = "components|schemas|ChatMessageRequest"


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ((), []),
        (((f"{SCHEMAS}|Question|maxLength", 8000),), []),
        (((f"{SCHEMAS}|ChatQueryRequest|properties|tone", {"type": "string"}),), []),
        (((f"{SCHEMAS}|Question|maxLength", 2000),), ["body-narrowed"]),
        (((f"{SCHEMAS}|Degraded|items|enum|0", "moon"),), ["response-widened"]),
        (((f"{SCHEMAS}|Problem|properties|title|maxLength", 300),), ["response-widened"]),
    ],
)
def test_our_own_contract_is_understood_as_a_whole(edits: Any, expected: list[str]) -> None:
    """Its unions, conditions and patterns are decided; a shared schema breaks once."""
    contract = load(CONTRACT)
    found = breaks(contract, edited(*edits, document=contract))

    assert [finding.rule for finding in found] == expected


def test_a_shared_schema_names_its_operations() -> None:
    """Some by name, the others by their number."""
    contract = load(CONTRACT)
    narrowed = edited((f"{SCHEMAS}|Id|maxLength", 35), document=contract)
    [text] = [str(f) for f in breaks(contract, narrowed) if f.rule == "parameter-narrowed"]

    assert "resume_stream, stop_stream, get_conversation and 3 more · path message_id · Id" in text


def test_the_command_fails_with_a_list(tmp_path: Path) -> None:
    """One finding a line with its remedy, and an exit code for scripts."""
    shop = Path(__file__).parent / "shop.yaml"
    broken = tmp_path / "new.yaml"
    broken.write_text(shop.read_text().replace("maximum: 12", "maximum: 11"))
    ended = [
        subprocess.run(
            [sys.executable, "-m", "contract.breaking", *map(str, pair)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )
        for pair in ((shop, broken), (broken, shop))
    ]  # fmt: skip

    assert [process.returncode for process in ended] == [1, 0]
    assert "parameter-narrowed: light_lamp · query hours · maximum 12 → 11" in ended[0].stdout
