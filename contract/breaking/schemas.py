"""Two versions of a schema: does one admit whatever the other does, and if not, where?"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import jsonschema_rs
from attrs import define, evolve, field

from contract.breaking.document import Document

PROSE = {"title", "description", "summary", "example", "examples", "externalDocs"}
VALUES = {"const", "enum", "default"}  # what stands there is no schema
ANYTHING: dict[str, Any] = {}
# Of an array: the keyword, what we call the part, and what forbids to look at it alone.
ELEMENTS = (("items", "[]", "prefixItems"), ("contains", "[any]", "maxContains"))


@define(frozen=True, slots=False)
class Schema:
    """A schema in its document; *at* begins with the innermost name that it has."""

    document: Document = field(repr=False)
    node: Mapping[str, Any]
    at: str

    @classmethod
    def of(cls, document: Document, node: Any, at: str = "") -> "Schema":
        while isinstance(node, Mapping) and "$ref" in node:
            at = node["$ref"].rpartition("/")[2]
            node = document.follow({"$ref": node["$ref"]})
        if isinstance(node, bool):
            node = {} if node else {"not": {}}
        return cls(document, node, at)

    @cached_property
    def bare(self) -> Any:
        """Without prose, and with every reference replaced by what it refers to."""
        return inlined(self.document, self.node, (self.at,))

    @cached_property
    def canonical(self) -> jsonschema_rs.CanonicalSchema:
        return jsonschema_rs.canonicalize(
            self.bare, draft=jsonschema_rs.Draft202012, validate_formats=True
        )

    def admits(self, other: "Schema") -> bool:
        """Whether everything that *other* admits is known to be admitted."""
        if self.bare == other.bare:
            return True
        try:
            covers = self.canonical.covers(other.canonical)
        except jsonschema_rs.canonical.CanonicalizationError:  # beyond the engine: undecided
            return False
        return covers == jsonschema_rs.canonical.Containment.YES

    @cached_property
    def parts(self) -> dict[str, "Schema"]:
        """The schemas that it consists of, by names which two versions share."""
        inner = {f".{name}": part for name, part in self.node.get("properties", {}).items()}
        for keyword, name, unless in ELEMENTS:
            if keyword in self.node and unless not in self.node:
                inner[name] = self.node[keyword]
        for number, part in enumerate(self.node.get("allOf", [])):
            inner[f"&{number}"] = part
        for keyword in ("oneOf", "anyOf"):
            inner |= {f"|{label(branch)}": branch for branch in self.node.get(keyword, [])}
        return {
            name: Schema.of(self.document, part, self.at + name) for name, part in inner.items()
        }

    @property
    def members(self) -> set[str]:
        return set(self.node.get("properties", {}))

    def without(self, names: set[str]) -> "Schema":
        """The same but for the parts of *names*: any value will do there."""
        node = dict(self.node)
        if "properties" in node:
            kept = node["properties"].items()
            node["properties"] = {n: ANYTHING if f".{n}" in names else s for n, s in kept}
        node |= {keyword: ANYTHING for keyword, name, _ in ELEMENTS if name in names}
        if "allOf" in node:
            numbered = enumerate(node["allOf"])
            node["allOf"] = [ANYTHING if f"&{n}" in names else part for n, part in numbered]
        for keyword in {"oneOf", "anyOf"} & node.keys():
            # A branch still has to differ from its neighbours, so it becomes a value of its own.
            named = [(f"|{label(branch)}", branch) for branch in node[keyword]]
            node[keyword] = [{"const": n} if n in names else branch for n, branch in named]
        return evolve(self, node=node)

    @property
    def is_sum_of_parts(self) -> bool:
        """Whether wider parts make it wider: of a ``oneOf`` a value might come to fit two."""
        return "oneOf" not in self.node


def inlined(document: Document, node: Any, inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [inlined(document, each, inside) for each in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name in inside:  # by induction over the depth of a value, names stand for their schemas
            return {"const": ["again", name]}
        return inlined(document, document.follow(node), (*inside, name))
    return {
        key: value if key in VALUES else _inlined_value(document, key, value, inside)
        for key, value in node.items()
        if key not in PROSE | {"discriminator"}
    }


def _inlined_value(document: Document, key: str, value: Any, inside: tuple[str, ...]) -> Any:
    if key == "properties":  # a member may be called `title`
        return {name: inlined(document, part, inside) for name, part in value.items()}
    return inlined(document, value, inside)


def label(branch: Any) -> str:
    """A name for a branch of a union, the same in another version."""
    if "$ref" in branch:
        return str(branch["$ref"].rpartition("/")[2])
    return str(branch.get("type", branch.get("const", "…")))


def gaps(
    wide: Schema, narrow: Schema, seen: frozenset[str] = frozenset()
) -> Iterator[tuple[Schema, Schema]]:
    """Where *wide* is not known to admit all of *narrow*: as deep inside as can be told."""
    if wide.at in seen or wide.admits(narrow):
        return
    common = wide.parts.keys() & narrow.parts.keys()
    inner = [
        gap
        for name in wide.parts
        if name in common
        for gap in gaps(wide.parts[name], narrow.parts[name], seen | {wide.at})
    ]
    yield from inner
    rests = wide.without(common), narrow.without(common)
    if not rests[0].admits(rests[1]):
        yield rests
    elif not inner and not (wide.is_sum_of_parts and narrow.is_sum_of_parts):
        yield wide, narrow


def pairs(old: Schema, new: Schema, seen: set[str]) -> Iterator[tuple[Schema, Schema]]:
    """Every schema that both versions have in the same place."""
    if old.at not in seen:
        seen.add(old.at)
        yield old, new
        for name in old.parts:
            if name in new.parts:
                yield from pairs(old.parts[name], new.parts[name], seen)


def told(old: Schema, new: Schema, *keys: str) -> str:
    """How two versions differ on their own level, or in *keys* alone, for a person."""
    texts = []
    for key in keys or sorted(old.node.keys() | new.node.keys()):
        before, after = old.node.get(key), new.node.get(key)
        if key not in PROSE and before != after:
            texts.append(f"{key} {_differing(before, after)}")
    return ", ".join(texts) or "what is in it"


def _differing(before: Any, after: Any) -> str:
    if isinstance(before, list | Mapping) and isinstance(after, list | Mapping):
        gone = [f"−{_short(each)}" for each in before if each not in after]
        come = [f"+{_short(each)}" for each in after if each not in before]
        if gone or come:
            return " ".join([*gone, *come])
    return f"{_short(before)} → {_short(after)}"


def _short(value: Any) -> str:
    text = label(value) if isinstance(value, Mapping) and "$ref" in value else str(value)
    return "none" if value is None else text if len(text) <= 60 else f"{text[:59]}…"
