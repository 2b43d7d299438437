"""The document, compiled: operations with their schemas, parameters and security."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import jsonschema_rs
from attrs import field

from contract import plain_yaml
from records import frozen

NAME = "urn:contract"  # of the document, to its own schemas
METHODS = ("get", "put", "post", "delete", "patch")

Handler = Callable[..., Awaitable[Any]]
Validate = Callable[[Any], Iterable[jsonschema_rs.ValidationError]]


class ContractMismatch(Exception):
    """The document and the handlers do not describe the same service."""


@frozen(kw_only=True)
class Parameter:
    """One value beside the body; its *kind* says how its text is read."""

    name: str
    place: Literal["path", "query", "header"]
    kind: str  # a JSON type
    is_required: bool
    validate: Validate

    @property
    def argument(self) -> str:
        """What a handler calls it."""
        return self.name.lower().replace("-", "_")


@frozen(kw_only=True)
class Operation:
    """One entry of the contract, compiled."""

    operation_id: str
    path: str
    method: str
    status: int  # of success
    headers: Mapping[str, str]  # that every success carries
    parameters: tuple[Parameter, ...]
    bodies: Mapping[str, Validate]  # media type → violations; empty without a request body
    schemes: frozenset[str]  # of credentials, one of which is needed
    is_anonymous: bool  # also served without any


class Validators(dict[str, jsonschema_rs.Validator]):
    """The document's schemas by JSON pointer, each compiled when it is first asked for.

    All at once would take a tenth of a cold start, which mostly serves one operation.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    @cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        return jsonschema_rs.Registry([(NAME, self._document)])

    def __missing__(self, pointer: str) -> jsonschema_rs.Validator:
        # mask: a message must never quote a password back, nor write it to a log.
        self[pointer] = compiled = jsonschema_rs.validator_for(
            {"$ref": NAME + quote(pointer, safe="#/~")},
            registry=self._registry,
            validate_formats=True,
            mask="value",
        )
        return compiled


@frozen
class Contract:
    """A loaded document; *validators* are keyed by JSON pointer."""

    document: Mapping[str, Any] = field(repr=False)
    validators: Validators = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> "Contract":
        document = plain_yaml.load(path.read_bytes())
        return cls(document, Validators(document))

    def at(self, pointer: str) -> tuple[str, Any]:
        """The node at *pointer* and the pointer of what it finally refers to."""
        node: Any = self.document
        for part in pointer[2:].split("/"):
            at = part.replace("~1", "/").replace("~0", "~")
            node = node[int(at)] if isinstance(node, list) else node[at]
        return self.at(node["$ref"]) if "$ref" in node else (pointer, node)

    def operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield self._operation(path, method)

    def _operation(self, path: str, method: str) -> Operation:
        pointer = f"#/paths/{escape(path)}/{method}"
        _, node = self.at(pointer)
        status = next(status for status in node["responses"] if status.startswith("2"))
        security = node.get("security", self.document["security"])
        return Operation(
            operation_id=node["operationId"],
            path=path,
            method=method.upper(),
            status=int(status),
            headers=self._constant_headers(f"{pointer}/responses/{status}"),
            parameters=tuple(self._parameters(pointer)),
            bodies=self._bodies(pointer) if "requestBody" in node else {},
            schemes=frozenset(scheme for alternative in security for scheme in alternative),
            is_anonymous=not security or {} in security,
        )

    def _parameters(self, pointer: str) -> Iterator[Parameter]:
        item = pointer.rpartition("/")[0]
        for holder in (item, pointer):
            for number in range(len(self.at(holder)[1].get("parameters", []))):
                place, node = self.at(f"{holder}/parameters/{number}")
                schema, described = self.at(f"{place}/schema")
                yield Parameter(
                    name=node["name"],
                    place=node["in"],
                    kind=described["type"],
                    is_required=node.get("required", False),
                    validate=partial(self._errors, schema),
                )

    def _constant_headers(self, pointer: str) -> dict[str, str]:
        pointer, response = self.at(pointer)
        schemas = {n: self.at(f"{pointer}/headers/{n}")[1] for n in response.get("headers", {})}
        return {n: h["schema"]["const"] for n, h in schemas.items() if "const" in h["schema"]}

    def _bodies(self, pointer: str) -> dict[str, Validate]:
        pointer, body = self.at(f"{pointer}/requestBody")
        schemas = {media: f"{pointer}/content/{escape(media)}/schema" for media in body["content"]}
        return {media: partial(self._errors, schema) for media, schema in schemas.items()}

    def _errors(self, pointer: str, value: Any) -> Iterable[jsonschema_rs.ValidationError]:
        return self.validators[pointer].iter_errors(value)


def escape(part: str) -> str:
    """A reference token of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")
