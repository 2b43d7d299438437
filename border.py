"""The outermost layer: names each request, answers what nobody caught, writes one line about it.

Pure ASGI: a middleware that buffers or wraps streams would end a broken one cleanly.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract import problem_response
from identifiers import uuid7
from problems import MethodNotAllowed, NotFound, Problem

log = logging.getLogger("footnote.requests")

LEFT = 499  # in the log: the client went before it had sent its request
STATUS_PROBLEMS: Mapping[int, type[Problem]] = {404: NotFound, 405: MethodNotAllowed}


class Border:
    """Every failure below becomes a problem response with the request's id as ``instance``."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, request_id, status = time.perf_counter(), str(uuid7()), 0

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, named)
        except ClientDisconnect:
            status = status or LEFT
        except Exception as error:
            problem = _problem_of(error, request_id)
            if status:  # the response has begun: cut it, so that the client sees it is not whole
                raise
            await problem_response(problem, request_id)(scope, receive, named)
        finally:
            _log(scope, request_id, status, time.perf_counter() - started)


async def pass_on(_request: Request, error: Exception) -> Response:
    """Let the border answer what the router raises; Starlette would answer in plain text."""
    raise error


def _problem_of(error: Exception, request_id: str) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException) and error.status_code in STATUS_PROBLEMS:
        return STATUS_PROBLEMS[error.status_code](headers=error.headers)
    log.error("unexpected failure", exc_info=error, extra={"request_id": request_id})
    return Problem()


def _log(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    members: dict[str, Any] = {
        "request_id": request_id,
        "method": scope["method"],
        "path": scope["path"][:200],
        "operation": scope.get("operation_id"),
        "status": status,
        "ms": round(seconds * 1000, 1),
        "user_id": scope.get("user_id"),
    }
    log.info("request", extra=members)
