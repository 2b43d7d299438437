"""One version of the contract, as those who generate a client see it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from contract.document import METHODS
from records import frozen

Node = Mapping[str, Any]


@frozen(kw_only=True)
class Promise:
    """One operation with all that holds for it, references followed."""

    operation_id: str
    method: str
    path: str  # the names in it are the parameters' business
    tag: str
    security: list[Mapping[str, list[str]]]
    parameters: Mapping[tuple[str, str], Node]  # by place and name
    body: Node
    responses: Mapping[str, Node]


@frozen
class Document:
    """A parsed openapi.yaml."""

    content: Node

    def follow(self, node: Any) -> Any:
        """What *node* is, or finally refers to."""
        while isinstance(node, Mapping) and "$ref" in node:
            target: Any = self.content
            for part in node["$ref"][2:].split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def component(self, kind: str) -> Node:
        found: Node = self.content.get("components", {}).get(kind, {})
        return found

    def servers(self) -> list[str]:
        return [server["url"] for server in self.content.get("servers", [{"url": "/"}])]

    def promises(self) -> Iterator[Promise]:
        for path, item in self.content["paths"].items():
            for method in METHODS:
                if method in item:
                    yield self._promise(path, method, item)

    def _promise(self, path: str, method: str, item: Node) -> Promise:
        node = item[method]
        beside = [*item.get("parameters", []), *node.get("parameters", [])]
        parameters = [self.follow(parameter) for parameter in beside]
        return Promise(
            operation_id=node["operationId"],
            method=method.upper(),
            path=re.sub(r"\{[^}]*\}", "{}", path),
            tag=next(iter(node.get("tags", [])), ""),
            security=node.get("security", self.content.get("security", [])) or [{}],
            parameters={(p["in"], p["name"]): p for p in parameters},
            body=self.follow(node.get("requestBody", {})),
            responses={s: self.follow(response) for s, response in node["responses"].items()},
        )
