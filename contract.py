"""Executes openapi.yaml: the document is the router, and no request reaches a handler unchecked.

``Contract.routes`` binds each ``operationId`` to the handler of that name and refuses to start when
the two sets differ. A handler gets the body as the attrs class that it annotates and returns a
record; the operation's one 2xx status, its media type and its constant headers come from the
document. Refusals come in the order 405, 415, 413, 400, 422, the last with every violation.

The only home of yaml, jsonschema_rs and cattrs. Knows no operation by name.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import orjson
import yaml
from attrs import field, frozen
from cattrs import Converter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from problems import (
    BodyTooLarge,
    MalformedBody,
    MethodNotAllowed,
    Problem,
    UnsupportedMediaType,
    ValidationError,
)

METHODS = ("get", "put", "post", "delete", "patch")
BODY_LIMIT = 1 << 20  # bytes; above 12 bytes for each character that a valid body may have
NODE_LIMIT = 1_000  # values in a body, above what a valid one may have: each may be a violation

Handler = Callable[..., Awaitable[Any]]
Validate = Callable[[Any], Iterable[jsonschema_rs.ValidationError]]


class ContractMismatch(Exception):
    """The document and the handlers do not describe the same service."""


@frozen(kw_only=True)
class Operation:
    """One entry of the contract, compiled."""

    operation_id: str
    path: str
    method: str
    status: int  # of success
    headers: Mapping[str, str]  # that every success carries
    bodies: Mapping[str, Validate]  # media type → violations; empty without a request body


@frozen
class Contract:
    """A loaded document with every schema compiled; *validators* are keyed by JSON pointer."""

    document: Mapping[str, Any] = field(repr=False)
    validators: jsonschema_rs.ValidatorMap = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> "Contract":
        document = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        # mask: a message must never quote a password back, nor write it to a log.
        validators = jsonschema_rs.validator_map_for(document, validate_formats=True, mask="value")
        return cls(document, validators)

    def at(self, pointer: str) -> tuple[str, Any]:
        """The node at *pointer* and the pointer of what it finally refers to."""
        node: Any = self.document
        for part in pointer[2:].split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
        return self.at(node["$ref"]) if "$ref" in node else (pointer, node)

    def operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield self._operation(path, method)

    def routes(self, handlers: Mapping[str, Handler]) -> list[Route]:
        """One route a path, with and without a trailing slash; never a redirect."""
        operations = list(self.operations())
        differing = handlers.keys() ^ {operation.operation_id for operation in operations}
        if differing:
            raise ContractMismatch(
                f"in openapi.yaml or in routes/, not in both: {sorted(differing)}"
            )
        routes = []
        for path in self.document["paths"]:
            table = {
                o.method: Endpoint(o, handlers[o.operation_id])
                for o in operations
                if o.path == path
            }
            dispatch = Dispatch(table)
            routes += [Route(path, dispatch), Route(f"{path}/", dispatch)]
        return routes

    def _operation(self, path: str, method: str) -> Operation:
        pointer = f"#/paths/{escape(path)}/{method}"
        _, node = self.at(pointer)
        status = next(status for status in node["responses"] if status.startswith("2"))
        return Operation(
            operation_id=node["operationId"],
            path=path,
            method=method.upper(),
            status=int(status),
            headers=self._constant_headers(f"{pointer}/responses/{status}"),
            bodies=self._bodies(pointer) if "requestBody" in node else {},
        )

    def _constant_headers(self, pointer: str) -> dict[str, str]:
        pointer, response = self.at(pointer)
        schemas = {n: self.at(f"{pointer}/headers/{n}")[1] for n in response.get("headers", {})}
        return {n: h["schema"]["const"] for n, h in schemas.items() if "const" in h["schema"]}

    def _bodies(self, pointer: str) -> dict[str, Validate]:
        pointer, body = self.at(f"{pointer}/requestBody")
        schemas = {media: f"{pointer}/content/{escape(media)}/schema" for media in body["content"]}
        return {media: self.validators[schema].iter_errors for media, schema in schemas.items()}


class Dispatch:
    """Answers for one path: the operation of the method, OPTIONS, or 405; both name ``Allow``."""

    def __init__(self, table: dict[str, "Endpoint"]) -> None:
        self.table = table | ({"HEAD": table["GET"]} if "GET" in table else {})
        self.allow = {"Allow": ", ".join(sorted([*self.table, "OPTIONS"]))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self.table.get(scope["method"])
        if scope["method"] == "OPTIONS":
            response = Response(status_code=204, headers=self.allow)
        elif answer is None:
            raise MethodNotAllowed(headers=self.allow)
        else:
            response = await answer(Request(scope, receive))
        await response(scope, receive, send)


class Endpoint:
    """One operation bound to its handler."""

    def __init__(self, operation: Operation, handler: Handler) -> None:
        self.operation, self.handler = operation, handler
        annotations = inspect.get_annotations(handler, eval_str=True)
        self.body_class: Any = annotations.get("body")
        if bool(operation.bodies) != (self.body_class is not None):
            raise ContractMismatch(
                f"{operation.operation_id}: body in one of spec and handler only"
            )

    async def __call__(self, request: Request) -> Response:
        arguments: dict[str, Any] = {}
        if self.operation.bodies:
            body = await read_body(request, self.operation.bodies)
            arguments["body"] = converter().structure(body, self.body_class)
        result = await self.handler(request, **arguments)
        return result if isinstance(result, Response) else self._response(result)

    def _response(self, record: Any) -> Response:
        content = orjson.dumps(converter().unstructure(record), option=orjson.OPT_UTC_Z)
        headers = self.operation.headers
        return Response(content, self.operation.status, headers, media_type="application/json")


async def read_body(request: Request, bodies: Mapping[str, Validate]) -> Any:
    """The JSON of a valid body; raises the problem of the first rule that it breaks."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in bodies:
        raise UnsupportedMediaType(headers={"Accept-Post": ", ".join(bodies)})
    raw = await _read_limited(request)
    try:
        # orjson refuses NaN, Infinity, lone surrogates, a BOM and bad UTF-8, jsonschema-rs what is
        # nested more than 255 levels deep: all as ValueError.
        body = orjson.loads(raw)
        if nodes(body, NODE_LIMIT) > NODE_LIMIT:
            raise ValidationError(f"The body has more than {NODE_LIMIT} values.", errors=[])
        errors = list(bodies[media](body))
    except ValueError:
        raise MalformedBody from None
    violations = [violation for error in errors for violation in explain(error)]
    if violations:
        first = violations[0]
        detail = f"{first['pointer'][1:] or 'body'}: {first['detail']}"
        raise ValidationError(detail, errors=violations)
    return body


