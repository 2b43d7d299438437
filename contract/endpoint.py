"""Operations bound to handlers, and paths to operations."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from attrs import field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from contract.document import Contract, ContractMismatch, Handler, Operation
from contract.reading import read
from contract.shaping import converter
from problems import MethodNotAllowed, Problem
from records import frozen

# Who asks, by the credentials of the request; raises the problem when the operation needs better.
Authenticate = Callable[[Request[Any], Operation], Awaitable[Any]]


@frozen
class Reply:
    """A record with headers that are this response's own."""

    record: Any
    headers: Mapping[str, str] = field(factory=dict)


def routes(
    contract: Contract, handlers: Mapping[str, Handler], authenticate: Authenticate
) -> list[Route]:
    """One route a path, with and without a trailing slash; never a redirect."""
    operations = list(contract.operations())
    differing = handlers.keys() ^ {operation.operation_id for operation in operations}
    if differing:
        raise ContractMismatch(f"in openapi.yaml or in routes/, not in both: {sorted(differing)}")
    bound = []
    for path in contract.document["paths"]:
        table = {
            o.method: Endpoint(o, handlers[o.operation_id], authenticate)
            for o in operations
            if o.path == path
        }
        dispatch = Dispatch(table)
        bound += [Route(path, dispatch), Route(f"{path}/", dispatch)]
    return bound


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

    def __init__(self, operation: Operation, handler: Handler, authenticate: Authenticate) -> None:
        self.operation, self.handler, self.authenticate = operation, handler, authenticate
        self.shapes: Mapping[str, Any] = inspect.get_annotations(handler, eval_str=True)
        promised = {parameter.argument for parameter in operation.parameters}
        promised |= {"body"} if operation.bodies else set()
        taken = self.shapes.keys() - {"request", "reader", "return"}
        if promised != taken:
            raise ContractMismatch(f"{operation.operation_id} takes {taken}, the spec {promised}")

    async def __call__(self, request: Request) -> Response:
        arguments: dict[str, Any] = {}
        request.scope["operation_id"] = self.operation.operation_id  # for the log's line
        if self.operation.schemes:
            reader = await self.authenticate(request, self.operation)
            arguments = {"reader": reader} if "reader" in self.shapes else {}
        values = await read(request, self.operation)
        for name, value in values.items():
            arguments[name] = converter().structure(value, self.shapes[name])
        result = await self.handler(request, **arguments)
        return result if isinstance(result, Response) else self._response(result)

    def _response(self, result: Any) -> Response:
        reply = result if isinstance(result, Reply) else Reply(result)
        headers = {**self.operation.headers, **reply.headers}
        if reply.record is None:
            return Response(status_code=self.operation.status, headers=headers)
        content = orjson.dumps(converter().unstructure(reply.record), option=orjson.OPT_UTC_Z)
        return Response(
            content, self.operation.status, headers=headers, media_type="application/json"
        )


def problem_response(problem: Problem, request_id: str) -> Response:
    content = orjson.dumps(problem.as_json(request_id))
    media = "application/problem+json"
    return Response(content, problem.status, problem.headers, media_type=media)
