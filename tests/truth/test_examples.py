"""What openapi.yaml shows is what happens: every example is sent, or is what is answered.

The examples tell of Ada; here she is, with her book and her conversation.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from contract import Operation, escape
from problems import Problem
from tests.contract_checks import chatkit_events
from tests.live import CONTRACT, message
from tests.truth import ada
from tests.truth.ada import Call, World, agrees, at, calls, examples, node

CALLS = [call for operation in CONTRACT.operations() for call in calls(operation)]
STREAM, JSON = "text/event-stream", "application/json"
Shown = tuple[str, str, Any]  # where, its name, the example


def named(operation: Operation) -> str:
    return operation.operation_id


def shown(node: Any, pointer: str = "#") -> Iterator[Shown]:
    """Every example of a body, wherever in the document it stands."""
    if isinstance(node, list):
        node = dict(enumerate(node))
    if not isinstance(node, dict):
        return
    for name, inner in node.items():
        place = f"{pointer}/{escape(str(name))}"
        if "schema" in node and name in ("example", "examples"):
            yield from ((pointer, each, value) for each, value in examples(pointer))
        else:
            yield from shown(inner, place)


SHOWN = [*shown({name: CONTRACT.document[name] for name in ("paths", "components")})]


def answered(operation: Operation, media: str) -> dict[str, Any]:
    pointer = f"{node(operation)}/responses/{operation.status}"
    where = CONTRACT.at(pointer)[0]
    content = at(pointer).get("content", {})
    return dict(examples(f"{where}/content/{escape(media)}")) if media in content else {}


@pytest.mark.parametrize("operation", [o for o in CONTRACT.operations() if o.bodies], ids=named)
def test_every_body_has_an_example(operation: Operation) -> None:
    """Or the following would have nothing to send."""
    assert any(call.body is not None for call in calls(operation))


@pytest.mark.parametrize("example", SHOWN, ids=lambda shown: f"{shown[0]}-{shown[1]}")
def test_an_example_fits_its_schema(example: Shown) -> None:
    """Of requests, answers, problems, parameters, and each event of a stream."""
    pointer, _, value = example
    errors = CONTRACT.validators[f"{pointer}/schema"].iter_errors(value)

    assert [(error.instance_path, error.message) for error in errors] == []


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_an_example_is_answered_as_shown(world: World, call: Call) -> None:
    """With the status of success; where the answer is shown under the same name, it looks so."""
    if call.operation.operation_id == "register":
        world.live.sql("delete from users where email = 'ada@example.com'")
    response = world.entitled(call).send(world.live)
    media = response.headers.get("content-type", "").partition(";")[0]

    assert response.status_code == call.operation.status, response.text
    if media == JSON:
        shown = answered(call.operation, media)
        likely = [shown[call.name]] if call.name in shown else [*shown.values()]
        assert not likely or any(agrees(example, response.json()) for example in likely)


def test_a_refusal_looks_as_shown(world: World) -> None:
    """What the book does not answer."""
    asked = message("How does one make a pumpkin soup?")
    reply = world.live.client.post("/api/v1/chat", json=asked).json()

    assert reply["refused"]
    assert agrees(at("#/components/examples/Refused")["value"], reply)


def stream(world: World, name: str, **body: Any) -> list[Any]:
    """The events of an operation's first example."""
    operation = next(o for o in CONTRACT.operations() if o.operation_id == name)
    call = next(calls(operation))
    call = evolve(call, body={**call.body, **body}) if body else call
    content = world.entitled(call).send(world.live).content
    return chatkit_events(content.removesuffix(b"data: [DONE]\n\n"))


def of(name: str) -> dict[str, Any]:
    operation = next(o for o in CONTRACT.operations() if o.operation_id == name)
    return answered(operation, STREAM)


def test_a_stream_looks_as_shown(world: World) -> None:
    """Event by event: the first frame, a piece, the end."""
    found, example = stream(world, "stream_chat"), of("stream_chat")

    assert agrees(example["started"], found[0])
    assert all(agrees(example["delta"], event) for event in found[1:-1])
    assert agrees(example["completed"], found[-1])


def test_a_stream_of_an_answer_that_was_stopped_looks_as_shown(world: World) -> None:
    """Word for word, as the examples share their ids with Ada."""
    stopped = ada.plant(world.live, status="stopped")
    found, example = stream(stopped, "resume_stream"), of("resume_stream")

    assert [found[0], found[-1]] == [example["started"], example["stopped"]]


@pytest.mark.parametrize(
    ("name", "body"), [("chatkit", {}), ("create_chat_completion", {"stream": True})]
)
def test_a_stream_in_another_dialect_has_what_is_shown(
    world: World, name: str, body: dict[str, Any]
) -> None:
    """A delta of the answer, among the events."""
    found = stream(world, name, **body)

    assert any(agrees(example, event) for event in found for example in of(name).values())


def problems(kind: type[Problem] = Problem) -> Iterator[type[Problem]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from problems(narrower)


KINDS = {kind.code(): kind for kind in problems()}
TOLD = [value for pointer, _, value in SHOWN if pointer.endswith("problem+json")]


@pytest.mark.parametrize("example", TOLD, ids=lambda shown: str(shown["error"]))
def test_a_problem_is_told_as_shown(example: Any) -> None:
    """As the service would: ``test_every_status.py`` has it answer what is shown."""
    problem = KINDS[example["error"]](example.get("detail"))
    told = problem.as_json(example["instance"].removeprefix("urn:uuid:"))

    assert {name: example[name] for name in told} == told