async def _read_limited(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    raw = bytearray()
    too_large = declared.isdecimal() and int(declared[:20]) > BODY_LIMIT
    if not too_large:
        async for chunk in request.stream():
            raw += chunk
            if too_large := len(raw) > BODY_LIMIT:
                break
    if too_large:
        raise BodyTooLarge(f"A body may have at most {BODY_LIMIT} bytes.")
    return bytes(raw)


def nodes(body: Any, enough: int) -> int:
    """How many values *body* consists of; stops counting soon after *enough*."""
    count, waiting = 0, [body]
    while waiting and count <= enough:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
    return count


def explain(error: jsonschema_rs.ValidationError) -> list[dict[str, str]]:
    """The violations behind one error: of a union, those of the branch that was meant.

    That is the branch with the fewest misfits at its own root (a missing discriminating member,
    members that only another branch has).
    """
    branches: Sequence[Sequence[jsonschema_rs.ValidationError]] = getattr(error.kind, "context", [])
    if branches:
        root = len(error.instance_path)
        meant = min(branches, key=lambda errors: sum(len(e.instance_path) == root for e in errors))
        return [violation for inner in meant for violation in explain(inner)]
    pointer = "".join(f"/{escape(str(part))}" for part in error.instance_path)
    detail = "value does not fit the pattern" if error.kind.name == "pattern" else error.message
    return [{"in": "body", "pointer": pointer[:1000], "detail": detail[:1000]}]


def escape(part: str) -> str:
    """A reference token of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


@cache
def converter() -> Converter:
    """Shapes valid JSON into records and back; orjson writes UUIDs and times itself."""
    made = Converter()
    made.register_structure_hook(UUID, lambda text, _: UUID(text))
    return made


def problem_response(problem: Problem, request_id: str) -> Response:
    content = orjson.dumps(problem.as_json(request_id))
    media = "application/problem+json"
    return Response(content, problem.status, problem.headers, media_type=media)
