"""The outermost layer: names each request, answers what nobody caught, tells log, metrics, trace.

Pure ASGI: a middleware that buffers or wraps streams would end a broken one cleanly.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import logs
import tracing
from contract import problem_response
from headers import Sent
from identifiers import uuid7
from metrics import Metrics
from problems import MethodNotAllowed, NotFound, Problem

log = logging.getLogger("footnote.requests")

LEFT = 499  # in the log: the client went before it had sent its request
OUTSIDE = "none"  # the operation of a request for what is not in the contract
STATUS_PROBLEMS: Mapping[int, type[Problem]] = {404: NotFound, 405: MethodNotAllowed}


class Border:
    """Every failure below becomes a problem response with the request's id as ``instance``."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, status = str(uuid7()), 0

        def named(message: Message) -> Sent:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            return send(message)

        started, headers = time.perf_counter(), Headers(scope=scope)
        with logs.Within(request_id), tracing.request(scope["method"], headers, request_id) as end:
            try:
                await self.app(scope, receive, named)
            except ClientDisconnect:
                status = status or LEFT
            except Exception as error:
                problem = _problem_of(error)
                if status:  # it has begun: cut it, so that the client sees it is not whole
                    raise
                await problem_response(problem, request_id)(scope, receive, named)
            finally:
                seconds = time.perf_counter() - started
                operation = scope.get("operation_id", OUTSIDE)
                end(operation, status)
                self.metrics.request(operation, status, seconds)
                _log(scope, status, seconds)


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException) and error.status_code in STATUS_PROBLEMS:
        return STATUS_PROBLEMS[error.status_code](headers=error.headers)
    log.error("unexpected failure", exc_info=error)
    return Problem()


def _log(scope: Scope, status: int, seconds: float) -> None:
    members: dict[str, Any] = {
        "method": scope["method"],
        "path": scope["path"][:200],
        "operation": scope.get("operation_id"),
        "status": status,
        "ms": round(seconds * 1000, 1),
        "user_id": scope.get("user_id"),
    }
    log.info("request", extra=members)
