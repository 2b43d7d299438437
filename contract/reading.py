"""What a request says, checked against its operation: parameters and body. Pure but for the body.

A violation is ``{"in", "pointer", "detail"}``; it names the place and never quotes the value.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs
import orjson
from starlette.requests import Request

from contract.document import Operation, Parameter, Validate, escape
from plain_text import has_lone_surrogate
from problems import (
    BodyTooLarge,
    MalformedBody,
    RequestTimeout,
    UnsupportedMediaType,
    ValidationError,
)

BODY_LIMIT = 1 << 20  # bytes; above 12 bytes for each character that a valid body may have
BODY_SECONDS = 10.0
NODE_LIMIT = 1_000  # values in a body, above what a valid one may have: each may be a violation
INTEGER = re.compile(r"-?[0-9]{1,18}")
BOOLEANS = {"true": True, "false": False}

Violation = dict[str, str]
Branches = Sequence[Sequence[jsonschema_rs.ValidationError]]


async def read(request: Request, operation: Operation) -> dict[str, Any]:
    """The values of a valid request by name, the body's under ``body``.

    Raises the problem of the first rule that is broken; ``ValidationError`` lists all violations.
    """
    body, misfits = await _body(request, operation.bodies) if operation.bodies else (None, [])
    values, violations = _parameters(request, operation.parameters)
    if operation.bodies:
        values["body"] = body
        violations += misfits
    if violations:
        first = violations[0]
        where = first["pointer"][1:] or first["in"]
        raise ValidationError(f"{where}: {first['detail']}", errors=violations)
    return values


def _parameters(
    request: Request, parameters: Sequence[Parameter]
) -> tuple[dict[str, Any], list[Violation]]:
    values: dict[str, Any] = {}
    violations: list[Violation] = []
    for parameter in parameters:
        texts = _texts(request, parameter)
        if len(texts) == 1:
            value = values[parameter.argument] = _value(texts[0], parameter.kind)
            found = [error for e in parameter.validate(value) for error in explain(e)]
            details = [violation["detail"] for violation in found]
        elif texts:
            details = ["must be given once"]
        else:
            details = ["is missing"] if parameter.is_required else []
        place = {"in": parameter.place, "pointer": f"/{escape(parameter.name)}"}
        violations += [{**place, "detail": detail} for detail in details]
    return values, violations


def _texts(request: Request, parameter: Parameter) -> Sequence[str]:
    if parameter.place == "path":
        return [request.path_params[parameter.name]]
    if parameter.place == "header":
        return request.headers.getlist(parameter.name)
    return request.query_params.getlist(parameter.name)


def _value(text: str, kind: str) -> Any:
    """*text* as JSON of *kind*, or as it is: then the schema refuses it."""
    if kind == "integer" and INTEGER.fullmatch(text):
        return int(text)
    return BOOLEANS.get(text, text) if kind == "boolean" else text


async def _body(request: Request, bodies: Mapping[str, Validate]) -> tuple[Any, list[Violation]]:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in bodies:
        raise UnsupportedMediaType(headers={"Accept-Post": ", ".join(bodies)})
    return check(await _read_limited(request), bodies[media])


def check(raw: bytes, validate: Validate) -> tuple[Any, list[Violation]]:
    """The value of a body, and what is wrong with it.

    Raises ``MalformedBody``, and ``ValidationError`` for what cannot be a value.
    """
    try:
        # orjson refuses NaN, Infinity, lone surrogates, a BOM and bad UTF-8: all as ValueError.
        body = orjson.loads(raw)
    except ValueError:
        if has_lone_surrogate(raw):
            detail = "a string contains half of a surrogate pair"
            violation = {"in": "body", "pointer": "", "detail": detail}
            raise ValidationError(f"body: {detail}", errors=[violation]) from None
        raise MalformedBody from None
    return body, _violations(body, validate)


async def _read_limited(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    raw, chunks = bytearray(), request.stream()
    too_large = declared.isdecimal() and int(declared[:20]) > BODY_LIMIT
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while not too_large and (chunk := await anext(chunks, None)) is not None:
                raw += chunk
                too_large = len(raw) > BODY_LIMIT
    except TimeoutError:
        raise RequestTimeout from None
    if too_large:
        raise BodyTooLarge(f"A body may have at most {BODY_LIMIT} bytes.")
    return bytes(raw)


def _violations(body: Any, validate: Validate) -> list[Violation]:
    if nodes(body, NODE_LIMIT) > NODE_LIMIT:
        detail = f"the body has more than {NODE_LIMIT} values"
        return [{"in": "body", "pointer": "", "detail": detail}]
    try:
        return [violation for error in validate(body) for violation in explain(error)]
    except ValueError:  # nested more than 255 levels deep
        raise MalformedBody from None


def nodes(body: Any, enough: int) -> int:
    """How many values *body* consists of; stops counting soon after *enough*."""
    count, waiting = 0, [body]
    while waiting and count <= enough:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
    return count


def _of_union(
    error: jsonschema_rs.ValidationError,
    branches: Sequence[Sequence[jsonschema_rs.ValidationError]],
) -> Iterator[Violation]:
    root = len(error.instance_path)
    kinds = [next((e for e in errors if _is_kind(e, root)), None) for errors in branches]
    if all(kinds) and len({e.instance_path[-1] for e in kinds if e}) == 1:
        known = ", ".join(e.message.removesuffix(" was expected") for e in kinds if e)
        pointer = "".join(f"/{escape(str(p))}" for e in kinds[:1] if e for p in e.instance_path)
        yield {"in": "body", "pointer": pointer[:1000], "detail": f"is none of {known}"[:1000]}
        return
    fitting = [errors for errors, kind in zip(branches, kinds, strict=True) if kind is None]
    meant = min(fitting, key=lambda errors: sum(len(e.instance_path) == root for e in errors))
    for inner in meant:
        yield from explain(inner)


def _is_kind(error: jsonschema_rs.ValidationError, root: int) -> bool:
    """Whether a member of the union's own value is not the constant that tells branches apart."""
    return error.kind.name == "const" and len(error.instance_path) == root + 1


def explain(error: jsonschema_rs.ValidationError) -> Iterator[Violation]:
    """The violations behind one error: of a union, those of the branch that was meant.

    That is the branch whose constant members fit, of several the one with the fewest misfits at its
    own root (a missing discriminating member, members that only another branch has).
    """
    branches: Branches = getattr(error.kind, "context", [])
    if branches:
        yield from _of_union(error, branches)
        return
    pointer = "".join(f"/{escape(str(part))}" for part in error.instance_path)
    detail = "value does not fit the pattern" if error.kind.name == "pattern" else error.message
    yield {"in": "body", "pointer": pointer[:1000], "detail": detail[:1000]}
